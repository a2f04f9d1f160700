/** The networks of one machine, from its description. */
import type { NetBackend } from "../../virtio/backends.ts";
import type { NetdevConfig } from "../config/machine-config.ts";
import { EthernetSwitch } from "./switch.ts";
import { UserNetwork } from "./user-network.ts";

/** Makes every network of a description, by its id. `wallMs` tells Unix time in milliseconds. */
export function openNetworks(netdevs: readonly NetdevConfig[], wallMs: () => number): Map<string, NetBackend> {
  const hubs = new Map<number, EthernetSwitch>();
  const networks = new Map<string, NetBackend>();
  for (const netdev of netdevs) {
    if (netdev.kind === "user") networks.set(netdev.id, new UserNetwork({ hostName: netdev.hostName, wallMs }));
    else {
      const hub = hubs.get(netdev.hub) ?? new EthernetSwitch();
      hubs.set(netdev.hub, hub);
      networks.set(netdev.id, hub.addPort());
    }
  }
  return networks;
}
