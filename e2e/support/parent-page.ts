/** A page of somebody else's, on an origin of its own, with frames in it that it talks to by postMessage. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, type Page } from "playwright/test";

/** The parent's script: asks a frame, keeps what comes from it. Nothing of ours in it but the protocol. */
const SCRIPT = `
  const messages = [];
  const answers = new Map();
  let nextId = 1;
  addEventListener("message", ({ source, origin, data }) => {
    const frame = [...document.querySelectorAll("iframe")].findIndex((element) => element.contentWindow === source);
    messages.push({ frame, origin, data });
    if (data && answers.has(data.id)) answers.get(data.id)(data);
  });
  function ask(method, params = {}, { frame = 0, targetOrigin = "*" } = {}) {
    const id = nextId++;
    const answer = new Promise((resolve) => answers.set(id, resolve));
    document.querySelectorAll("iframe")[frame].contentWindow.postMessage({ armlet: 1, id, method, params }, targetOrigin);
    return answer;
  }
`;

export interface FrameAnswer {
  readonly ok: boolean;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly advice: string };
}

export interface FrameEvent {
  readonly frame: number;
  readonly origin: string;
  readonly data: { readonly event?: string; readonly data?: unknown };
}

interface ParentWindow {
  readonly messages: readonly FrameEvent[];
  ask(method: string, params: object, options: object): Promise<FrameAnswer>;
}

/** A server of such a page. */
export class ParentPage {
  readonly #server: Server;
  #body = "";

  constructor() {
    this.#server = createServer((request, response) => {
      response.setHeader("Content-Type", "text/html");
      response.end(
        request.url === "/" ? `<!doctype html><title>Parent</title><script>${SCRIPT}</script>${this.#body}` : "",
      );
    });
  }

  /** Opens the page with that in its body. */
  async open(page: Page, body: string): Promise<void> {
    this.#body = body;
    if (!this.#server.listening) await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    await page.goto(`${this.origin}/`);
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Asks a frame; resolves with its answer. */
export async function ask(page: Page, method: string, params: object = {}, options: object = {}): Promise<FrameAnswer> {
  return await page.evaluate(
    async ([name, given, more]) => await (window as unknown as ParentWindow).ask(name, given, more),
    [method, params, options] as const,
  );
}

/** The same where it must go well. */
export async function result<Result>(
  page: Page,
  method: string,
  params: object = {},
  options: object = {},
): Promise<Result> {
  const answer = await ask(page, method, params, options);
  expect(answer).toMatchObject({ ok: true });
  return answer.result as Result;
}

/** What came from frames so far. */
export async function framesSaid(page: Page): Promise<readonly FrameEvent[]> {
  // `messages` is a lexical variable of the page's script, not a property of its window.
  return await page.evaluate("messages");
}

/** Waits until a frame listens. */
export async function frameReady(page: Page, frame = 0): Promise<FrameEvent> {
  const isReady = (event: FrameEvent): boolean => event.frame === frame && event.data.event === "ready";
  await expect.poll(async () => (await framesSaid(page)).some(isReady)).toBe(true);
  const ready = (await framesSaid(page)).find(isReady);
  if (ready === undefined) throw new Error("the frame said nothing");
  return ready;
}
