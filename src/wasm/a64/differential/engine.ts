/** The engine's wasm in Node, for tests that drive the CPU by hand. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RAM_BASE } from "../../layout";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const wasmFile = join(root, "build/armlet.wasm");

/** What these tests use of the engine's ABI. */
export interface Engine {
  mem_init(sizeBytes: number): void;
  mem_invalidate_code(host: number, length: number): void;
  cpu_reset(index: number, cpus: number): void;
  cpu_run(index: number, budgetInsns: number, scale: number): number;
  dbg_step(index: number): number;
}

/** Host functions by name; one that is not given ends the test when it is called. */
export type HostFunctions = Readonly<Record<string, (...values: number[]) => number>>;

/** Instantiates the engine with `ramBytes` of guest RAM, building it first when a source is newer. */
export async function loadEngine(
  ramBytes: number,
  host: HostFunctions = {},
): Promise<{ engine: Engine; memory: WebAssembly.Memory }> {
  if (!existsSync(wasmFile) || statSync(wasmFile).mtimeMs < newestSource()) {
    execFileSync("npm", ["run", "-s", "build:wasm"], { cwd: root, stdio: "pipe" });
  }
  const module = new WebAssembly.Module(readFileSync(wasmFile));
  const pages = (Number(RAM_BASE) + ramBytes) / 65536;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536 });
  const functions = WebAssembly.Module.imports(module)
    .filter((entry) => entry.kind === "function")
    .map(({ name }) => {
      const missing = (): never => {
        throw new Error(`the engine called host.${name}`);
      };
      return [name, host[name] ?? missing] as const;
    });
  const instance = await WebAssembly.instantiate(module, { env: { memory }, host: Object.fromEntries(functions) });
  const engine = instance.exports as unknown as Engine;
  engine.mem_init(ramBytes);
  return { engine, memory };
}

/** Time of the newest file that the engine is made of. */
function newestSource(): number {
  const times = ["src/wasm", "scripts/decode"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.(ts|mjs|decode)$/.test(file) && !/\.gen\.ts$|\.test\.ts$|differential\//.test(file))
      .map((file) => statSync(join(root, folder, file)).mtimeMs),
  );
  return Math.max(...times, statSync(join(root, "asconfig.json")).mtimeMs);
}
