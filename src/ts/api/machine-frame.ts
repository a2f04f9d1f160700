import { type Disposable, Emitter } from "../lib/emitter.ts";
import {
  FRAME_PROTOCOL_VERSION,
  type FrameError,
  type FrameEventName,
  type FrameEvents,
  type FrameMessage,
  type FrameMethodName,
  type FrameMethods,
  type FrameReady,
} from "./frame-protocol.ts";

/** A frame that was loaded before anybody listened is asked whether it is there, so often. */
const GREETING_INTERVAL_MS = 250;
const GREETING = "greeting";

/** What the frame answered instead of doing what it was asked. */
export class MachineFrameError extends Error {
  readonly error: FrameError;

  constructor(error: FrameError) {
    super(error.message);
    this.name = "MachineFrameError";
    this.error = error;
  }
}

export interface MachineFrameOptions {
  /** Origin of the frame's page. Taken from its `src` unless given; "null" for a frame without an origin. */
  readonly origin?: string;
}

interface PendingRequest {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/**
 * A page's end of the messages with an `<iframe src="…/embed.html">`.
 *
 * ```ts
 * const frame = new MachineFrame(document.querySelector("iframe")!);
 * frame.on("output", ({ text }) => console.log(text));
 * await frame.call("prompt");
 * await frame.call("write", { text: "uname -a\r" });
 * ```
 */
export class MachineFrame {
  readonly #frame: HTMLIFrameElement;
  readonly #origin: string;
  readonly #emitter = new Emitter<FrameEvents>();
  readonly #subscribed = new Map<FrameEventName, number>();
  readonly #pending = new Map<string | number, PendingRequest>();
  readonly #onMessage = (event: MessageEvent<unknown>): void => this.#receive(event);
  readonly #greeting: number;
  #nextId = 1;
  #disposed = false;
  #arrived: (ready: FrameReady) => void = () => {};
  /** Resolves when the frame listens. */
  readonly ready: Promise<FrameReady>;

  constructor(frame: HTMLIFrameElement, options: MachineFrameOptions = {}) {
    this.#frame = frame;
    this.#origin = options.origin ?? originOf(frame);
    this.ready = new Promise((resolve) => {
      this.#arrived = resolve;
    });
    window.addEventListener("message", this.#onMessage);
    this.#greeting = window.setInterval(() => this.#greet(), GREETING_INTERVAL_MS);
  }

  /** Asks the frame, once it listens. Rejects with a MachineFrameError that says what happened and what to do. */
  async call<Name extends FrameMethodName>(
    method: Name,
    params?: FrameMethods[Name]["params"],
  ): Promise<FrameMethods[Name]["result"]> {
    await this.ready;
    if (this.#disposed) throw disposedError();
    const id = this.#nextId++;
    return await new Promise<FrameMethods[Name]["result"]>((resolve, reject) => {
      this.#pending.set(id, { resolve: (result) => resolve(result as FrameMethods[Name]["result"]), reject });
      this.#post({ armlet: FRAME_PROTOCOL_VERSION, id, method, ...(params === undefined ? {} : { params }) });
    });
  }

  /** Calls `listener` on every event of that name from now on, until the result is disposed. */
  on<Name extends FrameEventName>(name: Name, listener: (event: FrameEvents[Name]) => void): Disposable {
    const listening = this.#emitter.on(name, listener);
    this.#count(name, 1);
    return {
      dispose: () => {
        listening.dispose();
        this.#count(name, -1);
      },
    };
  }

  /** Stops listening. The machine in the frame goes on; removing the frame ends it. */
  dispose(): void {
    this.#disposed = true;
    window.clearInterval(this.#greeting);
    window.removeEventListener("message", this.#onMessage);
    this.#emitter.clear();
    for (const { reject } of this.#pending.values()) reject(disposedError());
    this.#pending.clear();
  }

  /** Events are asked for while anybody listens to them. */
  #count(name: FrameEventName, change: 1 | -1): void {
    const before = this.#subscribed.get(name) ?? 0;
    this.#subscribed.set(name, before + change);
    if (this.#disposed || (change > 0 ? before !== 0 : before !== 1)) return;
    // Only a disposed frame does not know an event of this list.
    this.call(change > 0 ? "subscribe" : "unsubscribe", { events: [name] }).catch((error: unknown) => {
      if (!this.#disposed) throw error;
    });
  }

  #greet(): void {
    // What the frame is asked tells nothing, so that it may go to whatever is loaded there yet.
    const greeting = { armlet: FRAME_PROTOCOL_VERSION, id: GREETING, method: "hello" };
    this.#frame.contentWindow?.postMessage(greeting, "*");
  }

  #post(message: object): void {
    this.#frame.contentWindow?.postMessage(message, this.#origin === "null" ? "*" : this.#origin);
  }

  #receive({ source, origin, data }: MessageEvent<unknown>): void {
    if (source !== this.#frame.contentWindow || origin !== this.#origin) return;
    if (typeof data !== "object" || data === null || !("armlet" in data)) return;
    const message = data as FrameMessage;
    if ("event" in message) this.#onEvent(message);
    else this.#onAnswer(message);
  }

  #onEvent(message: Extract<FrameMessage, { readonly event: string }>): void {
    if (message.event === "ready") this.#settle(message.data);
    else this.#emitter.emit(message.event, message.data);
  }

  #onAnswer(message: Exclude<FrameMessage, { readonly event: string }>): void {
    if (message.id === GREETING && message.ok) this.#settle(message.result as FrameReady);
    const pending = message.id === null ? undefined : this.#pending.get(message.id);
    if (message.id === null || pending === undefined) return;
    this.#pending.delete(message.id);
    if (message.ok) pending.resolve(message.result);
    else pending.reject(new MachineFrameError(message.error));
  }

  #settle(ready: FrameReady): void {
    window.clearInterval(this.#greeting);
    this.#arrived(ready);
  }
}

/** A sandboxed frame is of no origin, unless it may keep its own. */
function originOf(frame: HTMLIFrameElement): string {
  if (frame.hasAttribute("sandbox") && !frame.sandbox.contains("allow-same-origin")) return "null";
  return new URL(frame.src, document.baseURI).origin;
}

function disposedError(): MachineFrameError {
  return new MachineFrameError({
    code: "internal",
    message: "This MachineFrame was disposed of.",
    advice: "Make a new one.",
    url: null,
  });
}
