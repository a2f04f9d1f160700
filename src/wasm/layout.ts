/**
 * The only map of the wasm linear memory. Everything the engine keeps lives at a constant
 * place below guest RAM; nothing is allocated after start. Sizes are bytes.
 *
 * | from | what |
 * | --- | --- |
 * | 0 | unused, so that a null pointer reads nothing of value |
 * | CPU_BASE | one block of CPU_STRIDE per CPU: state, TLBs, jump cache (cpu/state.ts) |
 * | GIC_BASE | interrupt controller state (gic/) |
 * | VQ_BASE | virtqueue slots and chain records (virtqueue/) |
 * | STATIC_BASE | constant data placed by the compiler (`memoryBase` in asconfig.json) |
 * | CODE_MAP_BASE | per guest RAM page: address of its code frame, or 0 (cpu/code-frame.ts) |
 * | JIT_BASE | the compiler: what it writes, its tables (jit/) |
 * | FRAME_BASE | code frames: decoded records of one guest page each |
 * | RAM_BASE | guest RAM, guest physical address GUEST_RAM_BASE |
 */

export const MAX_CPUS: usize = 8;

export const CPU_BASE: usize = 0x0001_0000;
export const CPU_STRIDE: usize = 0x0007_0000;

export const GIC_BASE: usize = 0x0040_0000;
export const GIC_SIZE: usize = 0x0008_0000;

export const VQ_BASE: usize = 0x0048_0000;
export const VQ_SIZE: usize = 0x0018_0000;

export const STATIC_BASE: usize = 0x0060_0000;

export const CODE_MAP_BASE: usize = 0x0080_0000;
/** One u32 for each 4 KiB page of the largest RAM (3 GiB). */
export const CODE_MAP_SIZE: usize = 0x0030_0000;

export const JIT_BASE: usize = 0x00b0_0000;
/** Code of the region being compiled; the module around it; analyses; profile; regions, and entries that wait. */
export const JIT_BODY: usize = JIT_BASE;
export const JIT_MODULE: usize = JIT_BASE + 0x10_0000;
export const JIT_WORK: usize = JIT_BASE + 0x20_0000;
export const JIT_PROFILE: usize = JIT_BASE + 0x24_0000;
export const JIT_REGIONS: usize = JIT_BASE + 0x26_0000;
/** What lockstep notes: stores (mmu/store-log.ts), and copies of a CPU's state (jit/lockstep.ts). */
export const JIT_STORES: usize = JIT_BASE + 0x30_0000;
export const JIT_STATES: usize = JIT_BASE + 0x3e_0000;
export const JIT_END: usize = JIT_BASE + 0x40_0000;

export const FRAME_BASE: usize = 0x0100_0000;
export const FRAME_END: usize = 0x0500_0000;

/** Where guest RAM starts in linear memory; 64 KiB aligned. */
export const RAM_BASE: usize = 0x0500_0000;

/** Guest physical address of RAM (QEMU `virt`: VIRT_MEM). */
export const GUEST_RAM_BASE: u64 = 0x4000_0000;
