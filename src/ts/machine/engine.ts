/** The wasm engine of one machine: its memory, its exports (src/wasm/index.ts) and the imports it calls (src/wasm/host.ts). */
import type { RingEngine } from "../../virtio/ring-engine.ts";
import { RAM_BASE } from "../../wasm/layout.ts";
import type { CompilerStats } from "../protocol/guest-counters.ts";
import { type CompilerChecks, RegionHost } from "./region-host.ts";

const WASM_PAGE_BYTES = 0x1_0000;
const MAX_MEMORY_PAGES = 0x1_0000;
/** The most RAM that a 32-bit linear memory has room for. */
export const MAX_RAM_BYTES = MAX_MEMORY_PAGES * WASM_PAGE_BYTES - RAM_BASE - WASM_PAGE_BYTES;

/** Results of cpu_run. */
export const RUN_BUDGET = 0;
export const RUN_WFI = 1;
export const RUN_OFF = 2;
/** Kinds of system_event. */
export const EVENT_SYSTEM_OFF = 1;
export const EVENT_SYSTEM_RESET = 2;

/** What the engine exports; 64-bit values cross as two 32-bit halves, low first. */
export interface EngineExports extends Omit<RingEngine, "memory"> {
  mem_init(sizeBytes: number): void;
  mem_add_device(baseLow: number, baseHigh: number, sizeLow: number, sizeHigh: number): number;
  mem_invalidate_code(host: number, length: number): void;
  cpu_reset(index: number, cpus: number): void;
  cpu_start(index: number, entryLow: number, entryHigh: number, x0Low: number, x0High: number): void;
  cpu_run(index: number, budget: number, scale: number): number;
  cpu_timer_ticks(index: number): number;
  cpu_instructions(index: number): number;
  cpu_register(index: number, register: number, high: number): number;
  cpu_advance(index: number, ticks: number): void;
  cpu_set_deterministic(on: number): void;
  dbg_step(index: number): number;
  jit_configure(instructions: number, samples: number): void;
  gic_init(version: number, cpus: number, its: number): void;
  gic_set_level(intid: number, level: number): void;
  gic_message(requesterId: number, addressLow: number, addressHigh: number, data: number): number;
}

/** What the engine asks of the machine. */
export interface EngineHost {
  busRead(address: number, size: 1 | 2 | 4): number;
  busWrite(address: number, size: 1 | 2 | 4, value: number): void;
  systemEvent(kind: number): void;
  guestError(code: number, value: bigint): void;
  /** Value of the 62.5 MHz counter that real time has now. */
  counterTicks(): number;
}

/** A started engine. */
export interface Engine {
  readonly memory: WebAssembly.Memory;
  readonly exports: EngineExports;
  /** Guest RAM. */
  readonly ram: Uint8Array<ArrayBuffer>;
  /** What the compiler has done; null where it is off. */
  compilerStats(): CompilerStats | null;
}

/** The browser or Node does not give the memory that the machine wants. */
export class MemoryError extends Error {
  override readonly name = "MemoryError";
}

const TWO_32 = 2 ** 32;

/** Guest RAM, a multiple of 64 KiB, and how the guest's code is executed. */
export interface EngineOptions {
  readonly ramSizeBytes: number;
  /** Hot code is compiled. */
  readonly compiler: boolean;
  /** The interpreter repeats all that compiled code does; a difference throws LockstepError out of cpu_run. */
  readonly lockstep: boolean;
  /** Takes the text of each region that is compiled: the guest's code beside the WebAssembly. null: nobody does. */
  readonly list: ((text: string) => void) | null;
}

/** Starts an engine. Throws MemoryError. */
export async function startEngine(
  module: WebAssembly.Module,
  options: EngineOptions,
  host: EngineHost,
): Promise<Engine> {
  const { ramSizeBytes, compiler } = options;
  const memory = allocate(ramSizeBytes);
  let high = 0;
  const imports: WebAssembly.Imports = {
    env: {
      memory,
      abort: () => {
        throw new Error("the engine has reached a place that it must not reach");
      },
    },
    host: {
      bus_read: (low: number, upper: number, size: number): number => {
        const address = (low >>> 0) + (upper >>> 0) * TWO_32;
        if (size !== 8) return host.busRead(address, size as 1 | 2 | 4);
        const value = host.busRead(address, 4);
        high = host.busRead(address + 4, 4);
        return value;
      },
      bus_read_high: () => high,
      bus_write: (low: number, upper: number, size: number, valueLow: number, valueHigh: number): void => {
        const address = (low >>> 0) + (upper >>> 0) * TWO_32;
        if (size === 1) host.busWrite(address, 1, valueLow & 0xff);
        else if (size === 2) host.busWrite(address, 2, valueLow & 0xffff);
        else host.busWrite(address, 4, valueLow >>> 0);
        if (size === 8) host.busWrite(address + 4, 4, valueHigh >>> 0);
      },
      system_event: (kind: number) => host.systemEvent(kind),
      guest_error: (code: number, low: number, upper: number) =>
        host.guestError(code, (BigInt(upper >>> 0) << 32n) | BigInt(low >>> 0)),
      counter_low: () => (host.counterTicks() % TWO_32) | 0,
      counter_high: () => (host.counterTicks() / TWO_32) | 0,
    },
  };
  const regions = new RegionHost(memory, await compilerChecks(options, memory));
  Object.assign(imports.host as WebAssembly.ModuleImports, regions.imports);
  const instance = await WebAssembly.instantiate(module, imports);
  const exports = instance.exports as unknown as EngineExports;
  exports.mem_init(ramSizeBytes);
  if (compiler) regions.enable(instance.exports);
  return {
    memory,
    exports,
    ram: new Uint8Array(memory.buffer, RAM_BASE, ramSizeBytes),
    compilerStats: () => regions.stats(),
  };
}

/** They need the disassembler, which nobody else does. */
async function compilerChecks({ lockstep, list }: EngineOptions, memory: WebAssembly.Memory): Promise<CompilerChecks> {
  return {
    lockstep: lockstep ? new (await import("./lockstep-report.ts")).LockstepReport().imports : null,
    listing: list !== null ? new (await import("./region-listing.ts")).RegionListing(memory, list).imports : null,
  };
}

function allocate(ramSizeBytes: number): WebAssembly.Memory {
  const pages = Math.ceil((RAM_BASE + ramSizeBytes) / WASM_PAGE_BYTES);
  const megabytes = Math.round(ramSizeBytes / 2 ** 20);
  if (pages > MAX_MEMORY_PAGES) {
    throw new MemoryError(
      `${megabytes} MiB of memory are more than a machine here can have: give -m ${Math.floor(MAX_RAM_BYTES / 2 ** 20)} or less.`,
    );
  }
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: MAX_MEMORY_PAGES });
  } catch (error) {
    throw new MemoryError(
      `There is not enough free memory here for a machine with ${megabytes} MiB: give it less with -m, or close other pages.`,
      { cause: error },
    );
  }
}
