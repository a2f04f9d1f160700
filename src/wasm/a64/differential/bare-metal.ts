/** Cases for a whole machine at EL1 and EL0 (bare-metal.s), run on QEMU's virt with a Cortex-A57 and on ours. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CPU_BASE, GUEST_RAM_BASE, RAM_BASE } from "../../layout";
import { loadEngine } from "./engine.ts";

const RAM_SIZE = 64 * 1024 * 1024;
const START = 0x4010_0000;
const TABLE = 0x4011_0000;
const DESCRIPTORS = 0x4012_0000;
const CODE = 0x40d0_0000;
const CODE_END = 0x40e0_0000;
const STATE_COUNT = 0x40e8_0018;
const RESULTS = 0x4200_0000;
const CASE_SIZE = 256;
/** Cases that fit between the descriptors and the code. */
const CASES_MAX = (CODE - DESCRIPTORS) / CASE_SIZE;
const WORDS_MAX = (CODE_END - CODE) / 4;
/** Physical memory from here to RESULTS belongs to the cases. */
export const CASE_MEMORY = 0x4100_0000;
export const CASE_MEMORY_END = RESULTS;
/** Where the program's own table maps its code a second time, for EL0. */
const USER_ALIAS = 0x4000_0000n;
const HIGH = 0xffff_ff80_0000_0000n;

/** TCR_EL1 of the program: the fields of the half that it lives in must stay as they are. */
export const OWN_TCR =
  25n |
  (25n << 16n) |
  (1n << 8n) |
  (1n << 10n) |
  (3n << 12n) |
  (1n << 24n) |
  (1n << 26n) |
  (3n << 28n) |
  (2n << 30n) |
  (2n << 32n);
export const OWN_TABLE = BigInt(TABLE);
/** SCTLR_EL1 with the bits that are one, and with MMU and caches. */
export const SCTLR_OFF = 0x30d0_0800n;
export const SCTLR_ON = SCTLR_OFF | 0x1005n;

export interface BareMetalCase {
  /** Says what the case is, for reports. */
  label: string;
  /** Instructions; an SVC after them ends the case. */
  words: readonly number[];
  /** SPSR to start with: 0x3c5 (EL1h, all masked) unless given; its M field chooses where the code is found. */
  pstate?: number;
  /** The program runs in the upper half: TTBR0_EL1 and its half of TCR_EL1 are the case's. */
  high?: boolean;
  sctlr?: bigint;
  tcr?: bigint;
  ttbr0?: bigint;
  ttbr1?: bigint;
  mair?: bigint;
  cpacr?: bigint;
  spEl0?: bigint;
  /** X0..X15, zero where not given. */
  x?: readonly bigint[];
  /** Result fields that depend on time or on what is not compared. */
  ignore?: readonly (keyof BareMetalResult | `x${number}`)[];
}

export interface BareMetalResult {
  vector: bigint;
  esr: bigint;
  far: bigint;
  elr: bigint;
  spsr: bigint;
  par: bigint;
  spEl0: bigint;
  x: bigint[];
}

/** SVC #0xffff: the regular end of a case. */
export const END = 0xd41f_ffe1;

/** Initial memory contents by physical address. */
export type MemoryImage = readonly { address: number; data: Uint8Array }[];

function buildRam(program: Uint8Array, cases: readonly BareMetalCase[], memory: MemoryImage): Uint8Array {
  if (cases.length > CASES_MAX) throw new Error(`${cases.length} cases, at most ${CASES_MAX} fit`);
  const ram = new Uint8Array(RAM_SIZE);
  const data = new DataView(ram.buffer);
  const at = (address: number): number => address - GUEST_RAM_BASE;
  ram.set(program, at(START));
  for (const { address, data: bytes } of memory) ram.set(bytes, at(address));
  writeOwnTables(data);
  data.setBigUint64(at(STATE_COUNT), BigInt(cases.length), true);
  let code = CODE;
  cases.forEach((test, index) => {
    const pstate = test.pstate ?? 0x3c5;
    let entry = BigInt(code);
    if ((pstate & 0xc) === 0 && ((test.sctlr ?? SCTLR_OFF) & 1n) === 1n) entry += USER_ALIAS;
    if (test.high) entry += HIGH;
    const fields = [
      entry,
      BigInt(pstate),
      test.high ? 1n : 0n,
      test.sctlr ?? (test.high ? SCTLR_ON : SCTLR_OFF),
      test.tcr ?? OWN_TCR,
      test.ttbr0 ?? OWN_TABLE,
      test.ttbr1 ?? OWN_TABLE,
      test.mair ?? 0xffn,
      test.cpacr ?? 3n << 20n,
      test.spEl0 ?? 0n,
      ...(test.x ?? []),
    ];
    fields.forEach((value, field) => {
      data.setBigUint64(at(DESCRIPTORS) + index * CASE_SIZE + 8 * field, BigInt.asUintN(64, value), true);
    });
    for (const word of [...test.words, END]) {
      data.setUint32(at(code), word >>> 0, true);
      code += 4;
    }
    if (code > CODE_END) throw new Error("the cases' code does not fit");
  });
  return ram;
}

/** The program's tables: code read-only (so that WXN leaves it executable), everything above writable; EL0's view of the code. */
function writeOwnTables(data: DataView): void {
  const at = (address: number): number => address - GUEST_RAM_BASE;
  const block = 1n | (3n << 8n) | (1n << 10n);
  const [level2, user] = [TABLE + 0x1000, TABLE + 0x2000];
  data.setBigUint64(at(TABLE) + 8, BigInt(level2) | 3n, true);
  data.setBigUint64(at(TABLE) + 16, BigInt(user) | 3n, true);
  for (let index = 0; index < RAM_SIZE / 0x20_0000; index += 1) {
    const address = 0x4000_0000n + BigInt(index) * 0x20_0000n;
    const readOnly = address < 0x40e0_0000n ? 2n << 6n : 0n;
    data.setBigUint64(at(level2) + 8 * index, address | block | readOnly, true);
    data.setBigUint64(at(user) + 8 * index, address | block | (3n << 6n) | (1n << 53n), true);
  }
}

function readResults(ram: Uint8Array, count: number): BareMetalResult[] {
  const data = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  return Array.from({ length: count }, (_, index) => {
    const base = RESULTS - GUEST_RAM_BASE + index * CASE_SIZE;
    const field = (offset: number): bigint => data.getBigUint64(base + offset, true);
    return {
      vector: field(0),
      esr: field(8),
      far: field(16),
      elr: field(24),
      spsr: field(32),
      par: field(40),
      spEl0: field(48),
      x: Array.from({ length: 16 }, (_, register) => field(80 + 8 * register)),
    };
  });
}

/** The flat program of an assembler file beside this one. */
export function assembleFlat(file: string, text?: string): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), "armlet-assemble-"));
  try {
    const source = text === undefined ? fileURLToPath(new URL(file, import.meta.url)) : join(directory, file);
    if (text !== undefined) writeFileSync(source, text);
    const object = join(directory, "program.o");
    const flat = join(directory, "program.bin");
    execFileSync("aarch64-linux-gnu-as", [source, "-o", object]);
    execFileSync("aarch64-linux-gnu-objcopy", ["-O", "binary", object, flat]);
    return new Uint8Array(readFileSync(flat));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Words of assembler lines, one instruction each. */
export function assemble(lines: readonly string[]): number[] {
  const bytes = assembleFlat("lines.s", `.arch armv8-a+crypto+crc\n${lines.join("\n")}\n`);
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, index) => data.getUint32(4 * index, true));
}

/** Parts of `cases` that fit one program each. */
export function* partsOf(cases: readonly BareMetalCase[]): Generator<readonly BareMetalCase[]> {
  let first = 0;
  let words = 0;
  for (const [index, test] of cases.entries()) {
    words += test.words.length + 1;
    if (index - first < CASES_MAX && words <= WORDS_MAX) continue;
    yield cases.slice(first, index);
    first = index;
    words = test.words.length + 1;
  }
  yield cases.slice(first);
}

export interface Run {
  qemu: BareMetalResult[];
  ours: BareMetalResult[];
  /** Ours again, on a machine that compiles whatever it executes; the same results where that was not asked for. */
  compiled: BareMetalResult[];
}

/** Runs the cases on both machines. @throws Error when one of them does not come to the end, with the case where it stopped */
export async function runBareMetal(
  cases: readonly BareMetalCase[],
  memory: MemoryImage = [],
  compile = true,
): Promise<Run> {
  const ram = buildRam(assembleFlat("bare-metal.s"), cases, memory);
  const qemu = runQemu(ram, cases);
  const ours = await runOurs(ram, cases, false);
  const compiled = compile ? await runOurs(ram, cases, true) : ours;
  const results = (memory: Uint8Array): BareMetalResult[] => readResults(memory, cases.length);
  return { qemu: results(qemu), ours: results(ours), compiled: results(compiled) };
}

function runQemu(ram: Uint8Array, cases: readonly BareMetalCase[]): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), "armlet-bare-metal-"));
  try {
    // QEMU clears a memory file when it starts; what it loads goes in afterwards, behind the device tree at the RAM's base.
    const [file, image] = [join(directory, "ram"), join(directory, "image")];
    writeFileSync(image, ram.subarray(START - GUEST_RAM_BASE, RESULTS - GUEST_RAM_BASE));
    writeFileSync(file, new Uint8Array(0));
    truncateSync(file, RAM_SIZE);
    const child = spawnSync(
      "qemu-system-aarch64",
      [
        ...["-M", "virt,gic-version=3,memory-backend=ram", "-cpu", "cortex-a57", "-m", `${RAM_SIZE / 2 ** 20}`],
        ...["-object", `memory-backend-file,id=ram,size=${RAM_SIZE},mem-path=${file},share=on`],
        ...["-device", `loader,file=${image},addr=${START},force-raw=on`],
        ...["-device", `loader,addr=${START},cpu-num=0`],
        ...["-display", "none", "-monitor", "none", "-serial", "none", "-nodefaults", "-no-reboot"],
      ],
      { timeout: 60_000, killSignal: "SIGKILL", encoding: "utf8" },
    );
    const after = new Uint8Array(readFileSync(file));
    if (child.status !== 0)
      throw new Error(`QEMU stopped in ${stoppedAt(after, cases)}: ${child.stderr}${child.error}`);
    return after;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function runOurs(ram: Uint8Array, cases: readonly BareMetalCase[], compiled: boolean): Promise<Uint8Array> {
  let off = false;
  const host = {
    counter_low: () => 0,
    counter_high: () => 0,
    guest_error: () => 0,
    system_event: () => {
      off = true;
      return 0;
    },
  };
  const { engine, memory } = await loadEngine(RAM_SIZE, host, compiled);
  const guest = new Uint8Array(memory.buffer, RAM_BASE, RAM_SIZE);
  guest.set(ram);
  engine.gic_init(3, 1, 0);
  engine.cpu_set_deterministic(true);
  engine.cpu_reset(0, 1);
  engine.cpu_start(0, START, 0, 0, 0);
  // Every case takes some hundred instructions.
  for (let slice = 0; slice < cases.length + 100 && !off; slice += 1) engine.cpu_run(0, 10_000, 0x1_0000);
  if (!off) throw new Error(`ours stopped in ${stoppedAt(guest, cases)}, CPU at ${CPU_BASE.toString(16)}`);
  return guest;
}

/** The case that a machine was in when it stopped. */
function stoppedAt(ram: Uint8Array, cases: readonly BareMetalCase[]): string {
  const left = new DataView(ram.buffer, ram.byteOffset).getBigUint64(STATE_COUNT - GUEST_RAM_BASE, true);
  const index = cases.length - 1 - Number(left);
  return `case ${index}, ${cases[index]?.label ?? "none"}`;
}

const hex = (value: bigint): string => value.toString(16);

/** Lines for the cases whose results differ. */
export function differences(cases: readonly BareMetalCase[], run: Run): string[] {
  return [
    ...differencesOf(cases, run.ours, run.qemu, ""),
    ...differencesOf(cases, run.compiled, run.qemu, " compiled"),
  ];
}

function differencesOf(
  cases: readonly BareMetalCase[],
  all: readonly BareMetalResult[],
  qemu: readonly BareMetalResult[],
  how: string,
): string[] {
  return cases.flatMap((test, index) => {
    const [ours, theirs] = [all[index], qemu[index]];
    if (ours === undefined || theirs === undefined) return [`${test.label}${how}: no result`];
    const ignored = new Set<string>(test.ignore ?? []);
    const parts: string[] = [];
    const compare = (name: string, got: bigint, expected: bigint): void => {
      if (got !== expected && !ignored.has(name)) parts.push(`${name} ${hex(got)}, QEMU ${hex(expected)}`);
    };
    for (const name of ["vector", "esr", "far", "elr", "spsr", "par", "spEl0"] as const)
      compare(name, ours[name], theirs[name]);
    ours.x.forEach((value, register) => {
      compare(`x${register}`, value, theirs.x[register] ?? 0n);
    });
    return parts.length === 0 ? [] : [`${test.label}${how}: ${parts.join("; ")}`];
  });
}
