/**
 * Interrupt controller state as plain offsets in linear memory: one distributor block at GIC_BASE, then one
 * block for each CPU. The whole area [GIC_BASE, GIC_BASE + GIC_STATE_SIZE) and CPU_ICC of each CPU are all there is:
 * who copies them saves and restores the controller.
 *
 * Interrupts are bits in rows of WORDS 32-bit words: word = INTID / 32, bit = INTID % 32. Word 0 holds SGIs and PPIs.
 */
import { CPU_ICC, cpuBase } from "../cpu/state";
import { GIC_BASE } from "../layout";

/** INTIDs 0 .. NUM_IRQ - 1, as QEMU's virt: 32 private ones and 256 SPIs. */
export const NUM_IRQ: u32 = 288;
/** SGIs are INTIDs 0..15, PPIs 16..31; SPIs begin here. */
export const FIRST_SPI: u32 = 32;
/** LPIs begin here (GICv3). */
export const FIRST_LPI: u32 = 8192;
export const NUM_SGI: u32 = 16;
/** Words in a row. */
export const WORDS: u32 = 9;
/** The CPU interfaces that a GICv2 has room for; QEMU keeps state for all of them, whatever the number of CPUs. */
export const MAX_INTERFACES: u32 = 8;

/** INTID that says: no interrupt (GICv2 4.4.5, GICv3 2.2.1). */
export const INTID_SPURIOUS: u32 = 1023;
/** GICv2: there is an interrupt, of Group 1, that this register does not show. */
export const INTID_GROUP1: u32 = 1022;

/** Priority of the idle state, lower than any interrupt's. */
export const PRIORITY_IDLE: u32 = 0x100;

/** u32: architecture version, 2 or 3; 0 before gic_init. */
export const DIST_VERSION: usize = 0x000;
/** u32: number of CPUs. */
export const DIST_CPUS: usize = 0x004;
/** u32: GICD_CTLR as it reads. */
export const DIST_CTLR: usize = 0x008;

/** Rows of the SPIs (word 0 unused where each CPU has its own). */
export const DIST_ENABLED: usize = 0x040;
export const DIST_GROUP: usize = 0x080;
/** Input lines. */
export const DIST_LEVEL: usize = 0x0c0;
/** 1 = edge-triggered. Word 0 is the GICv2's: QEMU shares it between the CPUs. */
export const DIST_EDGE: usize = 0x100;
/** GICv3 only: a GICv2 keeps these for each CPU, since an SPI may target several. */
export const DIST_PENDING: usize = 0x140;
export const DIST_ACTIVE: usize = 0x180;

/** u8 for each INTID; those below 32 unused. */
export const DIST_PRIORITY: usize = 0x200;
/** GICv3: GICD_IROUTER, u64 for each INTID. */
export const DIST_IROUTER: usize = 0x400;

/** u32: 1 when the GICv3 has an ITS. */
export const DIST_ITS: usize = 0x00c;
/** ITS: GITS_CTLR u32; the others u64. GITS_BASER0 is the device table's, GITS_BASER1 the collection table's. */
export const ITS_CTLR: usize = 0xd00;
export const ITS_CBASER: usize = 0xd08;
export const ITS_CWRITER: usize = 0xd10;
export const ITS_CREADR: usize = 0xd18;
export const ITS_BASER: usize = 0xd20;

/** Per-CPU blocks. */
export const INTERFACE_BASE: usize = 0x1000;
export const INTERFACE_STRIDE: usize = 0x400;

/** u32 each: private interrupts (word 0). */
export const IF_ENABLED: usize = 0x000;
export const IF_GROUP: usize = 0x004;
export const IF_LEVEL: usize = 0x008;
/** GICv3 only. */
export const IF_EDGE: usize = 0x00c;

/** Rows. The GICv3 uses word 0 only. */
export const IF_PENDING: usize = 0x040;
export const IF_ACTIVE: usize = 0x080;
/** SPIs that go to this CPU: GICD_ITARGETSR of a GICv2, GICD_IROUTER of a GICv3. */
export const IF_TARGETED: usize = 0x0c0;

/** u8 for each private INTID. */
export const IF_PRIORITY: usize = 0x100;
/** GICv2: u8 for each SGI, the CPUs it is pending from. */
export const IF_SGI_SOURCES: usize = 0x120;

/** u32 each: the highest-priority pending interrupt; BEST_PRIORITY is PRIORITY_IDLE when there is none. */
export const IF_BEST_INTID: usize = 0x140;
export const IF_BEST_PRIORITY: usize = 0x144;
export const IF_BEST_GROUP: usize = 0x148;

/** GICv2 CPU interface, u32 each. */
export const IF_CTLR: usize = 0x180;
export const IF_PMR: usize = 0x184;
export const IF_BPR: usize = 0x188;
export const IF_ABPR: usize = 0x18c;
export const IF_RUNNING_PRIORITY: usize = 0x190;
/** What GICC_HPPIR would show before groups: INTID_SPURIOUS when nothing passes the priority mask. */
export const IF_CURRENT_PENDING: usize = 0x194;
/** Active priorities, 4 u32 each: Group 0, Group 1. */
export const IF_APR: usize = 0x1a0;
export const IF_NSAPR: usize = 0x1b0;

/** GICv3 redistributor: u32, u64, u64. */
export const IF_WAKER: usize = 0x1c0;
export const IF_PROPBASER: usize = 0x1c8;
export const IF_PENDBASER: usize = 0x1d0;
/** u32: GICR_CTLR.EnableLPIs. */
export const IF_GICR_CTLR: usize = 0x1d8;
/** u32 each: the best pending LPI; IF_LPI_PRIORITY is PRIORITY_IDLE when there is none. */
export const IF_LPI_INTID: usize = 0x1dc;
export const IF_LPI_PRIORITY: usize = 0x1e0;

/** Bytes from GIC_BASE that hold state. */
export const GIC_STATE_SIZE: usize = INTERFACE_BASE + 8 * INTERFACE_STRIDE;

/** GICv3 CPU interface registers from CPU_ICC, u32 each. */
export const ICC_CTLR: usize = CPU_ICC + 0x00;
export const ICC_PMR: usize = CPU_ICC + 0x04;
export const ICC_BPR0: usize = CPU_ICC + 0x08;
export const ICC_BPR1: usize = CPU_ICC + 0x0c;
export const ICC_AP0R0: usize = CPU_ICC + 0x10;
export const ICC_AP1R0: usize = CPU_ICC + 0x14;
export const ICC_IGRPEN0: usize = CPU_ICC + 0x18;
export const ICC_IGRPEN1: usize = CPU_ICC + 0x1c;
export const ICC_SIZE: usize = 0x20;

/** Distributor field of 32 bits. */
export function distWord(field: usize): u32 {
  return load<u32>(GIC_BASE + field);
}

/** Address of word `word` of a distributor row. */
export function distRow(row: usize, word: u32): usize {
  return GIC_BASE + row + ((<usize>word) << 2);
}

/** Base of the block of CPU `index`. */
export function interfaceBase(index: u32): usize {
  return GIC_BASE + INTERFACE_BASE + <usize>index * INTERFACE_STRIDE;
}

/** Address of word `word` of a row of CPU `index`. */
export function interfaceRow(index: u32, row: usize, word: u32): usize {
  return interfaceBase(index) + row + ((<usize>word) << 2);
}

/** Address of the priority byte of an INTID as CPU `index` sees it. */
export function priorityAddress(index: u32, intid: u32): usize {
  return intid < FIRST_SPI
    ? interfaceBase(index) + IF_PRIORITY + <usize>intid
    : GIC_BASE + DIST_PRIORITY + <usize>intid;
}

/** Sets the bits of `mask` in the word at `address` to those of `value`. */
export function replaceBits(address: usize, mask: u32, value: u32): void {
  store<u32>(address, (load<u32>(address) & ~mask) | (value & mask));
}

/** State of CPU `index`'s GICv3 CPU interface: base for the ICC_* offsets. */
export function iccBase(index: u32): usize {
  return cpuBase(index);
}
