import type { CharBackend, CharFrontend } from "../../virtio/backends.ts";
import type { FromWorker, PortMessage } from "../protocol/messages.ts";

/** Output on its way to the page above which the guest's stream waits. */
const MAX_UNACKNOWLEDGED_BYTES = 64 * 1024;

/** The character devices of a machine whose other end is the page's: streams both ways, neither without bound. */
export class PortStreams {
  readonly #post: (message: FromWorker) => void;
  readonly #streams = new Map<string, PortStream>();

  constructor(post: (message: FromWorker) => void) {
    this.#post = post;
  }

  /** The stream of a character device; a machine that is built anew goes on with it. */
  stream(id: string): CharBackend {
    return this.#stream(id);
  }

  #stream(id: string): PortStream {
    const stream = this.#streams.get(id) ?? new PortStream(id, this.#post);
    this.#streams.set(id, stream);
    return stream;
  }

  /** Takes a message of the page; one for a port that there is not is dropped with it. */
  handle(message: PortMessage): void {
    const stream = this.#streams.get(message.port);
    switch (message.kind) {
      case "port-open":
        stream?.openHost();
        break;
      case "port-input":
        stream?.take(message.bytes);
        break;
      case "port-ack":
        stream?.acknowledge(message.byteCount);
        break;
    }
  }
}

class PortStream implements CharBackend {
  open = false;
  readonly #id: string;
  readonly #post: (message: FromWorker) => void;
  #frontend: CharFrontend | null = null;
  #unacknowledgedBytes = 0;
  /** Output was refused for want of room. */
  #refused = false;
  #waiting: Uint8Array = new Uint8Array();
  #hasRoom = false;
  #feeding = false;

  constructor(id: string, post: (message: FromWorker) => void) {
    this.#id = id;
    this.#post = post;
  }

  attach(frontend: CharFrontend): void {
    this.#frontend = frontend;
  }

  /** The page listens from now on; until then what the guest writes is dropped, as with a socket without a client. */
  openHost(): void {
    this.open = true;
    this.#frontend?.setOpen(true);
  }

  output(bytes: Uint8Array): number {
    if (!this.open) return bytes.length;
    const count = Math.min(bytes.length, MAX_UNACKNOWLEDGED_BYTES - this.#unacknowledgedBytes);
    this.#refused = count < bytes.length;
    if (count === 0) return 0;
    this.#unacknowledgedBytes += count;
    this.#post({ kind: "port-output", port: this.#id, bytes: Uint8Array.from(bytes.subarray(0, count)) });
    return count;
  }

  acknowledge(byteCount: number): void {
    this.#unacknowledgedBytes = Math.max(0, this.#unacknowledgedBytes - byteCount);
    if (!this.#refused) return;
    this.#refused = false;
    this.#frontend?.outputRoom();
  }

  /** Input of the page, which sends the next piece when this one was taken. */
  take(bytes: Uint8Array): void {
    this.#waiting = bytes;
    this.inputRoom();
  }

  inputRoom(): void {
    // The device may say that it has room again before it has said how much it took.
    this.#hasRoom = true;
    if (this.#feeding) return;
    this.#feeding = true;
    while (this.#hasRoom && this.#waiting.length > 0) {
      this.#hasRoom = false;
      const byteCount = this.#frontend?.input(this.#waiting) ?? 0;
      this.#waiting = this.#waiting.subarray(byteCount);
      if (byteCount > 0) this.#post({ kind: "port-taken", port: this.#id, byteCount });
    }
    this.#feeding = false;
  }

  guestOpen(open: boolean): void {
    this.#post({ kind: "port-guest", port: this.#id, open });
  }
}
