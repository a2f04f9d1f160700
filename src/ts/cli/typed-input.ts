/** What the command line says to type (`-armlet type=`): each text when the guest seems to read. */
import { typedKeys } from "../config/typed-text.ts";
import { Input } from "./input.ts";

export class TypedInput {
  readonly #input: Input;
  readonly #waiting: string[];

  constructor(texts: readonly string[], nowMs: number) {
    // As a pipe it waits for the prompt.
    this.#input = new Input(true, nowMs);
    this.#waiting = [...texts];
    this.#queueNext();
  }

  /** Whether everything was typed. */
  isDone(): boolean {
    return !this.#input.waiting;
  }

  /** The guest wrote `bytes`, at least one. */
  sawOutput(bytes: Uint8Array, nowMs: number): void {
    this.#input.sawOutput(bytes, nowMs);
  }

  /** Hands on what the guest has room for, if it seems to read; says whether it took any. */
  feed(receive: (bytes: Uint8Array) => number, guestIdles: boolean, nowMs: number): boolean {
    const took = this.#input.feed(receive, guestIdles, nowMs);
    if (took && !this.#input.waiting) {
      // The next text waits for the next prompt.
      this.#input.restart(nowMs);
      this.#queueNext();
    }
    return took;
  }

  #queueNext(): void {
    const text = this.#waiting.shift();
    if (text !== undefined) this.#input.push(new TextEncoder().encode(typedKeys(text)));
  }
}
