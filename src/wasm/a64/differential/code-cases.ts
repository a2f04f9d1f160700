/**
 * Code that is changed after it has run, for bare-metal.ts: every kind of store over an instruction, in another page and in the
 * storing code's own, with the cache maintenance that the ARM ARM asks for. X10 collects what the code returned.
 */
import { assemble, type BareMetalCase, type MemoryImage } from "./bare-metal.ts";
import { createRandom, pick } from "./random.ts";

/** Routines `mov x0, 1; ret` of 64 bytes each, MMU off. */
const ROUTINES = 0x4180_0000;
const ROUTINE_SIZE = 64;
const CASES = 400;

/** X1 is the routine, X2 two words `mov x0, 2; ret`, V0 those twice. */
const STORES = [
  ...[
    "str w2, [x1]",
    "str x2, [x1]",
    "strh w2, [x1]",
    "strb w2, [x1]",
    "stur x2, [x1]",
    "str x2, [x1], 8",
    "str w2, [x1, 0]!",
  ],
  ...[
    "stp x2, x2, [x1]",
    "stp w2, w4, [x1]",
    "stnp x2, x2, [x1]",
    "str q0, [x1]",
    "stp q0, q0, [x1]",
    "str d0, [x1]",
    "str s0, [x1]",
  ],
  ...[
    "str h0, [x1]",
    "st1 {v0.16b}, [x1]",
    "st1 {v0.s}[2], [x1]",
    "st2 {v0.2d, v1.2d}, [x1]",
    "st4 {v0.b, v1.b, v2.b, v3.b}[0], [x1]",
  ],
  ...["stlr x2, [x1]", "stlrb w2, [x1]", "sttr w2, [x1]", "sttrb w2, [x1]", "dc zva, x1", "str x2, [x1, x5]"],
];
const EXCLUSIVE = [
  ["ldxr w6, [x1]", "stxr w7, w2, [x1]"],
  ["ldaxp x6, x8, [x1]", "stlxp w7, x2, x2, [x1]"],
  ["ldxrb w6, [x1]", "stxrb w7, w2, [x1]"],
];
const PREPARE = [
  "fmov d0, x2",
  "mov v0.d[1], x2",
  "mov v1.16b, v0.16b",
  "mov v2.16b, v0.16b",
  "mov v3.16b, v0.16b",
  "mov x9, x1",
];
const MAINTAIN = ["dc cvau, x9", "dsb sy", "ic ivau, x9", "dsb sy", "isb"];
const CALL = ["blr x9", "add x10, x0, x10, lsl 4"];

export function codeCases(seed: number): { cases: BareMetalCase[]; memory: MemoryImage } {
  const random = createRandom(seed, "code");
  const [one = 0, two = 0, ret = 0] = assemble(["mov x0, 1", "mov x0, 2", "ret"]);
  const kinds = [...STORES.map((line) => [line]), ...EXCLUSIVE];
  const programs = Array.from({ length: CASES }, () => {
    const lines = [...PREPARE, ...CALL];
    for (let change = 1 + random.below(3); change > 0; change -= 1) {
      lines.push("mov x1, x9", ...pick(random, kinds), ...MAINTAIN, ...CALL);
      if (random.chance(50)) lines.push("mov x1, x9", "str x3, [x1]", ...MAINTAIN, ...CALL);
    }
    return lines;
  });
  // In its own stream, a few instructions ahead; a loop runs it before and after the change.
  const own = STORES.filter((line) => !line.includes("zva") && !line.includes("st2") && !line.includes("q0, q0")).map(
    (line) => [
      ...PREPARE,
      "mov x12, 0",
      "adr x1, . + 20",
      "mov x9, x1",
      "b . + 12",
      "nop",
      "nop",
      // The words that are changed: 16 bytes at most.
      "mov x0, 1",
      "b . + 12",
      "nop",
      "nop",
      "add x10, x0, x10, lsl 4",
      "cbnz x12, . + 40",
      "mov x12, 1",
      line,
      ...MAINTAIN,
      "br x9",
      "nop",
    ],
  );
  const lines = [...new Set([...programs.flat(), ...own.flat()])];
  const assembled = assemble(lines);
  const wordOf = new Map(lines.map((line, index) => [line, assembled[index] ?? 0]));
  const words = (program: readonly string[]): number[] => program.map((line) => wordOf.get(line) ?? 0);
  const [branch = 0] = assemble(["b . + 12"]);
  const pair = (first: number, second: number): bigint => (BigInt(second >>> 0) << 32n) | BigInt(first >>> 0);
  const image = new Uint32Array((CASES * ROUTINE_SIZE) / 4);
  const cases = programs.map((program, index): BareMetalCase => {
    for (let word = 0; word < ROUTINE_SIZE / 4; word += 2) image.set([one, ret], (index * ROUTINE_SIZE) / 4 + word);
    const address = BigInt(ROUTINES + index * ROUTINE_SIZE);
    return {
      label: program.join("; "),
      words: words(program),
      x: [0n, address, pair(two, ret), pair(one, ret), BigInt(ret)],
    };
  });
  const patched = own.map(
    (program): BareMetalCase => ({
      label: `own stream: ${program.join("; ")}`,
      words: words(program),
      x: [0n, 0n, pair(two, branch), pair(one, branch), BigInt(branch)],
    }),
  );
  return { cases: [...cases, ...patched], memory: [{ address: ROUTINES, data: new Uint8Array(image.buffer) }] };
}
