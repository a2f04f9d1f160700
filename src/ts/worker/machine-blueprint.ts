import type { BlockBackend, CharBackend } from "../../virtio/backends.ts";
import type { FileTree } from "../../virtio/file-tree.ts";
import { DeviceOptionError } from "../../virtio/properties.ts";
import type { DriveConfig, FsdevConfig, MachineConfig } from "../config/machine-config.ts";
import { FilesError } from "../files/tree-error.ts";
import { HashMismatchError } from "../machine/checked-file.ts";
import { MemoryError } from "../machine/engine.ts";
import { Machine } from "../machine/machine.ts";
import { FailureError, failureOf } from "../protocol/failure.ts";
import type { PortDescription } from "../protocol/messages.ts";
import type { Blueprint, WorkerServices } from "./blueprint.ts";

/** How a machine of the page is built from its description. */
export function machineBlueprint(config: MachineConfig): Blueprint {
  return {
    description: {
      memoryBytes: config.ramSizeBytes,
      cpuCount: config.cpuCount,
      typed: config.typed,
      captures: config.captures.map(({ id, netdev, file }) => ({ id, netdev, file })),
      ports: portsOf(config),
    },
    files: [config.kernel, config.initrd, config.dtb].filter((name) => name !== null),
    noReboot: config.noReboot,
    async create(services, signal) {
      try {
        const openDisk = (drive: DriveConfig): Promise<BlockBackend> => services.disks.open(drive, services);
        const openFiles = (fsdev: FsdevConfig): Promise<FileTree> => services.trees.open(fsdev, services);
        const streams = new Set(portsOf(config).map(({ id }) => id));
        const character = (id: string): CharBackend | null => (streams.has(id) ? services.port(id) : null);
        const closeDisk = (drive: string): Promise<void> => services.disks.closeOne(drive);
        await services.disks.retain(config.drives.map(({ id }) => id));
        return await Machine.create(config, { ...services, openDisk, openFiles, character, closeDisk }, signal);
      } catch (error) {
        throw explained(error, services);
      }
    },
  };
}

/** The character devices that are streams of the page, with the names that the guest knows them by. */
function portsOf({ chardevs, devices }: MachineConfig): PortDescription[] {
  const streams = chardevs.filter(({ kind }) => kind !== "stdio" && kind !== "null");
  return streams.map(({ id }) => {
    const user = devices.find(({ properties }) => properties.chardev === id);
    return { id, name: user?.properties.name ?? "" };
  });
}

/** Which kind of failure an error of the machine's parts is; its message is a sentence already. */
function explained(error: unknown, services: WorkerServices): unknown {
  if (error instanceof HashMismatchError) {
    const { message, advice, file } = error;
    const url = services.file(file) === null ? services.resolve(file) : null;
    return new FailureError({ code: "hash-mismatch", message, advice, url }, { cause: error });
  }
  if (error instanceof FilesError) {
    const { message, advice } = error;
    return new FailureError({ code: "bad-file", message, advice, url: null }, { cause: error });
  }
  if (error instanceof MemoryError) return new FailureError(failureOf(error, "out-of-memory"), { cause: error });
  if (error instanceof DeviceOptionError) return new FailureError(failureOf(error, "command-line"), { cause: error });
  return error;
}
