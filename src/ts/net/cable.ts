/** Between a card and its network: may be pulled out and plugged in again, and shows captures what passes. */
import type { NetFrontend, NetPacket } from "../../virtio/backends.ts";
import type { Network } from "./network.ts";

/** Which way a packet goes: from the guest to the network, or from the network to the guest. */
export type Direction = "sent" | "received";

/** Sees the packets of a cable. */
export type Tap = (packet: NetPacket, direction: Direction) => void;

export class Cable implements Network {
  readonly #network: Network;
  readonly #taps: Tap[] = [];
  #frontend: NetFrontend | null = null;
  #isPlugged = true;
  #networkUp: boolean;

  constructor(network: Network) {
    this.#network = network;
    this.#networkUp = network.linkUp;
    network.attach({
      receive: (packet) => this.#receive(packet),
      setLink: (up) => {
        this.#networkUp = up;
        this.#frontend?.setLink(this.linkUp);
      },
    });
  }

  get linkUp(): boolean {
    return this.#isPlugged && this.#networkUp;
  }

  attach(frontend: NetFrontend): void {
    this.#frontend = frontend;
  }

  /** Pulls the cable out or plugs it in, as QEMU's `set_link` does. */
  setPlugged(plugged: boolean): void {
    this.#isPlugged = plugged;
    this.#frontend?.setLink(this.linkUp);
  }

  addTap(tap: Tap): void {
    this.#taps.push(tap);
  }

  send(packet: NetPacket): void {
    if (!this.linkUp) return;
    for (const tap of this.#taps) tap(packet, "sent");
    this.#network.send(packet);
  }

  close(): void {
    this.#network.close?.();
  }

  #receive(packet: NetPacket): void {
    if (!this.linkUp) return;
    for (const tap of this.#taps) tap(packet, "received");
    this.#frontend?.receive(packet);
  }
}
