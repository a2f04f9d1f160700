/** The monitor as a terminal sees it: a prompt, an echo, lines. */
import { runCommand, type MonitorHost } from "./commands.ts";

/** QEMU's, which scripts wait for. */
const PROMPT = "(qemu) ";
/** Longer lines are no commands. */
const MAX_LINE_LENGTH = 4096;
/** What is typed while a command runs waits; more than so much is dropped. */
const MAX_WAITING_LENGTH = 65_536;
const BACKSPACE = /[\b\x7f]/;

/** One connection with a monitor. What it shows has "\r\n" at the ends of lines, as raw terminals want it. */
export class Monitor {
  readonly #host: MonitorHost;
  readonly #show: (text: string) => void;
  #line = "";
  #wasReturn = false;
  #isRunning = false;
  #waiting = "";

  constructor(host: MonitorHost, show: (text: string) => void) {
    this.#host = host;
    this.#show = show;
  }

  /** Somebody has come: says what this is. */
  greet(): void {
    this.#line = "";
    this.#show(`Armlet monitor, which knows the commands that 'help' lists\r\n${PROMPT}`);
  }

  /** Shows the prompt again, where something else was on the terminal meanwhile. */
  prompt(): void {
    this.#show(`${PROMPT}${this.#line}`);
  }

  /** Takes what is typed. */
  type(text: string): void {
    if (this.#waiting.length + text.length <= MAX_WAITING_LENGTH) this.#waiting += text;
    this.#takeWaiting();
  }

  #takeWaiting(): void {
    while (!this.#isRunning && this.#waiting !== "") {
      const [character = ""] = this.#waiting;
      this.#waiting = this.#waiting.slice(character.length);
      this.#take(character);
    }
  }

  #take(character: string): void {
    const isReturn = character === "\r";
    // Terminals send a return, scripts a line feed, some both.
    const isEnd = isReturn || (character === "\n" && !this.#wasReturn);
    this.#wasReturn = isReturn;
    if (isEnd) void this.#enter();
    else if (BACKSPACE.test(character)) this.#erase();
    else if (character >= " " && this.#line.length < MAX_LINE_LENGTH) {
      this.#line += character;
      this.#show(character);
    }
  }

  #erase(): void {
    if (this.#line === "") return;
    this.#line = this.#line.slice(0, -1);
    this.#show("\b \b");
  }

  async #enter(): Promise<void> {
    const line = this.#line;
    this.#line = "";
    this.#show("\r\n");
    this.#isRunning = true;
    const answer = await runCommand(this.#host, line);
    this.#isRunning = false;
    if (answer !== "") this.#show(`${answer.replaceAll("\n", "\r\n")}\r\n`);
    this.#show(PROMPT);
    this.#takeWaiting();
  }
}
