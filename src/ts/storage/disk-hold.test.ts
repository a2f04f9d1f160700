import { afterEach, describe, expect, it, vi } from "vitest";
import { HoldWatch, holdDisk } from "./disk-hold.ts";
import { DiskLock, type Locks } from "./disk-lock.ts";
import { StorageError } from "./storage-error.ts";
import { fakeLocks } from "./testing/fake-locks.ts";

const DISK = { id: "a", name: "debian" };
const watches: HoldWatch[] = [];
afterEach(() => {
  for (const watch of watches.splice(0)) watch.close();
});

/** A machine that has the disk, and what it is asked. */
async function writer(locks: Locks, hold: () => Promise<void> = () => Promise.resolve()): Promise<string[]> {
  const events: string[] = [];
  await DiskLock.acquire(DISK.id, locks, 0);
  const watch = new HoldWatch(DISK.id, locks, {
    hold: async () => {
      await hold();
      events.push("hold");
    },
    release: () => events.push("release"),
  });
  watches.push(watch);
  return events;
}

describe("holdDisk", () => {
  it("has the writer flush first, and lets it go on afterwards", async () => {
    const locks = fakeLocks();
    const events = await writer(locks);
    const release = await holdDisk(DISK, locks);
    expect(events).toEqual(["hold"]);
    await release();
    await vi.waitFor(() => expect(events).toEqual(["hold", "release"]));
  });

  it("lets one reader follow another; the writer is held for each", async () => {
    const locks = fakeLocks();
    const events = await writer(locks);
    const first = await holdDisk(DISK, locks);
    let isSecond = false;
    const second = holdDisk(DISK, locks).then((release) => {
      isSecond = true;
      return release;
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(isSecond).toBe(false);
    await first();
    const release = await second;
    expect(events.filter((event) => event === "hold")).toHaveLength(2);
    // Not between the answer to the second and its end.
    const count = events.length;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(events.slice(count)).toEqual([]);
    await release();
    await vi.waitFor(() => expect(events.at(-1)).toBe("release"));
  });

  it("fails with the writer's reason where that cannot flush, and leaves nothing held", async () => {
    const locks = fakeLocks();
    const events = await writer(locks, () => Promise.reject(new StorageError("quota", "It is full.", "Delete.")));
    await expect(holdDisk(DISK, locks)).rejects.toMatchObject({
      message: "It is full.",
      advice: expect.stringMatching(/^Delete\. Or leave/),
    });
    await vi.waitFor(() => expect(events).toEqual(["release"]));
    // Nobody is in the way of the next.
    await expect(holdDisk(DISK, locks)).rejects.toMatchObject({ message: "It is full." });
  });

  it("asks nobody where nobody writes, or the caller does", async () => {
    const locks = fakeLocks();
    await (await holdDisk(DISK, locks, { answerMs: 1 }))();
    await DiskLock.acquire(DISK.id, locks, 0);
    await (await holdDisk(DISK, locks, { ownLock: true, answerMs: 1 }))();
  });

  it("holds a writer from its beginning that comes while somebody reads", async () => {
    const locks = fakeLocks();
    const release = await holdDisk(DISK, locks);
    const events = await writer(locks);
    watches.at(-1)?.start();
    await vi.waitFor(() => expect(events).toEqual(["hold"]));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(events).toEqual(["hold"]);
    await release();
    await vi.waitFor(() => expect(events).toEqual(["hold", "release"]));
  });
});
