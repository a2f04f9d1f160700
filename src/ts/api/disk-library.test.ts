import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ImageFolder } from "../inspect/testing/images.ts";
import { arm64Image, pattern } from "../loader/testing/samples.ts";
import { holdDisk } from "../storage/disk-hold.ts";
import { DiskLock } from "../storage/disk-lock.ts";
import { StorageError } from "../storage/storage-error.ts";
import { fakeLocks } from "../storage/testing/fake-locks.ts";
import { type DiskBrowser, type DiskTab, diskBrowser, diskTab } from "../worker/testing/disk-browser.ts";
import { noise } from "../lib/testing/noise.ts";

const tabs: DiskTab[] = [];
afterEach(() => {
  for (const tab of tabs.splice(0)) tab.kill();
});

function openTab(browser: DiskBrowser, change: Parameters<typeof diskTab>[1] = {}): DiskTab {
  const tab = diskTab(browser, change);
  tabs.push(tab);
  return tab;
}

/** 10 MB with holes of zeros, as a disk image has. */
function image(sizeBytes = 10_000_384): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  for (let start = 0; start < sizeBytes; start += 3_000_000) {
    bytes.set(noise(Math.min(100_000, sizeBytes - start), `at ${start}`), start);
  }
  return bytes;
}

function sink(onWrite: (bytes: Uint8Array) => void | Promise<void> = () => {}) {
  const parts: Uint8Array[] = [];
  const state = { closed: false, aborted: false };
  const stream = new WritableStream<Uint8Array>({
    async write(bytes) {
      await onWrite(bytes);
      parts.push(bytes.slice());
    },
    close: () => {
      state.closed = true;
    },
    abort: () => {
      state.aborted = true;
    },
  });
  return { stream, state, bytes: () => Buffer.concat(parts) };
}

describe("DiskLibrary", () => {
  it("takes a raw image in, lists it, and gives the same bytes back", async () => {
    const { library } = openTab(diskBrowser());
    const bytes = image();
    const progress: number[] = [];
    const disk = await library.import(new File([bytes], "debian.img"), {
      name: "debian",
      onProgress: ({ doneBytes, totalBytes }) => {
        expect(totalBytes).toBe(bytes.length);
        progress.push(doneBytes);
      },
    });
    expect(disk).toMatchObject({ name: "debian", sizeBytes: bytes.length, base: { kind: "none" }, inUse: false });
    expect(disk.id).toMatch(/^[a-z0-9-]+$/);
    expect(disk.usedBytes).toBeLessThan(bytes.length / 4);
    expect(progress.at(-1)).toBe(bytes.length);
    expect(await library.list()).toEqual([disk]);
    const file = sink();
    await library.export(disk.id, "raw", file.stream);
    expect(file.state.closed).toBe(true);
    expect(file.bytes().equals(bytes)).toBe(true);
  });

  it("makes empty disks of zeros", async () => {
    const { library } = openTab(diskBrowser());
    const disk = await library.createEmpty("new", 1 << 20);
    const file = sink();
    await library.export(disk.id, "raw", file.stream);
    expect(file.bytes().equals(Buffer.alloc(1 << 20))).toBe(true);
    await expect(library.createEmpty("odd", 1000)).rejects.toMatchObject({ failure: { code: "damaged" } });
  });

  it("leaves nothing behind when an import is cancelled", async () => {
    const browser = diskBrowser();
    const { library } = openTab(browser);
    const abort = new AbortController();
    const importing = library.import(new File([image()], "a.img"), {
      name: "a",
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    await expect(importing).rejects.toMatchObject({ failure: { code: "cancelled" } });
    expect(await library.list()).toEqual([]);
    expect((await browser.indexedDb.databases()).map(({ name }) => name)).toEqual(["armlet-disks"]);
    expect(await DiskLock.held(browser.locks)).toEqual(new Set());
  });

  it("leaves nothing behind when there is no room for an import", async () => {
    const browser = diskBrowser();
    const full = {
      ...browser.stores,
      open: async (record: Parameters<typeof browser.stores.open>[0]) => {
        const store = await browser.stores.open(record);
        let puts = 0;
        return new Proxy(store, {
          get(target, key) {
            if (key === "put" && ++puts > 0) {
              return () => Promise.reject(new DOMException("full", "QuotaExceededError"));
            }
            const value: unknown = Reflect.get(target, key);
            return typeof value === "function" ? value.bind(target) : value;
          },
        });
      },
    };
    const { library } = openTab(browser, { stores: full });
    await expect(library.import(new File([image()], "a.img"), { name: "a" })).rejects.toBeInstanceOf(Error);
    expect(await library.list()).toEqual([]);
    expect((await browser.indexedDb.databases()).map(({ name }) => name)).toEqual(["armlet-disks"]);
  });

  it("cleans up what an import of a killed tab left, and leaves one alone that is under way", async () => {
    const browser = diskBrowser();
    const dying = openTab(browser, { stores: hanging(browser) });
    void dying.library.import(new File([image()], "a.img"), { name: "a" }).catch(() => {});
    const { library } = openTab(browser);
    await vi.waitFor(async () => expect((await browser.indexedDb.databases()).length).toBe(2));
    expect(await library.list()).toEqual([]);
    expect((await browser.indexedDb.databases()).length).toBe(2);
    // What the browser does when the tab's worker is gone: its locks are free.
    const [id] = [...(await DiskLock.held(browser.locks))];
    dying.kill();
    expect(id).toMatch(/^a-/);
    const freed = { ...browser, locks: fakeLocks() };
    expect(await openTab(freed).library.list()).toEqual([]);
    expect((await browser.indexedDb.databases()).map(({ name }) => name)).toEqual(["armlet-disks"]);
  });

  it("refuses to delete or reset a disk that a machine has, and a reset of one without a base", async () => {
    const browser = diskBrowser();
    const { library } = openTab(browser);
    const disk = await library.import(new File([new Uint8Array(1024)], "a.img"), { name: "debian" });
    await expect(library.reset(disk.id)).rejects.toMatchObject({
      failure: { message: expect.stringContaining("debian") },
    });
    const machine = await DiskLock.acquire(disk.id, browser.locks, 0);
    expect(await library.list()).toMatchObject([{ inUse: true }]);
    const refusal = { failure: { code: "busy", message: expect.stringContaining("debian") } };
    await expect(library.remove(disk.id)).rejects.toMatchObject(refusal);
    await machine?.release();
    await library.remove(disk.id);
    expect(await library.list()).toEqual([]);
    await expect(library.remove(disk.id)).rejects.toMatchObject({ failure: { code: "gone" } });
  });

  it("keeps a disk over a file that is not copied, and asks for the same file again", async () => {
    const browser = diskBrowser();
    const { library } = openTab(browser);
    const bytes = image();
    const file = new File([bytes], "big.img", { lastModified: 77 });
    const disk = await library.import(file, { name: "big", copy: false });
    expect(disk).toMatchObject({ usedBytes: 0, base: { kind: "file", name: "big.img", modifiedMs: 77 } });
    expect(library.files).toEqual({ [`disk:${disk.id}`]: file });
    // After a reload.
    const later = openTab(browser).library;
    expect(later.files).toEqual({});
    await expect(later.export(disk.id, "raw", sink().stream)).rejects.toMatchObject({ failure: { code: "gone" } });
    const other = new File([bytes], "big.img", { lastModified: 78 });
    await expect(later.giveFile(disk.id, other)).rejects.toMatchObject({ failure: { code: "changed" } });
    await later.giveFile(disk.id, file);
    const copy = sink();
    await later.export(disk.id, "raw", copy.stream);
    expect(copy.bytes().equals(bytes)).toBe(true);
  });

  it("gives a disk back from the file of its changes and the image that they were made to", async () => {
    const { library } = openTab(diskBrowser());
    const below = new File([image()], "base.img", { lastModified: 77 });
    const folder = new ImageFolder();
    try {
      folder.file("base.img", new Uint8Array(await below.arrayBuffer()));
      folder.run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", "base.img", "-F", "raw", "changed.qcow2"]);
      folder.run("qemu-io", ["-c", "write -P 5 1000448 70000", "-c", "write -z 3000320 2048", "changed.qcow2"]);
      const changes = new File([folder.bytes("changed.qcow2")], "changed.qcow2");
      folder.run("qemu-img", ["convert", "-O", "raw", "changed.qcow2", "whole.img"]);
      const whole = Buffer.from(folder.bytes("whole.img"));

      expect(await library.inspect(changes)).toMatchObject({
        role: "disk",
        summary: expect.stringContaining("Only the changes to base.img"),
        backing: { name: "base.img", url: null },
      });
      const name = "changed";
      await expect(library.import(changes, { name })).rejects.toMatchObject({ failure: { code: "gone" } });
      expect(await library.list()).toEqual([]);
      const first = await library.import(changes, { name, base: below });
      expect(first).toMatchObject({ base: { kind: "file", name: "base.img", modifiedMs: 77 } });
      expect(library.files).toEqual({ [`disk:${first.id}`]: below });
      expect(first.usedBytes).toBeLessThan(200_000);
      const out = sink();
      await library.export(first.id, "raw", out.stream);
      expect(out.bytes().equals(whole)).toBe(true);

      // The same from a file of our own, which knows its base.
      const ours = sink();
      await library.export(first.id, "changes", ours.stream);
      const again = new File([ours.bytes()], "changed.changes.qcow2");
      const other = new File([image(5_000_192)], "base.img");
      await expect(library.import(again, { name, base: other })).rejects.toMatchObject({
        failure: { code: "changed", message: expect.stringContaining("size differs") },
      });
      const second = await library.import(again, { name, base: below });
      const back = sink();
      await library.export(second.id, "raw", back.stream);
      expect(back.bytes().equals(whole)).toBe(true);
    } finally {
      folder.remove();
    }
  });

  it("sends no more than the sink takes", async () => {
    const { library, messages } = openTab(diskBrowser());
    const disk = await library.createEmpty("zeros", 64 << 20);
    let letGo = (): void => {};
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const slow = sink(() => gate);
    const exporting = library.export(disk.id, "raw", slow.stream);
    const chunks = (): number => messages.filter(({ kind }) => kind === "chunk").length;
    await vi.waitFor(() => expect(chunks()).toBeGreaterThan(2));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(chunks()).toBeLessThanOrEqual(4);
    letGo();
    await exporting;
    expect(chunks()).toBe(16);
  });

  it("ends an export that is cancelled or whose file cannot be written", async () => {
    const { library } = openTab(diskBrowser());
    const disk = await library.createEmpty("zeros", 64 << 20);
    const abort = new AbortController();
    const file = sink(() => abort.abort());
    await expect(library.export(disk.id, "raw", file.stream, { signal: abort.signal })).rejects.toMatchObject({
      failure: { code: "cancelled" },
    });
    expect(file.state).toEqual({ closed: false, aborted: true });
    const full = sink(() => {
      throw new Error("the stick is full");
    });
    await expect(library.export(disk.id, "raw", full.stream)).rejects.toMatchObject({
      failure: { code: "failed", message: expect.stringContaining("the stick is full") },
    });
    // Both let go of the disk.
    await library.remove(disk.id);
  });

  it("waits for nobody: a machine that does not answer is told, and its disk is not exported", async () => {
    const browser = diskBrowser();
    const machine = await DiskLock.acquire("a", browser.locks, 0);
    await expect(holdDisk({ id: "a", name: "debian" }, browser.locks, { answerMs: 20 })).rejects.toMatchObject({
      code: "busy",
      message: expect.stringContaining("debian"),
    });
    await machine?.release();
  });

  it("says so where there are no locks", async () => {
    const { library } = openTab(diskBrowser(), { locks: null });
    await expect(library.list()).rejects.toMatchObject({ failure: { code: "unavailable" } });
  });

  it("tells of changes in other tabs", async () => {
    const browser = diskBrowser();
    const here = openTab(browser).library;
    const heard = vi.fn();
    openTab(browser).library.onChange(heard);
    const disk = await here.createEmpty("a", 512);
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1));
    await here.rename(disk.id, "b");
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(2));
  });

  it("lists the other disks where the contents of one cannot be read", async () => {
    const browser = diskBrowser();
    const { library } = openTab(browser);
    const bad = await library.createEmpty("bad", 512);
    const good = await library.createEmpty("good", 512);
    const stores = {
      ...browser.stores,
      read: async (record: Parameters<typeof browser.stores.read>[0]) => {
        if (record.id === bad.id) throw new StorageError("damaged", "It is torn.", "");
        return await browser.stores.read(record);
      },
    };
    const other = openTab(browser, { stores }).library;
    expect(await other.list()).toMatchObject([{ id: good.id }]);
    expect(await other.damaged()).toMatchObject([{ id: bad.id, reason: expect.stringMatching(/bad.*torn/) }]);
    await other.remove(bad.id);
    expect(await other.damaged()).toEqual([]);
  });

  it("looks into files and disks, and takes out what a system boots with", async () => {
    const images = new ImageFolder();
    try {
      images.file("root/usr/lib/os-release", 'PRETTY_NAME="Test Linux 1"\n');
      images.file("root/boot/vmlinuz-1", arm64Image(100_000, 0, 1 << 20));
      images.file("root/boot/initrd.img-1", pattern(9000, 3));
      images.empty("disk.img", 16 << 20);
      images.run("mke2fs", ["-q", "-F", "-t", "ext4", "-d", "root", "disk.img"]);
      const file = new File([gzipSync(images.bytes("disk.img"))], "disk.img.gz");
      const { library } = openTab(diskBrowser());
      expect(await library.inspect(file)).toMatchObject({ role: "disk", formats: ["gzip"] });
      const disk = await library.import(file, { name: "test" });
      expect(disk).toMatchObject({ sizeBytes: 16 << 20, origin: "disk.img.gz (raw image in gzip)" });
      expect(await library.inspectDisk(disk.id)).toMatchObject({
        role: "disk",
        system: { title: "Test Linux 1", kernelPath: "/boot/vmlinuz-1" },
        root: "/dev/vda",
      });
      const boot = await library.bootFiles(disk.id);
      expect(boot?.append).toContain("root=/dev/vda");
      expect(
        Buffer.from((await boot?.kernel.arrayBuffer()) ?? new ArrayBuffer(0)).equals(arm64Image(100_000, 0, 1 << 20)),
      ).toBe(true);
      expect(boot?.initrd?.size).toBe(9000);
      const empty = await library.createEmpty("empty", 1 << 20);
      expect(await library.bootFiles(empty.id)).toBeNull();
    } finally {
      images.remove();
    }
  });

  it("refuses what is no disk image, with nothing left of it", async () => {
    const { library } = openTab(diskBrowser());
    for (const [bytes, code] of [
      [new Uint8Array(0), "format"],
      [new Uint8Array(gzipSync(image(1 << 20))).subarray(0, 9000), "damaged"],
    ] as const) {
      const importing = library.import(new File([bytes], "x.img"), { name: "x" });
      await expect(importing).rejects.toMatchObject({ failure: { code, message: expect.stringMatching(/./) } });
    }
    expect(await library.list()).toEqual([]);
    const full = openTab(diskBrowser(), { roomBytes: 65_536 }).library;
    await expect(full.import(new File([image()], "x.img"), { name: "x" })).rejects.toMatchObject({
      failure: { code: "quota" },
    });
  });

  it("shows what cannot be read apart, where it can be removed", async () => {
    const browser = diskBrowser();
    const { library } = openTab(browser);
    await library.list();
    await new Promise<void>((resolve) => {
      const request = browser.indexedDb.open("armlet-disks");
      request.onsuccess = () => {
        const transaction = request.result.transaction("records", "readwrite");
        transaction.objectStore("records").put({ id: "x", name: 5 }, "x");
        transaction.oncomplete = () => resolve();
      };
    });
    expect(await library.damaged()).toMatchObject([{ id: "x", reason: expect.stringContaining("x") }]);
    await library.remove("x");
    expect(await library.damaged()).toEqual([]);
  });
});

/** Stores whose writes never come back. */
function hanging(browser: DiskBrowser): DiskBrowser["stores"] {
  return {
    ...browser.stores,
    open: async (record) => {
      const store = await browser.stores.open(record);
      store.put = () => new Promise(() => {});
      return store;
    },
  };
}
