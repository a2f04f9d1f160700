/** From the files of the command line to what is in memory when the first CPU starts. */
import type { MachineConfig } from "../config/machine-config.ts";
import { writeFdt } from "../fdt/writer.ts";
import { type BootPlan, planBoot } from "../loader/boot-plan.ts";
import { parseDtb, patchDtb } from "../loader/dtb.ts";
import { loadInitrd, loadKernel } from "../loader/load.ts";
import { checkFile } from "./checked-file.ts";
import { machineTree } from "./machine-tree.ts";
import { MEMORY_MAP } from "./memory-map.ts";
import type { MachineServices } from "./services.ts";

const RNG_SEED_BYTES = 32;
const KASLR_SEED_BYTES = 8;

/** What a machine has that not every machine has. */
export interface BootHardware {
  /** The virtio-mmio slots with a device. */
  readonly mmioSlots: readonly number[];
  readonly hasPci: boolean;
}

/** Reads kernel, initrd and device tree, and plans where they go. */
export async function loadBootPlan(
  config: MachineConfig,
  services: MachineServices,
  hardware: BootHardware,
  signal?: AbortSignal,
): Promise<BootPlan> {
  const ram = { base: MEMORY_MAP.VIRT_MEM.base, sizeBytes: config.ramSizeBytes };
  const options = { limitBytes: config.ramSizeBytes, ...(signal === undefined ? {} : { signal }) };
  if (config.kernel === null) throw new Error("No kernel is given: name one with -kernel.");
  const read = async (file: string, sha256: string | null): Promise<Uint8Array> => {
    const bytes = await services.readFile(file);
    await checkFile(file, bytes, sha256);
    return bytes;
  };
  const kernel = await loadKernel(await read(config.kernel, config.kernelSha256), ram.base, options);
  const initrd =
    config.initrd === null ? undefined : await loadInitrd(await read(config.initrd, config.initrdSha256), options);
  const given = config.dtb === null ? undefined : parseDtb(await read(config.dtb, config.dtbSha256));
  const random = (count: number): Uint8Array => {
    const bytes = new Uint8Array(count);
    services.entropy(bytes);
    return bytes;
  };
  const bootargs = config.append ?? undefined;
  return planBoot({
    kernel,
    ram,
    ...(initrd === undefined ? {} : { initrd }),
    deviceTree: (place) => {
      const common = {
        ...(bootargs === undefined ? {} : { bootargs }),
        ...(place === undefined ? {} : { initrd: place }),
      };
      if (given !== undefined) return patchDtb(given, { ram, ...common });
      return writeFdt(
        machineTree({
          ramSizeBytes: config.ramSizeBytes,
          cpuCount: config.cpuCount,
          gicVersion: config.gicVersion,
          hasIts: config.its,
          cpuCompatible: "arm,cortex-a57",
          virtioMmioSlots: hardware.mmioSlots,
          ...(hardware.hasPci ? { pci: { highmem: config.highmem } } : {}),
          hasPowerKey: true,
          rngSeed: random(RNG_SEED_BYTES),
          kaslrSeed: random(KASLR_SEED_BYTES),
          ...common,
        }),
      );
    },
  });
}
