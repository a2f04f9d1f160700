import { expect, test } from "vitest";
import { runBareMetal, differences, type BareMetalCase } from "./bare-metal.ts";
test("x", async () => {
  const cases: BareMetalCase[] = [];
  for (let key = 0; key < 32768; key++) cases.push({ label: `mrs ${(key|0x8000).toString(16)}`, words: [(0xd530_0000 | (key << 5)) >>> 0], x: [0x1111n] });
  const t = performance.now();
  const r = await runBareMetal(cases);
  console.log(performance.now()-t);
  const d = differences(cases, r);
  console.log(d.length, d.slice(0, 60).join("\n"));
});
