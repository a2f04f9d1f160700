import { IDBFactory } from "fake-indexeddb";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DiskCatalog, freeName } from "./disk-catalog.ts";
import type { DiskRecord } from "./disk-record.ts";

const open: DiskCatalog[] = [];
afterEach(() => {
  for (const catalog of open.splice(0)) catalog.close();
});

function catalogIn(browser: IDBFactory): DiskCatalog {
  const catalog = new DiskCatalog(browser);
  open.push(catalog);
  return catalog;
}

function record(id: string, change: Partial<DiskRecord> = {}): DiskRecord {
  return {
    id,
    name: id,
    sizeBytes: 1 << 20,
    chunkBytes: 65536,
    store: "idb",
    base: { kind: "none" },
    origin: "",
    createdMs: 1,
    usedMs: 1,
    ...change,
  };
}

/** Puts something into the catalogue's database that the catalogue would not. */
async function putRaw(browser: IDBFactory, key: IDBValidKey, value: unknown): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const request = browser.open("armlet-disks");
    request.onerror = () => reject(new Error("cannot be opened", { cause: request.error }));
    request.onsuccess = () => {
      const transaction = request.result.transaction("records", "readwrite");
      transaction.objectStore("records").put(value, key);
      transaction.oncomplete = () => {
        request.result.close();
        resolve();
      };
    };
  });
}

describe("DiskCatalog", () => {
  it("keeps records over its own end, in the order in which they were made", async () => {
    const browser = new IDBFactory();
    const first = catalogIn(browser);
    await first.create(record("b", { createdMs: 2 }));
    await first.create(
      record("a", { createdMs: 1, base: { kind: "file", name: "a.img", sizeBytes: 7, modifiedMs: 9, format: "raw" } }),
    );
    first.close();
    const second = catalogIn(browser);
    expect((await second.list()).records.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(await second.get("a")).toEqual(
      record("a", { createdMs: 1, base: { kind: "file", name: "a.img", sizeBytes: 7, modifiedMs: 9, format: "raw" } }),
    );
    expect(await second.get("c")).toBeNull();
  });

  it("gives names once, also where two tabs take the same at the same time", async () => {
    const browser = new IDBFactory();
    const tabs = [catalogIn(browser), catalogIn(browser)] as const;
    const made = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        tabs[index % 2 === 0 ? 0 : 1].create(record(`d${index}`, { name: "debian" })),
      ),
    );
    expect(made.map((row) => row.name).sort()).toEqual([
      "debian",
      "debian 2",
      "debian 3",
      "debian 4",
      "debian 5",
      "debian 6",
    ]);
    const renamed = await tabs[0].update("d0", { name: "debian 2" });
    expect(renamed.name).toMatch(/^debian( 2| 7)?$/);
    const names = (await catalogIn(browser).list()).records.map(({ name }) => name);
    expect(new Set(names).size).toBe(6);
  });

  it("keeps a disk's name when it is renamed to what it is called", async () => {
    const catalog = catalogIn(new IDBFactory());
    await catalog.create(record("a", { name: "debian" }));
    expect((await catalog.update("a", { name: "debian" })).name).toBe("debian");
    expect((await catalog.update("a", { name: "  " })).name).toBe("disk");
  });

  it("lists a disk only when it is finished", async () => {
    const catalog = catalogIn(new IDBFactory());
    await catalog.create(record("a"), { finished: false });
    expect(await catalog.get("a")).toBeNull();
    expect(await catalog.list()).toMatchObject({ records: [], unfinished: [{ id: "a" }], damaged: [] });
    await catalog.setFinished("a", true);
    expect(await catalog.get("a")).toEqual(record("a"));
    expect(await catalog.list()).toMatchObject({ records: [{ id: "a" }], unfinished: [] });
  });

  it("finds the disk over an address", async () => {
    const catalog = catalogIn(new IDBFactory());
    const base = {
      kind: "url",
      url: "https://x.example/a.img",
      sizeBytes: 512,
      validator: null,
      sha256: null,
      format: null,
    } as const;
    await catalog.create(record("a"));
    await catalog.create(record("b", { base }));
    expect(await catalog.forUrl("https://x.example/a.img")).toMatchObject({ id: "b" });
    expect(await catalog.forUrl("https://x.example/b.img")).toBeNull();
  });

  it("says what is wrong with a row, and goes on with the others", async () => {
    const browser = new IDBFactory();
    const catalog = catalogIn(browser);
    await catalog.create(record("good"));
    await putRaw(browser, "size", { ...record("size"), finished: true, sizeBytes: 2 ** 63 });
    await putRaw(browser, "odd", { ...record("odd"), finished: true, sizeBytes: 513 });
    await putRaw(browser, "other", { ...record("elsewhere"), finished: true });
    await putRaw(browser, "foreign", "not ours");
    await putRaw(browser, 7, null);
    await putRaw(browser, "script", {
      ...record("script"),
      finished: true,
      base: { kind: "url", url: "nonsense", sizeBytes: 1, validator: null, sha256: null, format: null },
    });
    const { records, damaged } = await catalog.list();
    expect(records.map(({ id }) => id)).toEqual(["good"]);
    expect(damaged.map(({ id }) => id).sort()).toEqual(["(7)", "foreign", "odd", "other", "script", "size"]);
    expect(damaged.find(({ id }) => id === "odd")?.reason).toContain("sizeBytes");
    expect(damaged.find(({ id }) => id === "other")?.reason).toContain("elsewhere");
    await expect(catalog.get("odd")).rejects.toMatchObject({ code: "damaged" });
    // A name next to a damaged row is still given once, and the row can be thrown away.
    expect((await catalog.create(record("new", { name: "good" }))).name).toBe("good 2");
    await catalog.remove("odd");
    expect((await catalog.list()).damaged.map(({ id }) => id)).not.toContain("odd");
  });

  it("writes nothing where a change is refused", async () => {
    const catalog = catalogIn(new IDBFactory());
    await catalog.create(record("a"));
    await expect(catalog.create(record("a"))).rejects.toMatchObject({ code: "busy" });
    await expect(catalog.create(record("b", { sizeBytes: 100 }))).rejects.toMatchObject({ code: "damaged" });
    await expect(catalog.update("a", { sizeBytes: -512 })).rejects.toMatchObject({ code: "damaged" });
    await expect(catalog.update("gone", { name: "x" })).rejects.toMatchObject({ code: "gone" });
    expect((await catalog.list()).records).toEqual([record("a")]);
  });

  it("tells other tabs of every change", async () => {
    const browser = new IDBFactory();
    const here = catalogIn(browser);
    const there = catalogIn(browser);
    const heard = vi.fn();
    const own = vi.fn();
    there.onChange(heard);
    const listener = here.onChange(own);
    await here.create(record("a"));
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1));
    await here.update("a", { usedMs: 5 });
    await here.remove("a");
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(3));
    expect(own).toHaveBeenCalledTimes(3);
    listener.dispose();
    await here.create(record("b"));
    expect(own).toHaveBeenCalledTimes(3);
  });

  it("says so where the browser keeps nothing, and works again when it does", async () => {
    const browser = new IDBFactory();
    let refuses = true;
    const moody = new Proxy(browser, {
      get: (target, key) => {
        if (key === "open" && refuses) {
          return () => {
            throw new DOMException("storage is off", "SecurityError");
          };
        }
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const catalog = catalogIn(moody);
    await expect(catalog.list()).rejects.toMatchObject({ code: "unavailable", advice: expect.stringMatching(/./) });
    refuses = false;
    expect(await catalog.list()).toEqual({ records: [], unfinished: [], damaged: [] });
  });
});

describe("freeName", () => {
  it("counts from two, and on from a number that is there", () => {
    expect(freeName("debian 2", new Set(["debian 2", "debian 3"]))).toBe("debian 4");
    expect(freeName("debian", new Set())).toBe("debian");
    expect(freeName(" debian ", new Set(["debian", "debian 2"]))).toBe("debian 3");
    expect(freeName("", new Set(["disk"]))).toBe("disk 2");
  });
});
