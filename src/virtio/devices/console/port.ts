/** One port of the console device: a byte stream each way between a pair of queues and a backend. */
import type { CharBackend, CharFrontend } from "../../backends.ts";
import type { Chain, ChainReader } from "../../chain.ts";
import type { Timers } from "../../environment.ts";
import type { Virtqueue } from "../../virtqueue.ts";
import { ByteQueue } from "./byte-queue.ts";

/** A port as the user describes it. */
export interface PortSpec {
  readonly nr: number;
  /** Named in /dev/virtio-ports of a Linux guest; empty for none. */
  readonly name: string;
  /** virtconsole rather than virtserialport: the guest makes it an hvc console. */
  readonly isConsole: boolean;
  /** Without one, output is discarded. */
  readonly backend: CharBackend | null;
}

/** What a port needs from its device. */
export interface PortHost {
  readonly timers: Timers;
  /** Whether the driver speaks MULTIPORT; otherwise there is port 0 only, and it is always open. */
  readonly multiport: boolean;
  receiveQueue(port: ConsolePort): Virtqueue | null;
  transmitQueue(port: ConsolePort): Virtqueue | null;
  /** The host's side was opened or closed. */
  hostOpenChanged(port: ConsolePort): void;
  sizeChanged(port: ConsolePort): void;
}

/** Input that waits for the guest. */
const INPUT_BYTES = 16 * 1024;
/** Output is handed to the backend in pieces of this size. */
const OUTPUT_BYTES = 4096;
/** Output that is handed on before the event loop gets a turn: one chain may name 4 GiB, and a backend may take it all. */
const TURN_BYTES = 1024 * 1024;

export class ConsolePort implements CharFrontend {
  readonly nr: number;
  readonly name: string;
  readonly isConsole: boolean;
  /** Whether each side has the port open. */
  guestOpen = false;
  hostOpen: boolean;
  /** Terminal size in character cells; 0 when unknown. */
  columns = 0;
  rows = 0;
  private readonly host: PortHost;
  private readonly backend: CharBackend | null;
  private readonly waiting = new ByteQueue(INPUT_BYTES);
  private inputRefused = false;
  /** The chain being sent, where in it we are, and the piece of it that the backend has not taken yet. */
  private sending: { readonly chain: Chain; readonly reader: ChainReader } | null = null;
  private readonly piece = new Uint8Array(OUTPUT_BYTES);
  private rest = this.piece.subarray(0, 0);
  private turnBytes = 0;
  private cancelTurn: (() => void) | null = null;
  /** As `sentBytes` in a loaded state, until the chain is taken up again. */
  private alreadySent = 0;

  constructor(host: PortHost, spec: PortSpec) {
    this.host = host;
    this.nr = spec.nr;
    this.name = spec.name;
    this.isConsole = spec.isConsole;
    this.backend = spec.backend;
    this.hostOpen = spec.backend?.open ?? false;
    spec.backend?.attach(this);
  }

  // ---- What the backend calls ----

  input(bytes: Uint8Array): number {
    const taken = this.waiting.push(bytes);
    this.inputRefused = taken < bytes.length;
    this.receive();
    return taken;
  }

  outputRoom(): void {
    if (this.cancelTurn !== null) return;
    if (this.sending === null || this.send()) this.transmit();
  }

  setOpen(open: boolean): void {
    if (this.hostOpen === open) return;
    this.hostOpen = open;
    this.host.hostOpenChanged(this);
    if (!open) this.outputRoom();
  }

  resize(columns: number, rows: number): void {
    if (this.columns === columns && this.rows === rows) return;
    this.columns = columns;
    this.rows = rows;
    this.host.sizeChanged(this);
  }

  // ---- What the device calls ----

  /** The guest has opened or closed the port. */
  setGuestOpen(open: boolean): void {
    if (this.guestOpen === open) return;
    this.guestOpen = open;
    this.backend?.guestOpen?.(open);
    if (open) this.receive();
  }

  /** Moves waiting input to the guest's buffers. */
  receive(): void {
    const queue = this.host.receiveQueue(this);
    if (queue === null || this.waiting.length === 0 || !(this.guestOpen || !this.host.multiport)) return;
    queue.drain((chain) => {
      queue.push(chain, this.fill(chain));
      return this.waiting.length > 0;
    });
    if (this.inputRefused && this.waiting.room >= this.waiting.capacity / 2) {
      this.inputRefused = false;
      this.backend?.inputRoom?.();
    }
  }

  private fill(chain: Chain): number {
    const writer = chain.writer();
    while (this.waiting.length > 0 && writer.remaining > 0) {
      const count = writer.write(this.waiting.front());
      if (count === 0) break;
      this.waiting.drop(count);
    }
    return writer.written;
  }

  /** Sends what the guest has queued. Linux spins until its console output is taken, so all of this is inline. */
  transmit(): void {
    if (this.sending !== null) return;
    this.turnBytes = 0;
    this.host.transmitQueue(this)?.drain((chain) => {
      this.sending = { chain, reader: chain.reader() };
      return this.send();
    });
  }

  /**
   * Goes on with the current chain. False when the backend is full: then the guest's buffer stays where it is until
   * `outputRoom`, so that a slow terminal slows the guest down and nothing is lost or piled up here.
   */
  private send(): boolean {
    const sending = this.sending;
    if (sending === null) return true;
    while (this.rest.length > 0 || sending.reader.remaining > 0) {
      if (this.turnBytes >= TURN_BYTES) {
        this.waitForTurn();
        return false;
      }
      if (this.rest.length === 0) this.rest = this.piece.subarray(0, sending.reader.read(this.piece));
      const taken = this.backend === null || !this.hostOpen ? this.rest.length : this.backend.output(this.rest);
      this.rest = this.rest.subarray(taken);
      this.turnBytes += taken;
      if (this.rest.length > 0) return false;
    }
    this.sending = null;
    sending.chain.queue.push(sending.chain, 0);
    return true;
  }

  private waitForTurn(): void {
    this.cancelTurn = this.host.timers.after(0, () => {
      this.cancelTurn = null;
      this.turnBytes = 0;
      this.outputRoom();
    });
  }

  /** Emergency write: one byte, past whatever is queued (5.3.4). */
  emergency(byte: number): void {
    this.backend?.output(Uint8Array.of(byte));
  }

  /** The transmit queue was stopped: its chain is dead. */
  stopSending(): void {
    this.sending = null;
    this.rest = this.piece.subarray(0, 0);
    this.alreadySent = 0;
    this.cancelTurn?.();
    this.cancelTurn = null;
  }

  /** Device reset. Input that the guest has not seen stays: it is the host's until then. */
  reset(): void {
    this.stopSending();
    this.setGuestOpen(false);
  }

  /** Bytes of the chain being sent that the backend has taken. */
  get sentBytes(): number {
    if (this.sending === null) return this.alreadySent;
    return this.sending.chain.readableBytes - this.sending.reader.remaining - this.rest.length;
  }

  /** Input that waits, for a saved state. */
  get waitingInput(): number[] {
    return this.waiting.toArray();
  }

  /** Takes a saved port. */
  restore(guestOpen: boolean, waiting: readonly number[], sentBytes: number): void {
    this.setGuestOpen(guestOpen);
    this.alreadySent = sentBytes;
    this.waiting.drop(this.waiting.length);
    this.waiting.push(Uint8Array.from(waiting));
  }

  /** Goes on with the chain that was being sent when the state was saved. */
  resumeSending(chain: Chain): void {
    const reader = chain.reader();
    reader.skip(this.alreadySent);
    this.alreadySent = 0;
    this.sending = { chain, reader };
    this.send();
  }
}
