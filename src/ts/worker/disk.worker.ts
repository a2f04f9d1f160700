/** The worker that keeps disks: everything about them that is not a machine's. */
import type { FromDiskWorker, ToDiskWorker } from "../protocol/disk-messages.ts";
import type { Locks } from "../storage/disk-lock.ts";
import { browserStores } from "../storage/store-opener.ts";
import { type DownloadOptions, downloadInto } from "./download.ts";
import { DiskHost } from "./disk-host.ts";
import { diskService } from "./disk-service.ts";

/** The part of a dedicated worker's global scope that is used. */
interface WorkerScope {
  readonly location: { readonly origin: string };
  readonly navigator: { readonly locks?: Locks; readonly storage?: StorageManager };
  readonly indexedDB: IDBFactory;
  onmessage: ((event: { readonly data: ToDiskWorker }) => void) | null;
  postMessage(message: FromDiskWorker, transfer: ArrayBuffer[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const post = (message: FromDiskWorker): void =>
  scope.postMessage(message, message.kind === "chunk" ? [message.bytes.buffer] : []);

const delay = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));
const downloadOptions: DownloadOptions = {
  signal: new AbortController().signal,
  origin: scope.location.origin,
  onProgress: () => {},
  fetch: (input, init) => fetch(input, init),
  delay,
};

const { service, keeper } = diskService({
  indexedDb: scope.indexedDB,
  // Missing where the page is no secure context.
  locks: scope.navigator.locks ?? null,
  stores: browserStores({ indexedDB: scope.indexedDB, storage: scope.navigator.storage }),
  wallMs: () => Date.now(),
  async roomBytes() {
    const { quota, usage = 0 } = (await scope.navigator.storage?.estimate()) ?? {};
    return quota === undefined ? Number.MAX_SAFE_INTEGER : Math.max(0, quota - usage);
  },
  readInto: (url, open) => downloadInto(url, downloadOptions, open),
  rangeHost: (url) => ({
    fetch: (input, init) => fetch(input, init),
    sameOrigin: new URL(url).origin === scope.location.origin,
    delay,
  }),
});
const host = new DiskHost({ service, post, nowMs: () => performance.now() });
keeper.onChange(() => post({ kind: "changed" }));
scope.onmessage = ({ data }) => host.handle(data);
