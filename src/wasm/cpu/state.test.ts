import { expect, test } from "vitest";
import * as state from "./state";

test("no two fields of a CPU's state have one place", () => {
  const fields = Object.entries(state).filter(([name]) => name.startsWith("CPU_") && !name.endsWith("_SIZE"));
  const places = new Map<number, string[]>();
  for (const [name, offset] of fields) places.set(Number(offset), [...(places.get(Number(offset)) ?? []), name]);
  expect([...places.values()].filter((names) => names.length > 1)).toEqual([]);
  expect(fields.length).toBeGreaterThan(60);
});
