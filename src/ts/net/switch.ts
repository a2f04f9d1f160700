/** An Ethernet switch: frames go to the port behind which their address was seen, or to all. */
import type { NetBackend, NetFrontend, NetPacket } from "../../virtio/backends.ts";

/** Addresses that are remembered; then the longest unheard one is forgotten. */
const MAX_ADDRESSES = 1024;

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
  readonly #addresses = new Map<string, SwitchPort>();

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
    if (bytes.length < 14) return;
    if (((bytes[6] as number) & 1) === 0) this.#learn(bytes.subarray(6, 12).join(), from);
    const isGroup = ((bytes[0] as number) & 1) === 1;
    const known = isGroup ? undefined : this.#addresses.get(bytes.subarray(0, 6).join());
    const targets = known === undefined ? this.#ports : [known];
    for (const port of targets) if (port !== from) port.deliver(packet);
  }

  #learn(address: string, port: SwitchPort): void {
    this.#addresses.delete(address);
    this.#addresses.set(address, port);
    if (this.#addresses.size <= MAX_ADDRESSES) return;
    for (const oldest of this.#addresses.keys()) {
      this.#addresses.delete(oldest);
      break;
    }
  }
}

/** Plugs a network into a socket of a switch. */
export function connectPort(port: SwitchPort, network: NetBackend): void {
  const link = { setLink: () => undefined };
  port.attach({ ...link, receive: (packet) => network.send(packet) });
  network.attach({ ...link, receive: (packet) => port.send(packet) });
}
