/** What the compiler has done (src/wasm/jit): counters since the machine was made, of which a reset changes none. */
export interface CompilerStats {
  /** Guest instructions that compiled code executed; interpreted ones are the rest of all. */
  readonly instructions: number;
  /** Regions that there are: pieces of guest code in their compiled form. */
  readonly regions: number;
  readonly compiledRegions: number;
  /** Regions dropped because their code changed or others needed the room. */
  readonly droppedRegions: number;
  /** Guest instructions in all regions that were compiled. */
  readonly guestInstructions: number;
  /** Bytes of the WebAssembly modules that were made of them. */
  readonly moduleBytes: number;
  /** Calls of regions from outside of compiled code. */
  readonly calls: number;
  /** Those that ended at an instruction for the interpreter: a device, a fault, a system instruction. */
  readonly stops: number;
  /** Those that ended behind a handler that had more to be done: an exception, a wait for interrupts. */
  readonly handled: number;
  /** Those that ended because it was time to look at clocks and devices. */
  readonly stretches: number;
  /** The other calls, which came to code that is not compiled. */
  readonly coldExits: number;
  /** Loads and stores, interpreted ones too, whose page the first-level TLB did not have. */
  readonly tlbMisses: number;
  /** Milliseconds of host time in making modules and instances. */
  readonly compileMs: number;
  /** null unless the interpreter repeats what compiled code does (`-d lockstep`). */
  readonly lockstep: LockstepStats | null;
}

/** What `-d lockstep` has compared without finding a difference. */
export interface LockstepStats {
  /** Calls of regions, and their instructions. */
  readonly calls: number;
  readonly instructions: number;
  /** Calls that could not be compared, since a handler would have reached a device or changed code: the interpreter did these instructions. */
  readonly spoilt: number;
}

/** The same as the page is told it, measured over the last half second too. */
export interface CompilerMetrics extends CompilerStats {
  /** Share of that time's instructions that compiled code executed, 0 to 1; null where the guest executed none. */
  readonly recentShare: number | null;
}

/** What a machine counts. */
export interface GuestCounters {
  /** Guest instructions executed since the machine was made. */
  readonly instructions: number;
  /** What the guest did that the architecture or a device specification forbids. */
  readonly guestErrors: number;
  /** null where nothing is compiled (`-accel interp`). */
  readonly compiler: CompilerStats | null;
}
