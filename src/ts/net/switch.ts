/** An Ethernet switch: frames go to the port behind which their address was seen, or to all. */
import type { NetBackend, NetFrontend, NetPacket } from "../../virtio/backends.ts";
import { ETHERNET_HEADER_BYTES } from "../../virtio/net-packet.ts";
import { AddressTable } from "./address-table.ts";

/** A socket of a switch: what a network card, or another network's `connectPort`, is plugged into. */
export class SwitchPort implements NetBackend {
  readonly linkUp = true;
  readonly #switch: EthernetSwitch;
  #frontend: NetFrontend | null = null;

  constructor(parent: EthernetSwitch) {
    this.#switch = parent;
  }

  attach(frontend: NetFrontend): void {
    this.#frontend = frontend;
  }

  send(packet: NetPacket): void {
    this.#switch.forward(packet, this);
  }

  /** Called by the switch. */
  deliver(packet: NetPacket): void {
    this.#frontend?.receive(packet);
  }
}

export class EthernetSwitch {
  readonly #ports: SwitchPort[] = [];
  readonly #addresses = new AddressTable<SwitchPort>();

  addPort(): SwitchPort {
    const port = new SwitchPort(this);
    this.#ports.push(port);
    return port;
  }

  /** Addresses that are remembered now. */
  get knownAddresses(): number {
    return this.#addresses.size;
  }

  forward(packet: NetPacket, from: SwitchPort): void {
    const { bytes } = packet;
    if (bytes.length < ETHERNET_HEADER_BYTES) return;
    this.#addresses.learn(bytes, from);
    const known = this.#addresses.find(bytes);
    const targets = known === undefined ? this.#ports : [known];
    for (const port of targets) if (port !== from) port.deliver(packet);
  }
}

/** Plugs a network into another one, a socket of a switch. */
export function connectPort(port: NetBackend, network: NetBackend): void {
  const link = { setLink: () => undefined };
  port.attach({ ...link, receive: (packet) => network.send(packet) });
  network.attach({ ...link, receive: (packet) => port.send(packet) });
}
