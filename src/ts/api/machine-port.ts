import type { PortMessage } from "../protocol/messages.ts";

/** A piece of input; the worker takes one at a time. */
const PIECE_BYTES = 16 * 1024;

/** The page's end of a console or serial port: a `-chardev socket` (or pipe, file) of the command line. */
export class MachinePort {
  /** The character device's id. */
  readonly id: string;
  /**
   * What the guest writes. It is held back while nobody reads: 64 KiB wait here at most, the rest in the guest. Ends with
   * the machine.
   */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What the guest reads. A write is done when the guest's side has taken it. */
  readonly writable: WritableStream<Uint8Array>;
  readonly #post: (message: PortMessage) => void;
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  #guestOpen = false;
  #ended: Error | null = null;
  /** Goes on when output comes, or the machine ends. */
  #arrived: () => void = () => {};
  #untakenBytes = 0;
  #taken: { resolve(): void; reject(error: Error): void } | null = null;

  constructor(id: string, post: (message: PortMessage) => void) {
    this.id = id;
    this.#post = post;
    // Nothing is taken in before it is asked for, so that an acknowledgement means that it was read.
    this.readable = new ReadableStream({ pull: (controller) => this.#pull(controller) }, { highWaterMark: 0 });
    this.writable = new WritableStream({ write: (chunk) => this.#write(chunk) });
    post({ kind: "port-open", port: id });
  }

  /** Whether a program of the guest has the port open. */
  get guestOpen(): boolean {
    return this.#guestOpen;
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    while (this.#chunks.length === 0 && this.#ended === null) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    const chunk = this.#chunks.shift();
    if (chunk === undefined) {
      controller.close();
      return;
    }
    controller.enqueue(chunk);
    this.#post({ kind: "port-ack", port: this.id, byteCount: chunk.length });
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let start = 0; start < chunk.length; start += PIECE_BYTES) {
      if (this.#ended !== null) throw this.#ended;
      const bytes = Uint8Array.from(chunk.subarray(start, start + PIECE_BYTES));
      this.#untakenBytes = bytes.length;
      const taken = new Promise<void>((resolve, reject) => {
        this.#taken = { resolve, reject };
      });
      this.#post({ kind: "port-input", port: this.id, bytes });
      await taken;
    }
  }

  /** Called by the machine: output of the guest. */
  deliver(bytes: Uint8Array<ArrayBuffer>): void {
    this.#chunks.push(bytes);
    this.#arrived();
  }

  /** Called by the machine: so much of the last piece of input was taken. */
  taken(byteCount: number): void {
    this.#untakenBytes -= byteCount;
    if (this.#untakenBytes <= 0) this.#taken?.resolve();
  }

  /** Called by the machine. */
  setGuestOpen(open: boolean): void {
    this.#guestOpen = open;
  }

  /** Called by the machine: it is gone, because of `error`. */
  end(error: Error): void {
    this.#ended = error;
    this.#guestOpen = false;
    this.#arrived();
    this.#taken?.reject(error);
  }
}
