/** The interrupt controller as the machine sees it: reset, its frames in the memory map, its input lines. */
import { GIC_BASE } from "../layout";
import { giccRead, giccWrite } from "./cpu-interface-v2";
import { iccReset } from "./cpu-interface-v3";
import { gicdReadV2, gicdWriteV2 } from "./distributor-v2";
import { gicdReadV3, gicdWriteV3, routeSpi } from "./distributor-v3";
import { itsMessage, itsRead, itsWrite, resetIts } from "./its";
import { setPpiV2, setSpiV2 } from "./inputs-v2";
import { setPpiV3, setSpiV3 } from "./inputs-v3";
import {
  DIST_CPUS,
  DIST_CTLR,
  DIST_EDGE,
  DIST_ITS,
  DIST_VERSION,
  distRow,
  distWord,
  FIRST_SPI,
  GIC_STATE_SIZE,
  IF_ABPR,
  IF_BEST_INTID,
  IF_BEST_PRIORITY,
  IF_CURRENT_PENDING,
  IF_EDGE,
  IF_ENABLED,
  IF_LPI_PRIORITY,
  IF_RUNNING_PRIORITY,
  IF_TARGETED,
  IF_WAKER,
  INTID_SPURIOUS,
  interfaceBase,
  interfaceRow,
  MAX_INTERFACES,
  NUM_IRQ,
  NUM_SGI,
  PRIORITY_IDLE,
  WORDS,
} from "./layout";
import { setLines } from "./lines";
import { gicrRead, gicrWrite } from "./redistributor";
import {
  CTLR_ARE,
  CTLR_DS,
  GICC_BASE,
  GICC_SIZE,
  GICD_BASE,
  GICD_SIZE_V2,
  GICD_SIZE_V3,
  GICR_BASE,
  GICR_STRIDE,
  GICV2M_BASE,
  GICV2M_SIZE,
  GITS_BASE,
  GITS_SIZE,
  GITS_TRANSLATER,
  MSI_SETSPI_NS,
  WAKER_CHILDREN_ASLEEP,
  WAKER_PROCESSOR_SLEEP,
} from "./registers";
import { v2mRead, v2mWrite } from "./v2m";

/** SGIs are edge-triggered, whatever software writes. */
const SGI_BITS: u32 = 0xffff;

function resetV2(cpus: u32): void {
  store<u32>(distRow(DIST_EDGE, 0), SGI_BITS);
  for (let cpu: u32 = 0; cpu < MAX_INTERFACES; cpu++) {
    const block = interfaceBase(cpu);
    store<u32>(block, SGI_BITS, IF_ENABLED);
    store<u32>(block, 1, IF_ABPR);
    store<u32>(block, PRIORITY_IDLE, IF_RUNNING_PRIORITY);
    store<u32>(block, INTID_SPURIOUS, IF_CURRENT_PENDING);
  }
  // With one CPU there are no target registers: every interrupt goes to it.
  if (cpus == 1) {
    for (let word: u32 = 0; word < WORDS; word++) store<u32>(interfaceRow(0, IF_TARGETED, word), 0xffff_ffff);
  }
}

function resetV3(): void {
  store<u32>(GIC_BASE, CTLR_DS | CTLR_ARE, DIST_CTLR);
  for (let cpu: u32 = 0; cpu < MAX_INTERFACES; cpu++) {
    const block = interfaceBase(cpu);
    store<u32>(block, SGI_BITS, IF_EDGE);
    store<u32>(block, WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP, IF_WAKER);
  }
  for (let intid = FIRST_SPI; intid < NUM_IRQ; intid++) routeSpi(intid);
}

/**
 * Resets the controller as architecture `version` (2 or 3) with `cpus` (1..8) CPUs; all input lines are low. `its` says
 * whether a GICv3 has an Interrupt Translation Service.
 */
export function gic_init(version: u32, cpus: u32, its: bool): void {
  memory.fill(GIC_BASE, 0, GIC_STATE_SIZE);
  store<u32>(GIC_BASE, version, DIST_VERSION);
  store<u32>(GIC_BASE, cpus, DIST_CPUS);
  for (let cpu: u32 = 0; cpu < MAX_INTERFACES; cpu++) {
    store<u32>(interfaceBase(cpu), INTID_SPURIOUS, IF_BEST_INTID);
    store<u32>(interfaceBase(cpu), PRIORITY_IDLE, IF_BEST_PRIORITY);
    store<u32>(interfaceBase(cpu), PRIORITY_IDLE, IF_LPI_PRIORITY);
  }
  if (version == 2) {
    resetV2(cpus);
  } else {
    resetV3();
    if (its) {
      store<u32>(GIC_BASE, 1, DIST_ITS);
      resetIts();
    }
  }
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    iccReset(cpu);
    setLines(cpu, 0);
  }
}

/** Architecture version that gic_init chose, 2 or 3. */
export function gicVersion(): u32 {
  return distWord(DIST_VERSION);
}

/** True when `pa` is in one of the controller's frames; all else in its windows is nobody's, as in QEMU's virt. */
export function gicContains(pa: u64): bool {
  // Every frame is in [GICD_BASE, GICD_BASE + 16 MiB): one compare keeps other devices fast.
  if (pa - GICD_BASE >= 0x100_0000) return false;
  if (distWord(DIST_VERSION) == 3) {
    if (pa - GITS_BASE < GITS_SIZE) return distWord(DIST_ITS) != 0;
    return pa - GICD_BASE < GICD_SIZE_V3 || pa - GICR_BASE < GICR_STRIDE * <u64>distWord(DIST_CPUS);
  }
  return pa - GICD_BASE < GICD_SIZE_V2 || pa - GICC_BASE < GICC_SIZE || pa - GICV2M_BASE < GICV2M_SIZE;
}

function readV2(cpuIndex: u32, pa: u64, size: u32): u32 {
  if (pa < GICC_BASE) return gicdReadV2(cpuIndex, <u32>(pa - GICD_BASE), size);
  if (pa >= GICV2M_BASE) return v2mRead(<u32>(pa - GICV2M_BASE), size);
  const value = giccRead(cpuIndex, <u32>(pa - GICC_BASE));
  return size == 4 ? value : value & ((1 << (size << 3)) - 1);
}

/** As QEMU: the two aligned loads that cover it. */
function readUnaligned(cpuIndex: u32, pa: u64, size: u32): u64 {
  const bits = size << 3;
  const shift = <u64>((<u32>pa & (size - 1)) << 3);
  const first = pa & ~(<u64>(size - 1));
  const low = gicRead(cpuIndex, first, size) >> shift;
  const high = gicRead(cpuIndex, first + size, size) << (<u64>bits - shift);
  return (low | high) & (u64.MAX_VALUE >> (64 - bits));
}

/** Load of `size` (1, 2, 4 or 8) bytes by CPU `cpuIndex`, within one page, at an address that gicContains. */
export function gicRead(cpuIndex: u32, pa: u64, size: u32): u64 {
  if ((pa & <u64>(size - 1)) != 0) return readUnaligned(cpuIndex, pa, size);
  if (distWord(DIST_VERSION) == 3) {
    if (pa < GITS_BASE) return gicdReadV3(<u32>(pa - GICD_BASE), size);
    if (pa < GICR_BASE) return itsRead(<u32>(pa - GITS_BASE), size);
    const offset = <u32>(pa - GICR_BASE);
    return gicrRead(offset / <u32>GICR_STRIDE, offset % <u32>GICR_STRIDE, size);
  }
  if (size == 8) return <u64>readV2(cpuIndex, pa, 4) | ((<u64>readV2(cpuIndex, pa + 4, 4)) << 32);
  return readV2(cpuIndex, pa, size);
}

function writeV2(cpuIndex: u32, pa: u64, size: u32, value: u32): void {
  if (pa < GICC_BASE) gicdWriteV2(cpuIndex, <u32>(pa - GICD_BASE), size, value);
  else if (pa >= GICV2M_BASE) v2mWrite(<u32>(pa - GICV2M_BASE), size, value);
  else giccWrite(cpuIndex, <u32>(pa - GICC_BASE), value);
}

/** Store of the low `size` (1, 2, 4 or 8) bytes of `value`, within one page, at an address that gicContains. */
export function gicWrite(cpuIndex: u32, pa: u64, size: u32, value: u64): void {
  if ((pa & <u64>(size - 1)) != 0) {
    // As QEMU: byte by byte.
    for (let i: u32 = 0; i < size; i++) gicWrite(cpuIndex, pa + i, 1, (value >> (i << 3)) & 0xff);
    return;
  }
  if (distWord(DIST_VERSION) == 3) {
    if (pa < GITS_BASE) {
      gicdWriteV3(<u32>(pa - GICD_BASE), size, value);
      return;
    }
    if (pa < GICR_BASE) {
      itsWrite(<u32>(pa - GITS_BASE), size, value);
      return;
    }
    const offset = <u32>(pa - GICR_BASE);
    gicrWrite(offset / <u32>GICR_STRIDE, offset % <u32>GICR_STRIDE, size, value);
  } else if (size == 8) {
    writeV2(cpuIndex, pa, 4, <u32>value);
    writeV2(cpuIndex, pa + 4, 4, <u32>(value >> 32));
  } else {
    const bytes: u32 = size == 4 ? <u32>value : <u32>value & ((1 << (size << 3)) - 1);
    writeV2(cpuIndex, pa, size, bytes);
  }
}

/** Drives the line of an SPI: `intid` = 32 + SPI number, `level` 0 or 1. Other INTIDs have no line from outside. */
export function gic_set_level(intid: u32, level: u32): void {
  if (intid < FIRST_SPI || intid >= NUM_IRQ) return;
  if (distWord(DIST_VERSION) == 3) setSpiV3(intid, level);
  else setSpiV2(intid, level);
}

/**
 * A message-signalled interrupt: the device `requesterId` (PCI bus, device and function) writes `data`, 32 bits, to a
 * physical address. False when no register of the controller takes messages there.
 */
export function gic_message(requesterId: u32, addressLow: u32, addressHigh: u32, data: u32): bool {
  const pa = ((<u64>addressHigh) << 32) | <u64>addressLow;
  if (distWord(DIST_VERSION) == 2) {
    if (pa != GICV2M_BASE + MSI_SETSPI_NS) return false;
    v2mWrite(MSI_SETSPI_NS, 4, data);
    return true;
  }
  if (distWord(DIST_ITS) == 0 || pa != GITS_BASE + GITS_TRANSLATER) return false;
  itsMessage(requesterId, data);
  return true;
}

/** Drives the line of a PPI (`intid` 16..31) of CPU `cpuIndex`. */
export function gicSetPpi(cpuIndex: u32, intid: u32, level: u32): void {
  if (intid < NUM_SGI || intid >= FIRST_SPI) return;
  if (distWord(DIST_VERSION) == 3) setPpiV3(cpuIndex, intid, level);
  else setPpiV2(cpuIndex, intid, level);
}
