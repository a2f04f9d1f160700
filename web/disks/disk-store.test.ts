import { expect, it } from "vitest";
import { MemoryDiskLibrary } from "../testing/memory-disk-library.ts";
import { DiskStore, usedShare } from "./disk-store.ts";

const failed = (message: string) => ({ code: "failed", message, advice: "", url: null }) as const;

it("follows the library, and asks it once for many changes", async () => {
  const library = new MemoryDiskLibrary();
  const store = new DiskStore(library);
  expect(store.disks).toBeNull();
  await store.refresh();
  expect(store.disks).toEqual([]);
  const before = library.calls.length;
  for (const name of ["a", "b", "c", "d"]) library.addDisk(name);
  await store.refresh();
  expect(store.disks?.map(({ name }) => name)).toEqual(["a", "b", "c", "d"]);
  expect(library.calls.slice(before).filter((call) => call === "list")).toHaveLength(2);
});

it("shows a list that cannot be had, and disks without a meter where the browser does not say", async () => {
  const library = new MemoryDiskLibrary({ failures: { list: failed("no storage") } });
  const store = new DiskStore(library);
  await store.refresh();
  expect(store.trouble?.message).toBe("no storage");
  library.script.failures = { estimate: failed("no estimate") };
  library.addDisk("a");
  await store.refresh();
  expect(store.trouble).toBeNull();
  expect(store.disks).toHaveLength(1);
  expect(store.storage).toBeNull();
});

it("keeps what went wrong with a disk until the next try, and nothing of what was cancelled", async () => {
  const library = new MemoryDiskLibrary({ failures: { remove: failed("in use") } });
  const store = new DiskStore(library);
  const { id } = library.addDisk("a");
  expect(await store.do(id, () => library.remove(id))).toBe(false);
  expect(store.failures.get(id)?.message).toBe("in use");
  library.script.failures = { remove: { ...failed(""), code: "cancelled" } };
  expect(await store.do(id, () => library.remove(id))).toBe(false);
  expect(store.failures.size).toBe(0);
  library.script.failures = {};
  expect(await store.do(id, () => library.remove(id))).toBe(true);
  expect(store.disks).toEqual([]);
});

it("knows which disks need a file again", async () => {
  const library = new MemoryDiskLibrary();
  const store = new DiskStore(library);
  const disk = library.addDisk("a", {
    base: { kind: "file", name: "a.img", sizeBytes: 1, modifiedMs: 0, format: "raw" },
  });
  expect(store.isMissingFile(disk)).toBe(true);
  await library.giveFile(disk.id, new File(["x"], "a.img"));
  expect(store.isMissingFile(disk)).toBe(false);
  expect(store.isMissingFile(library.addDisk("b"))).toBe(false);
});

it("tells the share of the quota", () => {
  const estimate = { usageBytes: 5, quotaBytes: 10, persisted: false };
  expect([estimate, { ...estimate, quotaBytes: 0 }, { ...estimate, usageBytes: 20 }].map(usedShare)).toEqual([
    0.5, 0, 1,
  ]);
});
