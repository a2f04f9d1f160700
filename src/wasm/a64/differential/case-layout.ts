/**
 * Memory layout of a test case and of its result, and the addresses at which cases run: shared with runner.s, which has
 * the same numbers. A result has the case's layout; from CASE_WORDS on it holds how the case ended instead of its words.
 */

/** X0..X30, 8 bytes each, then SP. */
export const CASE_X = 0;
export const CASE_SP = 248;
/** u64: NZCV in bits 31:28. */
export const CASE_PSTATE = 256;
export const CASE_FPCR = 264;
export const CASE_FPSR = 268;
/** u32 each: the instructions, run one after another; CASE_COUNT says how many (at most 4). */
export const CASE_WORDS = 272;
export const CASE_COUNT = 296;
/** V0..V31, 16 bytes each. */
export const CASE_V = 304;
/** Contents of the memory window. */
export const CASE_MEM = 816;
export const CASE_SIZE = 1072;

/** u64: address of the instruction that would have come next, or that did not complete. */
export const RESULT_PC = 272;
/** u32: END_* or the signal's number. */
export const RESULT_SIGNAL = 280;

/** Signals as Linux numbers them. */
export const SIGILL = 4;
export const SIGTRAP = 5;
export const SIGBUS = 7;
export const SIGSEGV = 11;

/** Every case has a slot of its own: its words, then permanently undefined ones. */
export const CODE_BASE = 0x4100_0000;
export const SLOT_SIZE = 64;
export const SLOT_WORDS = 4;
export const BATCH_MAX = 2048;
export const CODE_END = CODE_BASE + BATCH_MAX * SLOT_SIZE;

/** The memory that cases may touch: 256 bytes on both sides of a page (and 64 KiB) border. */
export const WINDOW = 0x4103_ff80;
export const WINDOW_SIZE = 256;
