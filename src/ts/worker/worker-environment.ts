import type { FromWorker, ToWorker } from "../protocol/messages.ts";
import { transferOf } from "../protocol/messages.ts";
import { openBroadcastChannel } from "../net/broadcast-channel.ts";
import { DiskCatalog } from "../storage/disk-catalog.ts";
import type { Locks } from "../storage/disk-lock.ts";
import { browserStores } from "../storage/store-opener.ts";
import { BlobThread, startBlobWorker } from "./blob-thread.ts";
import type { ReadCommandLine } from "./blueprint.ts";
import { BrowserFolders } from "./browser-folders.ts";
import { openDrive } from "./drive-opener.ts";
import { messageChannelTurns } from "./turns.ts";
import { VmHost } from "./vm-host.ts";

/** The part of a dedicated worker's global scope that is used, so that no DOM library is needed. */
interface WorkerScope {
  readonly location: { readonly origin: string };
  readonly navigator: { readonly locks?: Locks; readonly storage?: StorageManager };
  readonly indexedDB: IDBFactory;
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
  postMessage(message: FromWorker, transfer: ArrayBuffer[]): void;
}

/** crypto.getRandomValues fills at most so much at a time (Web Cryptography API, 10.1.1). */
const ENTROPY_CHUNK_BYTES = 65_536;

/** Makes this thread, a dedicated worker, the host of one machine. */
export function serveMachine(readCommandLine: ReadCommandLine): void {
  const scope = globalThis as unknown as WorkerScope;
  const files = new BlobThread(startBlobWorker);
  const host = new VmHost({
    readCommandLine,
    turns: messageChannelTurns(),
    origin: scope.location.origin,
    fetch: (input, init) => fetch(input, init),
    readAhead: (part) => files.read(part),
    openDrive,
    folders: new BrowserFolders({
      storage: scope.navigator.storage,
      indexedDb: scope.indexedDB,
      locks: scope.navigator.locks ?? null,
    }),
    openChannel: openBroadcastChannel,
    storage: {
      catalog: new DiskCatalog(scope.indexedDB),
      // Missing where the page is no secure context.
      locks: scope.navigator.locks ?? null,
      stores: browserStores({ indexedDB: scope.indexedDB, storage: scope.navigator.storage }),
      wallMs: () => Date.now(),
    },
    post: (message) => scope.postMessage(message, transferOf(message)),
    nowMs: () => performance.now(),
    wallMs: () => Date.now(),
    entropy(bytes) {
      for (let start = 0; start < bytes.length; start += ENTROPY_CHUNK_BYTES) {
        // Guest memory is never shared here; the type of a plain Uint8Array does not say so.
        crypto.getRandomValues(bytes.subarray(start, start + ENTROPY_CHUNK_BYTES) as Uint8Array<ArrayBuffer>);
      }
    },
  });
  scope.onmessage = ({ data }) => host.handle(data);
}
