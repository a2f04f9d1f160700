/**
 * Register offsets and fields of the interrupt controller's frames
 * (GIC architecture specification, v2: IHI 0048B chapter 4; v3: IHI 0069 chapter 12; GICv2m: SBSA appendix E).
 */

/** Frames of QEMU's virt. A GICv2 has only the beginning of each 64 KiB window. */
export const GICD_BASE: u64 = 0x0800_0000;
export const GICD_SIZE_V2: u64 = 0x1000;
export const GICD_SIZE_V3: u64 = 0x1_0000;
export const GICC_BASE: u64 = 0x0801_0000;
export const GICC_SIZE: u64 = 0x2000;
export const GICV2M_BASE: u64 = 0x0802_0000;
export const GICV2M_SIZE: u64 = 0x1000;
/** ITS: the frame of registers, then the one that messages are written to. */
export const GITS_BASE: u64 = 0x0808_0000;
export const GITS_SIZE: u64 = 0x2_0000;
export const GICR_BASE: u64 = 0x080a_0000;
/** RD_base and SGI_base of one CPU. */
export const GICR_STRIDE: u64 = 0x2_0000;
export const GICR_SGI_FRAME: u32 = 0x1_0000;

/** Distributor. Those from IGROUPR to NSACR are arrays; the redistributor's SGI frame has the same offsets. */
export const GICD_CTLR: u32 = 0x000;
export const GICD_TYPER: u32 = 0x004;
export const GICD_IIDR: u32 = 0x008;
export const GICD_STATUSR: u32 = 0x010;
export const GICD_IGROUPR: u32 = 0x080;
export const GICD_ISENABLER: u32 = 0x100;
export const GICD_ICENABLER: u32 = 0x180;
export const GICD_ISPENDR: u32 = 0x200;
export const GICD_ICPENDR: u32 = 0x280;
export const GICD_ISACTIVER: u32 = 0x300;
export const GICD_ICACTIVER: u32 = 0x380;
export const GICD_IPRIORITYR: u32 = 0x400;
export const GICD_ITARGETSR: u32 = 0x800;
export const GICD_ICFGR: u32 = 0xc00;
export const GICD_IGRPMODR: u32 = 0xd00;
export const GICD_NSACR: u32 = 0xe00;
export const GICD_SGIR: u32 = 0xf00;
export const GICD_CPENDSGIR: u32 = 0xf10;
export const GICD_SPENDSGIR: u32 = 0xf20;
/** First identification register (PIDR4) of a GICv2. */
export const GICD_ID_V2: u32 = 0xfd0;
export const GICD_IROUTER: u32 = 0x6000;
export const GICD_IROUTER_END: u32 = 0x7fe0;
/** First identification register (PIDR4) of GICv3 frames. */
export const GIC_ID_V3: u32 = 0xffd0;

/** GICD_CTLR. */
export const CTLR_ENABLE_GRP0: u32 = 1;
export const CTLR_ENABLE_GRP1: u32 = 2;
export const CTLR_ARE: u32 = 1 << 4;
export const CTLR_DS: u32 = 1 << 6;

/** GICv2 CPU interface. */
export const GICC_CTLR: u32 = 0x00;
export const GICC_PMR: u32 = 0x04;
export const GICC_BPR: u32 = 0x08;
export const GICC_IAR: u32 = 0x0c;
export const GICC_EOIR: u32 = 0x10;
export const GICC_RPR: u32 = 0x14;
export const GICC_HPPIR: u32 = 0x18;
export const GICC_ABPR: u32 = 0x1c;
export const GICC_APR: u32 = 0xd0;
export const GICC_NSAPR: u32 = 0xe0;
export const GICC_IIDR: u32 = 0xfc;
export const GICC_DIR: u32 = 0x1000;

/** GICC_CTLR as seen with one Security state. */
export const GICC_CTLR_ACK_CTL: u32 = 1 << 2;
export const GICC_CTLR_FIQ_EN: u32 = 1 << 3;
export const GICC_CTLR_CBPR: u32 = 1 << 4;
export const GICC_CTLR_EOIMODE: u32 = 1 << 9;

/** GICv2m frame. */
export const MSI_TYPER: u32 = 0x008;
export const MSI_SETSPI_NS: u32 = 0x040;
export const MSI_IIDR: u32 = 0xfcc;

/** Redistributor, RD_base frame. */
export const GICR_CTLR: u32 = 0x0000;
export const GICR_IIDR: u32 = 0x0004;
export const GICR_TYPER: u32 = 0x0008;
export const GICR_STATUSR: u32 = 0x0010;
export const GICR_WAKER: u32 = 0x0014;
export const GICR_PROPBASER: u32 = 0x0070;
export const GICR_PENDBASER: u32 = 0x0078;
/** Redistributor, SGI_base frame. */
export const GICR_IPRIORITYR: u32 = GICR_SGI_FRAME + GICD_IPRIORITYR;
export const GICR_ICFGR0: u32 = GICR_SGI_FRAME + GICD_ICFGR;
export const GICR_ICFGR1: u32 = GICR_SGI_FRAME + GICD_ICFGR + 4;

/** GICR_CTLR: LPIs on; CES says that they can be turned off again. */
export const GICR_CTLR_ENABLE_LPIS: u32 = 1 << 0;
export const GICR_CTLR_CES: u32 = 1 << 1;

/** GICR_WAKER. */
export const WAKER_PROCESSOR_SLEEP: u32 = 1 << 1;
export const WAKER_CHILDREN_ASLEEP: u32 = 1 << 2;

/** Interrupt Translation Service (IHI 0069 12.18). */
export const GITS_CTLR: u32 = 0x0000;
export const GITS_IIDR: u32 = 0x0004;
export const GITS_TYPER: u32 = 0x0008;
export const GITS_CBASER: u32 = 0x0080;
export const GITS_CWRITER: u32 = 0x0088;
export const GITS_CREADR: u32 = 0x0090;
export const GITS_BASER: u32 = 0x0100;
export const GITS_TRANSLATER: u32 = 0x1_0040;

/** GITS_CTLR. */
export const GITS_CTLR_ENABLED: u32 = 1 << 0;
export const GITS_CTLR_QUIESCENT: u32 = 1 << 31;
/** GITS_CREADR and GITS_CWRITER: byte offset in the queue; the queue has stopped at an error; go on. */
export const GITS_QUEUE_OFFSET: u64 = 0xf_ffe0;
export const GITS_CREADR_STALLED: u64 = 1;
export const GITS_CWRITER_RETRY: u64 = 1;
