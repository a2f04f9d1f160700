// @ts-check
/** Makes public/dtb/virt.dtb of public/dtb/virt.dts with dtc (Debian: device-tree-compiler). Run after changing the source. */
import { join } from "node:path";
import { root } from "./lib/paths.mjs";
import { run } from "./lib/run.mjs";

const folder = join(root, "public/dtb");
// The warnings are those QEMU's own tree has: names of nodes that the board has had since before the rules.
await run("dtc", ["-q", "-I", "dts", "-O", "dtb", "-o", join(folder, "virt.dtb"), join(folder, "virt.dts")]);
