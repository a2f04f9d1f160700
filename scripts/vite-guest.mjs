// @ts-check
/** Vite plugin: the guests lie beside the page as `guest/`, in the development server and in the built site. */
import { copyFileSync, createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { guestDir } from "./lib/paths.mjs";

/** Files of the manifest, relative to it, and itself. @returns {string[]} */
export function guestFiles() {
  const manifest = join(guestDir, "manifest.json");
  if (!existsSync(manifest)) return [];
  /** @type {import("../guest/manifest.mjs").Manifest} */
  const { guests } = JSON.parse(readFileSync(manifest, "utf8"));
  const records = Object.values(guests).flatMap(({ kernel, initrd }) =>
    initrd === null ? [kernel] : [kernel, initrd],
  );
  const disks = Object.values(guests).flatMap(({ disk }) => (disk === undefined ? [] : diskFiles(disk.file)));
  return [...new Set(["manifest.json", ...records.flatMap(({ file, gzip }) => [file, gzip.file]), ...disks])];
}

/** A disk's chunks lie in the folder of what describes them. @param {string} file Relative to the manifest. */
function diskFiles(file) {
  const folder = dirname(file);
  const paths = readdirSync(join(guestDir, folder), { recursive: true, withFileTypes: true });
  return paths.filter((entry) => entry.isFile()).map((entry) => relative(guestDir, join(entry.parentPath, entry.name)));
}

/** @returns {import("vite").Plugin} */
export function guest() {
  let outDir = "";
  return {
    name: "armlet:guest",
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
    },
    configureServer(server) {
      server.middlewares.use("/guest/", (request, response, next) => {
        const name = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname.slice(1));
        // Only what the manifest names: the folder has more in it.
        if (!guestFiles().includes(name)) {
          response.statusCode = 404;
          response.end();
          return;
        }
        const path = join(guestDir, name);
        response.setHeader("Content-Type", name.endsWith(".json") ? "application/json" : "application/octet-stream");
        response.setHeader("Content-Length", statSync(path).size);
        response.setHeader("Cache-Control", "no-cache");
        if (request.method === "HEAD") response.end();
        else createReadStream(path).on("error", next).pipe(response);
      });
    },
    closeBundle() {
      for (const name of guestFiles()) {
        mkdirSync(dirname(join(outDir, "guest", name)), { recursive: true });
        copyFileSync(join(guestDir, name), join(outDir, "guest", name));
      }
    },
  };
}
