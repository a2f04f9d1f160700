// @ts-check
/**
 * `npm run build:example`: `examples/embed` built with the package as anybody would have it installed, checked by tsc and
 * bundled into `dist/example`.
 */
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { buildPackageIfStale, packageFolder } from "./build-package.mjs";
import { runAsScript } from "./lib/main.mjs";
import { distDir, root } from "./lib/paths.mjs";
import { run } from "./lib/run.mjs";
import { digest, filesUnder, makeIfStale } from "./lib/stamp.mjs";

const source = join(root, "examples/embed");
const output = join(distDir, "example");

/** What `npm install` would do, without a registry. */
function installPackage() {
  const modules = join(source, "node_modules");
  mkdirSync(modules, { recursive: true });
  rmSync(join(modules, "armlet"), { recursive: true, force: true });
  symlinkSync(packageFolder, join(modules, "armlet"), "dir");
}

/** Checks the example's types against the package's. @throws {Error} With what tsc says. */
export async function checkExample() {
  installPackage();
  await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", source], { cwd: source });
}

/** Makes the example's page if it is stale. @returns {Promise<string>} Its folder. */
export async function buildExampleIfStale() {
  await buildPackageIfStale();
  const sources = filesUnder(["examples/embed", "scripts/build-example.mjs"], (path) => !path.includes("node_modules"));
  const built = filesUnder(["dist/package"], (path) => !path.endsWith(".map"));
  await makeIfStale(
    join(distDir, "example.stamp"),
    digest([...sources, ...built]),
    [join(output, "index.html")],
    async () => {
      if (existsSync(output)) rmSync(output, { recursive: true });
      await checkExample();
      const { build } = await import("vite");
      await build({ root: source, logLevel: "warn", build: { outDir: output, emptyOutDir: true } });
    },
  );
  return output;
}

runAsScript(import.meta.url, async () => {
  console.log(await buildExampleIfStale());
});
