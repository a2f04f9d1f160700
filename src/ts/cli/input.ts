/** What is typed, or comes through a pipe, on its way to the guest's serial port. */
import { InputQueue } from "../worker/input-queue.ts";

/**
 * Silence after which a guest whose output ends inside a line is taken to show a prompt: one that waits, one that works.
 * Shorter waits are for answers of a terminal to a question about its size.
 */
const IDLE_PROMPT_SILENCE_MS = 500;
const PROMPT_SILENCE_MS = 1500;
/** Silence after which a guest whose last line is complete is taken to read, and one that never wrote anything. */
const SILENCE_MS = 10_000;
const MUTE_SILENCE_MS = 30_000;
/** Bytes on hold above which no more are read from standard input. */
const HIGH_WATER_BYTES = 64 * 1024;

const NEWLINE = 0x0a;

/**
 * A person waits for the prompt before typing; a pipe does not, and what arrives while a guest boots is thrown away by
 * its serial driver and by login. So input from a pipe is held until the guest seems to read: it waits, having
 * written a line that does not end, or it has been silent for long.
 */
export class Input {
  readonly #queue = new InputQueue();
  #heldBytes = 0;
  readonly #fromPipe: boolean;
  #held: boolean;
  #lastOutputMs: number;
  #lastByte: number | null = null;

  constructor(fromPipe: boolean, nowMs: number) {
    this.#fromPipe = fromPipe;
    this.#held = fromPipe;
    this.#lastOutputMs = nowMs;
  }

  /** The guest starts over: it does not read yet. */
  restart(nowMs: number): void {
    this.#held = this.#fromPipe;
    this.#lastOutputMs = nowMs;
    this.#lastByte = null;
  }

  /** Whether no more should be read for now. */
  get full(): boolean {
    return this.#heldBytes > HIGH_WATER_BYTES;
  }

  /** Whether something waits for the guest. */
  get waiting(): boolean {
    return !this.#queue.empty;
  }

  push(bytes: Uint8Array): void {
    // Node reads into memory that it uses again.
    this.#queue.push(new Uint8Array(bytes));
    this.#heldBytes += bytes.length;
  }

  /** The guest wrote `bytes`, at least one. */
  sawOutput(bytes: Uint8Array, nowMs: number): void {
    this.#lastOutputMs = nowMs;
    this.#lastByte = bytes.at(-1) ?? null;
  }

  /** Hands on what the guest has room for, if it seems to read; says whether it took any. */
  feed(receive: (bytes: Uint8Array) => number, guestIdles: boolean, nowMs: number): boolean {
    if (this.#queue.empty) return false;
    if (this.#held && !this.#reads(guestIdles, nowMs)) return false;
    this.#held = false;
    return this.#queue.drain((bytes) => {
      const count = receive(bytes);
      this.#heldBytes -= count;
      return count;
    });
  }

  #reads(guestIdles: boolean, nowMs: number): boolean {
    const silentMs = nowMs - this.#lastOutputMs;
    if (this.#lastByte === null) return silentMs >= MUTE_SILENCE_MS;
    if (this.#lastByte === NEWLINE) return silentMs >= SILENCE_MS;
    return silentMs >= (guestIdles ? IDLE_PROMPT_SILENCE_MS : PROMPT_SILENCE_MS);
  }
}
