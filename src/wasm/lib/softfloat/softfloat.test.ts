/** The arithmetic against `qemu-aarch64 -cpu cortex-a57`: results and FPSR of every operation under every FPCR setting. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addendFor, createRandom, halfwayOperands, integer, operand, type RandomSource } from "./testing/operands.ts";
import { type Arithmetic, invoke, OPERATIONS, type Operands, type Operation } from "./testing/operations.ts";

const CASES_PER_OPERATION = 1500;
const CASE_SIZE = 32;
const SEED = 20261121;
const FPSR_IXC = 16;

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../../../../", import.meta.url));

interface Case {
  readonly operands: Operands;
  readonly fpcr: number;
}

/** FPCR: RMode, FZ, DN and AHP in every combination, the default setting as often as all others together. */
function randomFpcr(random: RandomSource): number {
  if (random.below(2) === 0) return 0;
  return (random.below(4) << 22) | (random.below(8) << 24);
}

function casesOf(operation: Operation, random: RandomSource): Case[] {
  const fromInteger = /x1/.test(operation.instruction);
  return Array.from({ length: CASES_PER_OPERATION }, () => {
    const centre = random.below(1000) / 1000;
    const value = (): bigint => (fromInteger ? integer(random) : operand(random, operation.width, centre));
    const [a, b] = [value(), value()];
    const kind = operation.width !== 16 && operation.instruction.startsWith("fmadd") ? random.below(4) : 0;
    if (operation.width !== 16 && kind === 1) {
      return { operands: halfwayOperands(random, operation.width), fpcr: randomFpcr(random) };
    }
    const c = operation.width !== 16 && kind > 1 ? addendFor(random, operation.width, a, b) : value();
    return { operands: [a, b, c], fpcr: randomFpcr(random) };
  });
}

describe("softfloat", () => {
  const directory = mkdtempSync(join(tmpdir(), "armlet-softfloat-"));
  const random = createRandom(SEED);
  const cases = OPERATIONS.map((operation) => casesOf(operation, random));
  let wasm: Arithmetic = {};
  let answers = new DataView(new ArrayBuffer(0));

  beforeAll(async () => {
    wasm = await buildArithmetic(directory);
    answers = askQemu(directory, cases);
  }, 120_000);

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  OPERATIONS.forEach((operation, number) => {
    it(`agrees with QEMU on ${operation.instruction}`, () => {
      const differences: string[] = [];
      (cases[number] ?? []).forEach(({ operands, fpcr }, index) => {
        const at = (number * CASES_PER_OPERATION + index) * CASE_SIZE;
        const flags = answers.getUint32(at + 16, true);
        const value = {
          v: answers.getBigUint64(at, true),
          x: answers.getBigUint64(at + 8, true),
          nzcv: BigInt(answers.getUint32(at + 20, true)),
        }[operation.result];
        // With IXC set beforehand the fast paths answer; it hides no flag but itself.
        for (const before of [0, FPSR_IXC]) {
          invoke(wasm, "prepare", fpcr, before);
          const result = BigInt.asUintN(64, BigInt(operation.call(wasm, operands)));
          const after = Number(invoke(wasm, "fpsr"));
          if (result !== value || after !== (flags | before)) {
            const shown = operands.map((x) => x.toString(16)).join(" ");
            differences.push(
              `${shown} fpcr=${fpcr.toString(16)} fpsr=${before}: ${result.toString(16)} fpsr=${after}, ` +
                `QEMU ${value.toString(16)} fpsr=${flags | before}`,
            );
          }
        }
      });
      expect(differences.slice(0, 5)).toEqual([]);
    });
  });
});

async function buildArithmetic(directory: string): Promise<Arithmetic> {
  const file = join(directory, "arithmetic.wasm");
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const memoryFlags = [
    "--importMemory",
    "--initialMemory",
    "128",
    "--maximumMemory",
    "65536",
    "--memoryBase",
    "6291456",
  ];
  // Where it is started there is no asconfig.json, which would add the engine's own entry.
  execFileSync(
    process.execPath,
    [asc, "test-entry.ts", "--runtime", "stub", ...memoryFlags, "-O3", "--noAssert", "--outFile", file],
    { cwd: here, stdio: "pipe" },
  );
  const memory = new WebAssembly.Memory({ initial: 128, maximum: 65536 });
  const { instance } = await WebAssembly.instantiate(readFileSync(file), { env: { memory } });
  return instance.exports as unknown as Arithmetic;
}

/** Needs aarch64-linux-gnu-as, -ld and qemu-aarch64. */
function askQemu(directory: string, cases: readonly (readonly Case[])[]): DataView<ArrayBuffer> {
  writeFileSync(
    join(directory, "operations.inc"),
    OPERATIONS.map(({ instruction }) => `        ${instruction}\n        b done\n`).join(""),
  );
  const object = join(directory, "oracle.o");
  const program = join(directory, "oracle");
  execFileSync("aarch64-linux-gnu-as", ["-I", directory, join(here, "testing/oracle.s"), "-o", object]);
  execFileSync("aarch64-linux-gnu-ld", [object, "-o", program]);
  const input = new DataView(new ArrayBuffer(OPERATIONS.length * CASES_PER_OPERATION * CASE_SIZE));
  cases.flat().forEach(({ operands, fpcr }, index) => {
    const at = index * CASE_SIZE;
    operands.forEach((value, place) => {
      input.setBigUint64(at + place * 8, value, true);
    });
    input.setUint32(at + 24, fpcr, true);
    input.setUint32(at + 28, Math.floor(index / CASES_PER_OPERATION), true);
  });
  const child = spawnSync("qemu-aarch64", ["-cpu", "cortex-a57", program], {
    input: new Uint8Array(input.buffer),
    maxBuffer: input.byteLength + 4096,
  });
  if (child.error) throw child.error;
  if (child.status !== 0 || child.stdout.length !== input.byteLength) {
    throw new Error(`qemu-aarch64 ended with ${child.signal ?? child.status} after ${child.stdout.length} bytes`);
  }
  const answers = new Uint8Array(child.stdout.length);
  answers.set(child.stdout);
  return new DataView(answers.buffer);
}
