// @ts-check
/**
 * Vite plugin: the engine (`build/armlet.wasm`) is up to date before anything is built or served, follows its sources
 * in the development server, and what the compiler says against them is shown in the page.
 */
import { spawn } from "node:child_process";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { engineSources, isEngineSource } from "./build-wasm.mjs";
import { root } from "./lib/paths.mjs";

/** Wait for more changes of one save before compiling, milliseconds. */
const SETTLE_MS = 100;

/**
 * Compiles in a process of its own: it takes seconds, in which the server goes on answering.
 * @returns {Promise<{ message: string, diagnostics: import("./build-wasm.mjs").Diagnostic[] } | null>} What is wrong, or null.
 */
function compile() {
  const script = fileURLToPath(new URL("build-wasm.mjs", import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, "--json"], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(null);
      else resolve({ message: stderr.trim(), diagnostics: stdout.trim() === "" ? [] : JSON.parse(stdout) });
    });
  });
}

/** @returns {import("vite").Plugin} */
export function engine() {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let [running, again] = [false, false];

  /** @param {import("vite").ViteDevServer} server */
  const rebuild = async (server) => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    do {
      again = false;
      server.config.logger.info("compiling the engine", { timestamp: true });
      const problem = await compile();
      if (problem === null) {
        server.ws.send({ type: "full-reload" });
      } else {
        const first = problem.diagnostics[0];
        const loc = first && { file: first.file, line: first.line, column: first.column };
        server.config.logger.error(problem.message, { timestamp: true });
        server.ws.send({
          type: "error",
          err: { message: problem.message, stack: "", plugin: "armlet:engine", ...(loc && { id: loc.file, loc }) },
        });
      }
    } while (again);
    running = false;
  };

  return {
    name: "armlet:engine",
    async buildStart() {
      const problem = await compile();
      if (problem === null) return;
      // The development server stays up for the next attempt; a build ends here.
      if (this.meta.watchMode) this.warn(problem.message);
      else this.error(problem.message);
    },
    configureServer(server) {
      server.watcher.add(engineSources.map((path) => join(root, path)));
      server.watcher.on("all", (_event, path) => {
        const name = relative(root, path);
        if (!engineSources.some((source) => name === source || name.startsWith(`${source}/`))) return;
        if (!isEngineSource(path)) return;
        clearTimeout(timer);
        timer = setTimeout(() => {
          rebuild(server).catch((error) => server.config.logger.error(String(error)));
        }, SETTLE_MS);
      });
    },
  };
}
