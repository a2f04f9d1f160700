// @ts-check
/** The page of the disk benchmark: a machine with one disk, whose shell is given commands by bench/disk.mjs. */
import { createDiskLibrary, VirtualMachine } from "../../src/ts/api/index.ts";

/** @typedef {{ kind: "memory" | "file" | "idb" | "opfs", args: string, sizeBytes: number, image: string }} Setup */

const library = createDiskLibrary();
/** @type {VirtualMachine | null} */
let vm = null;

/** Boots a machine with the disk; resolves at its prompt. @param {Setup} setup */
async function start({ kind, args, sizeBytes, image }) {
  vm?.dispose();
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
  const machine = new VirtualMachine({
    args: `${args} -drive if=none,id=bench,format=raw,${drive} -device virtio-blk-device,drive=bench`,
    files,
  });
  vm = machine;
  await machine.start();
  machine.on("log", (entry) => console.log(JSON.stringify(entry)));
  await until(() => machine.stats.promptMs !== null, 120_000);
}

/** Runs a command in the guest's shell; resolves with what it printed. @param {string} command */
async function run(command) {
  if (vm === null) throw new Error("there is no machine");
  const { serial } = vm;
  const mark = `done-${Math.random().toString(36).slice(2)}`;
  const from = serial.text.length;
  // The quotes keep the mark's echo apart from the mark.
  serial.write(`${command}; echo ${mark.slice(0, 4)}""${mark.slice(4)}\r`);
  await until(() => serial.text.slice(from).includes(`${mark}\r\n`), 120_000);
  return serial.text.slice(from);
}

/** @param {() => boolean} condition @param {number} timeoutMs */
async function until(condition, timeoutMs) {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error("that takes too long");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Reflect.set(window, "bench", { start, run });
