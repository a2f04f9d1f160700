import { describe, expect, it } from "vitest";
import { DiskLock } from "./disk-lock.ts";
import { fakeLocks } from "./testing/fake-locks.ts";

describe("DiskLock", () => {
  it("is had by one at a time, disk by disk, and told of", async () => {
    const locks = fakeLocks();
    const first = await DiskLock.acquire("a", locks, 0);
    expect(first?.id).toBe("a");
    expect(await DiskLock.acquire("a", locks, 0)).toBeNull();
    const other = await DiskLock.acquire("b", locks, 0);
    expect(await DiskLock.held(locks)).toEqual(new Set(["a", "b"]));
    await first?.release();
    expect(await DiskLock.held(locks)).toEqual(new Set(["b"]));
    expect(await DiskLock.acquire("a", locks, 0)).not.toBeNull();
    await other?.release();
  });

  it("waits a moment for whoever is just leaving, and no longer", async () => {
    const locks = fakeLocks();
    const leaving = await DiskLock.acquire("a", locks, 0);
    const waiting = DiskLock.acquire("a", locks, 60_000);
    await leaving?.release();
    expect(await waiting).not.toBeNull();
    expect(await DiskLock.acquire("a", locks, 5)).toBeNull();
  });

  it("refuses work on a disk that is open, with the disk's name", async () => {
    const locks = fakeLocks();
    const open = await DiskLock.acquire("a", locks, 0);
    await expect(DiskLock.require("a", "debian", locks)).rejects.toMatchObject({
      code: "busy",
      message: expect.stringContaining("debian"),
      advice: expect.stringMatching(/./),
    });
    await open?.release();
    await (await DiskLock.require("a", "debian", locks)).release();
  });

  it("passes on what the browser says against it", async () => {
    const refusing = {
      request: () => Promise.reject(new DOMException("no locks here", "SecurityError")),
      query: () => Promise.resolve({}),
    };
    await expect(DiskLock.acquire("a", refusing, 0)).rejects.toMatchObject({ code: "unavailable" });
  });
});
