import { describe, expect, it } from "vitest";
import { settled } from "./pieces.ts";

describe("settled", () => {
  it("is nothing where there is nothing to wait for", () => {
    expect(settled([])).toBeUndefined();
  });

  it("does not settle before all have, also where one fails: the others still fill the reader's buffer", async () => {
    const events: string[] = [];
    let fill = (): void => {};
    const slow = new Promise<void>((resolve) => {
      fill = resolve;
    });
    const failing = Promise.reject(new Error("the disk is gone"));
    const all = Promise.resolve(settled([slow.then(() => void events.push("filled")), failing]));
    const ended = all.catch((error: unknown) => void events.push(String(error)));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(events).toEqual([]);
    fill();
    await ended;
    expect(events).toEqual(["filled", "Error: the disk is gone"]);
  });

  it("fails as the first in the list", async () => {
    const later = new Promise<void>((_, reject) => setTimeout(() => reject(new Error("first in the list")), 1));
    await expect(settled([later, Promise.reject(new Error("first in time"))])).rejects.toThrow("first in the list");
  });
});
