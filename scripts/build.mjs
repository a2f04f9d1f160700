// @ts-check
/**
 * `npm run build`: the static site in `dist/site`, with the guests that are in `.cache/guest`. It works on any plain
 * host, from any folder of it.
 */
import { join } from "node:path";
import { buildEngineIfStale, engineKey } from "./build-wasm.mjs";
import { runAsScript } from "./lib/main.mjs";
import { checkNode, ensureNpmPackages } from "./lib/npm-packages.mjs";
import { distDir, root } from "./lib/paths.mjs";
import { run } from "./lib/run.mjs";
import { digest, filesUnder, makeIfStale } from "./lib/stamp.mjs";
import { step } from "./lib/steps.mjs";

/** What the site is made of, apart from the engine. */
const siteSources = [
  "web",
  "public",
  "src/ts",
  "src/pci",
  "src/scsi",
  "src/virtio",
  "scripts/vite-engine.mjs",
  "scripts/vite-guest.mjs",
  "scripts/vite-includes.mjs",
  "scripts/vite-page-start.mjs",
  "vite.config.ts",
  "package-lock.json",
];

/** Compiles the engine and builds the site, each if it is stale. @returns {Promise<string>} The site's folder. */
export async function buildSiteIfStale() {
  await step("engine", () => buildEngineIfStale());
  const files = filesUnder(siteSources, (path) => !path.endsWith(".test.ts") && !path.endsWith("tsconfig.json"));
  const site = join(distDir, "site");
  const key = digest([...files, ...filesUnder([".cache/guest/manifest.json"])], [engineKey()]);
  await step("page", () =>
    makeIfStale(join(distDir, "site.stamp"), key, [join(site, "index.html"), join(site, "embed.html")], async () => {
      await run(process.execPath, [join(root, "node_modules/vite/bin/vite.js"), "build"], { cwd: root });
    }),
  );
  return site;
}

runAsScript(import.meta.url, async () => {
  checkNode();
  await ensureNpmPackages();
  console.log(await buildSiteIfStale());
});
