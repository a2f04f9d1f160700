import type {
  DamagedDisk,
  DiskInfo,
  DiskLibrary,
  DiskProgress,
  ExportFormat,
  StorageEstimate,
} from "../../src/ts/api/disk-types.ts";
import { type Failure, FailureError } from "../../src/ts/api/index.ts";
import { type Disposable, Emitter } from "../../src/ts/lib/emitter.ts";

/** From this share of the quota on the page warns. */
export const QUOTA_WARNING = 0.8;

/** An export on its way. */
export interface DiskTask {
  readonly format: ExportFormat;
  readonly progress: DiskProgress;
  cancel(): void;
}

/** Everything the page shows about the disks that the browser keeps, in one place. */
export class DiskStore {
  readonly library: DiskLibrary;
  /** null until they are known. */
  disks: readonly DiskInfo[] | null = null;
  damaged: readonly DamagedDisk[] = [];
  /** null where the browser does not say. */
  storage: StorageEstimate | null = null;
  /** What the browser answered when it was asked to keep everything; null before. */
  persistAnswer: boolean | null = null;
  /** Why the list of disks cannot be had. */
  trouble: Failure | null = null;
  /** What went wrong with a disk last, by its id. */
  readonly failures = new Map<string, Failure>();
  readonly tasks = new Map<string, DiskTask>();
  readonly #emitter = new Emitter<{ change: undefined }>();
  #refreshing: Promise<void> | null = null;
  #again = false;

  constructor(library: DiskLibrary) {
    this.library = library;
    library.onChange(() => void this.refresh());
  }

  /** Calls `listener` after any change. */
  onChange(listener: () => void): Disposable {
    return this.#emitter.on("change", listener);
  }

  /** Files of this computer are under these disks, and this page has not got them. */
  isMissingFile({ id, base }: DiskInfo): boolean {
    return base.kind === "file" && !Object.hasOwn(this.library.files, `disk:${id}`);
  }

  /** Asks the library anew. What happens meanwhile is asked about once more. */
  async refresh(): Promise<void> {
    if (this.#refreshing !== null) {
      this.#again = true;
      return await this.#refreshing;
    }
    this.#refreshing = this.#readAll();
    try {
      await this.#refreshing;
    } finally {
      this.#refreshing = null;
    }
    if (this.#again) {
      this.#again = false;
      await this.refresh();
    }
  }

  /** Does something with a disk; what goes wrong is shown with it. Returns whether it worked. */
  async do(id: string, action: () => Promise<unknown>): Promise<boolean> {
    this.failures.delete(id);
    this.#changed();
    try {
      await action();
      await this.refresh();
      return true;
    } catch (error) {
      const failure = shownFailure(error);
      if (failure !== null) this.failures.set(id, failure);
      this.#changed();
      return false;
    }
  }

  /** Writes a disk as a file into `sink`, with progress. Returns whether it worked. */
  async export(id: string, format: ExportFormat, sink: WritableStream<Uint8Array>): Promise<boolean> {
    const abort = new AbortController();
    const show = (progress: DiskProgress): void => {
      this.tasks.set(id, { format, progress, cancel: () => abort.abort() });
      this.#changed();
    };
    show({ doneBytes: 0, totalBytes: null });
    try {
      return await this.do(id, () => this.library.export(id, format, sink, { signal: abort.signal, onProgress: show }));
    } finally {
      this.tasks.delete(id);
      this.#changed();
    }
  }

  /** Asks the browser to keep everything. */
  async persist(): Promise<void> {
    try {
      this.persistAnswer = await this.library.persist();
    } catch (error) {
      this.persistAnswer = false;
      if (!(error instanceof FailureError)) throw error;
    }
    await this.refresh();
  }

  dismissFailure(id: string): void {
    this.failures.delete(id);
    this.#changed();
  }

  async #readAll(): Promise<void> {
    try {
      [this.disks, this.damaged] = await Promise.all([this.library.list(), this.library.damaged()]);
      this.trouble = null;
    } catch (error) {
      this.trouble = shownFailure(error);
    }
    try {
      this.storage = await this.library.estimate();
    } catch (error) {
      // Without it there is no meter; all else works.
      if (!(error instanceof FailureError)) throw error;
      this.storage = null;
    }
    this.#changed();
  }

  #changed(): void {
    this.#emitter.emit("change", undefined);
  }
}

/** What to show of an error; null where the user ended it. Throws what is no FailureError: that is a fault of ours. */
export function shownFailure(error: unknown): Failure | null {
  if (!(error instanceof FailureError)) throw error;
  return error.failure.code === "cancelled" ? null : error.failure;
}

/** Share of the quota that is used, 0 to 1; 0 where there is none to speak of. */
export function usedShare({ usageBytes, quotaBytes }: StorageEstimate): number {
  return quotaBytes > 0 ? Math.min(1, usageBytes / quotaBytes) : 0;
}
