import type { Disposable } from "../lib/emitter.ts";

/** How much of what the guest said is kept, in UTF-16 code units; a flood drops the oldest. */
export const KEPT_TEXT_LENGTH = 32 * 1024 * 1024;

/** Pieces of text are joined when there are so many of them, so that reading `text` in a loop stays cheap. */
const MOST_PIECES = 1024;

/**
 * Receives what the guest wrote. If it returns a promise, the bytes count as on their way until it settles; the guest
 * is held back while more than 128 KiB are.
 */
export type SerialListener = (bytes: Uint8Array) => void | Promise<void>;

/** What the port needs of its machine. */
export interface SerialLink {
  send(bytes: Uint8Array<ArrayBuffer>): void;
  acknowledge(byteCount: number): void;
}

/** The machine's first serial port: the guest's console. */
export class SerialPort {
  readonly #link: SerialLink;
  readonly #listeners = new Set<SerialListener>();
  #decoder = new TextDecoder();
  #pieces: string[] = [];
  #length = 0;

  /** Made by the machine, not by its user. */
  constructor(link: SerialLink) {
    this.#link = link;
  }

  /** Types `text` (as UTF-8) or raw bytes. Enter is `"\r"`; `"\n"` does for most guests. Ctrl+C is `"\x03"`. */
  write(text: string | Uint8Array): void {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : new Uint8Array(text);
    if (bytes.length > 0) this.#link.send(bytes);
  }

  /** All the guest wrote since the page made the machine (the last 32 Mi characters of it), resets included. */
  get text(): string {
    if (this.#pieces.length > 1) this.#pieces = [this.#pieces.join("")];
    return this.#pieces[0] ?? "";
  }

  /** Calls `listener` with everything the guest writes from now on. The bytes are the listener's to read, not to keep. */
  onData(listener: SerialListener): Disposable {
    const entry: SerialListener = (bytes) => listener(bytes);
    this.#listeners.add(entry);
    return { dispose: () => void this.#listeners.delete(entry) };
  }

  /** Called by the machine: the guest wrote `bytes`. Returns them as text. */
  deliver(bytes: Uint8Array): string {
    const text = this.#decoder.decode(bytes, { stream: true });
    this.#keep(text);
    const waits: Promise<void>[] = [];
    for (const listener of [...this.#listeners]) {
      try {
        const wait = listener(bytes);
        if (wait !== undefined) waits.push(wait);
      } catch (error) {
        reportUncaught(error);
      }
    }
    const acknowledge = (): void => this.#link.acknowledge(bytes.length);
    if (waits.length === 0) {
      acknowledge();
    } else {
      void Promise.allSettled(waits).then((results) => {
        for (const result of results) if (result.status === "rejected") reportUncaught(result.reason);
        acknowledge();
      });
    }
    return text;
  }

  #keep(text: string): void {
    if (text === "") return;
    this.#pieces.push(text);
    this.#length += text.length;
    if (this.#pieces.length >= MOST_PIECES) this.#pieces = [this.#pieces.join("")];
    if (this.#length > KEPT_TEXT_LENGTH) {
      // Half at once: dropping a little with each piece would copy the whole text each time.
      const kept = this.text.slice(-KEPT_TEXT_LENGTH / 2);
      this.#pieces = [kept];
      this.#length = kept.length;
    }
  }
}

/** A listener's fault belongs to its author's console and must not stop the machine's output. */
function reportUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
