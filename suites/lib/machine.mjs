// @ts-check
/** One boot of the suites' disk: in QEMU, or on our command line. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cliFile } from "../../scripts/build-cli.mjs";
import { guestDir } from "../../scripts/lib/paths.mjs";
import { suitesDisk } from "../disk.mjs";
import { MemoryLog } from "./memory.mjs";

const RAM_MIB = 1024;
const SAMPLE_MS = 10_000;

/** @typedef {"qemu" | "armlet"} Side */

/**
 * The machine, word by word, for both alike.
 * @param {{ name: string, guest: string | null, selfTests: boolean, minutes: number }} suite `guest`: of the manifest; null for its default.
 * @returns {string[]}
 * @throws {Error} If that guest is not there.
 */
export function machineWords({ name, guest, selfTests, minutes }) {
  /** @type {import("../../guest/manifest.mjs").Manifest} */
  const manifest = JSON.parse(readFileSync(join(guestDir, "manifest.json"), "utf8"));
  const chosen = guest ?? manifest.default;
  const record = manifest.guests[chosen];
  if (record === undefined)
    throw new Error(`There is no guest "${chosen}"; there are ${Object.keys(manifest.guests).join(", ")}.`);
  // Only kernels that were built for this machine reach a disk without an initial file system.
  const initrd = chosen === "stock" && record.initrd !== null ? ["-initrd", join(guestDir, record.initrd.file)] : [];
  const append = selfTests ? record.append.replace("cryptomgr.notests", "") : record.append;
  const root = "root=/dev/vda rootfstype=ext4 rw init=/suite/init";
  const disk = `if=none,id=disk0,format=raw,snapshot=on,file=${suitesDisk}`;
  return [
    ...`-M virt -cpu cortex-a57 -accel tcg -smp 1 -m ${RAM_MIB} -nic none -nographic -no-reboot`.split(" "),
    ...["-kernel", join(guestDir, record.kernel.file), ...initrd],
    ...["-append", `${append} ${root} suite=${name} suite.minutes=${minutes}`],
    ...["-drive", disk, "-device", "virtio-blk-device,drive=disk0", "-device", "virtio-rng-device"],
  ];
}

/**
 * @param {Side} side @param {readonly string[]} words @param {number} timeoutMs @param {(line: string) => void} say
 * @returns {Promise<{ console: string, samples: import("./memory.mjs").MemorySample[] }>} When the machine has ended.
 * @throws {Error} With the console's end, if it ends otherwise than by the guest's power-off.
 */
export function boot(side, words, timeoutMs, say) {
  const [file, ...first] = side === "qemu" ? ["qemu-system-aarch64"] : [process.execPath, cliFile];
  const child = spawn(file ?? "", [...first, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  const log = child.pid === undefined ? null : new MemoryLog(child.pid, RAM_MIB * 2 ** 20, SAMPLE_MS);
  let console = "";
  let errors = "";
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, timeoutMs);
    child.stdout.setEncoding("latin1").on("data", (/** @type {string} */ text) => {
      console += text;
      say(console.slice(-200).split(/\r*\n/).at(-2) ?? "");
    });
    child.stderr.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      errors += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      log?.stop();
      if (code === 0) resolve({ console, samples: log?.samples ?? [] });
      const why = late ? `not done after ${timeoutMs / 1000} s` : `ended by ${signal ?? `status ${code}`}`;
      reject(new Error(`${file}: ${why}\n${errors}${console.slice(-3000)}`));
    });
  });
}
