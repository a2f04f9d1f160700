/**
 * The ring walker built with every access to guest RAM made visible: its one file that touches guest RAM
 * (src/wasm/virtqueue/guest.ts) is replaced by imports. Everything else is the real source.
 */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RingEngine } from "../ring-engine.ts";
import { instantiate } from "./engine.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const ENTRY = "src/wasm/virtqueue/instrumented.ts";

/** Files that are not the repository's. */
const REPLACED: Readonly<Record<string, string>> = {
  [ENTRY]: `export * from "./abi"; export { mem_init } from "../mmu/ram";`,
  "src/wasm/virtqueue/guest.ts": `
    export declare function readU16(host: usize): u32;
    export declare function readU64(host: usize): u64;
    export declare function writeU16(host: usize, value: u32): void;
    export declare function writeU64(host: usize, value: u64): void;
  `,
};

/** Sees every access; addresses are linear memory's. */
export interface Probe {
  /** Called before the load. */
  read(host: number, size: number): void;
  /** Called after the store. */
  write(host: number, size: number): void;
}

/** The part of the compiler's interface that is used; its own declarations redefine every global there is. */
interface Compiler {
  main(
    options: readonly string[],
    host: {
      readFile(name: string): string | null;
      listFiles(folder: string): string[];
      writeFile(name: string, contents: Uint8Array | string): void;
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
}
const COMPILER: string = "assemblyscript/asc";
const OPTIONS: readonly string[] = [
  ...[ENTRY, "--outFile", "out.wasm", "-O1", "--runtime", "stub", "--importMemory", "--noAssert"],
  ...["--memoryBase", "6291456", "--initialMemory=128", "--maximumMemory=65536"],
  ...["--enable=simd", "--enable=bulk-memory"],
];

const FOLDER = join(ROOT, "build");
const PREFIX = "instrumented-";

/** Name of the build of these sources. Several test files need it, and each runs in a worker of its own. */
function buildName(): string {
  const hash = createHash("sha256").update(JSON.stringify([REPLACED, OPTIONS]));
  hash.update(readFileSync(join(ROOT, "node_modules/assemblyscript/package.json")));
  for (const folder of ["src/wasm", "src/virtio/spec"]) {
    const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).sort();
    for (const name of names.filter((row) => row.endsWith(".ts"))) {
      hash.update(name).update(readFileSync(join(ROOT, folder, name)));
    }
  }
  return `${PREFIX}${hash.digest("hex").slice(0, 16)}.wasm`;
}

/** The build, made if there is none of these sources; older ones are removed. */
async function instrumentedBuild(): Promise<Uint8Array> {
  const name = buildName();
  const file = join(FOLDER, name);
  if (existsSync(file)) return readFileSync(file);
  const bytes = await compile();
  mkdirSync(FOLDER, { recursive: true });
  for (const old of readdirSync(FOLDER)) {
    if (old.startsWith(PREFIX) && old.endsWith(".wasm") && old !== name) rmSync(join(FOLDER, old), { force: true });
  }
  // Another worker may read it at this moment: it is there whole or not at all.
  const part = `${file}.${randomUUID()}`;
  writeFileSync(part, bytes);
  renameSync(part, file);
  return bytes;
}

let build: Promise<Uint8Array> | null = null;

async function compile(): Promise<Uint8Array> {
  const compiler = ((await import(COMPILER)) as { readonly default: Compiler }).default;
  let binary: Uint8Array | null = null;
  const { error, stderr } = await compiler.main(OPTIONS, {
    readFile: (name) => {
      const own = REPLACED[name];
      if (own !== undefined) return own;
      try {
        return readFileSync(join(ROOT, name), "utf8");
      } catch {
        // asc tries several names for each import; null says that this one is not there.
        return null;
      }
    },
    listFiles: (folder) => readdirSync(join(ROOT, folder)).filter((name) => name.endsWith(".ts")),
    writeFile: (_name, contents) => {
      binary = contents as Uint8Array;
    },
  });
  if (error !== null || binary === null) throw new Error(`asc: ${error?.message}\n${stderr.toString()}`);
  return binary;
}

/** A fresh instrumented walker. */
export async function loadInstrumentedEngine(ramBytes: number, probe: Probe): Promise<RingEngine> {
  build ??= instrumentedBuild();
  const bytes = await build;
  let view = new DataView(new ArrayBuffer(0));
  const guest = {
    readU16: (host: number): number => {
      probe.read(host >>> 0, 2);
      return view.getUint16(host >>> 0, true);
    },
    readU64: (host: number): bigint => {
      probe.read(host >>> 0, 8);
      return view.getBigUint64(host >>> 0, true);
    },
    writeU16: (host: number, value: number): void => {
      view.setUint16(host >>> 0, value, true);
      probe.write(host >>> 0, 2);
    },
    writeU64: (host: number, value: bigint): void => {
      view.setBigUint64(host >>> 0, value, true);
      probe.write(host >>> 0, 8);
    },
  };
  const engine = instantiate(bytes, ramBytes, { guest });
  view = new DataView(engine.memory.buffer as ArrayBuffer);
  return engine;
}
