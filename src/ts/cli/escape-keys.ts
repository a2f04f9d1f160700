/** Ctrl-A: what the user says to this program rather than to the guest, as in QEMU. */

export type EscapeCommand = "quit" | "monitor" | "help";

const CTRL_A = 0x01;

const COMMANDS: Readonly<Record<string, EscapeCommand>> = { x: "quit", c: "monitor", h: "help", "?": "help" };

export const ESCAPE_HELP = [
  "Ctrl-A X       quits",
  "Ctrl-A C       goes to the monitor, and back to the guest",
  "Ctrl-A H       shows this",
  "Ctrl-A Ctrl-A  sends Ctrl-A to the guest",
].join("\n");

/** Takes the commands out of what is typed. */
export class EscapeKeys {
  readonly #onCommand: (command: EscapeCommand) => void;
  #escaped = false;

  constructor(onCommand: (command: EscapeCommand) => void) {
    this.#onCommand = onCommand;
  }

  /** Returns what is for the guest; commands are told as they are found. Other keys after Ctrl-A are dropped. */
  filter(bytes: Uint8Array): Uint8Array {
    const rest = new Uint8Array(bytes.length);
    let length = 0;
    for (const byte of bytes) {
      if (!this.#escaped) {
        if (byte === CTRL_A) this.#escaped = true;
        else rest[length++] = byte;
        continue;
      }
      this.#escaped = false;
      const command = COMMANDS[String.fromCharCode(byte).toLowerCase()];
      if (byte === CTRL_A) rest[length++] = byte;
      else if (command !== undefined) this.#onCommand(command);
    }
    return rest.subarray(0, length);
  }
}
