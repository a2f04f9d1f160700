import { expect, it } from "vitest";
import { embedOptions } from "./embed-options.ts";

const read = (query: string) => embedOptions(new URLSearchParams(query));

it("reads what the address says of the frame", () => {
  expect(read("")).toEqual({ theme: null, origin: null, autostart: true, warnings: [] });
  expect(read("theme=light&autostart=0&origin=https://a.example:8443")).toEqual({
    theme: "light",
    origin: "https://a.example:8443",
    autostart: false,
    warnings: [],
  });
});

it.each(["https://a.example/", "https://A.example", "a.example", "null", "*", "", "javascript:alert(1)", "data:,x"])(
  "“%s” is no origin: nobody's messages are taken for those of one",
  (origin) => {
    const { origin: only, warnings } = read(`?${new URLSearchParams({ origin })}`);
    expect(only).toBe(origin);
    expect(warnings).toHaveLength(1);
  },
);

it("says what it does not understand, shortened", () => {
  const { theme, autostart, warnings } = read(`theme=${"x".repeat(500)}&autostart=maybe`);
  expect({ theme, autostart }).toEqual({ theme: null, autostart: true });
  expect(warnings).toHaveLength(2);
  expect(Math.max(...warnings.map((text) => text.length))).toBeLessThan(200);
});
