/** The host's part of the compiler (src/wasm/jit): modules and instances of what it has written, and their table slots. */
import {
  CPU_STAT_CALLS,
  CPU_STAT_COMPILED,
  CPU_STAT_HANDLED,
  CPU_STAT_STOPS,
  CPU_STAT_STRETCHES,
  CPU_STAT_TLB_MISSES,
  LOCKSTEP_CALLS,
  LOCKSTEP_INSTRUCTIONS,
  LOCKSTEP_SPOILT,
  MAX_REGIONS,
  STAT_BYTES,
  STAT_DROPPED,
  STAT_INSTRUCTIONS,
  STAT_LIVE,
  STAT_REGIONS,
} from "../../wasm/jit/limits.ts";
import type { CompilerStats } from "../protocol/guest-counters.ts";

/** The engine's exports that compiled regions import, in the order of jit/module.ts, and those that turn the compiler on or count. */
interface CompilerExports {
  readonly table: WebAssembly.Table;
  jit_host: CallableFunction;
  jit_pack_flags: CallableFunction;
  jit_umulh: CallableFunction;
  jit_smulh: CallableFunction;
  jit_handler: CallableFunction;
  jit_vectors: CallableFunction;
  jit_enable(firstSlot: number): void;
  jit_set_chaining(on: number): void;
  jit_set_fused(on: number): void;
  jit_lockstep(): void;
  jit_list(): void;
  jit_configure(instructions: number, weight: number): void;
  jit_lockstep_stat(which: number): number;
  jit_stat(which: number): number;
  cpu_statistic(index: number, which: number): number;
}

/**
 * A function with a `try_table`. Hosts that have exceptions of this kind have tail calls too, and one function table for all
 * instances that import it; older ones (V8 before 12) keep a copy for each instance, and each instance for ever.
 */
const CHAINING_PROBE = new Uint8Array([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 10, 1, 8, 0, 0x1f, 0x40, 0, 0x0b, 0x12, 0, 0x0b,
]);

/** Name of a module's first export, "A" (src/wasm/jit/module.ts). */
const FIRST_NAME = 0x41;
/** (a, b, c) => element 0 of f64x2.relaxed_madd. */
const FUSED_PROBE = new Uint8Array([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 8, 1, 0x60, 3, 0x7c, 0x7c, 0x7c, 1, 0x7c, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0, 10,
  22, 1, 20, 0, 0x20, 0, 0xfd, 0x14, 0x20, 1, 0xfd, 0x14, 0x20, 2, 0xfd, 0x14, 0xfd, 0x87, 0x02, 0xfd, 0x21, 0, 0x0b,
]);

/** Whether this host rounds relaxed_madd once: the square of 1 + 2^-30 has a last bit that is lost otherwise. */
function roundsFusedOnce(): boolean {
  if (!WebAssembly.validate(FUSED_PROBE)) return false;
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(FUSED_PROBE)).exports;
  const fused = f as (a: number, b: number, c: number) => number;
  const factor = 1 + 2 ** -30;
  return fused(factor, factor, -(1 + 2 ** -29)) === 2 ** -60;
}

/** What lockstep calls when it has found a difference (src/wasm/host.ts). */
export interface LockstepImports {
  lockstep_state(offset: number, before: number, compiled: number, interpreted: number): void;
  lockstep_memory(address: number, before: number, compiled: number, interpreted: number): void;
  lockstep_instruction(offset: number, word: number): void;
  lockstep_failed(pcLow: number, pcHigh: number, compiled: number, interpreted: number, left: number): never;
}

/** What the engine tells of each region that it compiles (src/wasm/host.ts). */
export interface ListingImports {
  jit_listed_at(place: number, word: number, offset: number): void;
  jit_listed(pcLow: number, pcHigh: number, address: number, length: number): void;
}

/** Ways to watch the compiler; null: off. */
export interface CompilerChecks {
  /** Everything that compiled code does is compared with the interpreter. */
  readonly lockstep: LockstepImports | null;
  /** Every region is listed. */
  readonly listing: ListingImports | null;
}
const NO_CHECKS: CompilerChecks = { lockstep: null, listing: null };

function isOff(): never {
  throw new Error("the engine told of what it was not asked for");
}
/** What is executed in lockstep is compiled as soon as it is seen once in so many instructions: nearly all of it. */
const LOCKSTEP_PERIOD = 50;
const NO_LOCKSTEP: LockstepImports = {
  lockstep_state: isOff,
  lockstep_memory: isOff,
  lockstep_instruction: isOff,
  lockstep_failed: isOff,
};
const NO_LISTING: ListingImports = { jit_listed_at: isOff, jit_listed: isOff };

/** One engine's. */
export class RegionHost {
  private readonly memory: WebAssembly.Memory;
  private engine: CompilerExports | null = null;
  private firstSlot = 0;
  private regionImports: WebAssembly.Imports = {};
  private compileMs = 0;

  private readonly checks: CompilerChecks;
  /** What the engine imports of it (src/wasm/host.ts). */
  readonly imports: Readonly<WebAssembly.ModuleImports>;

  constructor(memory: WebAssembly.Memory, checks: CompilerChecks = NO_CHECKS) {
    this.memory = memory;
    this.checks = checks;
    this.imports = {
      jit_install: (address: number, length: number, slot: number, count: number) =>
        this.install(address, length, slot, count),
      jit_release: (slot: number) => this.engine?.table.set(slot, null),
      ...(checks.lockstep ?? NO_LOCKSTEP),
      ...(checks.listing ?? NO_LISTING),
    };
  }

  /** Makes the module that the engine has written. Throws what is not for want of memory: a module that is not valid is our mistake. */
  private install(address: number, length: number, slot: number, count: number): number {
    const beganMs = performance.now();
    let exports: WebAssembly.Exports;
    try {
      const module = new WebAssembly.Module(new Uint8Array(this.memory.buffer, address >>> 0, length));
      ({ exports } = new WebAssembly.Instance(module, this.regionImports));
    } catch (error) {
      // Out of memory, or of room for code.
      if (error instanceof RangeError) return 0;
      throw error;
    } finally {
      this.compileMs += performance.now() - beganMs;
    }
    for (let i = 0; i < count; i += 1) {
      // Slots are a ring, as regions are (src/wasm/jit/regions.ts).
      const place = this.firstSlot + ((slot - this.firstSlot + i) % MAX_REGIONS);
      this.engine?.table.set(place, exports[String.fromCharCode(FIRST_NAME + i)]);
    }
    return 1;
  }

  /** Turns the compiler of the engine with these exports on. */
  enable(exports: WebAssembly.Exports): void {
    const engine = exports as unknown as CompilerExports;
    this.engine = engine;
    this.regionImports = {
      e: {
        m: this.memory,
        t: engine.table,
        "0": engine.jit_host,
        "1": engine.jit_pack_flags,
        "2": engine.jit_umulh,
        "3": engine.jit_smulh,
        "4": engine.jit_handler,
        "5": engine.jit_vectors,
      },
    };
    engine.jit_set_chaining(WebAssembly.validate(CHAINING_PROBE) ? 1 : 0);
    engine.jit_set_fused(roundsFusedOnce() ? 1 : 0);
    this.firstSlot = engine.table.grow(MAX_REGIONS);
    if (this.checks.listing !== null) engine.jit_list();
    if (this.checks.lockstep !== null) {
      engine.jit_lockstep();
      engine.jit_configure(LOCKSTEP_PERIOD, 1);
    }
    engine.jit_enable(this.firstSlot);
  }

  /** What the compiler has done since the engine started; null where it is off. */
  stats(): CompilerStats | null {
    const { engine, compileMs } = this;
    if (engine === null) return null;
    const stat = (which: number): number => engine.jit_stat(which) >>> 0;
    const counter = (which: number): number => engine.cpu_statistic(0, which);
    const calls = counter(CPU_STAT_CALLS);
    const stops = counter(CPU_STAT_STOPS);
    const handled = counter(CPU_STAT_HANDLED);
    const stretches = counter(CPU_STAT_STRETCHES);
    return {
      instructions: counter(CPU_STAT_COMPILED),
      regions: stat(STAT_LIVE),
      compiledRegions: stat(STAT_REGIONS),
      droppedRegions: stat(STAT_DROPPED),
      guestInstructions: stat(STAT_INSTRUCTIONS),
      moduleBytes: stat(STAT_BYTES),
      calls,
      stops,
      handled,
      stretches,
      coldExits: calls - stops - handled - stretches,
      tlbMisses: counter(CPU_STAT_TLB_MISSES),
      compileMs,
      lockstep:
        this.checks.lockstep === null
          ? null
          : {
              calls: engine.jit_lockstep_stat(LOCKSTEP_CALLS),
              instructions: engine.jit_lockstep_stat(LOCKSTEP_INSTRUCTIONS),
              spoilt: engine.jit_lockstep_stat(LOCKSTEP_SPOILT),
            },
    };
  }
}
