// @ts-check
/**
 * `npm run build:package`: the package in `dist/package`, to be installed from there or packed: ES modules, the workers
 * and the engine beside them (each found by its address relative to the module that wants it), types.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { buildEngineIfStale, engineKey } from "./build-wasm.mjs";
import { runAsScript } from "./lib/main.mjs";
import { buildDir, distDir, root } from "./lib/paths.mjs";
import { run } from "./lib/run.mjs";
import { digest, filesUnder, makeIfStale } from "./lib/stamp.mjs";

const entry = "src/ts/api/index.ts";

/** Where the package is made. */
export const packageFolder = join(distDir, "package");

/** What a module says of a file beside it; bundlers would take the file into the module, or give it another name. */
const BESIDE = /new URL\("([^"]+)", import\.meta\.url\)/g;

/** Stands for import.meta.url while the bundler looks. */
const MODULE_ADDRESS = "__ARMLET_MODULE_ADDRESS__";

/** Workers that the package's modules start, by the names of their files. @returns {Record<string, string>} */
function workers() {
  const sources = filesUnder(["src/ts/api"], (path) => path.endsWith(".ts") && !path.endsWith(".test.ts"));
  const found = sources.flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(BESIDE)]
      .filter(([, file = ""]) => file.endsWith(".worker.ts"))
      .map(([, file = ""]) => join(path, "..", file)),
  );
  return Object.fromEntries(found.map((path) => [basename(path, ".ts"), path]));
}

/** Leaves the addresses of workers and engine to whoever loads, or bundles, the package. @returns {import("vite").Plugin} */
function filesBeside() {
  return {
    name: "armlet:files-beside",
    enforce: "pre",
    transform(code, id) {
      if (!relative(root, id).startsWith("src/ts/api/")) return null;
      const left = code.replace(
        BESIDE,
        (_, file) => `new URL("./${basename(file).replace(/\.ts$/, ".js")}", ${MODULE_ADDRESS})`,
      );
      // No line moves.
      return { code: left, map: null };
    },
    renderChunk(code) {
      return { code: code.replaceAll(MODULE_ADDRESS, "import.meta.url"), map: null };
    },
  };
}

/** The modules: the package's own, and one for each worker. */
async function bundle() {
  const { build } = await import("vite");
  await build({
    configFile: false,
    publicDir: false,
    root,
    logLevel: "warn",
    plugins: [filesBeside()],
    build: {
      outDir: packageFolder,
      emptyOutDir: true,
      target: "es2023",
      sourcemap: true,
      minify: false,
      lib: { entry: { index: join(root, entry), ...workers() }, formats: ["es"], fileName: (_, name) => `${name}.js` },
      rolldownOptions: { output: { chunkFileNames: "chunks/[name]-[hash].js" } },
    },
  });
}

/** The types, as tsc says them of the sources, with the names that the files have here. */
async function declareTypes() {
  const types = join(packageFolder, "types");
  const config = join(buildDir, "tsconfig.package.json");
  mkdirSync(buildDir, { recursive: true });
  const compilerOptions = {
    lib: ["ES2023", "DOM", "DOM.Iterable"],
    composite: false,
    rootDir: join(root, "src"),
    outDir: types,
  };
  const files = [join(root, entry)];
  writeFileSync(config, JSON.stringify({ extends: join(root, "tsconfig.base.json"), compilerOptions, files }));
  await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", config], { cwd: root });
  for (const file of filesUnder([relative(root, types)])) {
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace(/((?:from|import\() ?")(\.[^"]+)\.ts(")/g, "$1$2.js$3"));
  }
}

/** What npm wants to know. Everything is bundled: the package needs no other. */
function describe() {
  const { name, version, description, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const exports = {
    ".": { types: "./types/ts/api/index.d.ts", default: "./index.js" },
    "./armlet.wasm": "./armlet.wasm",
    "./package.json": "./package.json",
  };
  const manifest = { name, version, description, license, type: "module", sideEffects: false, exports };
  writeFileSync(
    join(packageFolder, "package.json"),
    `${JSON.stringify({ ...manifest, types: exports["."].types }, null, 2)}\n`,
  );
  copyFileSync(join(root, "docs/embedding.md"), join(packageFolder, "README.md"));
  copyFileSync(join(root, "LICENSE"), join(packageFolder, "LICENSE"));
}

/** Makes the package if it is stale. @returns {Promise<boolean>} Whether it was made. */
export async function buildPackageIfStale() {
  await buildEngineIfStale();
  const sources = ["src/ts", "src/virtio", "scripts/build-package.mjs", "package.json", "docs/embedding.md", "LICENSE"];
  const files = filesUnder(sources, (path) => !path.endsWith(".test.ts") && !path.endsWith("tsconfig.json"));
  const outputs = ["index.js", "armlet.wasm", "package.json", "types/ts/api/index.d.ts"];
  const key = digest([...files, join(root, "package-lock.json")], [engineKey()]);
  return await makeIfStale(
    join(distDir, "package.stamp"),
    key,
    outputs.map((file) => join(packageFolder, file)),
    async () => {
      if (existsSync(packageFolder)) rmSync(packageFolder, { recursive: true });
      await bundle();
      await declareTypes();
      copyFileSync(join(buildDir, "armlet.wasm"), join(packageFolder, "armlet.wasm"));
      describe();
    },
  );
}

runAsScript(import.meta.url, async () => {
  await buildPackageIfStale();
  console.log(packageFolder);
});
