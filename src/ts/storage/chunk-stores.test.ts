/** The contract suite over the stores that Node has, and what is particular to IndexedDB. */
import { IDBFactory } from "fake-indexeddb";
import { describe, expect, it } from "vitest";
import { IdbChunkStore } from "./idb-chunk-store.ts";
import { MemoryChunkStore } from "./memory-chunk-store.ts";
import { CHUNK_STORE_CONTRACT, CONTRACT_CHUNK_BYTES, type StoreSubject } from "./testing/chunk-store-contract.ts";
import { pattern } from "./testing/expectations.ts";

const SUBJECTS: Readonly<Record<string, () => StoreSubject>> = {
  memory: () => ({
    open: () => Promise.resolve(new MemoryChunkStore(CONTRACT_CHUNK_BYTES)),
    delete: () => Promise.resolve(),
    persistent: false,
  }),
  IndexedDB: () => {
    const browser = new IDBFactory();
    return {
      open: async () => await IdbChunkStore.open(browser, "d1", CONTRACT_CHUNK_BYTES),
      delete: async () => await IdbChunkStore.delete(browser, "d1"),
      persistent: true,
    };
  },
};

describe.each(Object.entries(SUBJECTS))("ChunkStore in %s", (_, subject) => {
  it.each(CHUNK_STORE_CONTRACT)("$name", { timeout: 60_000 }, async (contract) => {
    await contract.run(subject());
  });
});

/** The connections that a factory hands out, to do to them what browsers do. */
function watched(browser: IDBFactory): { factory: globalThis.IDBFactory; connections: IDBDatabase[] } {
  const connections: IDBDatabase[] = [];
  const factory = new Proxy(browser, {
    get(target, name) {
      if (name !== "open") return (Reflect.get(target, name) as () => unknown).bind(target);
      return (database: string, version: number): IDBOpenDBRequest => {
        const request = target.open(database, version);
        request.addEventListener("success", () => connections.push(request.result));
        return request;
      };
    },
  });
  return { factory, connections };
}

/** The browser closes a connection by force. */
function closeByForce(connection: IDBDatabase | undefined): void {
  connection?.close();
  connection?.onclose?.(new Event("close"));
}

const bytes = pattern(CONTRACT_CHUNK_BYTES, 1);

describe("IdbChunkStore", () => {
  it("opens its connection again when the browser has closed it", async () => {
    const { factory, connections } = watched(new IDBFactory());
    const store = await IdbChunkStore.open(factory, "d1", CONTRACT_CHUNK_BYTES);
    await store.put(new Map([[1, bytes]]), "strict");
    closeByForce(connections[0]);
    expect(await store.get([1])).toEqual([bytes]);
    closeByForce(connections[1]);
    await store.put(new Map([[2, "zeros"]]), "strict");
    expect(await store.indexes()).toEqual([1, 2]);
    expect(connections.length).toBe(3);
    await store.close();
  });

  it("is gone, and not empty, when its database was deleted meanwhile", async () => {
    const browser = new IDBFactory();
    const store = await IdbChunkStore.open(browser, "d1", CONTRACT_CHUNK_BYTES);
    await store.put(new Map([[1, bytes]]), "strict");
    await IdbChunkStore.delete(browser, "d1");
    await expect(store.get([1])).rejects.toMatchObject({ name: "StorageError", code: "gone" });
    await expect(store.put(new Map([[1, bytes]]), "strict")).rejects.toMatchObject({ code: "gone" });
    expect(await browser.databases()).toEqual([]);
    await store.close();
  });

  it.each([
    ["QuotaExceededError", "quota"],
    ["DataError", "damaged"],
    ["UnknownError", "failed"],
  ])("tells what a transaction that fails with %s means: %s", async (name, code) => {
    const { factory, connections } = watched(new IDBFactory());
    const store = await IdbChunkStore.open(factory, "d1", CONTRACT_CHUNK_BYTES);
    const [connection] = connections;
    if (connection === undefined) throw new Error("there is no connection");
    connection.transaction = () => {
      throw new DOMException("no", name);
    };
    await expect(store.put(new Map([[1, bytes]]), "relaxed")).rejects.toMatchObject({ name: "StorageError", code });
    await store.close();
  });

  it("tells that there is no room where the request fails before the transaction does", async () => {
    const { factory, connections } = watched(new IDBFactory());
    const store = await IdbChunkStore.open(factory, "d1", CONTRACT_CHUNK_BYTES);
    const [connection] = connections;
    if (connection === undefined) throw new Error("there is no connection");
    connection.transaction = () => {
      const transaction = {
        error: null as DOMException | null,
        onerror: null as (() => void) | null,
        onabort: null as (() => void) | null,
        commit: () => {
          queueMicrotask(() => {
            transaction.onerror?.();
            transaction.error = new DOMException("no", "QuotaExceededError");
            transaction.onabort?.();
          });
        },
        objectStore: () => ({ put: () => {}, transaction }),
      };
      return transaction as unknown as IDBTransaction;
    };
    await expect(store.put(new Map([[1, bytes]]), "strict")).rejects.toMatchObject({ code: "quota" });
    await store.close();
  });

  it.each(["SecurityError", "InvalidStateError"])("is unavailable where opening fails with %s", async (name) => {
    const refusing = {
      open: () => {
        throw new DOMException("no", name);
      },
    } as unknown as globalThis.IDBFactory;
    const opening = IdbChunkStore.open(refusing, "d1", CONTRACT_CHUNK_BYTES);
    await expect(opening).rejects.toMatchObject({ name: "StorageError", code: "unavailable" });
  });

  it("does not take a value that is no chunk for one", async () => {
    const browser = new IDBFactory();
    const small = await IdbChunkStore.open(browser, "d1", 2 * CONTRACT_CHUNK_BYTES);
    await small.put(new Map([[1, pattern(2 * CONTRACT_CHUNK_BYTES, 1)]]), "strict");
    await small.close();
    const store = await IdbChunkStore.open(browser, "d1", CONTRACT_CHUNK_BYTES);
    await expect(store.get([1])).rejects.toMatchObject({ code: "damaged" });
    await store.close();
  });
});
