/** The host's end of a character device that is a UNIX socket. */
import { createConnection, type Socket } from "node:net";

export class SocketTalk {
  /** All that came so far. */
  received = Buffer.alloc(0);
  readonly #socket: Socket;
  #seen = 0;

  constructor(path: string) {
    this.#socket = createConnection(path);
    this.#socket.on("data", (bytes: Buffer) => {
      this.received = Buffer.concat([this.received, bytes]);
    });
    // The machine ends before the test looks.
    this.#socket.on("error", () => undefined);
  }

  send(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Waits until what came since the last wait matches; returns it. Rejects when `seconds` pass. */
  async until(pattern: RegExp, seconds = 120): Promise<string> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const fresh = this.received.toString("latin1").slice(this.#seen);
      const match = pattern.exec(fresh);
      if (match !== null) {
        this.#seen += match.index + match[0].length;
        return fresh.slice(0, match.index + match[0].length);
      }
      if (Date.now() > deadline) throw new Error(`No ${pattern} in ${seconds} s: ${fresh.slice(-2000)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
