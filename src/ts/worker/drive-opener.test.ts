import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import type { DriveConfig } from "../config/machine-config.ts";
import type { DiskTrouble } from "../protocol/disk-status.ts";
import { DiskCatalog } from "../storage/disk-catalog.ts";
import { DiskLock } from "../storage/disk-lock.ts";
import { DISK_CHUNK_BYTES } from "../storage/disk-record.ts";
import { StorageError } from "../storage/storage-error.ts";
import type { StoreOpener } from "../storage/store-opener.ts";
import type { WorkerServices } from "./blueprint.ts";
import { openDrive } from "./drive-opener.ts";
import type { MachineDisk } from "./machine-disk.ts";
import { type DiskBrowser, type DiskTab, diskBrowser, diskTab } from "./testing/disk-browser.ts";

const URL_OF_IMAGE = "https://images.example/debian%20disk.img";
const CHUNK = DISK_CHUNK_BYTES;

interface Server {
  bytes: Uint8Array<ArrayBuffer>;
  etag: string | null;
  ranges: boolean;
}

interface Options {
  readonly server?: Server;
  readonly files?: Record<string, Blob>;
  readonly stores?: StoreOpener;
  readonly noLocks?: boolean;
  readonly catalog?: DiskCatalog;
}

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function openTab(browser: DiskBrowser): DiskTab {
  const tab = diskTab(browser);
  closing.push(() => tab.kill());
  return tab;
}

/** Answers as a web server does, with ranges or without. */
function fetchFrom(server: Server): typeof fetch {
  return async (_input, init) => {
    const range = /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get("Range") ?? "");
    const headers: Record<string, string> = server.etag === null ? {} : { ETag: server.etag };
    if (range === null || !server.ranges) return new Response(server.bytes, { headers });
    const [start, end] = [Number(range[1]), Number(range[2]) + 1];
    headers["Content-Range"] = `bytes ${start}-${end - 1}/${server.bytes.length}`;
    return new Response(server.bytes.slice(start, end), { status: 206, headers });
  };
}

/** A machine of a tab: opens one drive. */
async function openMachine(browser: DiskBrowser, drive: Partial<DriveConfig>, options: Options = {}) {
  const said: string[] = [];
  const troubles: DiskTrouble[] = [];
  const catalog = options.catalog ?? new DiskCatalog(browser.indexedDb);
  const services: Pick<WorkerServices, "file" | "signal" | "resolve" | "readInto" | "rangeHost" | "storage" | "log"> = {
    file: (name) => options.files?.[name] ?? null,
    signal: new AbortController().signal,
    resolve: (name) => new URL(name, "https://images.example/").href,
    async readInto(_name, open) {
      await open(0).append(options.server?.bytes ?? new Uint8Array(0));
      return options.server?.etag ?? null;
    },
    rangeHost: () => ({
      fetch: fetchFrom(options.server ?? { bytes: new Uint8Array(0), etag: null, ranges: true }),
      sameOrigin: true,
      delay: () => Promise.resolve(),
    }),
    storage: {
      catalog,
      locks: options.noLocks === true ? null : browser.locks,
      stores: options.stores ?? browser.stores,
      wallMs: () => 5000,
      lockPatienceMs: 20,
    },
    log: { guestError: () => {}, info: () => {}, hostError: (_place, detail) => said.push(detail) },
  };
  const config: DriveConfig = {
    ...{ id: "hd0", file: URL_OF_IMAGE, format: null, sha256: null, media: "disk", snapshot: false, readOnly: false },
    ...drive,
  };
  const disk = await openDrive(config, services as WorkerServices, {
    onTrouble: (trouble) => troubles.push(trouble),
    onActivity: () => {},
  }).catch((error: unknown) => {
    catalog.close();
    throw error;
  });
  let open = true;
  const close = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await disk.close().finally(() => catalog.close());
  };
  closing.push(() => close().catch(() => {}));
  return { disk, said, troubles, close };
}

async function read(disk: MachineDisk, offset: number, length: number): Promise<string> {
  const into = new Uint8Array(length);
  await disk.read(offset, into);
  return new TextDecoder("latin1").decode(into);
}

async function write(disk: MachineDisk, offset: number, text: string): Promise<void> {
  await disk.write(offset, new TextEncoder().encode(text));
}

function server(change: Partial<Server> = {}): Server {
  const bytes = new Uint8Array(1 << 20);
  bytes.fill(0x62);
  return { bytes, etag: '"1"', ranges: true, ...change };
}

describe("a disk that the browser keeps", () => {
  it("has what was written when it is opened again", async () => {
    const browser = diskBrowser();
    const { library } = openTab(browser);
    const { id } = await library.createEmpty("debian", 1 << 20);
    const first = await openMachine(browser, { file: `disk:${id}` });
    await write(first.disk, 1024, "hello");
    expect(await first.disk.status()).toMatchObject({ name: "debian", diskId: id, keeping: "kept", writtenBytes: 5 });
    expect(await library.list()).toMatchObject([{ inUse: true }]);
    await first.close();
    const second = await openMachine(browser, { file: `disk:${id}` });
    expect(await read(second.disk, 1024, 5)).toBe("hello");
    expect((await second.disk.status()).usedBytes).toBe(CHUNK);
    expect(second.said).toEqual([]);
    expect(await library.list()).toMatchObject([{ usedMs: 5000 }]);
  });

  it("is a view for the second tab: as it is at that moment, and what is written there is forgotten", async () => {
    const browser = diskBrowser();
    const { id } = await openTab(browser).library.createEmpty("debian", 1 << 20);
    const first = await openMachine(browser, { file: `disk:${id}` });
    await write(first.disk, 0, "not flushed");
    const second = await openMachine(browser, { file: `disk:${id}` });
    expect(second.said).toEqual(["“debian” is open in another tab or machine: what is written here is not kept."]);
    expect(second.disk.readOnly).toBe(false);
    expect(await read(second.disk, 0, 11)).toBe("not flushed");
    await write(first.disk, 0, "from the first");
    await first.disk.flush();
    expect(await read(second.disk, 0, 11)).toBe("not flushed");
    await write(second.disk, 0, "from here");
    expect(await second.disk.status()).toMatchObject({ keeping: "memory", diskId: null, dirtyBytes: 0 });
    expect(await read(first.disk, 0, 14)).toBe("from the first");
    await second.close();
    await first.close();
    const third = await openMachine(browser, { file: `disk:${id}` });
    expect(await read(third.disk, 0, 14)).toBe("from the first");
  });

  it("forgets with snapshot=on, and refuses writes with readonly=on", async () => {
    const browser = diskBrowser();
    const { id } = await openTab(browser).library.createEmpty("debian", 1 << 20);
    const first = await openMachine(browser, { file: `disk:${id}` });
    await write(first.disk, 0, "kept");
    await first.close();
    const snapshot = await openMachine(browser, { file: `disk:${id}`, snapshot: true });
    const readOnly = await openMachine(browser, { file: `disk:${id}`, readOnly: true });
    await write(snapshot.disk, 0, "lost");
    expect(await read(snapshot.disk, 0, 4)).toBe("lost");
    expect(await read(readOnly.disk, 0, 4)).toBe("kept");
    expect(readOnly.disk.readOnly).toBe(true);
    expect(await readOnly.disk.status()).toMatchObject({ keeping: "read-only" });
    expect(await DiskLock.held(browser.locks)).toEqual(new Set());
  });

  it("is given back as it is at one moment, with all that was written, while a machine has it", async () => {
    const browser = diskBrowser();
    const { library } = openTab(browser);
    const { id } = await library.createEmpty("debian", 8 << 20);
    const { disk } = await openMachine(browser, { file: `disk:${id}` });
    await write(disk, 0, "first");
    const parts: Uint8Array[] = [];
    const during: Promise<void>[] = [];
    const sink = new WritableStream<Uint8Array>({
      async write(bytes) {
        if (during.length === 0) during.push(write(disk, 6 << 20, "during").then(async () => await disk.flush()));
        await new Promise((resolve) => setTimeout(resolve, 20));
        parts.push(bytes.slice());
      },
    });
    await library.export(id, "raw", sink);
    const file = Buffer.concat(parts);
    expect(file.subarray(0, 5).toString()).toBe("first");
    expect(file.subarray(5).every((byte) => byte === 0)).toBe(true);
    await Promise.all(during);
    expect(await read(disk, 6 << 20, 6)).toBe("during");
    await expect(library.remove(id)).rejects.toMatchObject({ failure: { code: "busy" } });
  });

  it("is refused where it is not in this browser, or its file is missing or another", async () => {
    const browser = diskBrowser();
    await expect(openMachine(browser, { file: "disk:nowhere" })).rejects.toMatchObject({ code: "gone" });
    const { library } = openTab(browser);
    const file = new File([server().bytes], "big.img", { lastModified: 3 });
    const { id } = await library.import(file, { name: "big", copy: false });
    await expect(openMachine(browser, { file: `disk:${id}` })).rejects.toMatchObject({
      code: "gone",
      message: expect.stringContaining("big.img"),
    });
    const other = new File([server().bytes], "big.img", { lastModified: 4 });
    await expect(
      openMachine(browser, { file: `disk:${id}` }, { files: { [`disk:${id}`]: other } }),
    ).rejects.toMatchObject({ code: "changed" });
    const { files } = library;
    const first = await openMachine(browser, { file: `disk:${id}` }, { files });
    await write(first.disk, 3, "written");
    await first.close();
    const second = await openMachine(browser, { file: `disk:${id}` }, { files });
    expect(await read(second.disk, 0, 12)).toBe("bbbwrittenbb");
  });

  it("is let go of where its chunks cannot be read", async () => {
    const browser = diskBrowser();
    const { id } = await openTab(browser).library.createEmpty("torn", 1 << 20);
    let closed = 0;
    const stores: StoreOpener = {
      ...browser.stores,
      open: async (record) => {
        const store = await browser.stores.open(record);
        store.indexes = () => Promise.reject(new StorageError("damaged", "It is torn.", ""));
        const close = store.close.bind(store);
        store.close = async () => {
          closed++;
          await close();
        };
        return store;
      },
    };
    await expect(openMachine(browser, { file: `disk:${id}` }, { stores })).rejects.toMatchObject({ code: "damaged" });
    expect(closed).toBe(1);
    expect(await DiskLock.held(browser.locks)).toEqual(new Set());
    // Another one can have it.
    expect((await openMachine(browser, { file: `disk:${id}` })).said).toEqual([]);
  });

  it("tells once when there is no room, keeps what was flushed, and goes on when there is room again", async () => {
    const browser = diskBrowser();
    const { library } = openTab(browser);
    const { id } = await library.createEmpty("debian", 1 << 20);
    let full = false;
    const stores: StoreOpener = {
      ...browser.stores,
      open: async (record) => {
        const store = await browser.stores.open(record);
        const put = store.put.bind(store);
        store.put = (changes, durability) =>
          full ? Promise.reject(new DOMException("full", "QuotaExceededError")) : put(changes, durability);
        return store;
      },
    };
    const machine = await openMachine(browser, { file: `disk:${id}` }, { stores });
    await write(machine.disk, 0, "safe");
    await machine.disk.flush();
    full = true;
    await write(machine.disk, CHUNK, "too much");
    await expect(machine.disk.flush()).rejects.toMatchObject({ code: "quota" });
    await expect(machine.disk.flush()).rejects.toMatchObject({ code: "quota" });
    expect(machine.troubles).toMatchObject([{ drive: "hd0", diskId: id, name: "debian", code: "quota" }]);
    expect(await machine.disk.status()).toMatchObject({ trouble: "quota" });
    const other = await openTab(browser).library.list();
    expect(other).toMatchObject([{ usedBytes: CHUNK }]);
    full = false;
    await machine.disk.flush();
    expect(await machine.disk.status()).toMatchObject({ trouble: null, dirtyBytes: 0 });
    await machine.close();
    const later = await openMachine(browser, { file: `disk:${id}` });
    expect(await read(later.disk, 0, 4)).toBe("safe");
    expect(await read(later.disk, CHUNK, 8)).toBe("too much");
  });
});

describe("an image on a server", () => {
  for (const ranges of [true, false]) {
    it(`keeps what is written over it (${ranges ? "with" : "without"} ranges), and is in no list before`, async () => {
      const browser = diskBrowser();
      const { library } = openTab(browser);
      const image = server({ ranges });
      const first = await openMachine(browser, {}, { server: image });
      expect(await read(first.disk, 0, 3)).toBe("bbb");
      await first.disk.flush();
      expect(await library.list()).toEqual([]);
      expect(await first.disk.status()).toMatchObject({ diskId: null, keeping: "kept", name: "debian disk.img" });
      await write(first.disk, 1, "x");
      await first.close();
      const [disk] = await library.list();
      expect(disk).toMatchObject({
        name: "debian disk.img",
        base: { kind: "url", url: URL_OF_IMAGE, sizeBytes: 1 << 20 },
        usedBytes: CHUNK,
      });
      const second = await openMachine(browser, {}, { server: image });
      expect(await read(second.disk, 0, 3)).toBe("bxb");
      await second.close();
      const byId = await openMachine(browser, { file: `disk:${disk?.id}` }, { server: image });
      expect(await read(byId.disk, 0, 3)).toBe("bxb");
    });

    it(`is refused when it has changed under what was written (${ranges ? "with" : "without"} ranges)`, async () => {
      const browser = diskBrowser();
      const image = server({ ranges });
      const first = await openMachine(browser, {}, { server: image });
      await write(first.disk, 1, "x");
      await first.close();
      const changed = server({ ranges, etag: '"2"' });
      changed.bytes[9] = 0;
      await expect(openMachine(browser, {}, { server: changed })).rejects.toMatchObject({
        code: "changed",
        advice: expect.stringMatching(/Reset the disk “debian disk.img”.*snapshot=on/),
      });
      const without = await openMachine(browser, { snapshot: true }, { server: changed });
      expect(await read(without.disk, 0, 3)).toBe("bbb");
      const { library } = openTab(browser);
      await library.reset((await library.list())[0]?.id ?? "");
      expect(await library.list()).toEqual([]);
      const anew = await openMachine(browser, {}, { server: changed });
      expect(await read(anew.disk, 0, 3)).toBe("bbb");
    });
  }

  it("is one disk for two tabs that open it for the first time", async () => {
    const browser = diskBrowser();
    const first = await openMachine(browser, {}, { server: server() });
    const second = await openMachine(browser, {}, { server: server() });
    expect(second.said).toEqual([
      "“debian disk.img” is open in another tab or machine: what is written here is not kept.",
    ]);
    await write(first.disk, 0, "1");
    await write(second.disk, 0, "2");
    await first.close();
    expect(await openTab(browser).library.list()).toHaveLength(1);
    expect(await read(second.disk, 0, 3)).toBe("2bb");
  });

  it("goes to memory, with a sentence, where the browser keeps nothing", async () => {
    const browser = diskBrowser();
    const nothing = {
      open: () => {
        throw new DOMException("storage is off", "SecurityError");
      },
    } as unknown as IDBFactory;
    const off = await openMachine(browser, {}, { server: server(), catalog: new DiskCatalog(nothing) });
    const insecure = await openMachine(browser, {}, { server: server(), noLocks: true });
    for (const { disk, said } of [off, insecure]) {
      expect(said).toEqual([expect.stringMatching(/^What is written to “debian disk.img” is not kept\. /)]);
      await write(disk, 0, "x");
      await disk.flush();
      expect(await read(disk, 0, 2)).toBe("xb");
      expect(await disk.status()).toMatchObject({ keeping: "memory", usedBytes: 64 * 1024 });
    }
    expect(await openTab(browser).library.list()).toEqual([]);
  });

  it("is filled up with zeros to a whole sector, as QEMU does it, and refused where it is empty", async () => {
    const image = server({ bytes: new Uint8Array(1001).fill(0x62) });
    const { disk } = await openMachine(diskBrowser(), {}, { server: image });
    expect(disk.sizeBytes).toBe(1024);
    expect(await read(disk, 1000, 2)).toBe("b\0");
    const nothing = server({ bytes: new Uint8Array(0), ranges: false });
    await expect(openMachine(diskBrowser(), {}, { server: nothing })).rejects.toMatchObject({
      failure: { code: "format", url: URL_OF_IMAGE },
    });
  });

  it("is the disk inside, where it is compressed or qcow2", async () => {
    const raw = server().bytes;
    const packed = server({ bytes: new Uint8Array(gzipSync(raw)) });
    const { disk } = await openMachine(diskBrowser(), {}, { server: packed });
    expect(disk.sizeBytes).toBe(raw.length);
    expect(await read(disk, raw.length - 2, 2)).toBe("bb");
    const asIs = await openMachine(diskBrowser(), { format: "raw" }, { server: packed });
    expect(await read(asIs.disk, 0, 2)).toBe("\x1f\x8b");
  });

  it("is checked against its hash as a whole before it is used", async () => {
    const image = server();
    const sha256 = createHash("sha256").update(image.bytes).digest("hex");
    const { disk } = await openMachine(diskBrowser(), { sha256 }, { server: image });
    expect(await read(disk, 0, 2)).toBe("bb");
    image.bytes[1 << 19] = 0;
    await expect(openMachine(diskBrowser(), { sha256 }, { server: image })).rejects.toMatchObject({
      message: expect.stringContaining(sha256),
    });
  });
});

describe("a file of the page", () => {
  it("is read where it is, and what is written over it is forgotten", async () => {
    const browser = diskBrowser();
    const files = { "my.img": new Blob([server().bytes]) };
    const first = await openMachine(browser, { file: "my.img" }, { files });
    await write(first.disk, 0, "x");
    expect(await read(first.disk, 0, 2)).toBe("xb");
    expect(await first.disk.status()).toMatchObject({ name: "my.img", keeping: "memory" });
    await first.close();
    const second = await openMachine(browser, { file: "my.img" }, { files });
    expect(await read(second.disk, 0, 2)).toBe("bb");
    expect(await openTab(browser).library.list()).toEqual([]);
  });
});
