import type { BlockBackend } from "../../virtio/backends.ts";
import { DeviceOptionError } from "../../virtio/properties.ts";
import { type DriveConfig, keptDiskId, type MachineConfig } from "../config/machine-config.ts";
import { HashMismatchError } from "../machine/checked-file.ts";
import { MemoryError } from "../machine/engine.ts";
import { Machine } from "../machine/machine.ts";
import { FailureError, failureOf } from "../protocol/failure.ts";
import { MemorySource } from "../storage/block-source.ts";
import { HttpSource } from "../storage/http-source.ts";
import { OverlayDisk } from "../storage/overlay-disk.ts";
import type { Blueprint, WorkerServices } from "./blueprint.ts";

/** How a machine of the page is built from its description. */
export function machineBlueprint(config: MachineConfig): Blueprint {
  // Disks outlive a machine that broke: what the guest wrote is there for the next one.
  const disks = new Map<string, Promise<BlockBackend>>();
  const openDisk = (drive: DriveConfig, services: WorkerServices): Promise<BlockBackend> => {
    const disk = disks.get(drive.id) ?? openHttpDisk(drive, services);
    disks.set(drive.id, disk);
    return disk;
  };
  return {
    description: { memoryBytes: config.ramSizeBytes, cpuCount: config.cpuCount, typed: config.typed },
    files: [config.kernel, config.initrd, config.dtb].filter((name) => name !== null),
    noReboot: config.noReboot,
    async create(services, signal) {
      try {
        return await Machine.create(config, { ...services, openDisk: (drive) => openDisk(drive, services) }, signal);
      } catch (error) {
        throw explained(error, services);
      }
    },
    async flush() {
      const opened = await Promise.all(disks.values());
      await Promise.all(opened.map(async (disk) => await disk.flush()));
    },
  };
}

/** Which kind of failure an error of the machine's parts is; its message is a sentence already. */
function explained(error: unknown, services: WorkerServices): unknown {
  if (error instanceof HashMismatchError) {
    const { message, advice, file } = error;
    return new FailureError({ code: "hash-mismatch", message, advice, url: services.resolve(file) }, { cause: error });
  }
  if (error instanceof MemoryError) return new FailureError(failureOf(error, "out-of-memory"), { cause: error });
  if (error instanceof DeviceOptionError) return new FailureError(failureOf(error, "command-line"), { cause: error });
  return error;
}

/** A disk of the page: parts of it as they are needed where the server hands them out, else all of it. */
async function openHttpDisk(drive: DriveConfig, services: WorkerServices): Promise<BlockBackend> {
  if (keptDiskId(drive.file) !== null || drive.format === "qcow2") throw unusable(drive);
  const url = services.resolve(drive.file);
  const source = (await openRanges(url, services)) ?? new MemorySource(await services.readFile(drive.file));
  try {
    return new OverlayDisk(source, drive.readOnly);
  } catch (error) {
    const { message } = failureOf(error, "bad-file");
    const advice = "Disks are raw images here, as qemu-img convert -O raw makes them.";
    throw new FailureError({ code: "bad-file", message, advice, url }, { cause: error });
  }
}

function unusable(drive: DriveConfig): FailureError {
  return new FailureError({
    code: "bad-file",
    message: `The disk ${drive.file} cannot be used here.`,
    advice: "Disks are raw images here, as qemu-img convert -O raw makes them.",
    url: null,
  });
}

/** null where the server does not hand out ranges, or answers with an error: the whole download then tells which. */
async function openRanges(url: string, services: WorkerServices): Promise<HttpSource | null> {
  if (!url.startsWith("http")) return null;
  try {
    return await HttpSource.open(url, services.rangeHost(url));
  } catch {
    return null;
  }
}
