import { typedKeys } from "../config/typed-text.ts";
import { isPrompt } from "./console-watch.ts";

/** An unfinished line longer than this is no prompt. */
const LONGEST_LINE = 1024;

/** login and sudo ask like this. */
const PASSWORD_PROMPT = /\bpassword(?: for [^:]{1,64})?: ?$/i;

/**
 * Types for the user what a machine is to begin with: each text when the guest shows a prompt, the next one at the next
 * prompt, which stands on a line of its own.
 */
export class Typist {
  readonly #write: (text: string) => void;
  /** What the machine begins with, and what comes after that. */
  #first: readonly string[] = [];
  #added: readonly string[] = [];
  #line = "";
  /** The line has not been typed on. */
  #fresh = true;

  /** `write` sends text to the guest's console. */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** The machine is made: `texts` come before all that was added meanwhile. */
  begin(texts: readonly string[]): void {
    this.#first = texts;
    this.restart();
  }

  /** The guest starts over: what was typed is not typed again, what waits goes on waiting for a prompt. */
  restart(): void {
    this.#line = "";
    this.#fresh = true;
  }

  /** Types `texts` after what waits already. */
  add(texts: readonly string[]): void {
    this.#added = [...this.#added, ...texts];
    this.#typeNext();
  }

  /** The guest wrote `text`. */
  push(text: string): void {
    const end = text.lastIndexOf("\n");
    if (end >= 0) this.#fresh = true;
    this.#line = ((end >= 0 ? "" : this.#line) + text.slice(end + 1)).slice(-LONGEST_LINE);
    this.#typeNext();
  }

  #typeNext(): void {
    const text = this.#first[0] ?? this.#added[0];
    if (text === undefined || !this.#fresh) return;
    if (!isPrompt(this.#line) && !PASSWORD_PROMPT.test(this.#line)) return;
    if (this.#first.length > 0) this.#first = this.#first.slice(1);
    else this.#added = this.#added.slice(1);
    this.#fresh = false;
    this.#write(typedKeys(text));
  }
}
