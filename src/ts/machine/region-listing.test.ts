/** `-d jit`: each guest instruction stands beside its own WebAssembly, in the words of objdump for both. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadEngine } from "../../wasm/a64/differential/engine.ts";
import { CPU_FP_TRAP, CPU_X } from "../../wasm/cpu/state.ts";
import { STAT_BYTES, STAT_REGIONS } from "../../wasm/jit/limits.ts";
import { CPU_BASE, JIT_MODULE, RAM_BASE } from "../../wasm/layout.ts";
import type { ListingImports } from "./region-host.ts";
import { RegionListing } from "./region-listing.ts";

const RAM_SIZE = 1 << 20;
const GPA = 0x4000_0000;
const CODE = 0x1000;
/** loop: ldr x0, [x2]; add x0, x0, #0x123; str x0, [x2, #8]; subs x3, x3, #1; b.ne loop; fadd v1.4s, v2.4s, v3.4s; wfi. */
const PROGRAM = [0xf940_0040, 0x9104_8c00, 0xf900_0440, 0xf100_0463, 0x54ff_ff81, 0x4e23_d441, 0xd503_207f];

/** Where each of wasm-objdump's instructions begins in `module`, with its text. */
function objdump(module: Uint8Array): { address: number; text: string }[] {
  const folder = mkdtempSync(join(tmpdir(), "armlet-listing-"));
  try {
    writeFileSync(join(folder, "region.wasm"), module);
    const text = execFileSync("wasm-objdump", ["-d", join(folder, "region.wasm")], { encoding: "utf8" });
    return text.split("\n").flatMap((line) => {
      const [, address, what] = /^ ([0-9a-f]{6}):(?: [0-9a-f]{2})+ +\| *(.*?) *$/.exec(line) ?? [];
      const isCode = address !== undefined && what !== undefined && what !== "" && !/^local\[/.test(what);
      return isCode ? [{ address: Number.parseInt(address, 16), text: what }] : [];
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a region's listing", async () => {
  const texts: string[] = [];
  // The listing needs the memory, which comes with the engine.
  const printer: { listing: RegionListing | null } = { listing: null };
  const imports: ListingImports = {
    jit_listed_at: (...values) => printer.listing?.imports.jit_listed_at(...values),
    jit_listed: (...values) => printer.listing?.imports.jit_listed(...values),
  };
  const { engine, memory } = await loadEngine(
    RAM_SIZE,
    { counter_low: () => 0, counter_high: () => 0 },
    true,
    undefined,
    {
      listing: imports,
    },
  );
  printer.listing = new RegionListing(memory, (text) => texts.push(text));
  engine.gic_init(2, 1, 0);
  engine.cpu_reset(0, 1);
  engine.cpu_start(0, GPA + CODE, 0, 0, 0);
  const view = new DataView(memory.buffer, Number(RAM_BASE));
  PROGRAM.forEach((word, index) => {
    view.setUint32(CODE + 4 * index, word, true);
  });
  const cpu = new DataView(memory.buffer, Number(CPU_BASE));
  cpu.setBigUint64(Number(CPU_X) + 8 * 2, BigInt(GPA + 0x8000), true);
  cpu.setBigUint64(Number(CPU_X) + 8 * 3, 10n, true);
  cpu.setUint32(Number(CPU_FP_TRAP), 0, true);
  engine.cpu_run(0, 1000, 0);

  const [text = ""] = texts;
  const [heading, ...rows] = text.split("\n");
  expect(heading).toMatch(/^region at 0x40001000: 7 instructions, \d+ bytes of WebAssembly$/);
  const columns = rows.map((row) => [row.slice(0, 64).trim(), row.slice(66)] as const);
  expect(columns.filter(([guest]) => guest !== "").map(([guest]) => guest)).toEqual([
    "begin of the region",
    "0000000040001000: f9400040  ldr x0, [x2]",
    "0000000040001004: 91048c00  add x0, x0, #0x123",
    "0000000040001008: f9000440  str x0, [x2, #8]",
    "000000004000100c: f1000463  subs x3, x3, #0x1",
    "0000000040001010: 54ffff81  b.ne 0x40001000",
    "0000000040001014: 4e23d441  fadd v1.4s, v2.4s, v3.4s",
    "0000000040001018: d503207f  hint #0x3",
    "end of the region",
  ]);
  /** The WebAssembly beside one row of the guest's. */
  const beside = (guest: RegExp): string[] => {
    const first = columns.findIndex(([name]) => guest.test(name));
    const next = columns.findIndex(([name], index) => index > first && name !== "");
    return columns.slice(first, next === -1 ? columns.length : next).map(([, wasm]) => wasm.trim());
  };
  expect(beside(/ldr/).at(-2)).toMatch(/^i64\.load 0 0$/);
  expect(beside(/add x0/).join("; ")).toMatch(/^local\.get \d+; i64\.const 291; i64\.add; local\.set \d+$/);
  // Load and store share the range from x2 to 16 bytes behind it.
  expect(beside(/str/)).toContain("i64.store 0 8");
  expect(beside(/str/)).toContain("i64.const 8");
  expect(beside(/b\.ne/).some((line) => line.startsWith("br_if"))).toBe(true);
  expect(beside(/fadd/)).toContain("f32x4.add");

  // All of the WebAssembly, in its order, is what wasm-objdump finds in the module that the host was given.
  expect(engine.jit_stat(STAT_REGIONS)).toBe(1);
  const module = new Uint8Array(memory.buffer, Number(JIT_MODULE), engine.jit_stat(STAT_BYTES));
  const all = columns.map(([, wasm]) => wasm.trim()).slice(1);
  const words = objdump(module).map(({ text: line }) => line.replace(/ <e\.\d+>$/, ""));
  const indirect = (line: string): string => line.replace(/^(return_call_indirect) (\d+) (\d+)$/, "$1 $3 (type $2)");
  expect(all.filter((line) => !line.includes(".const"))).toEqual(
    words
      .slice(0, all.length)
      .map(indirect)
      .filter((line) => !line.includes(".const")),
  );
});
