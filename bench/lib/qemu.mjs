// @ts-check
/** The same program in QEMU with its compiler (TCG): the peer. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const machine =
  "qemu-system-aarch64 -M virt -cpu cortex-a57 -m 64 -nodefaults -nographic -serial none -monitor none -no-reboot";

/**
 * Runs a program to its power-off. @param {string} elf
 * @returns {Promise<number>} Processor seconds of the whole process, start-up and translation included.
 */
export async function qemuSeconds(elf) {
  // bash tells what its children used to the millisecond; Node keeps no such account of a single child.
  const script = `TIMEFORMAT="%U %S"; time ${machine} -kernel "$1"`;
  const { stderr } = await promisify(execFile)("bash", ["-c", script, "bash", elf], { timeout: 120_000 });
  const times = /^(\d+\.\d+) (\d+\.\d+)$/m.exec(stderr);
  if (times === null) throw new Error(`QEMU did not run the program: ${stderr}`);
  return Number(times[1]) + Number(times[2]);
}
