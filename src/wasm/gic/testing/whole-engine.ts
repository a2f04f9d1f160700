/** The whole engine's side of a comparison: interpreter.S itself runs on it, through CPU, MMU and system registers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildDir } from "../../../../scripts/lib/paths.mjs";
import { GUEST_RAM_BASE, RAM_BASE } from "../../layout.ts";
import { type Access, encode } from "./access-list.ts";
import { PL011_BASE, PL011_IMSC, PL011_INTID, PL011_TXIM } from "./engine.ts";
import { ENTRY, LIST, RESULTS } from "./qemu.ts";

const RAM_SIZE = 0x0400_0000;
/** Instructions a CPU runs before the next one's turn, and turns before the program counts as stuck. */
const SLICE = 20_000;
const MAX_TURNS = 2000;
const RUN_OFF = 2;

/** What of the engine's exports the comparison calls. */
interface Exports {
  mem_init(sizeBytes: number): void;
  mem_add_device(baseLow: number, baseHigh: number, sizeLow: number, sizeHigh: number): number;
  gic_init(version: number, cpus: number, its: number): void;
  gic_set_level(intid: number, level: number): void;
  cpu_reset(index: number, cpus: number): void;
  cpu_start(index: number, entryLow: number, entryHigh: number, x0Low: number, x0High: number): void;
  cpu_run(index: number, budget: number, scale: number): number;
  cpu_set_deterministic(on: number): void;
}

/** Offset in linear memory of a guest physical address. */
function offsetOf(gpa: number): number {
  return Number(RAM_BASE) + gpa - Number(GUEST_RAM_BASE);
}

/** Results of the list, as QEMU's in QemuInterpreter.run. `image` is the program for ENTRY. */
export function runWholeEngine(image: Buffer, list: readonly Access[], version: 2 | 3, cpus: number): bigint[] {
  const pages = (Number(RAM_BASE) + RAM_SIZE) / 0x1_0000;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  let engine: Exports | undefined;
  const host = {
    bus_read: (): number => 0,
    bus_read_high: (): number => 0,
    bus_write: (low: number, _high: number, _size: number, value: number): void => {
      if (low === PL011_IMSC) engine?.gic_set_level(PL011_INTID, (BigInt(value) & PL011_TXIM) === 0n ? 0 : 1);
    },
    system_event: (): void => {},
    guest_error: (): void => {},
    counter_low: (): number => 0,
    counter_high: (): number => 0,
    jit_install: (): number => 0,
    jit_release: (): void => {},
    jit_listed_at: (): void => {},
    jit_listed: (): void => {},
    lockstep_state: (): void => {},
    lockstep_memory: (): void => {},
    lockstep_instruction: (): void => {},
    lockstep_failed: (): void => {},
  };
  const module = new WebAssembly.Module(readFileSync(join(buildDir, "armlet.wasm")));
  engine = new WebAssembly.Instance(module, { env: { memory }, host }).exports as unknown as Exports;

  engine.mem_init(RAM_SIZE);
  engine.mem_add_device(PL011_BASE, 0, 0x1000, 0);
  engine.gic_init(version, cpus, 0);
  engine.cpu_set_deterministic(1);
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(image, offsetOf(ENTRY));
  bytes.set(encode(list, cpus), offsetOf(LIST));
  for (let cpu = 0; cpu < cpus; cpu++) engine.cpu_reset(cpu, cpus);
  engine.cpu_start(0, ENTRY, 0, 0, 0);

  // A result is there when it is not this: no access of a list returns it.
  const view = new DataView(memory.buffer);
  const missing = 0xdead_0000_0000_0000n;
  for (const i of list.keys()) view.setBigUint64(offsetOf(RESULTS) + i * 8, missing, true);
  const result = (i: number): bigint => view.getBigUint64(offsetOf(RESULTS) + i * 8, true);
  for (let turn = 0; result(list.length - 1) === missing; turn++) {
    if (turn === MAX_TURNS)
      throw new Error(
        `the program on the engine does not end: access ${list.findIndex((_, i) => result(i) === missing)}`,
      );
    for (let cpu = 0; cpu < cpus; cpu++) {
      if (engine.cpu_run(cpu, SLICE, 0x1_0000) === RUN_OFF && cpu === 0) throw new Error("the first CPU is off");
    }
  }
  return list.map((_, i) => result(i));
}
