import { FailureError, failureOf } from "../protocol/failure.ts";
import type { StoreKind } from "../storage/disk-record.ts";
import { DiskLink, type DiskPort } from "./disk-link.ts";
import type {
  BootFiles,
  DamagedDisk,
  DiskInfo,
  DiskLibrary,
  ExportFormat,
  FileFindings,
  ImportOptions,
  LongTask,
  StorageEstimate,
} from "./disk-types.ts";
import { startDiskWorker } from "./workers.ts";

/** Where a disk lives unless it is said. */
const DEFAULT_STORE: StoreKind = "idb";

/** The disks that this browser keeps for this site; work begins with the first call. */
export function createDiskLibrary(): DiskLibrary {
  return new WorkerDiskLibrary(startDiskWorker());
}

/** The library over any worker, or what stands in for one. */
export class WorkerDiskLibrary implements DiskLibrary {
  readonly #link: DiskLink;
  readonly #files = new Map<string, File>();

  constructor(port: DiskPort) {
    this.#link = new DiskLink(port);
  }

  get files(): Readonly<Record<string, File>> {
    return Object.fromEntries([...this.#files].map(([id, file]) => [`disk:${id}`, file]));
  }

  onChange(listener: () => void): { dispose(): void } {
    return this.#link.onChange(listener);
  }

  list(): Promise<DiskInfo[]> {
    return this.#link.call("list", []);
  }

  damaged(): Promise<DamagedDisk[]> {
    return this.#link.call("damaged", []);
  }

  inspect(file: Blob): Promise<FileFindings> {
    return this.#link.call("inspect", [file]);
  }

  inspectDisk(id: string): Promise<FileFindings> {
    return this.#link.call("inspectDisk", [id]);
  }

  async import(file: File, options: ImportOptions): Promise<DiskInfo> {
    const { name, store = DEFAULT_STORE, copy = true, base = null, signal, onProgress } = options;
    const disk = await this.#link.call("import", [file, { name, store, copy, base }], { signal, onProgress });
    // Of the two the one that the disk lies over is read from now on.
    if (disk.base.kind === "file") this.#files.set(disk.id, base ?? file);
    return disk;
  }

  createEmpty(name: string, sizeBytes: number, store: StoreKind = DEFAULT_STORE): Promise<DiskInfo> {
    return this.#link.call("createEmpty", [name, sizeBytes, store]);
  }

  async export(id: string, format: ExportFormat, sink: WritableStream<Uint8Array>, task: LongTask = {}): Promise<void> {
    const writer = sink.getWriter();
    try {
      await this.#link.call("export", [id, format], {
        signal: task.signal,
        onProgress: task.onProgress,
        onChunk: async (bytes) => await writer.write(bytes),
      });
      await writer.close();
    } catch (error) {
      // What is there of the file is thrown away, where the sink can do that; why it ended is told in any case.
      await writer.abort(error).catch(() => {});
      throw error instanceof FailureError ? error : sinkFailure(error);
    }
  }

  bootFiles(id: string): Promise<BootFiles | null> {
    return this.#link.call("bootFiles", [id]);
  }

  async giveFile(id: string, file: File): Promise<void> {
    await this.#link.call("giveFile", [id, file]);
    this.#files.set(id, file);
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#link.call("rename", [id, name]);
  }

  async reset(id: string): Promise<void> {
    await this.#link.call("reset", [id]);
  }

  async remove(id: string): Promise<void> {
    await this.#link.call("remove", [id]);
    this.#files.delete(id);
  }

  async estimate(): Promise<StorageEstimate> {
    const storage = storageManager();
    try {
      const [{ usage = 0, quota = 0 }, persisted] = await Promise.all([storage.estimate(), storage.persisted()]);
      return { usageBytes: usage, quotaBytes: quota, persisted };
    } catch (error) {
      throw new FailureError(failureOf(error, "unavailable"), { cause: error });
    }
  }

  async persist(): Promise<boolean> {
    try {
      return await storageManager().persist();
    } catch (error) {
      throw new FailureError(failureOf(error, "unavailable"), { cause: error });
    }
  }

  dispose(): void {
    this.#link.dispose();
  }
}

/** Throws where the page is no secure context. */
function storageManager(): StorageManager {
  const { storage } = navigator as { readonly storage?: StorageManager };
  if (storage !== undefined) return storage;
  throw new FailureError({
    code: "unavailable",
    message: "The browser does not say how much it keeps for a page that was not opened over https.",
    advice: "Open this page over https, or on localhost.",
    url: null,
  });
}

function sinkFailure(error: unknown): FailureError {
  const { message } = failureOf(error, "failed");
  return new FailureError(
    {
      code: "failed",
      message: `The file could not be written: ${message}`,
      advice: "Look whether there is room for it, and whether it may be written there.",
      url: null,
    },
    { cause: error },
  );
}
