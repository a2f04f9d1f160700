// @ts-check
/** The page of the disk benchmark: a machine with one disk, whose shell is given commands by bench/disk.mjs. */
import { createDiskLibrary } from "../../src/ts/api/index.ts";
import { Shell } from "../page-lib/shell.mjs";

/** @typedef {{ kind: "memory" | "file" | "idb" | "opfs", args: string, sizeBytes: number, image: string }} Setup */

const library = createDiskLibrary();
const shell = new Shell();

/** Boots a machine with the disk; resolves at its prompt. @param {Setup} setup */
async function start({ kind, args, sizeBytes, image }) {
  // A disk that a machine uses cannot be removed.
  shell.dispose();
  for (const disk of await library.list()) await library.remove(disk.id);
  const [file] = document.querySelector("input")?.files ?? [];
  /** @type {Record<string, Blob>} */
  const files = {};
  let drive = "";
  if (kind === "memory") drive = `file=${image},snapshot=on`;
  else if (kind === "file") {
    if (file === undefined) throw new Error("there is no file");
    files["bench.img"] = file;
    drive = "file=bench.img,snapshot=on";
  } else drive = `file=disk:${(await library.createEmpty("bench", sizeBytes, kind)).id}`;
  await shell.start({
    args: `${args} -drive if=none,id=bench,format=raw,${drive} -device virtio-blk-device,drive=bench`,
    files,
  });
}

Reflect.set(window, "bench", {
  start,
  /** @param {string} command */
  run: (command) => shell.run(command),
});
