/**
 * What devices need from the host. Implementations live outside src/virtio. A method that returns `Awaitable`
 * may finish at once (return nothing) or later (return a promise); finishing at once saves the guest a wake-up.
 * A rejected promise or an exception is a host error: the guest gets an I/O error and the message goes to the user.
 */

export type Awaitable = void | Promise<void>;

/** A disk. Offsets and lengths are bytes; the device keeps them inside `sizeBytes` and on 512-byte boundaries. */
export interface BlockBackend {
  /** A multiple of 512. May change; then the machine calls `VirtioBlk.resized()`. */
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** Fills all of `into`. It must not be written after the promise has settled. */
  read(offset: number, into: Uint8Array): Awaitable;
  /** Takes `from`, which must not be looked at after the promise has settled. Volatile until `flush`. */
  write(offset: number, from: Uint8Array): Awaitable;
  /** Makes every write durable that completed before this call. */
  flush(): Awaitable;
  /** The range holds nothing of value any more; what it reads as afterwards is the backend's choice. */
  discard(offset: number, length: number): Awaitable;
  /** The range reads as zeros afterwards; with `mayUnmap` its space may be given back. */
  writeZeroes(offset: number, length: number, mayUnmap: boolean): Awaitable;
}

/** The device's end of a character stream, handed to the backend. */
export interface CharFrontend {
  /** Gives input to the guest; returns how many bytes were taken. What was not taken is offered again after `inputRoom`. */
  input(bytes: Uint8Array): number;
  /**
   * The backend takes output again after `output` had taken less than it was offered. Not to be called from inside
   * `output`.
   */
  outputRoom(): void;
  /** The host's side of the stream was opened or closed. */
  setOpen(open: boolean): void;
  /** The terminal at the host's side has a new size in character cells. */
  resize(columns: number, rows: number): void;
}

/** The host's end of a character stream: a terminal, a socket, a file. */
export interface CharBackend {
  /** Whether the host's side is open when the device is made. */
  readonly open: boolean;
  /** Called once, when the device is made. */
  attach(frontend: CharFrontend): void;
  /**
   * Takes output of the guest, which must be copied if it is kept; returns how many bytes were taken. Fewer than
   * offered stops the guest's stream until `CharFrontend.outputRoom`. It must not take without limit what it cannot
   * pass on.
   */
  output(bytes: Uint8Array): number;
  /** The guest takes input again after `CharFrontend.input` had taken less than it was offered. */
  inputRoom?(): void;
  /** The guest opened or closed its side. */
  guestOpen?(open: boolean): void;
}

/** A source of randomness. */
export interface EntropySource {
  /** Fills `into`, at most 65536 bytes (the limit of Web Cryptography's getRandomValues). */
  fill(into: Uint8Array): void;
}

/** An Ethernet frame without its check sequence, and what is left to do before it may go on a wire. */
export interface NetPacket {
  /** Not to be changed by whoever it is handed to, nor by whoever handed it over. */
  readonly bytes: Uint8Array;
  /** A checksum over the bytes from `start` on is still to be stored at `start + offset`; null for none. */
  readonly checksum: { readonly start: number; readonly offset: number } | null;
  /** A packet that is still to be cut into pieces of `sizeBytes`; null for a frame as it is. */
  readonly segmentation: NetSegmentation | null;
}

export interface NetSegmentation {
  /** A TCP segment over IPv4 or IPv6, or a UDP datagram, which is cut into fragments of an IP packet. */
  readonly kind: "tcp4" | "tcp6" | "udp";
  /** TCP's payload in each piece, or IP's in each fragment, in bytes. */
  readonly sizeBytes: number;
  /** The segment has CWR set, which only its first piece keeps. */
  readonly ecn: boolean;
}

/** The device's end of a network cable, handed to the backend. */
export interface NetFrontend {
  /** Gives a packet to the guest. Packets that it has no buffers for wait, and the oldest are lost in the end. */
  receive(packet: NetPacket): void;
  /** The cable was plugged in or pulled out. */
  setLink(up: boolean): void;
}

/** What a network card is plugged into. */
export interface NetBackend {
  /** Whether the cable is plugged in when the device is made. */
  readonly linkUp: boolean;
  /** Called once, when the device is made. */
  attach(frontend: NetFrontend): void;
  /** Takes a packet of the guest. May call `NetFrontend.receive` before it returns. */
  send(packet: NetPacket): void;
}
