import fc from "fast-check";
import { expect, it } from "vitest";

it("random choices are the same every time", () => {
  const choices = (): number[] => {
    const made: number[] = [];
    fc.assert(fc.property(fc.nat(), (value) => void made.push(value)));
    return made;
  };
  const first = choices();
  expect(new Set(first).size).toBeGreaterThan(10);
  expect(choices()).toEqual(first);
});
