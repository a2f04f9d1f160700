/** The engine's side of a comparison: the interrupt controller and the timer in a module of their own. */
import { execFileSync } from "node:child_process";
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { engineKey } from "../../../../scripts/build-wasm.mjs";
import { buildDir, root } from "../../../../scripts/lib/paths.mjs";
import { digest, makeIfStale } from "../../../../scripts/lib/stamp.mjs";
import { CPU_CNT_BASE, CPU_CNT_LAST, CPU_EXIT, CPU_INDEX, CPU_IRQ } from "../../cpu/state.ts";
import { GUEST_RAM_BASE, RAM_BASE } from "../../layout.ts";
import { type Access, ISR_EL1, OP_MRS, OP_MRS_EL0, OP_MSR, OP_MSR_EL0, SYSTEM_REGISTERS } from "./access-list.ts";

/** What gic.harness.ts exports. Addresses, keys and levels are numbers, 64-bit values are BigInt. */
export interface EngineExports {
  cpuBase(index: number): number;
  gic_init(version: number, cpus: number, its: number): void;
  gic_message(requesterId: number, addressLow: number, addressHigh: number, data: number): number;
  cpu_reset(index: number, cpus: number): void;
  mem_init(sizeBytes: number): void;
  gic_set_level(intid: number, level: number): void;
  gicContains(pa: bigint): number;
  gicRead(cpu: number, pa: bigint, size: number): bigint;
  gicWrite(cpu: number, pa: bigint, size: number, value: bigint): void;
  gicSetPpi(cpu: number, intid: number, level: number): void;
  iccExists(key: number, isWrite: number): number;
  iccRead(base: number, key: number): bigint;
  iccWrite(base: number, key: number, value: bigint): void;
  iccReset(index: number): void;
  counterNow(base: number): bigint;
  timerAccessAllowed(base: number, key: number, el: number): number;
  timerContains(key: number): number;
  timerDeadline(base: number): bigint;
  timerExists(key: number, isWrite: number, el: number): number;
  timerRead(base: number, key: number): bigint;
  timerReset(base: number): void;
  timerUpdate(base: number): void;
  timerWrite(base: number, key: number, value: bigint): void;
}

/** Compiles gic.harness.ts, unless that was done from the same sources. */
export async function compileEngine(): Promise<WebAssembly.Module> {
  const entry = fileURLToPath(new URL("../gic.harness.ts", import.meta.url));
  const wasm = join(buildDir, "gic-harness.wasm");
  const key = digest([entry], [engineKey()]);
  await makeIfStale(join(buildDir, "gic-harness.stamp"), key, [wasm], () => {
    const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
    const memory = ["--runtime", "stub", "--importMemory", "--initialMemory", "128", "--maximumMemory", "65536"];
    // Without the project's own configuration, whose entry is the whole engine.
    const options = [
      "--config",
      "none",
      "-O0",
      "--noAssert",
      "--enable",
      "simd,bulk-memory",
      "--memoryBase",
      "6291456",
    ];
    // Two test files may be here at once: each writes a file of its own.
    const mine = `${wasm}.${process.pid}`;
    execFileSync(process.execPath, [asc, entry, "-o", mine, ...options, ...memory], { cwd: root });
    renameSync(mine, wasm);
  });
  return new WebAssembly.Module(readFileSync(wasm));
}

/** Guest RAM of the comparison; the LPI tables of a list are in it. */
const RAM_SIZE = 0x80_0000;

/** PL011 of the board: its interrupt line is how a list drives an SPI. */
export const PL011_BASE = 0x0900_0000;
export const PL011_IMSC = PL011_BASE + 0x38;
export const PL011_INTID = 33;
export const PL011_TXIM = 0x20n;

/** What interpreter.S answers for an exception: the syndrome under this mark. */
const EXCEPTION = 0xeeeen << 48n;
const ESR_UNDEFINED = 0x0200_0000n;
/** Here: an access that CNTKCTL_EL1 traps. The syndrome's other fields are the CPU's to make, not the timer's. */
export const TRAPPED = EXCEPTION | 0x6200_0000n;

/** One controller with its CPUs. */
export class Engine {
  readonly exports: EngineExports;
  readonly view: DataView;
  readonly guestErrors: number[] = [];

  constructor(module: WebAssembly.Module, version: 2 | 3, cpus: number, its = false) {
    const pages = (Number(RAM_BASE) + RAM_SIZE) / 0x1_0000;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const instance = new WebAssembly.Instance(module, { env: { memory }, host: this.#host(module) });
    this.exports = instance.exports as unknown as EngineExports;
    this.view = new DataView(memory.buffer);
    this.exports.mem_init(RAM_SIZE);
    this.exports.gic_init(version, cpus, its ? 1 : 0);
    for (let index = 0; index < cpus; index++) {
      const base = this.exports.cpuBase(index);
      this.view.setUint32(base + Number(CPU_INDEX), index, true);
      this.exports.timerReset(base);
    }
  }

  /** Guest errors are kept; no other import may be called by what is under test. */
  #host(module: WebAssembly.Module): WebAssembly.ModuleImports {
    const host: WebAssembly.ModuleImports = {};
    for (const { name, kind } of WebAssembly.Module.imports(module)) {
      if (kind !== "function") continue;
      host[name] = (): never => {
        throw new Error(`the controller called host.${name}`);
      };
    }
    host.guest_error = (code: number): void => void this.guestErrors.push(code);
    return host;
  }

  /** u32 field of a CPU. */
  field(index: number, offset: number): number {
    return this.view.getUint32(this.exports.cpuBase(index) + offset, true);
  }

  /** IRQ_LINE | FIQ_LINE of a CPU. */
  lines(index: number): number {
    return this.field(index, Number(CPU_IRQ));
  }

  /** CPU_EXIT of a CPU, which becomes 0. */
  takeExit(index: number): number {
    const exit = this.field(index, Number(CPU_EXIT));
    this.view.setUint32(this.exports.cpuBase(index) + Number(CPU_EXIT), 0, true);
    return exit;
  }

  /** Sets the counter of a CPU. */
  setCounter(index: number, value: bigint): void {
    const base = this.exports.cpuBase(index);
    this.view.setBigUint64(base + Number(CPU_CNT_BASE), value, true);
    this.view.setBigUint64(base + Number(CPU_CNT_LAST), value, true);
  }

  /** Does one access as interpreter.S would; the result is in its form. */
  perform(access: Access): bigint {
    if (access.op >= OP_MRS) return this.#system(access);
    const size = 1 << (access.op & 3);
    const pa = BigInt(access.where);
    if (this.exports.gicContains(pa) !== 0) {
      if (access.op < 4) return BigInt.asUintN(64, this.exports.gicRead(access.cpu, pa, size));
      this.exports.gicWrite(access.cpu, pa, size, access.value);
      return access.value;
    }
    if (access.where >= PL011_BASE && access.where < PL011_BASE + 0x1000) {
      if (access.where === PL011_IMSC)
        this.exports.gic_set_level(PL011_INTID, (access.value & PL011_TXIM) === 0n ? 0 : 1);
      return access.value;
    }
    const offset = access.where - Number(GUEST_RAM_BASE);
    if (offset >= 0 && offset < RAM_SIZE) return this.#ram(Number(RAM_BASE) + offset, size, access);
    return EXCEPTION;
  }

  #ram(address: number, size: number, access: Access): bigint {
    let value = 0n;
    for (let i = 0; i < size; i++) {
      if (access.op >= 4) this.view.setUint8(address + i, Number((access.value >> BigInt(i * 8)) & 0xffn));
      value |= BigInt(this.view.getUint8(address + i)) << BigInt(i * 8);
    }
    return access.op < 4 ? value : access.value;
  }

  #system(access: Access): bigint {
    const register = SYSTEM_REGISTERS[access.where];
    if (register === undefined) throw new Error(`no system register ${access.where}`);
    const base = this.exports.cpuBase(access.cpu);
    const isWrite = access.op === OP_MSR || access.op === OP_MSR_EL0;
    const el = access.op >= OP_MRS_EL0 ? 0 : 1;
    if (register === ISR_EL1) {
      if (isWrite) return EXCEPTION | ESR_UNDEFINED;
      const lines = this.lines(access.cpu);
      return BigInt(((lines & 1) << 7) | ((lines & 2) << 5));
    }
    if (this.exports.timerContains(register.key) !== 0) {
      if (this.exports.timerExists(register.key, Number(isWrite), el) === 0) return EXCEPTION | ESR_UNDEFINED;
      if (this.exports.timerAccessAllowed(base, register.key, el) === 0) return TRAPPED;
      if (!isWrite) return BigInt.asUintN(64, this.exports.timerRead(base, register.key));
      this.exports.timerWrite(base, register.key, access.value);
      return access.value;
    }
    if (this.exports.iccExists(register.key, Number(isWrite)) === 0) return EXCEPTION | ESR_UNDEFINED;
    if (!isWrite) return BigInt.asUintN(64, this.exports.iccRead(base, register.key));
    this.exports.iccWrite(base, register.key, access.value);
    return access.value;
  }
}

/** True for the answer to a trapped MRS or MSR (EC 0x18). */
export function isTrapped(result: bigint): boolean {
  return result >> 48n === 0xeeeen && (result & 0xfc00_0000n) === 0x6000_0000n;
}

/** True for the answer to an access that took a data abort. */
export function isDataAbort(result: bigint): boolean {
  return result >> 48n === 0xeeeen && (result & 0xfc00_0000n) === 0x9400_0000n;
}

/** The engine's results of a list. */
export function runEngine(
  module: WebAssembly.Module,
  list: readonly Access[],
  version: 2 | 3,
  cpus: number,
  its = false,
): bigint[] {
  const engine = new Engine(module, version, cpus, its);
  for (let cpu = 0; cpu < cpus; cpu++) engine.setCounter(cpu, 1n << 40n);
  return list.map((access) => engine.perform(access));
}
