import { IDBFactory } from "fake-indexeddb";
import type { DiskPort } from "../../api/disk-link.ts";
import { WorkerDiskLibrary } from "../../api/disk-library.ts";
import type { FromDiskWorker, ToDiskWorker } from "../../protocol/disk-messages.ts";
import type { Locks } from "../../storage/disk-lock.ts";
import { browserStores, type StoreOpener } from "../../storage/store-opener.ts";
import { fakeLocks } from "../../storage/testing/fake-locks.ts";
import { DiskHost } from "../disk-host.ts";
import { diskService } from "../disk-service.ts";

/** A browser that keeps disks, in Node: its storage, its locks, and any number of tabs. */
export interface DiskBrowser {
  readonly indexedDb: IDBFactory;
  readonly locks: Locks;
  readonly stores: StoreOpener;
}

export function diskBrowser(): DiskBrowser {
  const indexedDb = new IDBFactory();
  return { indexedDb, locks: fakeLocks(), stores: browserStores({ indexedDB: indexedDb, storage: undefined }) };
}

export interface DiskTab {
  readonly library: WorkerDiskLibrary;
  /** Everything that went either way. */
  readonly messages: (ToDiskWorker | FromDiskWorker)[];
  /** The tab's process ends: nothing of it runs on. */
  kill(): void;
}

/** A page with its disk worker; `change` puts something else in place of what the browser gives. */
export function diskTab(
  browser: DiskBrowser,
  change: Partial<{ stores: StoreOpener; locks: Locks | null; fetch: typeof fetch; roomBytes: number }> = {},
): DiskTab {
  const messages: (ToDiskWorker | FromDiskWorker)[] = [];
  let alive = true;
  const { service, keeper } = diskService({
    indexedDb: browser.indexedDb,
    locks: change.locks === undefined ? browser.locks : change.locks,
    stores: change.stores ?? browser.stores,
    wallMs: () => 1000,
    roomBytes: () => Promise.resolve(change.roomBytes ?? 2 ** 40),
    async readInto(url, open) {
      const response = await (change.fetch ?? fetch)(url);
      await open(0).append(new Uint8Array(await response.arrayBuffer()));
      return response.headers.get("ETag");
    },
    rangeHost: () => ({
      fetch: change.fetch ?? (() => Promise.reject(new TypeError("no network"))),
      sameOrigin: true,
      delay: () => Promise.resolve(),
    }),
  });
  const port: DiskPort = {
    postMessage: (message) => {
      messages.push(message);
      queueMicrotask(() => alive && host.handle(structuredCloneFile(message)));
    },
    terminate: () => {
      alive = false;
      keeper.close();
    },
    onmessage: null,
    onerror: null,
  };
  const post = (message: FromDiskWorker): void => {
    messages.push(message);
    queueMicrotask(() => alive && port.onmessage?.({ data: message } as MessageEvent<FromDiskWorker>));
  };
  const host = new DiskHost({ service, post, nowMs: () => performance.now() });
  keeper.onChange(() => post({ kind: "changed" }));
  return { library: new WorkerDiskLibrary(port), messages, kill: () => port.terminate() };
}

/** Node clones a File to a Blob; here the page's own object goes over. */
function structuredCloneFile(message: ToDiskWorker): ToDiskWorker {
  const hasFile =
    message.kind === "call" && (message.args as readonly unknown[]).some((value) => value instanceof Blob);
  return hasFile ? message : structuredClone(message);
}
