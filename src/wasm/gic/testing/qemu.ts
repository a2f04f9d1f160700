/** QEMU's side of a comparison: assembles interpreter.S once, runs lists on it. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Access, encode, stubs } from "./access-list.ts";

const AS = "aarch64-linux-gnu-as";
const LD = "aarch64-linux-gnu-ld";
const QEMU = "qemu-system-aarch64";

/** True when the assembler, the linker and QEMU are installed. */
export function qemuAvailable(): boolean {
  return [AS, LD, QEMU].every((tool) => spawnSync(tool, ["--version"]).status === 0);
}

/** The assembled program in a folder of its own. */
export class QemuInterpreter {
  readonly #folder: string;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "gic-"));
    writeFileSync(join(this.#folder, "stubs.inc"), stubs());
    const source = new URL("interpreter.S", import.meta.url).pathname;
    execFileSync(AS, ["-I", this.#folder, "-o", join(this.#folder, "prog.o"), source]);
    execFileSync(LD, ["-Ttext=0x40100000", "-o", this.#elf, join(this.#folder, "prog.o")]);
  }

  get #elf(): string {
    return join(this.#folder, "prog.elf");
  }

  /** Results of the accesses, one a record, on a machine with GIC `version` and `cpus` CPUs. */
  run(list: readonly Access[], version: 2 | 3, cpus: number): bigint[] {
    const data = join(this.#folder, "list.bin");
    writeFileSync(data, encode(list, cpus));
    const machine = version === 3 ? "virt,gic-version=3,its=off" : "virt,gic-version=2";
    const output = execFileSync(
      QEMU,
      [
        ...["-M", machine, "-cpu", "cortex-a57", "-smp", String(cpus), "-m", "128", "-kernel", this.#elf],
        ...["-device", `loader,file=${data},addr=0x41000000,force-raw=on`],
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
