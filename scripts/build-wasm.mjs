// @ts-check
/**
 * `npm run build:wasm`: generates what is generated from the instruction table and compiles the engine to
 * `build/armlet.wasm`, unless nothing that goes in has changed. `--force` compiles anyway, `--debug` makes
 * `build/armlet.debug.wasm` with assertions and a source map, `--json` prints errors as an array of `Diagnostic` too.
 */
import { existsSync, mkdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { runAsScript } from "./lib/main.mjs";
import { buildDir, root } from "./lib/paths.mjs";
import { run } from "./lib/run.mjs";
import { digest, filesUnder, isFresh, makeIfStale } from "./lib/stamp.mjs";

/** Folders and files whose change means that the engine is stale. */
export const engineSources = ["src/wasm", "src/virtio/spec", "scripts/decode", "scripts/interp", "asconfig.json"];

/** Tests and what is generated do not go in. @param {string} path */
export const isEngineSource = (path) =>
  /\.(ts|mjs|decode|json)$/.test(path) &&
  !/\.gen\.\w+$|\.test\.ts$|\.harness\.ts$|\/(differential|testing)\//.test(path);

/** DiagnosticCategory.Error of the compiler. */
const DIAGNOSTIC_ERROR = 3;

/** One message of the compiler. @typedef {{ text: string, file: string, line: number, column: number }} Diagnostic */

/** The compiler refused the engine's sources. */
export class EngineError extends Error {
  /** @param {string} output @param {Diagnostic[]} diagnostics */
  constructor(output, diagnostics) {
    super(`The engine does not compile:\n${output.trim()}`);
    this.name = "EngineError";
    this.diagnostics = diagnostics;
  }
}

/** What the engine is made of, as one digest. */
export function engineKey() {
  const { version } = JSON.parse(readFileSync(join(root, "node_modules/assemblyscript/package.json"), "utf8"));
  return digest(filesUnder(engineSources, isEngineSource), [`assemblyscript ${version}`]);
}

/** @param {string} target Of asconfig.json. */
const outputFile = (target) => join(buildDir, target === "release" ? "armlet.wasm" : `armlet.${target}.wasm`);

/** @param {string} target */
const stampFile = (target) => join(buildDir, `engine-${target}.stamp`);

/** Whether the compiled engine is what the sources say. @param {string} [target] */
export const engineIsFresh = (target = "release") => isFresh(stampFile(target), engineKey(), [outputFile(target)]);

/**
 * Generates and compiles, whether stale or not.
 * @param {string} [target] Of asconfig.json.
 * @throws {EngineError} With the compiler's messages.
 */
export async function compileEngine(target = "release") {
  await run("npm", ["run", "-s", "generate"], { cwd: root });
  mkdirSync(buildDir, { recursive: true });
  // By a name that the type checker does not follow: the compiler's types redefine the platform's (console, …).
  const compiler = "assemblyscript/asc";
  const { default: asc } = await import(compiler);
  /** @type {Diagnostic[]} */
  const diagnostics = [];
  const stderr = asc.createMemoryStream();
  const { error } = await asc.main(["--config", join(root, "asconfig.json"), "--baseDir", root, "--target", target], {
    stdout: asc.createMemoryStream(),
    stderr,
    /** @param {{ message: string, category: number, range: { start: number, source: { normalizedPath: string } } | null }} diagnostic */
    reportDiagnostic: ({ message, category, range }) => {
      if (category !== DIAGNOSTIC_ERROR) return;
      const file = range === null ? "" : join(root, range.source.normalizedPath);
      const before =
        existsSync(file) && range !== null ? readFileSync(file, "utf8").slice(0, range.start).split("\n") : [""];
      diagnostics.push({ text: message, file, line: before.length, column: before.at(-1)?.length ?? 0 });
    },
  });
  if (error !== null) throw new EngineError(`${stderr.toString()}\n${error.message}`, diagnostics);
}

/**
 * Compiles the engine if it is stale. One that is up to date gets a new time, since who compares times with the
 * sources' must find it newer.
 * @param {string} [target]
 * @returns {Promise<boolean>} Whether it was compiled.
 */
export async function buildEngineIfStale(target = "release") {
  const made = await makeIfStale(stampFile(target), engineKey(), [outputFile(target)], () => compileEngine(target));
  const now = new Date();
  if (!made && existsSync(outputFile(target))) utimesSync(outputFile(target), now, now);
  return made;
}

runAsScript(import.meta.url, async () => {
  const target = process.argv.includes("--debug") ? "debug" : "release";
  try {
    if (process.argv.includes("--force")) await compileEngine(target);
    else await buildEngineIfStale(target);
  } catch (error) {
    // For whoever started this as a child: where the errors are.
    if (process.argv.includes("--json")) {
      console.log(JSON.stringify(error instanceof EngineError ? error.diagnostics : []));
    }
    throw error;
  }
});
