import { plainText } from "./terminal-text.ts";

/** A kernel in trouble, as its console tells. */
export interface GuestPanic {
  /** A panic ends the guest; an oops may leave it limping. */
  readonly kind: "panic" | "oops";
  /** The line that says so, without time stamp. */
  readonly line: string;
}

export interface ConsoleWatchEvents {
  onPrompt(): void;
  onPanic(panic: GuestPanic): void;
}

/** An unfinished line longer than this is no prompt and no kernel message. */
const LONGEST_LINE = 1024;

/** Linux writes these at the start of a line, after the time stamp and the caller (CONFIG_PRINTK_TIME, _CALLER). */
const KERNEL_PREFIX = /^(?:\[\s*\d+\.\d+\]\s*)?(?:\[\s*[TC]\d+\]\s*)?/;
const PANIC = /^Kernel panic - not syncing/;
/** arm64's die(): "Internal error: Oops: 0000000096000004 [#1] SMP", "Internal error: Oops - BUG: …". */
const OOPS = /^Internal error: .*\[#\d+\]/;

/** The end of a line that waits for a command: `# `, `~ # `, `root@host:/# `, `$ `, or for a name. */
const SHELL_PROMPT = /^(?:.*[\w~/\])}:>-])?\s?[#$] $/;
const LOGIN_PROMPT = /\blogin: ?$/;

/** Reads along with the serial console: the first prompt, and panics. */
export class ConsoleWatch {
  readonly #events: ConsoleWatchEvents;
  #line = "";
  #promptSeen = false;

  constructor(events: ConsoleWatchEvents) {
    this.#events = events;
  }

  /** The machine starts over: the next prompt is a first one again. */
  restart(): void {
    this.#line = "";
    this.#promptSeen = false;
  }

  push(text: string): void {
    const lines = (this.#line + text).split("\n");
    this.#line = (lines.pop() ?? "").slice(-LONGEST_LINE);
    for (const line of lines) this.#checkKernelLine(line);
    if (!this.#promptSeen && isPrompt(this.#line)) {
      this.#promptSeen = true;
      this.#events.onPrompt();
    }
  }

  #checkKernelLine(raw: string): void {
    // Cheap before thorough: a flood of output passes here.
    if (!raw.includes("Kernel panic") && !raw.includes("Internal error")) return;
    const line = plainText(raw).trim().replace(KERNEL_PREFIX, "");
    if (PANIC.test(line)) this.#events.onPanic({ kind: "panic", line });
    else if (OOPS.test(line)) this.#events.onPanic({ kind: "oops", line });
  }
}

/** Whether an unfinished line is a shell's prompt or getty's. */
export function isPrompt(raw: string): boolean {
  const line = plainText(raw.slice(raw.lastIndexOf("\r") + 1));
  if (/^\[\s*\d+\.\d+\]/.test(line)) return false;
  return SHELL_PROMPT.test(line) || LOGIN_PROMPT.test(line);
}
