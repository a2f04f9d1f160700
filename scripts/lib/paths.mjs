// @ts-check
/** Folders that more than one script needs. All absolute; what is generated is never committed. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The clone. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** Everything that is downloaded or takes long to make; survives `rm -rf build dist`. */
export const cacheDir = join(root, ".cache");

/** What `guest/` makes: manifest.json, one folder for each kernel, the test disk. */
export const guestDir = join(cacheDir, "guest");

/** What `npm run build:wasm` and the tests make. */
export const buildDir = join(root, "build");

/** The static site and the command line. */
export const distDir = join(root, "dist");
