import type { BlockBackend } from "../../virtio/backends.ts";
import type { FileTree } from "../../virtio/file-tree.ts";
import { DeviceOptionError } from "../../virtio/properties.ts";
import type { DriveConfig, FsdevConfig, MachineConfig } from "../config/machine-config.ts";
import { FilesError } from "../files/tree-error.ts";
import { HashMismatchError } from "../machine/checked-file.ts";
import { MemoryError } from "../machine/engine.ts";
import { Machine } from "../machine/machine.ts";
import { FailureError, failureOf } from "../protocol/failure.ts";
import type { Blueprint, WorkerServices } from "./blueprint.ts";

/** How a machine of the page is built from its description. */
export function machineBlueprint(config: MachineConfig): Blueprint {
  return {
    description: {
      memoryBytes: config.ramSizeBytes,
      cpuCount: config.cpuCount,
      typed: config.typed,
      captures: config.captures.map(({ id, netdev, file }) => ({ id, netdev, file })),
    },
    files: [config.kernel, config.initrd, config.dtb].filter((name) => name !== null),
    noReboot: config.noReboot,
    async create(services, signal) {
      try {
        const openDisk = (drive: DriveConfig): Promise<BlockBackend> => services.disks.open(drive, services);
        const openFiles = (fsdev: FsdevConfig): Promise<FileTree> => services.trees.open(fsdev, services);
        return await Machine.create(config, { ...services, openDisk, openFiles }, signal);
      } catch (error) {
        throw explained(error, services);
      }
    },
  };
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
