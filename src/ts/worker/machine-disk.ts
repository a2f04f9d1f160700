import type { Awaitable, BlockBackend } from "../../virtio/backends.ts";
import type { DiskKeeping, DiskStatus, DiskTrouble } from "../protocol/disk-status.ts";
import { StorageError, type StorageErrorCode } from "../storage/storage-error.ts";

/** What is under a drive. */
export interface OpenDisk {
  readonly backend: BlockBackend;
  readonly name: string;
  readonly keeping: DiskKeeping;
  /** The kept disk; null where there is none, or not yet. */
  diskId(): string | null;
  /** Written and not durable yet. */
  dirtyBytes(): number;
  /** What it takes up in storage or memory. */
  usedBytes(): Promise<number>;
  /** Lets go of it; what was flushed stays. */
  close(): Promise<void>;
}

export interface MachineDiskHost {
  /** Once for each kind, until something gets through again. */
  onTrouble(trouble: DiskTrouble): void;
  /** Something was read or written, or trouble began or ended. */
  onActivity(): void;
}

/** The backend of one drive: passes everything on, counts it, and notices when storage fails. */
export class MachineDisk implements BlockBackend {
  readonly #drive: string;
  readonly #disk: OpenDisk;
  readonly #host: MachineDiskHost;
  #readBytes = 0;
  #writtenBytes = 0;
  /** As it was last known. */
  #usedBytes = 0;
  #isUsedStale = true;
  #trouble: StorageErrorCode | null = null;

  constructor(drive: string, disk: OpenDisk, host: MachineDiskHost) {
    this.#drive = drive;
    this.#disk = disk;
    this.#host = host;
  }

  get sizeBytes(): number {
    return this.#disk.backend.sizeBytes;
  }

  get readOnly(): boolean {
    return this.#disk.backend.readOnly;
  }

  read(offset: number, into: Uint8Array): Awaitable {
    this.#readBytes += into.length;
    this.#host.onActivity();
    return this.#disk.backend.read(offset, into);
  }

  write(offset: number, from: Uint8Array): Awaitable {
    this.#writtenBytes += from.length;
    return this.#change(() => this.#disk.backend.write(offset, from));
  }

  discard(offset: number, length: number): Awaitable {
    return this.#change(() => this.#disk.backend.discard(offset, length));
  }

  writeZeroes(offset: number, length: number, mayUnmap: boolean): Awaitable {
    return this.#change(() => this.#disk.backend.writeZeroes(offset, length, mayUnmap));
  }

  flush(): Awaitable {
    return this.#change(() => this.#flush());
  }

  /** Makes everything durable that was written so far. */
  async flushNow(): Promise<void> {
    await this.#watch(() => this.#flush());
  }

  async status(): Promise<DiskStatus> {
    const disk = this.#disk;
    // Counting what is stored takes its time: not while there is more to come.
    if (this.#isUsedStale && disk.dirtyBytes() === 0) {
      this.#isUsedStale = false;
      await this.#countUsed();
    }
    // Storage that failed is tried again without anybody asking.
    if (disk.dirtyBytes() === 0) this.#recovered();
    return {
      drive: this.#drive,
      name: disk.name,
      diskId: disk.diskId(),
      keeping: disk.keeping,
      sizeBytes: this.sizeBytes,
      dirtyBytes: disk.dirtyBytes(),
      usedBytes: this.#usedBytes,
      readBytes: this.#readBytes,
      writtenBytes: this.#writtenBytes,
      trouble: this.#trouble,
    };
  }

  /** Makes everything durable and lets go; where that fails the disk is let go of all the same. */
  async close(): Promise<void> {
    try {
      await this.flushNow();
    } finally {
      await this.#disk.close();
    }
  }

  /** A write may only have reached a cache; when a flush succeeds trouble is over. */
  #flush(): Awaitable {
    const result = this.#disk.backend.flush();
    if (result === undefined) this.#recovered();
    else return result.then(() => this.#recovered());
  }

  async #countUsed(): Promise<void> {
    try {
      this.#usedBytes = await this.#disk.usedBytes();
    } catch (error) {
      this.failed(error);
    }
  }

  #change(work: () => Awaitable): Awaitable {
    this.#isUsedStale = true;
    this.#host.onActivity();
    return this.#watch(work);
  }

  #watch(work: () => Awaitable): Awaitable {
    let result: Awaitable;
    try {
      result = work();
    } catch (error) {
      this.failed(error);
      throw error;
    }
    if (result === undefined) return;
    return result.catch((error: unknown) => {
      this.failed(error);
      throw error;
    });
  }

  #recovered(): void {
    if (this.#trouble === null) return;
    this.#trouble = null;
    this.#host.onActivity();
  }

  /** Storage failed, whether or not somebody waited for it. */
  failed(error: unknown): void {
    if (!(error instanceof StorageError) || error.code === this.#trouble) return;
    this.#trouble = error.code;
    this.#host.onActivity();
    this.#host.onTrouble({
      drive: this.#drive,
      name: this.#disk.name,
      diskId: this.#disk.diskId(),
      code: error.code,
      message: error.message,
      advice: error.advice,
    });
  }
}
