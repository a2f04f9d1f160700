// @ts-check
/** The program that is measured: compiled for the guest, and for the host to know the value that it must come to. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { buildDir, root } from "../../scripts/lib/paths.mjs";
import { run } from "../../scripts/lib/run.mjs";

const sources = join(root, "bench/guest");
/** Where everything that the benchmarks make lies. */
export const benchDir = join(buildDir, "bench");

const guestFlags = [
  "-O2",
  "-ffreestanding",
  "-fno-builtin",
  "-mgeneral-regs-only",
  // No calls of memset and memcpy, which are not there.
  "-fno-tree-loop-distribute-patterns",
  "-nostdlib",
  "-static",
  // Where -M virt puts a flat binary: RAM base + 0x80000.
  "-Wl,-Ttext=0x40080000,--build-id=none",
];

/** @typedef {{ elf: string, binary: string }} Program Paths: for QEMU, for the engine. */

/**
 * Compiles the mix of loops for a bare machine.
 * @param {number} scale How often each loop runs; 0 leaves only what prepares them. @returns {Promise<Program>}
 */
export async function compileProgram(scale) {
  mkdirSync(benchDir, { recursive: true });
  const elf = join(benchDir, `integer-mix-${scale}.elf`);
  const binary = join(benchDir, `integer-mix-${scale}.bin`);
  const inputs = [join(sources, "start.S"), join(sources, "integer-mix.c")];
  await run("aarch64-linux-gnu-gcc", [...guestFlags, `-DSCALE=${scale}`, "-o", elf, ...inputs]);
  await run("aarch64-linux-gnu-objcopy", ["-O", "binary", elf, binary]);
  return { elf, binary };
}

/** Compiles the same C for the host, runs it, gives its check value: 16 hexadecimal digits. @param {number} scale */
export async function expectedCheck(scale) {
  const program = join(benchDir, `check-value-${scale}`);
  const inputs = [join(sources, "check-value.c"), join(sources, "integer-mix.c")];
  await run("gcc", ["-O2", `-DSCALE=${scale}`, "-o", program, ...inputs]);
  return (await run(program, [])).trim();
}
