/** The real ring walker in Node, with a small memory and no CPU running. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { RingEngine } from "../ring-engine.ts";

const WASM_FILE = fileURLToPath(new URL("../../../build/armlet.wasm", import.meta.url));

/** Where guest RAM begins in guest physical addresses, and in linear memory (src/wasm/layout.ts). */
export const GUEST_RAM_BASE = 0x4000_0000;
const RAM_BASE = 0x0500_0000;

/** The part of WebAssembly's JavaScript interface that is used here; its types come with the DOM's otherwise. */
interface WasmModule {
  readonly __module: never;
}
interface Wasm {
  readonly Module: {
    new (bytes: Uint8Array): WasmModule;
    imports(module: WasmModule): { readonly kind: string; readonly module: string; readonly name: string }[];
  };
  readonly Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: unknown };
}
const { Module, Memory, Instance } = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly;

let compiled: WasmModule | null = null;

/** Host imports that no test here reaches: a call is a bug. */
function stubImports(module: WasmModule): Record<string, () => never> {
  const functions = Module.imports(module).filter((row) => row.kind === "function" && row.module === "host");
  const stub = (name: string) => (): never => {
    throw new Error(`the engine called host.${name}`);
  };
  return Object.fromEntries(functions.map(({ name }) => [name, stub(name)]));
}

/** Instantiates a build of the walker with `ramBytes` of guest RAM, all zero; `extra` are imports besides the engine's. */
export function instantiate(bytes: Uint8Array, ramBytes: number, extra: object = {}): RingEngine {
  return start(new Module(bytes), ramBytes, extra);
}

function start(module: WasmModule, ramBytes: number, extra: object): RingEngine {
  const memory = new Memory({ initial: (RAM_BASE + ramBytes) / 65536, maximum: 65536 });
  const instance = new Instance(module, { env: { memory }, host: stubImports(module), ...extra });
  const engine = instance.exports as RingEngine & { mem_init(sizeBytes: number): void };
  engine.mem_init(ramBytes);
  return engine;
}

/** A fresh engine, as the machine has it, with `ramBytes` of guest RAM. */
export function loadRingEngine(ramBytes: number): RingEngine {
  if (compiled === null) {
    if (!existsSync(WASM_FILE)) throw new Error("build/armlet.wasm is missing: npm run build:wasm makes it");
    compiled = new Module(readFileSync(WASM_FILE));
  }
  return start(compiled, ramBytes, {});
}
