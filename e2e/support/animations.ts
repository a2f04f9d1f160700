import type { Page } from "playwright/test";

/** Something that moves, or fades. */
export interface RunningAnimation {
  readonly name: string;
  readonly isEndless: boolean;
}

/** What moves on the page, also inside its elements, once what was changed before has set it off. */
export async function runningAnimations(page: Page): Promise<RunningAnimation[]> {
  return await page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const roots: (Document | ShadowRoot)[] = [document];
    for (const root of roots) {
      for (const element of root.querySelectorAll("*")) if (element.shadowRoot !== null) roots.push(element.shadowRoot);
    }
    return roots
      .flatMap((root) => root.getAnimations())
      .filter(({ effect, playState }) => playState === "running" && effect?.getComputedTiming().progress !== null)
      .map((animation) => ({
        name: animation instanceof CSSAnimation ? animation.animationName : animation.id,
        isEndless: animation.effect?.getTiming().iterations === Infinity,
      }));
  });
}
