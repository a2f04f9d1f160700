/** The terminal, or pipe, or file, on both sides of the guest's serial console. */
import type { ReadStream, WriteStream } from "node:tty";

/** Output on its way above which the guest is held back. */
const HIGH_WATER_BYTES = 256 * 1024;

export interface TerminalStreams {
  readonly stdin: NodeJS.ReadableStream & Partial<Pick<ReadStream, "isTTY" | "setRawMode">>;
  readonly stdout: NodeJS.WritableStream & Partial<Pick<WriteStream, "isTTY" | "columns" | "rows" | "writableLength">>;
  readonly stderr: NodeJS.WritableStream;
}

export interface TerminalEvents {
  onInput(bytes: Uint8Array): void;
  /** Holds the guest's output back, or lets it go on. */
  onOutputPaused(paused: boolean): void;
  onResize(columns: number, rows: number): void;
  /** Nobody reads standard output any more. */
  onOutputClosed(error: Error): void;
}

export class Terminal {
  readonly #streams: TerminalStreams;
  #raw = false;
  #paused = false;
  /** Whether the cursor is where something was written after the last line's end. */
  #insideLine = false;

  constructor(streams: TerminalStreams) {
    this.#streams = streams;
  }

  get inputIsTerminal(): boolean {
    return this.#streams.stdin.isTTY === true;
  }

  /** Size in characters, where standard output is a terminal. */
  get size(): { readonly columns: number; readonly rows: number } | null {
    const { isTTY, columns = 0, rows = 0 } = this.#streams.stdout;
    return isTTY === true && columns > 0 && rows > 0 ? { columns, rows } : null;
  }

  /** Gives the keyboard to the guest. `close` gives it back. */
  open(events: TerminalEvents): void {
    const { stdin, stdout } = this.#streams;
    if (this.inputIsTerminal) {
      stdin.setRawMode?.(true);
      this.#raw = true;
    }
    stdin.on("data", (chunk) => events.onInput(chunk as Uint8Array));
    // Input that cannot be read is input that has ended: the machine runs on.
    stdin.on("error", (error) =>
      this.message(`Standard input cannot be read (${error.message}); the guest gets none.`),
    );
    stdout.on("error", (error) => events.onOutputClosed(error));
    stdout.on("drain", () => {
      if (!this.#paused) return;
      this.#paused = false;
      events.onOutputPaused(false);
    });
    stdout.on("resize", () => {
      if (this.size !== null) events.onResize(this.size.columns, this.size.rows);
    });
    this.#onPause = () => events.onOutputPaused(true);
  }

  #onPause: () => void = () => undefined;

  pauseInput(paused: boolean): void {
    if (paused) this.#streams.stdin.pause();
    else this.#streams.stdin.resume();
  }

  /** Output of the guest, which nothing else is mixed with. */
  write(bytes: Uint8Array): void {
    const { stdout } = this.#streams;
    this.#insideLine = bytes.at(-1) !== 0x0a;
    stdout.write(bytes);
    if (!this.#paused && (stdout.writableLength ?? 0) > HIGH_WATER_BYTES) {
      this.#paused = true;
      this.#onPause();
    }
  }

  /** A message of this program, on standard error. */
  message(text: string): void {
    // Raw mode leaves out what makes a new line of "\n"; a prompt of the guest should not run into the message.
    const start = this.#insideLine && this.#raw ? "\r\n" : "";
    const lines = `armlet: ${text}\n`;
    this.#streams.stderr.write(start + (this.#raw ? lines.replaceAll("\n", "\r\n") : lines));
  }

  /** Resolves when all output has gone where it goes, or never will. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.#streams.stdout.write("", () => resolve());
    });
  }

  /** Puts the terminal back as it was. */
  close(): void {
    if (this.#raw) this.#streams.stdin.setRawMode?.(false);
    this.#raw = false;
    this.#streams.stdin.pause();
  }
}
