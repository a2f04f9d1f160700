// @ts-check
/** `npm run build:cli`: the command line `dist/cli/armlet.mjs` and the engine beside it. */
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { buildEngineIfStale, engineKey } from "./build-wasm.mjs";
import { runAsScript } from "./lib/main.mjs";
import { buildDir, distDir, root } from "./lib/paths.mjs";
import { digest, filesUnder, isFresh, makeIfStale } from "./lib/stamp.mjs";

const entry = "src/ts/cli/main.ts";
const folder = join(distDir, "cli");
const stamp = join(folder, "stamp");

/** The program that `npx armlet` runs. */
export const cliFile = join(folder, "armlet.mjs");

const outputs = [cliFile, join(folder, "armlet.wasm")];

const cliKey = () =>
  digest(
    filesUnder(
      ["src/ts", "src/virtio", "src/pci", "src/scsi", "scripts/build-cli.mjs", "package-lock.json"],
      (path) => !path.endsWith(".test.ts"),
    ),
    [engineKey()],
  );

/** Whether the program is what the sources say. */
export const cliIsFresh = () => isFresh(stamp, cliKey(), outputs);

/** Compiles the engine and bundles the command line, each if it is stale. @returns {Promise<boolean>} Whether anything was made. */
export async function buildCliIfStale() {
  if (!existsSync(join(root, entry))) throw new Error(`${entry} is not there.`);
  await buildEngineIfStale();
  return makeIfStale(stamp, cliKey(), outputs, async () => {
    const { build } = await import("vite");
    await build({
      configFile: false,
      publicDir: false,
      root,
      logLevel: "warn",
      // Nothing is left to node_modules: the two files run from anywhere.
      ssr: { noExternal: true, target: "node" },
      build: {
        ssr: entry,
        outDir: folder,
        emptyOutDir: true,
        target: "node20",
        sourcemap: true,
        rolldownOptions: {
          output: { format: "es", entryFileNames: "armlet.mjs", chunkFileNames: "[name]-[hash].mjs" },
        },
      },
    });
    copyFileSync(join(buildDir, "armlet.wasm"), join(folder, "armlet.wasm"));
  });
}

runAsScript(import.meta.url, async () => {
  await buildCliIfStale();
});
