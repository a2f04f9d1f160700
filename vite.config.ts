/** The page: `npm run dev` serves it from its sources, `npm run build` makes the static site `dist/site`. */
import { defineConfig } from "vite";
import packageJson from "./package.json" with { type: "json" };
import { root } from "./scripts/lib/paths.mjs";
import { engine } from "./scripts/vite-engine.mjs";
import { guest } from "./scripts/vite-guest.mjs";
import { includes } from "./scripts/vite-includes.mjs";
import { pageStart, pageStartEntry } from "./scripts/vite-page-start.mjs";

export default defineConfig({
  root: "web",
  // Relative addresses: the site works from whatever folder of a host it is put in.
  base: "./",
  publicDir: "../public",
  cacheDir: "../node_modules/.vite",
  plugins: [includes(), engine(), guest(), pageStart()],
  worker: { format: "es" },
  // What only the worker imports is not found by looking at the page; found later, it would restart the page with its guest.
  optimizeDeps: { include: Object.keys(packageJson.dependencies) },
  server: { fs: { allow: [root] } },
  build: {
    outDir: "../dist/site",
    emptyOutDir: true,
    target: "es2023",
    sourcemap: true,
    rolldownOptions: {
      input: { index: `${root}/web/index.html`, embed: `${root}/web/embed.html`, "page-start": pageStartEntry },
    },
  },
});
