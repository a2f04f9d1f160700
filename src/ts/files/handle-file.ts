/** The contents of an open file behind a FileSystemFileHandle, in one of three ways. */
import type { Pending } from "../../virtio/file-tree.ts";
import { SparseBytes } from "./sparse-bytes.ts";

/** What is used of FileSystemSyncAccessHandle. */
export interface SyncAccess {
  getSize(): number;
  read(into: Uint8Array, options: { readonly at: number }): number;
  write(from: Uint8Array, options: { readonly at: number }): number;
  truncate(sizeBytes: number): void;
  flush(): void;
  close(): void;
}

/** What is used of FileSystemWritableFileStream. */
interface WritableFile {
  write(data: { readonly type: "write"; readonly position: number; readonly data: Uint8Array }): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

/** What is used of FileSystemFileHandle; which of the optional ones there are depends on browser and place. */
export interface FileHandle {
  readonly kind: "file";
  readonly name: string;
  getFile(): Promise<Blob & { readonly lastModified: number }>;
  createWritable?(options: { readonly keepExistingData: boolean }): Promise<WritableFile>;
  /** Only in the origin private file system, and only in workers. */
  createSyncAccessHandle?(): Promise<SyncAccess>;
}

/** What is used of FileSystemDirectoryHandle. */
export interface FolderHandle {
  readonly kind: "directory";
  readonly name: string;
  getFileHandle(name: string, options?: { readonly create: boolean }): Promise<FileHandle>;
  getDirectoryHandle(name: string, options?: { readonly create: boolean }): Promise<FolderHandle>;
  removeEntry(name: string, options?: { readonly recursive: boolean }): Promise<void>;
  entries(): AsyncIterable<[string, FileHandle | FolderHandle]>;
}

export interface Contents {
  readonly sizeBytes: number;
  read(offset: number, into: Uint8Array): Pending<number>;
  write(offset: number, from: Uint8Array): Pending<void>;
  resize(sizeBytes: number): Pending<void>;
  flush(): Pending<void>;
  close(): Pending<void>;
}

/** A file of the origin private file system, which is this worker's alone while it is open. */
export class SyncContents implements Contents {
  readonly #access: SyncAccess;

  constructor(access: SyncAccess) {
    this.#access = access;
  }

  get sizeBytes(): number {
    return this.#access.getSize();
  }

  read(offset: number, into: Uint8Array): number {
    return offset >= this.sizeBytes ? 0 : this.#access.read(into, { at: offset });
  }

  write(offset: number, from: Uint8Array): void {
    if (this.#access.write(from, { at: offset }) < from.length) {
      throw new DOMException("The file could not be written completely.", "QuotaExceededError");
    }
  }

  resize(sizeBytes: number): void {
    this.#access.truncate(sizeBytes);
  }

  flush(): void {
    this.#access.flush();
  }

  close(): void {
    this.#access.close();
  }
}

/** What is written of a file is put down when so much has come together, in it or in all files of a tree. */
const DIRTY_BYTES = 16 * 1024 * 1024;
const TOTAL_DIRTY_BYTES = 64 * 1024 * 1024;

/** What was written of a tree's files and is not put down. */
export interface DirtyCount {
  bytes: number;
}

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * A file of the user's computer. Its browser gives only whole new versions of a file, each of them a copy: what is
 * written comes together in memory first.
 */
export class BufferedContents implements Contents {
  readonly #handle: FileHandle;
  readonly #total: DirtyCount;
  #file: Blob;
  #sizeBytes: number;
  /** How much of the file as it is on the computer still counts. */
  #baseBytes: number;
  #pieces: Piece[] = [];
  #dirtyBytes = 0;
  #isResized = false;

  private constructor(handle: FileHandle, file: Blob, total: DirtyCount) {
    this.#handle = handle;
    this.#total = total;
    this.#file = file;
    this.#sizeBytes = file.size;
    this.#baseBytes = file.size;
  }

  /** `total` counts for all files of a tree; without it the file is alone. */
  static async open(handle: FileHandle, total: DirtyCount = { bytes: 0 }): Promise<BufferedContents> {
    return new BufferedContents(handle, await handle.getFile(), total);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    const end = Math.min(this.#sizeBytes, offset + into.length);
    if (end <= offset) return 0;
    into.fill(0, 0, end - offset);
    const from = Math.min(end, this.#baseBytes);
    const pieces = this.#pieces;
    if (from > offset) into.set(new Uint8Array(await this.#file.slice(offset, from).arrayBuffer()));
    for (const piece of pieces) {
      const first = Math.max(offset, piece.offset);
      const last = Math.min(end, piece.offset + piece.bytes.length);
      if (last > first) into.set(piece.bytes.subarray(first - piece.offset, last - piece.offset), first - offset);
    }
    return end - offset;
  }

  async write(offset: number, from: Uint8Array): Promise<void> {
    this.#add({ offset, bytes: from.slice() });
    this.#sizeBytes = Math.max(this.#sizeBytes, offset + from.length);
    if (this.#dirtyBytes > DIRTY_BYTES || this.#total.bytes > TOTAL_DIRTY_BYTES) await this.flush();
  }

  #add(piece: Piece): void {
    const last = this.#pieces.at(-1);
    // The same place again, as a guest writes that appends to a page.
    if (last !== undefined && last.offset === piece.offset && last.bytes.length <= piece.bytes.length) {
      this.#pieces.pop();
      this.#count(-last.bytes.length);
    }
    this.#pieces.push(piece);
    this.#count(piece.bytes.length);
  }

  #count(bytes: number): void {
    this.#dirtyBytes += bytes;
    this.#total.bytes += bytes;
  }

  /** What was written is not wanted any more. */
  forget(): void {
    this.#pieces = [];
    this.#count(-this.#dirtyBytes);
  }

  async resize(sizeBytes: number): Promise<void> {
    if (sizeBytes < this.#sizeBytes && this.#pieces.length > 0) await this.flush();
    this.#baseBytes = Math.min(this.#baseBytes, sizeBytes);
    this.#isResized = true;
    this.#sizeBytes = sizeBytes;
  }

  async flush(): Promise<void> {
    if (this.#pieces.length === 0 && !this.#isResized) return;
    if (this.#handle.createWritable === undefined) {
      throw new DOMException("This browser does not let pages write files.", "NotAllowedError");
    }
    const writable = await this.#handle.createWritable({ keepExistingData: true });
    try {
      if (this.#baseBytes < this.#file.size) await writable.truncate(this.#baseBytes);
      for (const { offset, bytes } of this.#pieces) {
        await writable.write({ type: "write", position: offset, data: bytes });
      }
      await writable.truncate(this.#sizeBytes);
    } catch (error) {
      await writable.abort();
      throw error;
    }
    await writable.close();
    this.#file = await this.#handle.getFile();
    this.#baseBytes = this.#sizeBytes;
    this.forget();
    this.#isResized = false;
  }

  async close(): Promise<void> {
    await this.flush();
  }
}

/** What is left of a file without a name, until it is closed. */
export class OrphanContents implements Contents {
  readonly #bytes: SparseBytes;

  /** `reserve` as SparseBytes has it. */
  constructor(reserve: (bytes: number) => void) {
    this.#bytes = new SparseBytes(reserve);
  }

  get sizeBytes(): number {
    return this.#bytes.sizeBytes;
  }

  read(offset: number, into: Uint8Array): number {
    return this.#bytes.read(offset, into);
  }

  write(offset: number, from: Uint8Array): void {
    this.#bytes.write(offset, from);
  }

  resize(sizeBytes: number): void {
    this.#bytes.resize(sizeBytes);
  }

  flush(): void {
    // There is no medium.
  }

  close(): void {
    this.#bytes.clear();
  }
}

const COPY_BYTES = 1024 * 1024;

/** Copies all of `from` to `to`, which is empty. */
export async function copyContents(from: Contents, to: Contents): Promise<void> {
  const piece = new Uint8Array(COPY_BYTES);
  for (let offset = 0; ; ) {
    const count = await from.read(offset, piece);
    if (count === 0) break;
    await to.write(offset, piece.subarray(0, count));
    offset += count;
  }
  await to.resize(from.sizeBytes);
}
