// @ts-check
/** `node scripts/serve-site.mjs [--port N] [--prefix /folder/]`: the built site, as any static host serves it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runAsScript } from "./lib/main.mjs";
import { distDir } from "./lib/paths.mjs";
import { listen, staticServer } from "./static-server.mjs";

runAsScript(import.meta.url, async () => {
  const { values } = parseArgs({
    options: { port: { type: "string", default: "4173" }, prefix: { type: "string", default: "/" } },
  });
  const site = join(distDir, "site");
  if (!existsSync(join(site, "index.html"))) throw new Error("There is no built site: npm run build makes it.");
  const port = await listen(staticServer(site, values.prefix), Number(values.port), "localhost", true);
  console.log(`http://localhost:${port}${values.prefix}`);
});
