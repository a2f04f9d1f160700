/**
 * One CPU's state as byte offsets from its base (`cpu`). No function may assume that there is one CPU:
 * state is always reached through the base that it is given.
 *
 * Names are the ARM ARM's. X31 has three slots, so that handlers need no test: reads as SP, reads as ZR, writes to ZR.
 */
import { CPU_BASE, CPU_STRIDE } from "../layout";

/** X0..X30, then the three faces of register 31. 8 bytes each. */
export const CPU_X: usize = 0x000;
export const CPU_SP: usize = 0x0f8;
export const CPU_XZR: usize = 0x100;
export const CPU_SINK: usize = 0x108;

/** u64: address of the next instruction; valid outside the run loop and inside outlined handlers that ask for it. */
export const CPU_PC: usize = 0x110;
/** u32: N=8 Z=4 C=2 V=1. */
export const CPU_NZCV: usize = 0x118;
/** u32: EXIT_* bits; not 0 makes the run loop look after the current instruction. */
export const CPU_EXIT: usize = 0x11c;
/** u32: PSTATE.DAIF in bits 9:6, as SPSR has it. */
export const CPU_DAIF: usize = 0x120;
/** u32: PSTATE.EL, 0 or 1. */
export const CPU_EL: usize = 0x124;
/** u32: PSTATE.SP, 0 or 1. */
export const CPU_SPSEL: usize = 0x128;
/** u32: PSTATE.IL and PSTATE.SS in their SPSR positions (bits 20 and 21). */
export const CPU_ILSS: usize = 0x12c;
/** u32 each. */
export const CPU_FPCR: usize = 0x130;
export const CPU_FPSR: usize = 0x134;
/** u32: not 0 when FP and SIMD instructions trap at the current EL (CPACR_EL1.FPEN). */
export const CPU_FP_TRAP: usize = 0x138;
/** u32: lines from the interrupt controller, IRQ_* bits. */
export const CPU_IRQ: usize = 0x13c;
/** u32: CPU number (MPIDR_EL1.Aff0). */
export const CPU_INDEX: usize = 0x140;
/** u32: POWER_*: on, in WFI, off. */
export const CPU_POWER: usize = 0x144;
/** u32: event register of WFE/SEV. */
export const CPU_EVENT: usize = 0x148;
/** i32: instructions left in this slice, written before every outlined handler that may look at time. */
export const CPU_BUDGET: usize = 0x14c;

/** The synchronous exception that EXIT_FAULT announces: ESR value (u32) and FAR (u64, when FAULT_HAS_FAR). */
export const CPU_FAULT_ESR: usize = 0x150;
export const CPU_FAULT_FLAGS: usize = 0x154;
export const CPU_FAULT_FAR: usize = 0x158;

/** Exclusive monitor: address (u64, EXCLUSIVE_NONE when open), size (u32) and the values that were loaded. */
export const CPU_EXCL_ADDR: usize = 0x160;
export const CPU_EXCL_SIZE: usize = 0x168;
export const CPU_EXCL_LOW: usize = 0x170;
export const CPU_EXCL_HIGH: usize = 0x178;

/** u64 each: banked registers and the system registers that need a field of their own. */
export const CPU_SP_EL0: usize = 0x180;
export const CPU_SP_EL1: usize = 0x188;
export const CPU_ELR_EL1: usize = 0x190;
export const CPU_SPSR_EL1: usize = 0x198;
export const CPU_SCTLR_EL1: usize = 0x1a0;
export const CPU_TTBR0_EL1: usize = 0x1a8;
export const CPU_TTBR1_EL1: usize = 0x1b0;
export const CPU_TCR_EL1: usize = 0x1b8;
export const CPU_MAIR_EL1: usize = 0x1c0;
export const CPU_AMAIR_EL1: usize = 0x1c8;
export const CPU_VBAR_EL1: usize = 0x1d0;
export const CPU_ESR_EL1: usize = 0x1d8;
export const CPU_FAR_EL1: usize = 0x1e0;
export const CPU_AFSR0_EL1: usize = 0x1e8;
export const CPU_AFSR1_EL1: usize = 0x1f0;
export const CPU_PAR_EL1: usize = 0x1f8;
export const CPU_CONTEXTIDR_EL1: usize = 0x200;
export const CPU_TPIDR_EL0: usize = 0x208;
export const CPU_TPIDRRO_EL0: usize = 0x210;
export const CPU_TPIDR_EL1: usize = 0x218;
export const CPU_CPACR_EL1: usize = 0x220;
export const CPU_CSSELR_EL1: usize = 0x228;
export const CPU_MDSCR_EL1: usize = 0x230;
export const CPU_ACTLR_EL1: usize = 0x238;
export const CPU_OSLSR: usize = 0x240;

/** u32: context of the jump cache: generation and exception level (cpu/jump-cache.ts). */
export const CPU_JUMP_CONTEXT: usize = 0x250;
/** u64: result of the last translation (mmu/translate.ts); u32: its attributes. */
export const CPU_XLAT_PA: usize = 0x258;
export const CPU_XLAT_ATTRS: usize = 0x260;
/** u32: 1 while PSTATE.nRW is 1, that is, after a return to AArch32, which this CPU answers with an Undefined exception. */
export const CPU_NRW: usize = 0x264;
/** Flags of compiled code (jit/flags.ts): u32 kind, u64 operands; u32: how a region was left (jit/exits.ts). */
export const CPU_FLAG_KIND: usize = 0x268;
export const CPU_JIT_LEFT: usize = 0x26c;
export const CPU_FLAG_A: usize = 0x270;
export const CPU_FLAG_B: usize = 0x278;
/** Two regions of 16 bytes that contain all mappings larger than 2 MiB in the second-level TLB (mmu/tlb2.ts). */
export const CPU_LARGE_REGIONS: usize = 0x2e0;
/** 1024 bits: which 2 MiB areas, by address modulo 2 GiB, may have pieces of a larger page there. */
export const CPU_PIECES: usize = 0xe00;

/** Generic timer: u64 each (timer/generic-timer.ts). */
export const CPU_CNTKCTL_EL1: usize = 0x280;
export const CPU_CNTV_CTL: usize = 0x288;
export const CPU_CNTV_CVAL: usize = 0x290;
export const CPU_CNTP_CTL: usize = 0x298;
export const CPU_CNTP_CVAL: usize = 0x2a0;
/** u64: counter at the start of the slice; u32: budget at that time; u32 fixed point 16.16: counter ticks an instruction. */
export const CPU_CNT_BASE: usize = 0x2a8;
export const CPU_CNT_BUDGET: usize = 0x2b0;
export const CPU_CNT_SCALE: usize = 0x2b4;
/** u64: the largest counter value that was seen, so that it never goes backwards; u64: CNTFRQ_EL0. */
export const CPU_CNT_LAST: usize = 0x2b8;
export const CPU_CNTFRQ: usize = 0x2c0;

/**
 * What the host's arithmetic may be taken for, by FPCR and FPSR (lib/softfloat/host-limits.ts): the least magnitude that a result
 * must not have, infinity or 0. Where inexact results change no flag, f64 and f32; the largest magnitude that an operand may have
 * where denormals are kept, infinity or -1, f64 and f32.
 */
export const CPU_ROUNDED_F64: usize = 0x2c8;
export const CPU_KEPT_F64: usize = 0x2d0;
export const CPU_ROUNDED_F32: usize = 0x2d8;
export const CPU_KEPT_F32: usize = 0x2dc;
/** u64 and u32: number of bit patterns, the sign shifted out, of the results whose rounding changes no flag, or 0. */
export const CPU_ORDINARY_F64: usize = 0x248;
export const CPU_ORDINARY_F32: usize = 0x254;

/** GICv3 CPU interface (gic/cpu-interface-v3.ts): 0x100 bytes of its own. */
export const CPU_ICC: usize = 0x300;

/** V0..V31, 16 bytes each. */
export const CPU_V: usize = 0x400;

/** Counters for statistics, u64 each: instructions executed, then CPU_STAT_* (jit/limits.ts). A reset leaves them. */
export const CPU_STATS: usize = 0x640;
export const CPU_STATS_SIZE: usize = 0x40;

/** i32: instructions since the counter was last compared with real time. */
export const CPU_CNT_UNSYNCED: usize = 0x620;

/** Performance monitors and debug registers that read back what was written: 0x400 bytes (cpu/sysreg-storage). */
export const CPU_DEBUG_REGS: usize = 0x800;

/** 64 bytes: what a SIMD structure load or store moves, when it is not one range of linear memory (a64/simd-ldst-structures.ts). */
export const CPU_SIMD_SCRATCH: usize = 0x0c00;

/** Records for the run loop's own use (cpu/run.ts): 16 bytes each. */
export const CPU_OWN_RECORDS: usize = 0x0f00;

/** Jump cache: u32 each, the generations of EL0's and EL1's entries; u32: 1 when EL1 has executed what one address space only has. */
export const CPU_JUMP_GENERATIONS: usize = 0x1000;
export const CPU_JUMP_PRIVATE: usize = 0x1008;
/** u32: 1 when a code frame was released, so that the one being executed may be old (cpu/code-frame.ts). */
export const CPU_CODE_RELEASED: usize = 0x100c;
/** First-level TLB: u32 number of entries filled since it was empty, u16 which (mmu/tlb.ts). */
export const CPU_TLB_FILLED: usize = 0x1010;
/** Jump cache: a bit for the pages that it has addresses of, 512 bytes (cpu/jump-cache.ts). */
export const CPU_JUMP_PAGES: usize = 0x1800;

/** First-level TLBs, one for each EL: 1024 entries of 16 bytes for loads, as many for stores (mmu/tlb.ts). */
export const CPU_TLB: usize = 0x1_0000;
/** Jump cache: 4096 entries of 16 bytes (cpu/jump-cache.ts). */
export const CPU_JUMP_CACHE: usize = 0x2_0000;
/** Second-level TLB: 8192 entries of 32 bytes (mmu/tlb2.ts). */
export const CPU_TLB2: usize = 0x3_0000;

/** EXIT_* bits. A synchronous exception is pending: the current instruction has not completed. */
export const EXIT_FAULT: u32 = 1;
/** Leave the run loop after the current instruction: interrupt lines, time or context changed. */
export const EXIT_LEAVE: u32 = 2;
/** With EXIT_LEAVE: the handler has written the next instruction's address to CPU_PC itself. */
export const EXIT_JUMP: u32 = 4;

/** CPU_POWER. */
export const POWER_ON: u32 = 0;
export const POWER_WFI: u32 = 1;
export const POWER_OFF: u32 = 2;

/** CPU_FAULT_FLAGS: FAR is valid. */
export const FAULT_HAS_FAR: u32 = 1;

/** CPU_IRQ lines. */
export const IRQ_LINE: u32 = 1;
export const FIQ_LINE: u32 = 2;

/** CPU_EXCL_ADDR when no exclusive access is being watched. */
export const EXCLUSIVE_NONE: u64 = 0xffff_ffff_ffff_ffff;

/** Base address of CPU number `index`. */
export function cpuBase(index: u32): usize {
  return CPU_BASE + <usize>index * CPU_STRIDE;
}

/** Asks the run loop of `cpu` to return after the current instruction. */
export function requestLeave(cpu: usize): void {
  store<u32>(cpu, load<u32>(cpu, CPU_EXIT) | EXIT_LEAVE, CPU_EXIT);
}

/** Asks the run loop to continue at `target` after the current (outlined) instruction. */
export function requestJump(cpu: usize, target: u64): void {
  store<u64>(cpu, target, CPU_PC);
  store<u32>(cpu, load<u32>(cpu, CPU_EXIT) | EXIT_LEAVE | EXIT_JUMP, CPU_EXIT);
}
