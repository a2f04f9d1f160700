/** What the compiler and its host agree on. */

/** The most regions there are at a time: so many slots of the function table are theirs. */
export const MAX_REGIONS: u32 = 8192;

/** Counters of jit_stat: regions compiled since the start, their instructions, bytes of their modules; regions that are there, and that were dropped. */
export const STAT_REGIONS: u32 = 0;
export const STAT_INSTRUCTIONS: u32 = 1;
export const STAT_BYTES: u32 = 2;
export const STAT_LIVE: u32 = 3;
export const STAT_DROPPED: u32 = 4;

/**
 * Counters of cpu_statistic: instructions that regions executed; calls of regions from outside of them; of these, those that ended at an
 * instruction for the interpreter, behind a handler that has something to be done, and at the end of a stretch; accesses, the
 * interpreter's too, whose page the first-level TLB did not have.
 */
export const CPU_STAT_COMPILED: u32 = 1;
export const CPU_STAT_CALLS: u32 = 2;
export const CPU_STAT_STOPS: u32 = 3;
export const CPU_STAT_HANDLED: u32 = 4;
export const CPU_STAT_STRETCHES: u32 = 5;
export const CPU_STAT_TLB_MISSES: u32 = 6;

/** Counters of jit_lockstep_stat: calls of regions that were repeated and compared, their instructions, and those that could not be. */
export const LOCKSTEP_CALLS: u32 = 0;
export const LOCKSTEP_INSTRUCTIONS: u32 = 1;
export const LOCKSTEP_SPOILT: u32 = 2;
