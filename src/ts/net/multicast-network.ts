/** A network segment between processes, also with QEMU's: each frame a datagram to a multicast group (-netdev socket,mcast=). */
import type { NetFrontend, NetPacket } from "../../virtio/backends.ts";
import { ETHERNET_HEADER_BYTES, MAX_PACKET_BYTES, wireFrames, wirePacket } from "../../virtio/net-packet.ts";
import type { DatagramGroup, Network } from "./network.ts";

export class MulticastNetwork implements Network {
  readonly linkUp = true;
  #group: DatagramGroup | null = null;
  #frontend: NetFrontend | null = null;

  private constructor() {}

  /** Joins a group. Rejects as `join` does. */
  static async join(
    join: (receive: (datagram: Uint8Array) => void) => Promise<DatagramGroup>,
  ): Promise<MulticastNetwork> {
    const network = new MulticastNetwork();
    network.#group = await join((datagram) => network.#receive(datagram));
    return network;
  }

  attach(frontend: NetFrontend): void {
    this.#frontend = frontend;
  }

  /** The others may be QEMU's: they get frames with nothing left to do. */
  send(packet: NetPacket): void {
    for (const frame of wireFrames(packet)) this.#group?.send(frame);
  }

  close(): void {
    this.#group?.close();
  }

  #receive(datagram: Uint8Array): void {
    if (datagram.length < ETHERNET_HEADER_BYTES || datagram.length > MAX_PACKET_BYTES) return;
    this.#frontend?.receive(wirePacket(datagram));
  }
}
