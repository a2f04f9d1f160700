/** What QEMU puts where for a kernel: the machine is built, stopped before its first instruction, and looked into. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What to start QEMU with. */
export interface QemuBootRequest {
  ramMib: number;
  kernel: Uint8Array;
  initrd?: Uint8Array;
  append?: string;
  dtb?: Uint8Array;
}

/** QEMU's machine before the first instruction. */
export interface QemuBoot {
  pc: number;
  /** X0 … X3 as the first CPU has them: QEMU's start code sets x0 for Linux, see `linuxArgument`. */
  x0: number;
  /** Guest memory, for the ranges asked for. */
  memory: Uint8Array[];
  /** QEMU's complaints. */
  stderr: string;
}

/** Builds the machine and reads `ranges` of its memory. */
export function qemuBoot(request: QemuBootRequest, ranges: { gpa: number; sizeBytes: number }[]): QemuBoot {
  const directory = mkdtempSync(join(tmpdir(), "armlet-boot-"));
  try {
    const file = (name: string, bytes: Uint8Array): string => {
      const path = join(directory, name);
      writeFileSync(path, bytes);
      return path;
    };
    const args = ["-M", "virt,gic-version=2", "-cpu", "cortex-a57", "-m", `${request.ramMib}`, "-display", "none"];
    args.push("-S", "-nodefaults", "-monitor", "stdio", "-kernel", file("kernel", request.kernel));
    if (request.initrd !== undefined) args.push("-initrd", file("initrd", request.initrd));
    if (request.append !== undefined) args.push("-append", request.append);
    if (request.dtb !== undefined) args.push("-dtb", file("tree.dtb", request.dtb));
    const commands = ["info registers"];
    ranges.forEach(({ gpa, sizeBytes }, index) => {
      commands.push(`pmemsave 0x${gpa.toString(16)} ${sizeBytes} "${join(directory, `memory${index}`)}"`);
    });
    const { stdout, stderr } = spawnSync("qemu-system-aarch64", args, {
      input: `${commands.join("\n")}\nquit\n`,
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    const register = (name: string): number =>
      Number.parseInt(new RegExp(`${name}=([0-9a-f]{16})`).exec(stdout)?.[1] ?? "", 16);
    return {
      pc: register("PC"),
      x0: register("X00"),
      memory: ranges.map((_, index) => new Uint8Array(readFileSync(join(directory, `memory${index}`)))),
      stderr,
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Literals of QEMU's start code at the start of RAM: the device tree's address, and the kernel's entry. */
export function linuxArguments(startCode: Uint8Array): { dtb: number; entry: number } {
  const view = new DataView(startCode.buffer, startCode.byteOffset, startCode.length);
  return { dtb: Number(view.getBigUint64(24, true)), entry: Number(view.getBigUint64(32, true)) };
}
