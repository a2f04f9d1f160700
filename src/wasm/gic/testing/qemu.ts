/** QEMU's side of a comparison: assembles interpreter.S once, runs lists on it. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Access, encode, stubs } from "./access-list.ts";

const AS = "aarch64-linux-gnu-as";
const LD = "aarch64-linux-gnu-ld";
const OBJCOPY = "aarch64-linux-gnu-objcopy";
const QEMU = "qemu-system-aarch64";

/** Guest physical addresses that interpreter.S knows: the program, the list, the results. */
export const ENTRY = 0x4010_0000;
export const LIST = 0x4100_0000;
export const RESULTS = 0x4200_0000;

/** True when the assembler, the linker and QEMU are installed. */
export function qemuAvailable(): boolean {
  return [AS, LD, OBJCOPY, QEMU].every((tool) => spawnSync(tool, ["--version"]).status === 0);
}

/** The assembled program in a folder of its own. */
export class QemuInterpreter {
  readonly #folder: string;
  /** The program as it lies in memory from ENTRY on. */
  readonly image: Buffer;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "gic-"));
    writeFileSync(join(this.#folder, "stubs.inc"), stubs());
    const source = new URL("interpreter.S", import.meta.url).pathname;
    execFileSync(AS, ["-I", this.#folder, "-o", join(this.#folder, "prog.o"), source]);
    execFileSync(LD, ["-Ttext", ENTRY.toString(16), "-o", this.#elf, join(this.#folder, "prog.o")]);
    const image = join(this.#folder, "prog.bin");
    execFileSync(OBJCOPY, ["-O", "binary", this.#elf, image]);
    this.image = readFileSync(image);
  }

  get #elf(): string {
    return join(this.#folder, "prog.elf");
  }

  /** Results of the accesses, one a record, on a machine with GIC `version` and `cpus` CPUs; a GICv3 with or without ITS. */
  run(list: readonly Access[], version: 2 | 3, cpus: number, its = false): bigint[] {
    const data = join(this.#folder, "list.bin");
    writeFileSync(data, encode(list, cpus));
    const machine = version === 3 ? `virt,gic-version=3,its=${its ? "on" : "off"}` : "virt,gic-version=2";
    const output = execFileSync(
      QEMU,
      [
        ...["-M", machine, "-cpu", "cortex-a57", "-smp", String(cpus), "-m", "128", "-kernel", this.#elf],
        ...["-device", `loader,file=${data},addr=0x${LIST.toString(16)},force-raw=on`],
        ...["-display", "none", "-monitor", "none", "-serial", "null"],
        ...["-semihosting-config", "enable=on,target=native"],
      ],
      { timeout: 300_000, maxBuffer: 1 << 26 },
    );
    if (output.length !== list.length * 8)
      throw new Error(`QEMU answered ${output.length} bytes for ${list.length} accesses`);
    return list.map((_, i) => output.readBigUInt64LE(i * 8));
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
