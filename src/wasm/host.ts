/**
 * The imports of the engine (module name `host`). All scalars: no i64 crosses the border, since that
 * allocates a BigInt in JavaScript.
 */

/**
 * A guest load from a physical address that is neither RAM nor the interrupt controller.
 * `size` is 1, 2, 4 or 8 bytes; returns the low 32 bits, bits 63:32 of an 8-byte load through `bus_read_high`.
 */
export declare function bus_read(paLow: u32, paHigh: u32, size: u32): u32;

/** Bits 63:32 of the value that the last 8-byte `bus_read` returned. */
export declare function bus_read_high(): u32;

/** A guest store to such an address. */
export declare function bus_write(paLow: u32, paHigh: u32, size: u32, valueLow: u32, valueHigh: u32): void;

/** PSCI calls that end or restart the machine: `kind` is EVENT_SYSTEM_OFF or EVENT_SYSTEM_RESET of cpu/psci.ts. */
export declare function system_event(kind: u32): void;

/** A guest error (LOG_GUEST_ERROR): counted and logged once per place by the host; `code` is one of lib/guest-error.ts. */
export declare function guest_error(code: u32, valueLow: u32, valueHigh: u32): void;

/** Value of the 62.5 MHz system counter, low and high words, as real time has it now. */
export declare function counter_low(): u32;
export declare function counter_high(): u32;

/**
 * Compiles and instantiates the module of `length` bytes at `address` of the linear memory (jit/module.ts); its `count` regions go to the
 * table slots from `slot` on, in the order of its exports. 0 when the host has no memory for it: nothing is compiled from then on.
 */
export declare function jit_install(address: usize, length: usize, slot: u32, count: u32): u32;

/**
 * The listing of a region (jit/listing.ts): the WebAssembly from byte `offset` of its function on belongs to the instruction `word` at
 * page offset `place`, or, when that is all ones, to none. Then its entry and where the function's bytes are.
 */
export declare function jit_listed_at(place: u32, word: u32, offset: usize): void;
export declare function jit_listed(pcLow: u32, pcHigh: u32, address: usize, length: usize): void;

/**
 * Lockstep has found a difference (jit/lockstep.ts): these say what differs, then lockstep_failed ends the machine. A word of the CPU's
 * state at byte `offset`; a byte of RAM at a linear-memory address; each before the region, as it left it, and as the interpreter did.
 */
export declare function lockstep_state(offset: usize, before: u32, compiled: u32, interpreted: u32): void;
export declare function lockstep_memory(address: usize, before: u32, compiled: u32, interpreted: u32): void;
/** An instruction of the region, by its page offset. */
export declare function lockstep_instruction(offset: usize, word: u32): void;
/** The region's entry, how many instructions both have done, and how the region was left (LEFT_*). */
export declare function lockstep_failed(pcLow: u32, pcHigh: u32, compiled: u32, interpreted: u32, left: u32): void;

/** Empties table slot `slot`, so that the module behind it can go. */
export declare function jit_release(slot: u32): void;
