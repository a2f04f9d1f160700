import type { Terminal } from "@xterm/xterm";
import type { Disposable } from "../src/ts/lib/emitter.ts";

/** A phase of the blinking cursor. */
const PHASE_MS = 500;

/**
 * Blinks the terminal's cursor by a class on `screen` (page.css) in place of xterm's endless CSS animation: that one has
 * the browser make sixty frames a second for two changes, a twentieth of a core for a guest that does nothing.
 */
export function blinkCursor(screen: HTMLElement, terminal: Terminal): Disposable {
  let moved = false;
  // A cursor that moves is seen, as in every terminal.
  const move = terminal.onCursorMove(() => {
    moved = true;
    screen.classList.remove("cursor-off");
  });
  const timer = setInterval(() => {
    screen.classList.toggle("cursor-off", !moved && !screen.classList.contains("cursor-off"));
    moved = false;
  }, PHASE_MS);
  return {
    dispose() {
      clearInterval(timer);
      move.dispose();
    },
  };
}
