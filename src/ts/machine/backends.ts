/** What devices are connected to, by the ids of the command line. */
import type { BlockBackend, CharBackend, EntropySource } from "../../virtio/backends.ts";
import type { FileTree } from "../../virtio/file-tree.ts";
import type { BackendContext } from "../../virtio/definition.ts";
import { Networks } from "../net/networks.ts";
import type { MachineConfig } from "../config/machine-config.ts";
import type { MachineConsole } from "./console.ts";
import type { MachineServices } from "./services.ts";

/** A character device that is connected to nothing. */
const NULL_DEVICE: CharBackend = {
  open: true,
  attach: () => undefined,
  output: (bytes) => bytes.length,
};

/** Opens every network and capture of a machine. Rejects with a sentence for the user. */
export function openNetworks(config: MachineConfig, services: MachineServices): Promise<Networks> {
  const { network, clock } = services;
  return Networks.open(config, { services: network, clock, entropy: (into) => services.entropy(into) });
}

/** Opens every drive of a machine, by id. Rejects with a sentence for the user. */
export async function openDisks(config: MachineConfig, services: MachineServices): Promise<Map<string, BlockBackend>> {
  const disks = new Map<string, BlockBackend>();
  for (const drive of config.drives) disks.set(drive.id, await services.openDisk(drive));
  return disks;
}

/** Opens every file tree; gives devices their backends by id. Rejects with a sentence for the user. */
export async function openBackends(
  config: MachineConfig,
  services: MachineServices,
  terminal: MachineConsole,
  networks: Networks,
  disks: ReadonlyMap<string, BlockBackend>,
): Promise<Pick<BackendContext, "block" | "char" | "entropy" | "net" | "files" | "macAddress">> {
  const trees = new Map<string, FileTree>();
  for (const fsdev of config.fsdevs) trees.set(fsdev.id, await services.openFiles(fsdev));
  const entropy: EntropySource = { fill: (into) => services.entropy(into) };
  return {
    block: (id) => disks.get(id) ?? null,
    char: (id) => {
      const found = config.chardevs.find((row) => row.id === id);
      if (found === undefined) return null;
      if (found.kind === "stdio") return terminal.connect();
      return services.character?.(id) ?? NULL_DEVICE;
    },
    net: (id) => networks.get(id),
    files: (id) => trees.get(id) ?? null,
    macAddress: macAddresses(),
    entropy: (id) => (id === "" || config.randomSources.some((row) => row.id === id) ? entropy : null),
  };
}

/** The address of the first network card without one of its own, as in QEMU; its last byte counts up. */
const FIRST_MAC = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56] as const;

/** Gives out addresses, none of them twice unless it was wanted twice, or more cards than addresses are made. */
function macAddresses(): BackendContext["macAddress"] {
  const used = new Set<string>();
  return (wanted) => {
    const mac = wanted ?? Uint8Array.from(FIRST_MAC);
    for (let left = 255; wanted === null && left > 0 && used.has(mac.join()); --left) mac[5] = (mac[5] as number) + 1;
    used.add(mac.join());
    return mac;
  };
}
