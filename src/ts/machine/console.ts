/**
 * The machine's one terminal and what is connected to it: the PL011, and virtio consoles by `-chardev stdio`. Output of
 * all of them is shown; what is typed goes to the one that wrote last, for that is where the prompt is.
 */
import type { CharBackend, CharFrontend } from "../../virtio/backends.ts";

/** Bytes that wait for the host before a stream of the guest is stopped. */
const BUFFER_BYTES = 65_536;

/** The terminal, between the guest's console devices and the host. */
export class MachineConsole {
  /** Takes output; the bytes are its own. */
  onOutput: (bytes: Uint8Array) => void = () => undefined;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #length = 0;
  #paused = false;
  readonly #ports: VirtioPort[] = [];
  /** The virtio console that wrote last; null for the PL011. */
  #lastWriter: VirtioPort | null = null;
  readonly #uartConnected: boolean;
  #columns = 80;
  #rows = 25;

  constructor(uartConnected: boolean) {
    this.#uartConnected = uartConnected;
  }

  /** One character of the PL011. */
  writeByte(byte: number): void {
    this.#lastWriter = null;
    this.#put(byte);
  }

  #put(byte: number): void {
    if (this.#length === BUFFER_BYTES) this.flush();
    this.#buffer[this.#length++] = byte;
  }

  /** Gives the host what has been written since the last time. */
  flush(): void {
    if (this.#length === 0) return;
    const bytes = this.#buffer.slice(0, this.#length);
    this.#length = 0;
    this.onOutput(bytes);
  }

  /** True while the host wants no output: the guest is not run then. */
  get paused(): boolean {
    return this.#paused;
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
  }

  /** Offers input to the virtio console that it is for: the number of bytes taken, null when it is for the PL011. */
  receive(bytes: Uint8Array): number | null {
    const port = this.#lastWriter ?? (this.#uartConnected ? null : this.#ports.find((row) => row.guestIsOpen));
    return port === null || port === undefined || !port.guestIsOpen ? null : port.input(bytes);
  }

  /** The terminal's size in characters. */
  resize(columns: number, rows: number): void {
    this.#columns = columns;
    this.#rows = rows;
    for (const port of this.#ports) port.resize(columns, rows);
  }

  /** A character backend for one port of a virtio-serial device. */
  connect(): CharBackend {
    const port: VirtioPort = new VirtioPort(
      (bytes) => {
        this.#lastWriter = port;
        for (const byte of bytes) this.#put(byte);
      },
      () => ({ columns: this.#columns, rows: this.#rows }),
    );
    this.#ports.push(port);
    return port;
  }
}

/** The host's end of a virtio console port. */
class VirtioPort implements CharBackend {
  readonly open = true;
  guestIsOpen = false;
  #frontend: CharFrontend | null = null;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #size: () => { columns: number; rows: number };

  constructor(write: (bytes: Uint8Array) => void, size: () => { columns: number; rows: number }) {
    this.#write = write;
    this.#size = size;
  }

  attach(frontend: CharFrontend): void {
    this.#frontend = frontend;
    const { columns, rows } = this.#size();
    frontend.resize(columns, rows);
  }

  output(bytes: Uint8Array): number {
    this.#write(bytes);
    return bytes.length;
  }

  guestOpen(open: boolean): void {
    this.guestIsOpen = open;
  }

  input(bytes: Uint8Array): number {
    return this.#frontend?.input(bytes) ?? 0;
  }

  resize(columns: number, rows: number): void {
    this.#frontend?.resize(columns, rows);
  }
}
