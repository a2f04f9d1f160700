/** What devices are connected to, by the ids of the command line. */
import type { BlockBackend, CharBackend, EntropySource } from "../../virtio/backends.ts";
import type { BackendContext } from "../../virtio/definition.ts";
import type { MachineConfig } from "../config/machine-config.ts";
import type { MachineConsole } from "./console.ts";
import type { MachineServices } from "./services.ts";

/** A character device that is connected to nothing. */
const NULL_DEVICE: CharBackend = {
  open: true,
  attach: () => undefined,
  output: (bytes) => bytes.length,
};

/** Opens every drive; gives devices their backends by id. Rejects with a sentence for the user. */
export async function openBackends(
  config: MachineConfig,
  services: MachineServices,
  terminal: MachineConsole,
): Promise<Pick<BackendContext, "block" | "char" | "entropy">> {
  const disks = new Map<string, BlockBackend>();
  for (const drive of config.drives) disks.set(drive.id, await services.openDisk(drive));
  const entropy: EntropySource = { fill: (into) => services.entropy(into) };
  return {
    block: (id) => disks.get(id) ?? null,
    char: (id) => {
      const found = config.chardevs.find((row) => row.id === id);
      if (found === undefined) return null;
      return found.kind === "stdio" ? terminal.connect() : NULL_DEVICE;
    },
    entropy: (id) => (id === "" || config.randomSources.some((row) => row.id === id) ? entropy : null),
  };
}
