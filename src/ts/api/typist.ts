import { typedKeys } from "../config/typed-text.ts";
import { isPrompt } from "./console-watch.ts";

/** An unfinished line longer than this is no prompt. */
const LONGEST_LINE = 1024;

/** login and sudo ask like this. */
const PASSWORD_PROMPT = /\bpassword(?: for [^:]{1,64})?: ?$/i;

/** A line editor asks where the cursor is (DSR, ECMA-48 8.3.35), and a terminal's answer (CPR). */
const ASKS_POSITION = "\u001b[6n";
const POSITION = /\u001b\[\d+;\d+R/;

/** A guest this long silent after a prompt waits for a command. */
const SETTLE_MS = 50;
/** The same while the terminal owes an answer: typed before it, the command would take the answer for its input. */
const ANSWER_MS = 1000;

/**
 * Types for the user what a machine is to begin with: each text when the guest waits at a prompt, the next one at the next
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
  /** The terminal was asked where the cursor is, and has not said. */
  #asked = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

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
    clearTimeout(this.#timer);
    this.#line = "";
    this.#fresh = true;
    this.#asked = false;
  }

  /** Nothing is typed any more. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#first = this.#added = [];
  }

  /** Types `texts` after what waits already. */
  add(texts: readonly string[]): void {
    this.#added = [...this.#added, ...texts];
    this.#schedule();
  }

  /** The guest wrote `text`. */
  push(text: string): void {
    const end = text.lastIndexOf("\n");
    if (end >= 0) {
      this.#fresh = true;
      this.#asked = false;
    }
    this.#line = ((end >= 0 ? "" : this.#line) + text.slice(end + 1)).slice(-LONGEST_LINE);
    if (text.indexOf(ASKS_POSITION, end + 1) >= 0) this.#asked = true;
    this.#schedule();
  }

  /** `bytes` went to the guest, from whoever has the keyboard, its terminal among them. */
  sent(bytes: Uint8Array): void {
    if (!this.#asked || !POSITION.test(new TextDecoder().decode(bytes))) return;
    this.#asked = false;
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (!this.#waits()) return;
    this.#timer = setTimeout(() => this.#typeNext(), this.#asked ? ANSWER_MS : SETTLE_MS);
  }

  /** There is something to type, and the guest asks for it. */
  #waits(): boolean {
    if (!this.#fresh || (this.#first.length === 0 && this.#added.length === 0)) return false;
    return isPrompt(this.#line) || PASSWORD_PROMPT.test(this.#line);
  }

  #typeNext(): void {
    const [first, added] = [this.#first[0], this.#added[0]];
    if (first !== undefined) this.#first = this.#first.slice(1);
    else this.#added = this.#added.slice(1);
    this.#fresh = false;
    this.#asked = false;
    this.#write(typedKeys(first ?? added ?? ""));
  }
}
