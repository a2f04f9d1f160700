/** The engine's wasm in Node, for tests that drive the CPU by hand. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type CompilerChecks, RegionHost } from "../../../ts/machine/region-host.ts";
import { RAM_BASE } from "../../layout";

const wasmFile = fileURLToPath(new URL("../../../../build/armlet.wasm", import.meta.url));

/** What these tests use of the engine's ABI. */
export interface Engine {
  mem_init(sizeBytes: number): void;
  mem_add_device(baseLow: number, baseHigh: number, sizeLow: number, sizeHigh: number): number;
  mem_invalidate_code(host: number, length: number): void;
  cpu_reset(index: number, cpus: number): void;
  cpu_run(index: number, budgetInsns: number, scale: number): number;
  cpu_start(index: number, entryLow: number, entryHigh: number, x0Low: number, x0High: number): void;
  cpu_set_deterministic(on: boolean): void;
  cpu_instructions(index: number): number;
  readonly table: WebAssembly.Table;
  jit_stat(which: number): number;
  jit_lockstep_stat(which: number): number;
  jit_host(cpu: number, va: bigint, how: number): number;
  jit_configure(instructions: number, samples: number): void;
  gic_init(version: number, cpus: number, its: number): void;
  dbg_step(index: number): number;
  cpu_statistic(index: number, which: number): number;
}

/** Host functions by name; one that is not given ends the test when it is called. */
export type HostFunctions = Readonly<Record<string, (...values: number[]) => number | void>>;

/** `onHandler` is told the instructions that compiled code calls handlers for; without `fused` no relaxed_madd is compiled. */
export interface CompilerWatch {
  readonly fused: boolean;
  onHandler(insn: number): void;
}

/**
 * Instantiates build/armlet.wasm, which the test run's set-up has brought up to date, with `ramBytes` of guest RAM. With `compiled`
 * everything that it executes is compiled first; see CompilerWatch. `checks` watch the compiler.
 */
export async function loadEngine(
  ramBytes: number,
  host: HostFunctions = {},
  compiled = false,
  watch?: CompilerWatch,
  checks: Partial<CompilerChecks> = {},
): Promise<{ engine: Engine; memory: WebAssembly.Memory }> {
  const module = new WebAssembly.Module(readFileSync(wasmFile));
  const pages = (RAM_BASE + ramBytes) / 65536;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536 });
  const regions = new RegionHost(memory, { lockstep: null, listing: null, ...checks });
  const known: WebAssembly.ModuleImports = { ...regions.imports, ...host };
  const functions = WebAssembly.Module.imports(module)
    .filter((entry) => entry.kind === "function")
    .map(({ name }) => {
      const missing = (): never => {
        throw new Error(`the engine called host.${name}`);
      };
      return [name, known[name] ?? missing] as const;
    });
  const instance = await WebAssembly.instantiate(module, { env: { memory }, host: Object.fromEntries(functions) });
  const engine = instance.exports as unknown as Engine;
  engine.mem_init(ramBytes);
  if (compiled) {
    regions.enable(watch === undefined ? instance.exports : watched(instance.exports, watch));
    engine.jit_configure(0, 0);
  }
  return { engine, memory };
}

/** The exports that regions import, without tail calls and with a function of ours between them and the handlers. */
function watched(exports: WebAssembly.Exports, watch: CompilerWatch): WebAssembly.Exports {
  const callHandler = exports["jit_handler"] as (cpu: number, insn: number, index: number) => void;
  const setChaining = exports["jit_set_chaining"] as (on: number) => void;
  const setFused = exports["jit_set_fused"] as (on: number) => void;
  return {
    ...exports,
    jit_set_chaining: () => setChaining(0),
    jit_set_fused: (on: number) => setFused(watch.fused ? on : 0),
    jit_handler: (cpu: number, insn: number, index: number): void => {
      watch.onHandler(insn);
      callHandler(cpu, insn, index);
    },
  };
}
