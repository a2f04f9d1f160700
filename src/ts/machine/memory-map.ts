/**
 * The guest-physical memory map of QEMU 7.2's `virt` board: the one list of addresses. Names are those of
 * `base_memmap` and `extended_memmap` in QEMU's hw/arm/virt.c. Everything else (device tree, bus, loader) derives from it.
 */

/** One window of guest-physical addresses. */
export interface MemoryRange {
  /** First guest-physical address. */
  readonly base: number;
  readonly sizeBytes: number;
}

/**
 * The board's windows. `VIRT_MMIO` is the window of all virtio-mmio transports together (see `virtioMmioSlot`), `VIRT_MEM` the
 * range RAM may fill before the high windows begin; how much of it exists is the machine's `-m`.
 */
export const MEMORY_MAP = {
  VIRT_FLASH: { base: 0x0000_0000, sizeBytes: 0x0800_0000 },
  VIRT_CPUPERIPHS: { base: 0x0800_0000, sizeBytes: 0x0002_0000 },
  VIRT_GIC_DIST: { base: 0x0800_0000, sizeBytes: 0x0001_0000 },
  VIRT_GIC_CPU: { base: 0x0801_0000, sizeBytes: 0x0001_0000 },
  VIRT_GIC_V2M: { base: 0x0802_0000, sizeBytes: 0x0000_1000 },
  VIRT_GIC_HYP: { base: 0x0803_0000, sizeBytes: 0x0001_0000 },
  VIRT_GIC_VCPU: { base: 0x0804_0000, sizeBytes: 0x0001_0000 },
  VIRT_GIC_ITS: { base: 0x0808_0000, sizeBytes: 0x0002_0000 },
  VIRT_GIC_REDIST: { base: 0x080a_0000, sizeBytes: 0x00f6_0000 },
  VIRT_UART: { base: 0x0900_0000, sizeBytes: 0x0000_1000 },
  VIRT_RTC: { base: 0x0901_0000, sizeBytes: 0x0000_1000 },
  VIRT_FW_CFG: { base: 0x0902_0000, sizeBytes: 0x0000_0018 },
  VIRT_GPIO: { base: 0x0903_0000, sizeBytes: 0x0000_1000 },
  VIRT_SECURE_UART: { base: 0x0904_0000, sizeBytes: 0x0000_1000 },
  VIRT_SMMU: { base: 0x0905_0000, sizeBytes: 0x0002_0000 },
  VIRT_PCDIMM_ACPI: { base: 0x0907_0000, sizeBytes: 0x0000_0018 },
  VIRT_ACPI_GED: { base: 0x0908_0000, sizeBytes: 0x0000_0004 },
  VIRT_NVDIMM_ACPI: { base: 0x0909_0000, sizeBytes: 0x0000_0004 },
  VIRT_PVTIME: { base: 0x090a_0000, sizeBytes: 0x0001_0000 },
  VIRT_SECURE_GPIO: { base: 0x090b_0000, sizeBytes: 0x0000_1000 },
  VIRT_MMIO: { base: 0x0a00_0000, sizeBytes: 0x0000_4000 },
  VIRT_PLATFORM_BUS: { base: 0x0c00_0000, sizeBytes: 0x0200_0000 },
  VIRT_SECURE_MEM: { base: 0x0e00_0000, sizeBytes: 0x0100_0000 },
  VIRT_PCIE_MMIO: { base: 0x1000_0000, sizeBytes: 0x2eff_0000 },
  VIRT_PCIE_PIO: { base: 0x3eff_0000, sizeBytes: 0x0001_0000 },
  VIRT_PCIE_ECAM: { base: 0x3f00_0000, sizeBytes: 0x0100_0000 },
  VIRT_MEM: { base: 0x4000_0000, sizeBytes: 0x3f_c000_0000 },
  VIRT_HIGH_PCIE_ECAM: { base: 0x40_1000_0000, sizeBytes: 0x1000_0000 },
  VIRT_HIGH_PCIE_MMIO: { base: 0x80_0000_0000, sizeBytes: 0x80_0000_0000 },
} as const satisfies Record<string, MemoryRange>;

/** The type of the table, for code that is handed it. */
export type MemoryMap = typeof MEMORY_MAP;

/** Number of virtio-mmio transports (NUM_VIRTIO_TRANSPORTS). */
export const VIRTIO_MMIO_SLOTS = 32;

/** Window of virtio-mmio transport `slot` (0 … VIRTIO_MMIO_SLOTS - 1). */
export function virtioMmioSlot(slot: number): MemoryRange {
  if (!Number.isInteger(slot) || slot < 0 || slot >= VIRTIO_MMIO_SLOTS) {
    throw new RangeError(`There is no virtio-mmio slot ${slot}: slots are 0 to ${VIRTIO_MMIO_SLOTS - 1}.`);
  }
  const sizeBytes = MEMORY_MAP.VIRT_MMIO.sizeBytes / VIRTIO_MMIO_SLOTS;
  return { base: MEMORY_MAP.VIRT_MMIO.base + slot * sizeBytes, sizeBytes };
}

/** The two flash banks, each half of VIRT_FLASH. */
export function flashBank(bank: 0 | 1): MemoryRange {
  const sizeBytes = MEMORY_MAP.VIRT_FLASH.sizeBytes / 2;
  return { base: MEMORY_MAP.VIRT_FLASH.base + bank * sizeBytes, sizeBytes };
}

/** Configuration space of one PCI bus: 32 slots of 8 functions of 4 KiB. */
export const ECAM_BUS_BYTES = 0x10_0000;

/** Where the configuration spaces of PCI are: above RAM, or with `highmem=off` in a smaller window below it. */
export function pciEcam(highmem: boolean): MemoryRange {
  return highmem ? MEMORY_MAP.VIRT_HIGH_PCIE_ECAM : MEMORY_MAP.VIRT_PCIE_ECAM;
}
