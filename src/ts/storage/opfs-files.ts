/** The files of a disk in the origin private file system. */
import { storageError, storageErrorOf } from "./browser-error.ts";

const FOLDER = "armlet-disks";
const DATA = "data";
/** Two, of which one is in use: see OpfsChunkStore. */
const INDEXES = ["index-a", "index-b"] as const;

/** What is used of a FileSystemSyncAccessHandle. */
export interface SyncFile {
  getSize(): number;
  /** Returns how many bytes there were. */
  read(into: Uint8Array, options: { readonly at: number }): number;
  /** Returns how many bytes there was room for, or throws. */
  write(from: Uint8Array, options: { readonly at: number }): number;
  truncate(sizeBytes: number): void;
  /** Everything written has reached the medium when it returns. */
  flush(): void;
  close(): void;
}

export interface DiskFiles<File> {
  readonly data: File;
  readonly indexes: readonly [File, File];
}

/** Opens a disk's files for this worker alone; they are made where they are not. Rejects with a StorageError. */
export async function openOpfsFiles(storage: StorageManager | undefined, id: string): Promise<DiskFiles<SyncFile>> {
  const opened: SyncFile[] = [];
  try {
    const folder = await diskFolder(storage, id, true);
    const open = async (name: string): Promise<SyncFile> => {
      const file = await folder.getFileHandle(name, { create: true });
      const handle = (await file.createSyncAccessHandle()) as SyncFile;
      opened.push(handle);
      return handle;
    };
    return { data: await open(DATA), indexes: [await open(INDEXES[0]), await open(INDEXES[1])] };
  } catch (error) {
    for (const handle of opened) handle.close();
    throw storageErrorOf(error, "unavailable");
  }
}

/** A disk's files as they are, to be read only. Null where there are none. */
export async function readOpfsFiles(storage: StorageManager | undefined, id: string): Promise<DiskFiles<File> | null> {
  try {
    const folder = await diskFolder(storage, id, false);
    const read = async (name: string): Promise<File> => await (await folder.getFileHandle(name)).getFile();
    return { data: await read(DATA), indexes: [await read(INDEXES[0]), await read(INDEXES[1])] };
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotFoundError") return null;
    throw storageErrorOf(error, "unavailable");
  }
}

/** Deletes a disk's files; where there are none that is no error. */
export async function deleteOpfsFiles(storage: StorageManager | undefined, id: string): Promise<void> {
  try {
    const root = await rootFolder(storage);
    const folder = await root.getDirectoryHandle(FOLDER, { create: true });
    await folder.removeEntry(id, { recursive: true });
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotFoundError") return;
    throw storageErrorOf(error, "unavailable");
  }
}

async function diskFolder(
  storage: StorageManager | undefined,
  id: string,
  create: boolean,
): Promise<FileSystemDirectoryHandle> {
  const root = await rootFolder(storage);
  return await (await root.getDirectoryHandle(FOLDER, { create })).getDirectoryHandle(id, { create });
}

/** Throws where the browser has none, or the page was not opened over a secure connection. */
async function rootFolder(storage: StorageManager | undefined): Promise<FileSystemDirectoryHandle> {
  if (storage?.getDirectory === undefined) throw storageError("unavailable");
  return await storage.getDirectory();
}
