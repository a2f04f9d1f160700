// @ts-check
/**
 * `npm start [-- --port N --host ADDRESS]`: installs what is missing, compiles the engine, assembles the default guest,
 * builds the page, serves it and prints its address. What is up to date is skipped.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { assembleGuest } from "../guest/assemble.mjs";
import { writeManifest } from "../guest/manifest.mjs";
import { buildSiteIfStale } from "./build.mjs";
import { runAsScript } from "./lib/main.mjs";
import { checkNode, ensureNpmPackages } from "./lib/npm-packages.mjs";
import { guestDir } from "./lib/paths.mjs";
import { elapsed, note } from "./lib/steps.mjs";
import { listen, staticServer } from "./static-server.mjs";

/** The default guest, or a sentence about what to do where it cannot be assembled: the page starts without it too. */
async function prepareGuest() {
  try {
    await assembleGuest();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (["stock/Image", "stock/initramfs.cpio"].every((file) => existsSync(join(guestDir, file)))) {
      writeManifest();
      note(`The default guest could not be assembled anew, the one that is there is used. ${reason}`);
      return;
    }
    note(
      `The default guest could not be assembled. Put an arm64 kernel at ${join(guestDir, "stock/Image")} and an initramfs at ` +
        `${join(guestDir, "stock/initramfs.cpio")} and start again, or name files in the page's address with ?args=. ${reason}`,
    );
  }
}

runAsScript(import.meta.url, async () => {
  const { values } = parseArgs({
    options: { port: { type: "string" }, host: { type: "string", default: "localhost" } },
  });
  checkNode();
  await ensureNpmPackages();
  await prepareGuest();
  const site = await buildSiteIfStale();
  const port = await listen(staticServer(site), Number(values.port ?? 5173), values.host, values.port !== undefined);
  console.log(`\n  Armlet: http://${values.host}:${port}/   (ready after ${elapsed()}; Ctrl-C ends it)\n`);
});
