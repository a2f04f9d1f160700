/** Bare-metal programs for tests of the CPU: assembled by binutils, run on the engine without a board. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Engine, type EngineHost, startEngine } from "../../../ts/machine/engine.ts";

/** Guest physical address at which programs lie; RAM begins here too. */
export const PROGRAM_GPA = 0x4000_0000;

/** Assembles AArch64 source to a flat binary for PROGRAM_GPA. */
export function assemble(source: string): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), "armlet-asm-"));
  try {
    const at = (name: string): string => join(folder, name);
    writeFileSync(at("a.s"), `${source}\n`);
    execFileSync("aarch64-linux-gnu-as", ["-march=armv8-a+crc+crypto", "-o", at("a.o"), at("a.s")]);
    execFileSync("aarch64-linux-gnu-ld", [
      `-Ttext=0x${PROGRAM_GPA.toString(16)}`,
      "-e",
      `${PROGRAM_GPA}`,
      "-o",
      at("a.elf"),
      at("a.o"),
    ]);
    execFileSync("aarch64-linux-gnu-objcopy", ["-O", "binary", at("a.elf"), at("a.bin")]);
    return new Uint8Array(readFileSync(at("a.bin")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface Program {
  readonly engine: Engine;
  /** Kinds of system_event so far. */
  readonly events: number[];
  /** Codes of guest errors so far. */
  readonly errors: number[];
  /** Runs up to `instructions`, or until the machine is switched off. */
  run(instructions: number): void;
  /** Register 0..30, 31 SP, 32 PC and on as cpu_register numbers them. */
  register(number: number): bigint;
}

/** An engine with `source` in memory, ready to run at EL1 with the MMU off. */
export async function program(source: string, ramSizeBytes = 16 << 20): Promise<Program> {
  const events: number[] = [];
  const errors: number[] = [];
  const host: EngineHost = {
    busRead: () => 0,
    busWrite: () => undefined,
    systemEvent: (kind) => void events.push(kind),
    guestError: (code) => void errors.push(code),
    counterTicks: () => 0,
  };
  const wasm = await WebAssembly.compile(readFileSync("build/armlet.wasm"));
  const engine = await startEngine(wasm, { ramSizeBytes, compiler: true, lockstep: false, list: null }, host);
  const { exports, ram } = engine;
  ram.set(assemble(source));
  exports.gic_init(2, 1, 0);
  exports.cpu_reset(0, 1);
  exports.cpu_set_deterministic(1);
  exports.cpu_start(0, PROGRAM_GPA, 0, 0, 0);
  return {
    engine,
    events,
    errors,
    run(instructions) {
      for (let left = instructions; left > 0 && events.length === 0; left -= 100_000) {
        exports.cpu_run(0, Math.min(left, 100_000), 1000);
      }
    },
    register: (number) =>
      (BigInt(exports.cpu_register(0, number, 1) >>> 0) << 32n) | BigInt(exports.cpu_register(0, number, 0) >>> 0),
  };
}

/** Ends the machine (PSCI SYSTEM_OFF). */
export const POWER_OFF = `
    movz w0, #0x0008
    movk w0, #0x8400, lsl #16
    hvc #0
`;
