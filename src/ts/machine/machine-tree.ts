/**
 * The machine's device tree, written from the memory and interrupt tables: the nodes and properties of QEMU 7.2's `virt`, but only
 * for what the machine has, since every node costs the guest boot time. The bindings are those of Linux's
 * Documentation/devicetree/bindings.
 */
import { psciNode } from "../fdt/psci.ts";
import { cells, cells64, empty, type FdtNode, type FdtTree, fdtNode, strings } from "../fdt/tree.ts";
import { NUM_PCI_PINS, PPI_MAP, SPI_MAP, virtioMmioSpi } from "./irq-map.ts";
import { ECAM_BUS_BYTES, MEMORY_MAP, type MemoryRange, pciEcam, virtioMmioSlot } from "./memory-map.ts";

/** What the tree describes: addresses in guest-physical bytes. */
export interface MachineTreeDescription {
  ramSizeBytes: number;
  /** 1 … 8 with GICv2 (the SGI and PPI masks have 8 bits), 1 … 16 with GICv3 as far as one affinity level goes. */
  cpuCount: number;
  gicVersion: 2 | 3;
  /** `compatible` of each CPU. */
  cpuCompatible: string;
  /** Virtio-mmio slots that have a device; the others get no node. */
  virtioMmioSlots: readonly number[];
  /** Whether the PL061 and the power key on its line 3 are there. */
  hasPowerKey: boolean;
  /** The PCI host bridge, where there is one. */
  pci?: PciTreeDescription;
  /** Whether a GICv3 has an Interrupt Translation Service. */
  hasIts?: boolean;
  /** The kernel's command line. */
  bootargs?: string;
  /** Where the initrd lies: first byte, and one past the last. */
  initrd?: { start: number; end: number };
  /** Seed for the kernel's random number generator, 32 bytes as in QEMU. */
  rngSeed?: Uint8Array;
  /** Seed for the kernel's address randomisation, 8 bytes. */
  kaslrSeed?: Uint8Array;
}

/** What the tree says about PCI. */
export interface PciTreeDescription {
  /** Configuration space and a window of 64-bit addresses lie above 4 GiB. */
  highmem: boolean;
}

/** First cell of an interrupt specifier (arm,gic.yaml). */
const GIC_FDT_IRQ_TYPE_SPI = 0;
const GIC_FDT_IRQ_TYPE_PPI = 1;
/** Trigger in the third cell of an interrupt specifier. */
const GIC_FDT_IRQ_FLAGS_EDGE_LO_HI = 1;
const GIC_FDT_IRQ_FLAGS_LEVEL_HI = 4;
/** GICv2 only: bits 15:8 of the third cell of a PPI say which CPUs it is wired to. */
const GIC_FDT_IRQ_PPI_CPU_START = 8;

const UART_CLOCK_HZ = 24_000_000;
const GPIO_POWER_LINE = 3;
/** Linux input event code of the power key. */
const KEY_POWER = 116;

/** The device tree of the machine that `description` describes. */
export function machineTree(description: MachineTreeDescription): FdtTree {
  const phandles = allocatePhandles(description.cpuCount);
  const gpio = description.hasPowerKey ? [gpioNode(phandles), powerKeyNode(phandles)] : [];
  const root = fdtNode(
    "",
    {
      compatible: strings("linux,dummy-virt"),
      model: strings("linux,dummy-virt"),
      "#address-cells": cells(2),
      "#size-cells": cells(2),
      "interrupt-parent": cells(phandles.gic),
    },
    [
      chosenNode(description),
      fdtNode(unitName("memory", { base: MEMORY_MAP.VIRT_MEM.base, sizeBytes: description.ramSizeBytes }), {
        device_type: strings("memory"),
        reg: cells64(MEMORY_MAP.VIRT_MEM.base, description.ramSizeBytes),
      }),
      cpusNode(description, phandles),
      psciNode(),
      gicNode(description, phandles),
      timerNode(description),
      fdtNode("apb-pclk", {
        compatible: strings("fixed-clock"),
        "#clock-cells": cells(0),
        "clock-frequency": cells(UART_CLOCK_HZ),
        "clock-output-names": strings("clk24mhz"),
        phandle: cells(phandles.clock),
      }),
      fdtNode(unitName("pl011", MEMORY_MAP.VIRT_UART), {
        compatible: strings("arm,pl011", "arm,primecell"),
        reg: reg(MEMORY_MAP.VIRT_UART),
        interrupts: spi(SPI_MAP.VIRT_UART, GIC_FDT_IRQ_FLAGS_LEVEL_HI),
        clocks: cells(phandles.clock, phandles.clock),
        "clock-names": strings("uartclk", "apb_pclk"),
      }),
      fdtNode(unitName("pl031", MEMORY_MAP.VIRT_RTC), {
        compatible: strings("arm,pl031", "arm,primecell"),
        reg: reg(MEMORY_MAP.VIRT_RTC),
        interrupts: spi(SPI_MAP.VIRT_RTC, GIC_FDT_IRQ_FLAGS_LEVEL_HI),
        clocks: cells(phandles.clock),
        "clock-names": strings("apb_pclk"),
      }),
      ...gpio,
      fdtNode(unitName("fw-cfg", MEMORY_MAP.VIRT_FW_CFG), {
        compatible: strings("qemu,fw-cfg-mmio"),
        reg: reg(MEMORY_MAP.VIRT_FW_CFG),
        "dma-coherent": empty(),
      }),
      ...(description.pci === undefined ? [] : [pcieNode(description, description.pci, phandles)]),
      ...[...description.virtioMmioSlots].sort((a, b) => a - b).map(virtioMmioNode),
    ],
  );
  return { root, reservations: [], bootCpuid: 0 };
}

interface Phandles {
  clock: number;
  /** By CPU number. */
  cpus: number[];
  gic: number;
  msi: number;
  gpio: number;
}

/** QEMU's numbering: from 0x8000 on, the CPUs from the last to the first. */
function allocatePhandles(cpuCount: number): Phandles {
  let next = 0x8000;
  const clock = next++;
  const cpus: number[] = [];
  for (let cpu = cpuCount - 1; cpu >= 0; cpu--) cpus[cpu] = next++;
  return { clock, cpus, gic: next++, msi: next++, gpio: next++ };
}

function unitName(name: string, range: MemoryRange): string {
  return `${name}@${range.base.toString(16)}`;
}

function reg(...ranges: MemoryRange[]): Uint8Array {
  return cells64(...ranges.flatMap((range) => [range.base, range.sizeBytes]));
}

function spi(number: number, flags: number): Uint8Array {
  return cells(GIC_FDT_IRQ_TYPE_SPI, number, flags);
}

function chosenNode(description: MachineTreeDescription): FdtNode {
  const properties: Record<string, Uint8Array> = {};
  if (description.bootargs !== undefined && description.bootargs !== "")
    properties.bootargs = strings(description.bootargs);
  properties["stdout-path"] = strings(`/${unitName("pl011", MEMORY_MAP.VIRT_UART)}`);
  if (description.initrd !== undefined) {
    properties["linux,initrd-start"] = cells(description.initrd.start);
    properties["linux,initrd-end"] = cells(description.initrd.end);
  }
  if (description.kaslrSeed !== undefined) properties["kaslr-seed"] = description.kaslrSeed;
  if (description.rngSeed !== undefined) properties["rng-seed"] = description.rngSeed;
  return fdtNode("chosen", properties);
}

function cpusNode({ cpuCount, cpuCompatible }: MachineTreeDescription, phandles: Phandles): FdtNode {
  const cpus = phandles.cpus.map((phandle, index) => {
    const properties: Record<string, Uint8Array> = { device_type: strings("cpu"), compatible: strings(cpuCompatible) };
    if (cpuCount > 1) properties["enable-method"] = strings("psci");
    return fdtNode(`cpu@${index.toString(16)}`, { ...properties, reg: cells(index), phandle: cells(phandle) });
  });
  const cores = phandles.cpus.map((phandle, index) => fdtNode(`core${index}`, { cpu: cells(phandle) }));
  const cpuMap = fdtNode("cpu-map", {}, [fdtNode("socket0", {}, [fdtNode("cluster0", {}, cores)])]);
  return fdtNode("cpus", { "#address-cells": cells(1), "#size-cells": cells(0) }, [...cpus, cpuMap]);
}

function gicNode({ gicVersion, hasIts }: MachineTreeDescription, phandles: Phandles): FdtNode {
  const common = {
    "interrupt-controller": empty(),
    "#interrupt-cells": cells(3),
    "#address-cells": cells(2),
    "#size-cells": cells(2),
    ranges: empty(),
    phandle: cells(phandles.gic),
  };
  const msi = { "msi-controller": empty(), phandle: cells(phandles.msi) };
  const name = unitName("intc", MEMORY_MAP.VIRT_GIC_DIST);
  if (gicVersion === 2) {
    const properties = {
      compatible: strings("arm,cortex-a15-gic"),
      reg: reg(MEMORY_MAP.VIRT_GIC_DIST, MEMORY_MAP.VIRT_GIC_CPU),
      ...common,
    };
    const v2m = { compatible: strings("arm,gic-v2m-frame"), reg: reg(MEMORY_MAP.VIRT_GIC_V2M), ...msi };
    return fdtNode(name, properties, [fdtNode(unitName("v2m", MEMORY_MAP.VIRT_GIC_V2M), v2m)]);
  }
  const properties = {
    compatible: strings("arm,gic-v3"),
    reg: reg(MEMORY_MAP.VIRT_GIC_DIST, MEMORY_MAP.VIRT_GIC_REDIST),
    "#redistributor-regions": cells(1),
    ...common,
  };
  const its = {
    compatible: strings("arm,gic-v3-its"),
    reg: reg(MEMORY_MAP.VIRT_GIC_ITS),
    "#msi-cells": cells(1),
    ...msi,
  };
  return fdtNode(name, properties, hasIts === true ? [fdtNode(unitName("its", MEMORY_MAP.VIRT_GIC_ITS), its)] : []);
}

function timerNode({ gicVersion, cpuCount }: MachineTreeDescription): FdtNode {
  const cpuMask = gicVersion === 2 ? ((1 << cpuCount) - 1) << GIC_FDT_IRQ_PPI_CPU_START : 0;
  const flags = GIC_FDT_IRQ_FLAGS_LEVEL_HI | cpuMask;
  const ppis = [
    PPI_MAP.ARCH_TIMER_S_EL1_IRQ,
    PPI_MAP.ARCH_TIMER_NS_EL1_IRQ,
    PPI_MAP.ARCH_TIMER_VIRT_IRQ,
    PPI_MAP.ARCH_TIMER_NS_EL2_IRQ,
  ];
  return fdtNode("timer", {
    compatible: strings("arm,armv8-timer", "arm,armv7-timer"),
    "always-on": empty(),
    interrupts: cells(...ppis.flatMap((ppi) => [GIC_FDT_IRQ_TYPE_PPI, ppi, flags])),
  });
}

function gpioNode(phandles: Phandles): FdtNode {
  return fdtNode(unitName("pl061", MEMORY_MAP.VIRT_GPIO), {
    compatible: strings("arm,pl061", "arm,primecell"),
    reg: reg(MEMORY_MAP.VIRT_GPIO),
    interrupts: spi(SPI_MAP.VIRT_GPIO, GIC_FDT_IRQ_FLAGS_LEVEL_HI),
    "gpio-controller": empty(),
    "#gpio-cells": cells(2),
    clocks: cells(phandles.clock),
    "clock-names": strings("apb_pclk"),
    phandle: cells(phandles.gpio),
  });
}

function powerKeyNode(phandles: Phandles): FdtNode {
  const poweroff = fdtNode("poweroff", {
    label: strings("GPIO Key Poweroff"),
    "linux,code": cells(KEY_POWER),
    gpios: cells(phandles.gpio, GPIO_POWER_LINE, 0),
  });
  return fdtNode("gpio-keys", { compatible: strings("gpio-keys") }, [poweroff]);
}

/** The first cell of a PCI address (IEEE 1275 PCI binding): which space. */
const FDT_PCI_RANGE_IOPORT = 0x0100_0000;
const FDT_PCI_RANGE_MMIO = 0x0200_0000;
const FDT_PCI_RANGE_MMIO_64BIT = 0x0300_0000;
/** Slots after which the pins of the lines repeat, and where the slot is in a PCI address. */
const FDT_PCI_SLOT_SHIFT = 11;

function pcieNode(description: MachineTreeDescription, { highmem }: PciTreeDescription, phandles: Phandles): FdtNode {
  const ecam = pciEcam(highmem);
  const { VIRT_PCIE_PIO: pio, VIRT_PCIE_MMIO: mmio, VIRT_HIGH_PCIE_MMIO: high } = MEMORY_MAP;
  const range = (space: number, bus: number, cpu: MemoryRange): Uint8Array =>
    concat(cells(space), cells64(bus, cpu.base, cpu.sizeBytes));
  const ranges = [range(FDT_PCI_RANGE_IOPORT, 0, pio), range(FDT_PCI_RANGE_MMIO, mmio.base, mmio)];
  if (highmem) ranges.push(range(FDT_PCI_RANGE_MMIO_64BIT, high.base, high));
  const hasMessages = description.gicVersion === 2 || description.hasIts === true;
  return fdtNode(unitName("pcie", mmio), {
    compatible: strings("pci-host-ecam-generic"),
    device_type: strings("pci"),
    "#address-cells": cells(3),
    "#size-cells": cells(2),
    "linux,pci-domain": cells(0),
    "bus-range": cells(0, ecam.sizeBytes / ECAM_BUS_BYTES - 1),
    "dma-coherent": empty(),
    ...(hasMessages ? { "msi-map": cells(0, phandles.msi, 0, 0x1_0000) } : {}),
    reg: reg(ecam),
    ranges: concat(...ranges),
    "#interrupt-cells": cells(1),
    "interrupt-map": pcieInterruptMap(phandles),
    "interrupt-map-mask": cells((NUM_PCI_PINS - 1) << FDT_PCI_SLOT_SHIFT, 0, 0, 7),
  });
}

/** For every slot, modulo the number of lines, and pin: the line, which moves on by one from slot to slot. */
function pcieInterruptMap(phandles: Phandles): Uint8Array {
  const rows: number[] = [];
  for (let slot = 0; slot < NUM_PCI_PINS; slot += 1) {
    for (let pin = 0; pin < NUM_PCI_PINS; pin += 1) {
      const line = SPI_MAP.VIRT_PCIE + ((pin + slot) % NUM_PCI_PINS);
      rows.push(slot << FDT_PCI_SLOT_SHIFT, 0, 0, pin + 1);
      rows.push(phandles.gic, 0, 0, GIC_FDT_IRQ_TYPE_SPI, line, GIC_FDT_IRQ_FLAGS_LEVEL_HI);
    }
  }
  return cells(...rows);
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function virtioMmioNode(slot: number): FdtNode {
  const range = virtioMmioSlot(slot);
  return fdtNode(unitName("virtio_mmio", range), {
    compatible: strings("virtio,mmio"),
    reg: reg(range),
    interrupts: spi(virtioMmioSpi(slot), GIC_FDT_IRQ_FLAGS_EDGE_LO_HI),
    "dma-coherent": empty(),
  });
}
