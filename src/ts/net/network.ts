/** What the networks of a machine need of where it runs, and what they are to the machine. */
import type { NetBackend } from "../../virtio/backends.ts";
import type { CaptureConfig } from "../config/machine-config.ts";

/** A network that a machine has opened. */
export interface Network extends NetBackend {
  /** Lets go of what it holds outside the machine; nothing is sent or received any more. */
  close?(): void;
}

/** One end of a channel that reaches everybody else who has opened the same name: a BroadcastChannel. */
export interface Channel {
  /** `message` is copied, as structured cloning does it. */
  post(message: unknown): void;
  close(): void;
}

/** One end of a group of UDP sockets. */
export interface DatagramGroup {
  /** Sends to everybody else in the group. What cannot be sent is lost. */
  send(datagram: Uint8Array): void;
  close(): void;
}

/** The address of a multicast group, and the interface that is used for it; null for the system's choice. */
export interface MulticastAddress {
  readonly address: string;
  readonly port: number;
  readonly localAddress: string | null;
}

/** Where a capture goes. */
export interface CaptureSink {
  /** Takes bytes, which must be copied if they are kept. False when it takes no more. */
  write(bytes: Uint8Array): boolean;
  close(): void;
}

export interface NetworkServices {
  /** Joins a channel: `receive` hears what others post. Messages of strangers may be anything. */
  openChannel(name: string, receive: (message: unknown) => void): Channel;
  /** Joins a multicast group; null where there are no sockets. Rejects with a sentence for the user. */
  readonly openMulticast:
    | ((group: MulticastAddress, receive: (datagram: Uint8Array) => void) => Promise<DatagramGroup>)
    | null;
  /** Opens the file of a capture, empty. Throws an error whose message is a sentence for the user. */
  openCapture(capture: CaptureConfig): CaptureSink;
}
