import { FailureError } from "../../src/ts/api/index.ts";
import {
  FRAME_METHODS,
  FRAME_PROTOCOL_VERSION,
  type FrameError,
  type FrameMessage,
  type FrameMethodName,
} from "../../src/ts/api/frame-protocol.ts";

/** Requests that may be under way at once; a page that wants more is not waiting for answers. */
export const MOST_PENDING_REQUESTS = 256;
const LONGEST_ID = 64;

/** A request that cannot be understood: the fault of whoever wrote the page around the frame. */
export class BadRequestError extends Error {
  readonly advice: string;

  constructor(message: string, advice = "docs/embedding.md lists the methods and what they take.") {
    super(message);
    this.name = "BadRequestError";
    this.advice = advice;
  }
}

/** The window around the frame. */
export interface ChannelParent {
  postMessage(message: unknown, targetOrigin: string): void;
}

/** What of a MessageEvent matters. */
export interface ChannelEvent {
  readonly source: unknown;
  readonly origin: string;
  readonly data: unknown;
}

export interface ChannelOptions {
  /** The only origin that is listened to; null: that of the first message which is a request. */
  readonly origin: string | null;
  /** Does what is asked; rejects with a FailureError, a BadRequestError, or an error of ours. */
  call(method: FrameMethodName, params: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Called once, with the first message that is ignored. */
  warn(text: string): void;
}

/** The frame's end of the protocol: who may speak, requests in, answers and events out. */
export class EmbedChannel {
  readonly #parent: ChannelParent;
  readonly #options: ChannelOptions;
  #origin: string | null;
  #pending = 0;
  #warned = false;

  constructor(parent: ChannelParent, options: ChannelOptions) {
    this.#parent = parent;
    this.#options = options;
    this.#origin = options.origin;
  }

  /** Sends to the page around the frame: `ready` to whoever it is, everything else once it is known. */
  send(message: FrameMessage): void {
    const ready = "event" in message && message.event === "ready";
    const target = this.#origin ?? (ready ? "*" : null);
    if (target === null) return;
    // An opaque origin has no name to send to; that the window is the right one was seen.
    this.#parent.postMessage(message, target === "null" ? "*" : target);
  }

  /** A message came, from anybody. */
  receive({ source, origin, data }: ChannelEvent): void {
    if (source !== this.#parent) return this.#ignore("it does not come from the page around this frame");
    if (this.#origin !== null && origin !== this.#origin) {
      return this.#ignore(`it comes from ${origin}, and this frame listens to ${this.#origin}`);
    }
    if (typeof data !== "object" || data === null || !("armlet" in data) || !("id" in data)) {
      return this.#ignore("it is no request");
    }
    const { armlet, id, method, params } = data as Record<string, unknown>;
    if (!isId(id)) return this.#ignore("its id is neither a whole number nor a short text");
    this.#origin = origin;
    void this.#answer(id, async () => {
      if (armlet !== FRAME_PROTOCOL_VERSION) throw versionError(armlet);
      if (!isMethod(method)) throw new BadRequestError(`There is no method ${quoted(method)}.`);
      if (this.#pending > MOST_PENDING_REQUESTS) {
        throw new BadRequestError(
          `More than ${MOST_PENDING_REQUESTS} requests wait.`,
          "Wait for answers before asking more.",
        );
      }
      const given = params ?? {};
      if (typeof given !== "object" || Array.isArray(given)) throw new BadRequestError("params is no object.");
      return await this.#options.call(method, given as Record<string, unknown>);
    });
  }

  async #answer(id: string | number, work: () => Promise<unknown>): Promise<void> {
    this.#pending += 1;
    try {
      const result = await work();
      this.send({ armlet: FRAME_PROTOCOL_VERSION, id, ok: true, result });
    } catch (error) {
      this.send({ armlet: FRAME_PROTOCOL_VERSION, id, ok: false, error: frameError(error) });
    } finally {
      this.#pending -= 1;
    }
  }

  #ignore(reason: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.warn(`Armlet ignores a message: ${reason}. Further ones are ignored without a word.`);
  }
}

const isId = (id: unknown): id is string | number =>
  typeof id === "string" ? id.length <= LONGEST_ID : Number.isSafeInteger(id);

const isMethod = (method: unknown): method is FrameMethodName =>
  FRAME_METHODS.some((known: string) => known === method);

const quoted = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value.slice(0, LONGEST_ID)) : `of the type ${typeof value}`;

function versionError(version: unknown): FailureError {
  return new FailureError({
    code: "version-mismatch",
    message: `The message is of version ${quoted(version)} of the protocol, the frame speaks version ${FRAME_PROTOCOL_VERSION}.`,
    advice: "Use the version of the package that belongs to the frame's page.",
    url: null,
  });
}

/** An error as the page around the frame gets it. */
export function frameError(error: unknown): FrameError {
  if (error instanceof FailureError) return { ...error.failure };
  if (error instanceof BadRequestError) {
    return { code: "bad-request", message: error.message, advice: error.advice, url: null };
  }
  const message = error instanceof Error ? error.message : String(error);
  const advice = error instanceof Error && "advice" in error && typeof error.advice === "string" ? error.advice : "";
  return { code: "internal", message, advice, url: null };
}
