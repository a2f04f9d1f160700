/** The networks of one machine, from its description. */
import type { CaptureConfig, MachineConfig, NetdevConfig } from "../config/machine-config.ts";
import { Cable } from "./cable.ts";
import { captureTap } from "./capture.ts";
import { ChannelNetwork } from "./channel-network.ts";
import { MulticastNetwork } from "./multicast-network.ts";
import type { CaptureSink, Network, NetworkServices } from "./network.ts";
import { connectPort, EthernetSwitch } from "./switch.ts";
import { UserNetwork } from "./user-network.ts";

export interface NetworksHost {
  readonly services: NetworkServices;
  entropy(into: Uint8Array): void;
  /** Milliseconds that only go forward, and Unix time in milliseconds. */
  readonly clock: { nowMs(): number; wallMs(): number };
}

/** Every network of a machine, by its id. */
export class Networks {
  readonly #host: NetworksHost;
  readonly #cables = new Map<string, Cable>();
  readonly #hubs = new Map<number, EthernetSwitch>();
  readonly #captures: CaptureSink[] = [];

  private constructor(host: NetworksHost) {
    this.#host = host;
  }

  /** Opens the networks and captures of a description. Rejects with a sentence for the user. */
  static async open(config: Pick<MachineConfig, "netdevs" | "captures">, host: NetworksHost): Promise<Networks> {
    const networks = new Networks(host);
    try {
      for (const netdev of config.netdevs) networks.#cables.set(netdev.id, new Cable(await networks.#open(netdev)));
      // A hub's socket may come before the network that is plugged into it.
      for (const netdev of config.netdevs) networks.#plug(netdev);
      for (const capture of config.captures) networks.#capture(capture);
    } catch (error) {
      networks.close();
      throw error;
    }
    return networks;
  }

  /** The network of that id, or null. */
  get(id: string): Cable | null {
    return this.#cables.get(id) ?? null;
  }

  /** Leaves every network, and ends every capture. */
  close(): void {
    for (const cable of this.#cables.values()) cable.close();
    for (const capture of this.#captures) capture.close();
    this.#captures.length = 0;
  }

  async #open(netdev: NetdevConfig): Promise<Network> {
    const { services, clock } = this.#host;
    switch (netdev.kind) {
      case "user":
        return new UserNetwork({ hostName: netdev.hostName, wallMs: () => clock.wallMs() });
      case "hubport":
        return this.#hub(netdev.hub).addPort();
      case "channel":
        return this.#channel(`channel ${netdev.name}`);
      case "socket": {
        const { openMulticast } = services;
        const { address, port } = netdev.group;
        if (openMulticast === null) return this.#channel(`multicast ${address}:${port}`);
        return MulticastNetwork.join((receive) => openMulticast(netdev.group, receive));
      }
    }
  }

  #channel(name: string): ChannelNetwork {
    const { services, clock, entropy } = this.#host;
    return new ChannelNetwork({
      name,
      openChannel: (channel, receive) => services.openChannel(channel, receive),
      entropy: (into) => entropy(into),
      nowMs: () => clock.nowMs(),
    });
  }

  #hub(number: number): EthernetSwitch {
    const hub = this.#hubs.get(number) ?? new EthernetSwitch();
    this.#hubs.set(number, hub);
    return hub;
  }

  #plug(netdev: NetdevConfig): void {
    if (netdev.kind !== "hubport" || netdev.netdev === null) return;
    const port = this.#cables.get(netdev.id);
    const network = this.#cables.get(netdev.netdev);
    if (port === undefined || network === undefined) throw new Error(`no network ${netdev.netdev}`);
    connectPort(port, network);
  }

  #capture(capture: CaptureConfig): void {
    const cable = this.#cables.get(capture.netdev);
    if (cable === undefined) throw new Error(`no network ${capture.netdev}`);
    const sink = this.#host.services.openCapture(capture);
    this.#captures.push(sink);
    cable.addTap(captureTap(capture, sink, () => this.#host.clock.wallMs()));
  }
}
