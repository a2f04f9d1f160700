/**
 * Interrupt numbers of QEMU 7.2's `virt` board: the one list. Names are those of `a15irqmap` in QEMU's hw/arm/virt.c and of
 * the ARCH_* constants in include/hw/arm/virt.h. SPI numbers count from 0 (GIC interrupt ID minus 32), PPI numbers
 * from 0 (ID minus 16), as in the device tree.
 */

/** Shared peripheral interrupts: the first one of each device. */
export const SPI_MAP = {
  VIRT_UART: 1,
  VIRT_RTC: 2,
  VIRT_PCIE: 3,
  VIRT_GPIO: 7,
  VIRT_SECURE_UART: 8,
  VIRT_ACPI_GED: 9,
  VIRT_MMIO: 16,
  VIRT_GIC_V2M: 48,
  VIRT_SMMU: 74,
  VIRT_PLATFORM_BUS: 112,
} as const satisfies Record<string, number>;

/** Private peripheral interrupts of each CPU. */
export const PPI_MAP = {
  VIRTUAL_PMU_IRQ: 7,
  ARCH_GIC_MAINT_IRQ: 9,
  ARCH_TIMER_NS_EL2_IRQ: 10,
  ARCH_TIMER_VIRT_IRQ: 11,
  ARCH_TIMER_S_EL1_IRQ: 13,
  ARCH_TIMER_NS_EL1_IRQ: 14,
} as const satisfies Record<string, number>;

/** SPIs the board has (NUM_IRQS): interrupt IDs 32 … 32 + NUM_SPIS - 1. */
export const NUM_SPIS = 256;
/** PCI interrupt pins INTA … INTD, consecutive from SPI_MAP.VIRT_PCIE (PCI_NUM_PINS). */
export const NUM_PCI_PINS = 4;
/** SPIs of the GICv2m frame, consecutive from SPI_MAP.VIRT_GIC_V2M (NUM_GICV2M_SPIS). */
export const NUM_GICV2M_SPIS = 64;

/** GIC interrupt ID (INTID) of SPI `spi`. */
export function spiToIntid(spi: number): number {
  return 32 + spi;
}

/** GIC interrupt ID (INTID) of PPI `ppi`. */
export function ppiToIntid(ppi: number): number {
  return 16 + ppi;
}

/** SPI of virtio-mmio transport `slot`. */
export function virtioMmioSpi(slot: number): number {
  return SPI_MAP.VIRT_MMIO + slot;
}
