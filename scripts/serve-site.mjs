// @ts-check
/** `node scripts/serve-site.mjs [--port N] [--prefix /folder/] [--folder dist/…]`: the built site, or another folder, as any static host serves it; port 0 is any that is free. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runAsScript } from "./lib/main.mjs";
import { distDir } from "./lib/paths.mjs";
import { listen, staticServer } from "./static-server.mjs";

runAsScript(import.meta.url, async () => {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "4173" },
      prefix: { type: "string", default: "/" },
      folder: { type: "string", default: join(distDir, "site") },
    },
  });
  const site = resolve(values.folder);
  if (!existsSync(join(site, "index.html")))
    throw new Error(`There is no built site in ${site}: npm run build makes it.`);
  const port = await listen(staticServer(site, values.prefix), Number(values.port), "localhost", true);
  console.log(`http://localhost:${port}${values.prefix}`);
});
