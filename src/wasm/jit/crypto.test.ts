/** Cryptographic instructions are compiled: none calls its handler. What they compute the differential tests compare with QEMU. */
import { expect, test } from "vitest";
import { loadEngine } from "../a64/differential/engine.ts";
import { createRandom } from "../a64/differential/random.ts";
import { compileTable, randomWord } from "../a64/differential/words.ts";
import { CPU_FP_TRAP, CPU_PC, CPU_POWER } from "../cpu/state";
import { CPU_BASE, GUEST_RAM_BASE, RAM_BASE } from "../layout";

const CODE = 0x1000;
const WFI = 0xd503_207f;
const RUN_WFI = 1;
/** Has a handler, so that what is counted means something: UQADD V0.16B, V0.16B, V0.16B. */
const UQADD = 0x6e20_0c00;

test("AES, SHA, PMULL and CRC32 call no handler", async () => {
  const handled = new Set<number>();
  const host = { counter_low: () => 0, counter_high: () => 0, guest_error: () => 0 };
  const watch = { fused: false, onHandler: (word: number): unknown => handled.add(word >>> 0) };
  const { engine, memory } = await loadEngine(1 << 20, host, true, watch);
  engine.cpu_reset(0, 1);
  engine.cpu_set_deterministic(true);
  const data = new DataView(memory.buffer);
  const at = (offset: unknown): number => CPU_BASE + Number(offset);
  const random = createRandom(1, "crypto");
  const words = compileTable()
    .filter(({ file }) => file === "crypto")
    .map((row) => randomWord(row, random));
  [...words, UQADD, WFI].forEach((word, index) => data.setUint32(RAM_BASE + CODE + 4 * index, word, true));
  data.setBigUint64(at(CPU_PC), BigInt(GUEST_RAM_BASE) + BigInt(CODE), true);
  data.setUint32(at(CPU_POWER), 0, true);
  data.setUint32(at(CPU_FP_TRAP), 0, true);
  expect(engine.cpu_run(0, 1000, 0)).toBe(RUN_WFI);
  expect(words.length).toBe(24);
  expect([...handled]).toEqual([UQADD]);
});
