/** The listing of WebAssembly against wasm-objdump, for every instruction that it knows. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { wasmBody } from "./wasm-body.ts";
import { MISC_NAMES, PLAIN_NAMES, SIMD_NAMES } from "./wasm-names.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-wasm-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const leb = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)]);
const section = (id: number, content: readonly number[]): number[] => [id, ...leb(content.length), ...content];

/** A module with this body in its one function. */
function moduleOf(body: readonly number[]): Uint8Array {
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 0]),
    ...section(3, [1, 0]),
    // A table, a memory, a global, for what names them.
    ...section(4, [1, 0x70, 0, 0]),
    ...section(5, [1, 0, 1]),
    ...section(6, [1, 0x7f, 1, 0x41, 0, 0x0b]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}

/** wasm-objdump's text of a body's instructions; with offsets from the body's begin. */
function objdump(body: readonly number[]): { offset: number; text: string }[] {
  const file = join(folder, "body.wasm");
  const module = moduleOf(body);
  writeFileSync(file, module);
  const text = execFileSync("wasm-objdump", ["-d", file], { encoding: "utf8" });
  const begin = module.length - body.length;
  return text.split("\n").flatMap((line) => {
    const [, address, , what] = /^ ([0-9a-f]{6}):((?: [0-9a-f]{2})+) +\| *(.*?) *$/.exec(line) ?? [];
    if (address === undefined || what === undefined || /^local\[/.test(what) || what === "") return [];
    return [{ offset: Number.parseInt(address, 16) - begin, text: sameWords(what) }];
  });
}

/** What wasm-objdump 1.0.32 writes in another way: older names, lanes as four words, floating-point numbers as numbers. */
function sameWords(text: string): string {
  const [name = "", ...rest] = text.split(" ");
  if (name === "return_call_indirect") return `${name} ${rest[1]} (type ${rest[0]})`;
  if (/dot_i8x16_i7x16/.test(name)) return name.replace(".dot", ".relaxed_dot");
  if (name === "i8x16.shuffle") {
    const lanes = rest.flatMap((word) => (word.slice(2).match(/../g) ?? []).reverse());
    return `${name} ${lanes.map((lane) => Number.parseInt(lane, 16)).join(" ")}`;
  }
  return /^f\d\d\.const$/.test(name) ? `${name} ${FLOATS[rest[0] ?? ""]}` : text;
}
/** The constants below: their hexadecimal notation and their bits. */
const FLOATS: Readonly<Record<string, string>> = {
  "0x1.964c02p+97": "0x704b2601",
  "0x1.f3a15704b2601p-954": "0x045f3a15704b2601",
};

/** Bytes of an instruction's immediates, by what the format says of it. */
function immediates(name: string): number[] {
  const float = (bytes: number): number[] => Array.from({ length: bytes }, (_, i) => (37 * i + 1) & 0x7f);
  if (/^(block|loop|if)$/.test(name)) return [0x40];
  if (name === "br_table") return [2, 0, 0, 0];
  if (/^br/.test(name)) return [0];
  if (/call_indirect$/.test(name)) return [0, 0];
  if (/call$|^memory\.(size|grow|fill)|^global/.test(name)) return [0];
  if (name === "memory.copy") return [0, 0];
  if (/^local/.test(name)) return [0x85, 0x01];
  if (/(load|store)\d+_lane$/.test(name)) return [0, 0x80, 0x02, 1];
  if (/\.(load|store)/.test(name)) return [0, 0x80, 0x02];
  if (/_lane(_[su])?$/.test(name)) return [1];
  if (name === "i32.const") return [0xc0, 0xbb, 0x78];
  if (name === "i64.const") return [0x80, 0x80, 0x80, 0x80, 0x70];
  if (name === "f32.const") return float(4);
  if (name === "f64.const") return float(8);
  if (name === "v128.const") return float(16);
  return name === "i8x16.shuffle" ? Array.from({ length: 16 }, (_, i) => 31 - i) : [];
}

const NUMBERED: readonly [number[], readonly (string | null)[]][] = [
  [[], PLAIN_NAMES],
  [[0xfc], MISC_NAMES],
  [[0xfd], SIMD_NAMES],
];

test("every instruction by its number and with what follows it, as wasm-objdump has it", () => {
  const all = NUMBERED.flatMap(([prefix, names]) =>
    names.flatMap((name, number) =>
      name === null || name === "end" || name === "else"
        ? []
        : [{ name, bytes: [...prefix, ...leb(number), ...immediates(name)] }],
    ),
  );
  expect(all.length).toBeGreaterThan(430);
  const body = [
    0,
    ...all.flatMap(({ name, bytes }) => (/^(block|loop|if)$/.test(name) ? [...bytes, 0x0b] : bytes)),
    0x0b,
  ];
  const expected = objdump(body);
  const lines = wasmBody(new Uint8Array(body));
  expect(lines[0]?.text).toBe("locals: ");
  expect(lines.slice(1).map(({ offset, text }) => ({ offset, text }))).toEqual(expected);
});

test("locals, and how deep things nest", () => {
  // (local i64 i64 v128) loop i32: if: nop else nop end end drop end
  const body = [2, 2, 0x7e, 1, 0x7b, 0x03, 0x7f, 0x04, 0x40, 0x01, 0x05, 0x01, 0x0b, 0x0b, 0x1a, 0x0b];
  const lines = wasmBody(new Uint8Array(body));
  expect(lines.map(({ depth, text }) => `${" ".repeat(depth)}${text}`)).toEqual([
    "locals: 2 i64, 1 v128",
    "loop i32",
    " if",
    "  nop",
    " else",
    "  nop",
    " end",
    "end",
    "drop",
    "end",
  ]);
  expect(lines.slice(1).map(({ text }) => text)).toEqual(objdump(body).map(({ text }) => text));
});

test("a number that no instruction has is an error", () => {
  expect(() => wasmBody(new Uint8Array([0, 0x27]))).toThrow(/39/);
  expect(() => wasmBody(new Uint8Array([0, 0xfd, 0x9a, 0x01]))).toThrow(/253 154/);
});
