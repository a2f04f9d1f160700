/**
 * A folder behind a FileSystemDirectoryHandle: of the origin private file system, or of the user's computer. Owners, permissions,
 * kinds of files and targets of symbolic links are beside the files as QEMU's mapped-file has them, as far as they are not what a
 * file of its own accord has here. There are no hard links; times are those of the last change, and cannot be set.
 */
import {
  type AttributeChange,
  type Creation,
  type DirectoryEntry,
  encodeName,
  type FileStat,
  type FileTree,
  type OpenFile,
  type OpenMode,
  TreeError,
  type TreePath,
  type TreeSpace,
} from "../../virtio/file-tree.ts";
import * as P from "../../virtio/spec/9p.ts";
import { fromHandleError, hasName } from "./handle-error.ts";
import {
  BufferedContents,
  type Contents,
  copyContents,
  type DirtyCount,
  type FileHandle,
  type FolderHandle,
  OrphanContents,
  SyncContents,
} from "./handle-file.ts";
import { HandleAttributes } from "./handle-attributes.ts";
import { OpenPaths } from "./open-paths.ts";
import { Serial } from "./serial.ts";
import { isMetadataName } from "./virtfs-attributes.ts";

const FILE_MODE = P.S_IFREG | 0o644;
const FOLDER_MODE = P.S_IFDIR | 0o755;
const BLOCK_BYTES = 4096;
const NS_PER_MS = 1_000_000n;
/** Memory for files that were removed while they were open. */
const ORPHAN_BYTES = 256 * 1024 * 1024;
const MAX_TARGET_BYTES = 4096;

/** A file that is open, once however often it was opened. */
interface OpenEntry {
  path: TreePath | null;
  /** Null where it has to be opened again: it was moved. */
  contents: Contents | null;
  users: number;
  mtime: bigint;
  readonly serial: Serial;
  /** What was known of it when its name went. */
  last: FileStat | null;
}

export interface HandleTreeOptions {
  readonly nowMs?: () => number;
  /** What the browser says there is. */
  readonly estimate?: () => Promise<{ readonly usage?: number; readonly quota?: number }>;
}

export class HandleTree implements FileTree {
  readonly readOnly = false;
  readonly xattrs = null;
  readonly #root: FolderHandle;
  readonly #attributes: HandleAttributes;
  readonly #open = new OpenPaths<OpenEntry>();
  readonly #nowMs: () => number;
  readonly #estimate: HandleTreeOptions["estimate"];
  /** When folders changed, which their handles do not tell. */
  readonly #startedMs: number;
  #orphanBytes = 0;
  readonly #dirty: DirtyCount = { bytes: 0 };

  constructor(root: FolderHandle, { nowMs = () => Date.now(), estimate }: HandleTreeOptions = {}) {
    this.#root = root;
    this.#attributes = new HandleAttributes((path) => this.#folder(path));
    this.#nowMs = nowMs;
    this.#estimate = estimate;
    this.#startedMs = nowMs();
  }

  // ---- Looking ----

  stat(path: TreePath): Promise<FileStat> {
    return this.#run(path, async () => {
      const open = this.#open.at(path);
      if (open !== null) return await open.serial.run(async () => await this.#statOpen(open));
      return await this.#statName(path);
    });
  }

  async #statName(path: TreePath): Promise<FileStat> {
    const found = await this.#find(path);
    if (found.kind === "directory") return await this.#statOf(path, FOLDER_MODE, 0, this.#now(this.#startedMs));
    const file = await found.getFile();
    return await this.#statOf(path, FILE_MODE, file.size, this.#now(file.lastModified));
  }

  async #statOpen(entry: OpenEntry): Promise<FileStat> {
    const { sizeBytes } = await this.#contents(entry);
    if (entry.path === null) return { ...(entry.last as FileStat), sizeBytes, linkCount: 0 };
    return await this.#statOf(entry.path, FILE_MODE, sizeBytes, entry.mtime);
  }

  async #statOf(path: TreePath, mode: number, sizeBytes: number, mtime: bigint): Promise<FileStat> {
    const attributes = await this.#attributes.read(path);
    return {
      id: idOf(path),
      mode: attributes.mode ?? mode,
      uid: attributes.uid ?? 0,
      gid: attributes.gid ?? 0,
      linkCount: 1,
      rdev: attributes.rdev ?? 0,
      sizeBytes,
      allocatedBytes: sizeBytes,
      atime: mtime,
      mtime,
      ctime: mtime,
    };
  }

  list(path: TreePath): Promise<DirectoryEntry[]> {
    return this.#run(path, async () => {
      const entries: DirectoryEntry[] = [];
      for await (const [name, { kind }] of (await this.#folder(path)).entries()) {
        if (isMetadataName(name)) continue;
        const { mode } = await this.#attributes.read([...path, name]);
        const type = (mode ?? (kind === "directory" ? FOLDER_MODE : FILE_MODE)) & P.S_IFMT;
        entries.push({ name, id: idOf([...path, name]), type });
      }
      return entries;
    });
  }

  readLink(path: TreePath): Promise<string> {
    return this.#run(path, async () => {
      const stat = await this.#statName(path);
      const found = await this.#find(path);
      if ((stat.mode & P.S_IFMT) !== P.S_IFLNK || found.kind === "directory") throw new TreeError("EINVAL");
      return await (await found.getFile()).slice(0, MAX_TARGET_BYTES).text();
    });
  }

  async space(): Promise<TreeSpace> {
    const { usage = 0, quota = 0 } = (await this.#estimate?.()) ?? {};
    return {
      blockBytes: BLOCK_BYTES,
      totalBlocks: Math.floor(quota / BLOCK_BYTES),
      freeBlocks: Math.floor(Math.max(0, quota - usage) / BLOCK_BYTES),
      totalFiles: 0,
      freeFiles: 0,
    };
  }

  /** Runs an operation, with the browser's errors as the guest's. */
  async #run<Value>(path: TreePath, work: () => Promise<Value>): Promise<Value> {
    if (path.some((name) => isMetadataName(name))) throw new TreeError("ENOENT");
    // What is no Unicode the browser would change.
    if (path.some((name) => /\p{Surrogate}/u.test(name))) throw new TreeError("EILSEQ");
    try {
      return await work();
    } catch (error) {
      throw fromHandleError(error);
    }
  }

  async #folder(path: TreePath): Promise<FolderHandle> {
    let folder = this.#root;
    for (const name of path) folder = await folder.getDirectoryHandle(name);
    return folder;
  }

  async #find(path: TreePath): Promise<FileHandle | FolderHandle> {
    const name = path.at(-1);
    if (name === undefined) return this.#root;
    const parent = await this.#folder(path.slice(0, -1));
    try {
      return await parent.getFileHandle(name);
    } catch (error) {
      if (!hasName(error, "TypeMismatchError")) throw error;
      return await parent.getDirectoryHandle(name);
    }
  }

  async #exists(path: TreePath): Promise<boolean> {
    try {
      await this.#find(path);
      return true;
    } catch (error) {
      if (hasName(error, "NotFoundError")) return false;
      throw error;
    }
  }

  #now(ms: number): bigint {
    return BigInt(Math.floor(ms)) * NS_PER_MS;
  }

  // ---- Files ----

  open(path: TreePath, mode: OpenMode): Promise<OpenFile> {
    return this.#run(path, async () => {
      const kind = (await this.#statName(path)).mode & P.S_IFMT;
      if (kind === P.S_IFDIR) throw new TreeError("EISDIR");
      if (kind === P.S_IFLNK) throw new TreeError("ELOOP");
      if (kind !== P.S_IFREG) throw new TreeError("ENXIO");
      const file = await this.#use(path);
      if (mode.truncate) await file.change({ sizeBytes: 0 });
      return file;
    });
  }

  create(path: TreePath, creation: Creation): Promise<OpenFile> {
    return this.#run(path, async () => {
      await this.#make(path, { ...creation, mode: P.S_IFREG | creation.mode }, new Uint8Array());
      return await this.#use(path);
    });
  }

  /** Opens a file that is there. */
  async #use(path: TreePath): Promise<OpenFile> {
    let entry = this.#open.at(path);
    if (entry === null) {
      const mtime = this.#now((await (await this.#fileHandle(path)).getFile()).lastModified);
      entry = { path, contents: null, users: 0, mtime, serial: new Serial(), last: null };
      this.#open.add(entry);
    }
    entry.users += 1;
    try {
      const opened = entry;
      await opened.serial.run(async () => await this.#contents(opened));
    } catch (error) {
      await this.#leave(entry);
      throw error;
    }
    return this.#openFile(entry);
  }

  async #fileHandle(path: TreePath): Promise<FileHandle> {
    const parent = await this.#folder(path.slice(0, -1));
    return await parent.getFileHandle(path.at(-1) ?? "");
  }

  #openFile(entry: OpenEntry): OpenFile {
    let isOpen = true;
    const run = <Value>(work: (contents: Contents) => Value | Promise<Value>): Promise<Value> =>
      this.#run([], () => entry.serial.run(async () => await work(await this.#contents(entry))));
    return {
      stat: () => run(() => this.#statOpen(entry)),
      read: (offset, into) => run((contents) => contents.read(offset, into)),
      write: (offset, from) =>
        run(async (contents) => {
          await contents.write(offset, from);
          entry.mtime = this.#now(this.#nowMs());
        }),
      change: (attributes) =>
        run(async (contents) => {
          if (attributes.sizeBytes !== undefined) await contents.resize(attributes.sizeBytes);
          if (attributes.sizeBytes !== undefined || attributes.mtime !== undefined) {
            entry.mtime = this.#now(this.#nowMs());
          }
          if (entry.path !== null) await this.#changeKept(entry.path, FILE_MODE, attributes);
        }),
      sync: () => run((contents) => contents.flush()),
      close: async () => {
        if (!isOpen) return;
        isOpen = false;
        await this.#run([], () => this.#leave(entry));
      },
    };
  }

  async #leave(entry: OpenEntry): Promise<void> {
    entry.users -= 1;
    await entry.serial.run(async () => {
      if (entry.users > 0) return;
      this.#open.delete(entry);
      const { contents } = entry;
      entry.contents = null;
      await contents?.close();
    });
  }

  async #contents(entry: OpenEntry): Promise<Contents> {
    if (entry.contents === null) {
      if (entry.path === null) throw new TreeError("ESTALE");
      entry.contents = await openContents(await this.#fileHandle(entry.path), this.#dirty);
    }
    return entry.contents;
  }

  /**
   * Files below a path are put down and closed while `work` moves them. Whoever uses them meanwhile waits, and then they are opened
   * again.
   */
  async #suspended(path: TreePath, work: () => Promise<void>): Promise<void> {
    const releases: (() => void)[] = [];
    try {
      for (const entry of this.#open.below(path)) {
        const hold = entry.serial.hold(async () => {
          const { contents } = entry;
          entry.contents = null;
          await contents?.close();
        });
        releases.push(await hold);
      }
      await work();
    } finally {
      for (const release of releases) release();
    }
  }

  /** A file that is open goes on in memory, since its name goes. */
  async #orphan(path: TreePath): Promise<void> {
    const entry = this.#open.at(path);
    if (entry === null) return;
    await entry.serial.run(async () => {
      const old = await this.#contents(entry);
      let used = 0;
      const orphan = new OrphanContents((bytes) => {
        if (bytes > 0 && this.#orphanBytes + bytes > ORPHAN_BYTES) throw new TreeError("EBUSY");
        this.#orphanBytes += bytes;
        used += bytes;
      });
      try {
        await copyContents(old, orphan);
      } catch (error) {
        this.#orphanBytes -= used;
        throw error;
      }
      entry.last = await this.#statOpen(entry);
      entry.contents = orphan;
      // Nothing of it is to be put down any more; what cannot be closed is gone anyway.
      if (old instanceof SyncContents) old.close();
      if (old instanceof BufferedContents) old.forget();
    });
  }

  // ---- Names ----

  makeDirectory(path: TreePath, creation: Creation): Promise<void> {
    return this.#run(path, async () => {
      if (await this.#exists(path)) throw new TreeError("EEXIST");
      const parent = await this.#folder(path.slice(0, -1));
      await parent.getDirectoryHandle(path.at(-1) ?? "", { create: true });
      await this.#keep(path, { ...creation, mode: P.S_IFDIR | creation.mode });
    });
  }

  makeLink(path: TreePath, target: string, creation: Creation): Promise<void> {
    return this.#run(path, async () => {
      const bytes = encodeName(target);
      if (bytes.length > MAX_TARGET_BYTES) throw new TreeError("ENAMETOOLONG");
      await this.#make(path, { ...creation, mode: P.S_IFLNK | 0o777 }, bytes);
    });
  }

  makeNode(path: TreePath, creation: Creation, rdev: number): Promise<void> {
    return this.#run(path, async () => await this.#make(path, creation, new Uint8Array(), rdev));
  }

  link(): never {
    throw new TreeError("EPERM");
  }

  async #make(path: TreePath, creation: Creation, bytes: Uint8Array, rdev = 0): Promise<void> {
    if (await this.#exists(path)) throw new TreeError("EEXIST");
    const parent = await this.#folder(path.slice(0, -1));
    const handle = await parent.getFileHandle(path.at(-1) ?? "", { create: true });
    if (bytes.length > 0) {
      const contents = await openContents(handle);
      try {
        await contents.write(0, bytes);
      } finally {
        await contents.close();
      }
    }
    await this.#keep(path, creation, rdev);
  }

  /** Attributes of something new, as far as they are not what it has anyway. */
  async #keep(path: TreePath, { mode, uid, gid }: Creation, rdev = 0): Promise<void> {
    const isPlain = mode === FILE_MODE || mode === FOLDER_MODE;
    if (isPlain && uid === 0 && gid === 0) await this.#attributes.remove(path);
    else await this.#attributes.write(path, { uid, gid, mode, ...(rdev === 0 ? {} : { rdev }) });
  }

  async #changeKept(path: TreePath, mode: number, change: AttributeChange): Promise<void> {
    if (change.mode === undefined && change.uid === undefined && change.gid === undefined) return;
    const old = await this.#attributes.read(path);
    const kind = (old.mode ?? mode) & P.S_IFMT;
    const permissions = change.mode ?? (old.mode ?? mode) & P.S_PERMISSIONS;
    const creation = { mode: kind | permissions, uid: change.uid ?? old.uid ?? 0, gid: change.gid ?? old.gid ?? 0 };
    await this.#keep(path, creation, old.rdev ?? 0);
  }

  change(path: TreePath, change: AttributeChange): Promise<void> {
    return this.#run(path, async () => {
      const { mode } = await this.#statName(path);
      if (change.sizeBytes !== undefined) {
        if ((mode & P.S_IFMT) === P.S_IFDIR) throw new TreeError("EISDIR");
        if ((mode & P.S_IFMT) !== P.S_IFREG) throw new TreeError("EINVAL");
        const file = await this.#use(path);
        try {
          await file.change({ sizeBytes: change.sizeBytes });
        } finally {
          await file.close();
        }
      }
      await this.#changeKept(path, mode, change);
    });
  }

  remove(path: TreePath, what: "file" | "directory"): Promise<void> {
    return this.#run(path, async () => {
      const found = await this.#find(path);
      if (what === "directory" && found.kind !== "directory") throw new TreeError("ENOTDIR");
      if (what === "file" && found.kind === "directory") throw new TreeError("EISDIR");
      await this.#removeFound(path, found);
    });
  }

  async #removeFound(path: TreePath, found: FileHandle | FolderHandle): Promise<void> {
    if (path.length === 0) throw new TreeError("EBUSY");
    if (found.kind === "directory") {
      for await (const [name] of found.entries()) if (!isMetadataName(name)) throw new TreeError("ENOTEMPTY");
    } else await this.#orphan(path);
    const parent = await this.#folder(path.slice(0, -1));
    // A folder has nothing in it but what is kept beside files that are gone.
    await parent.removeEntry(found.name, { recursive: found.kind === "directory" });
    await this.#attributes.remove(path);
    if (found.kind === "directory") this.#attributes.forget(path);
    this.#open.removed(path);
  }

  rename(from: TreePath, to: TreePath): Promise<void> {
    return this.#run([...from, ...to], async () => {
      if (from.length === 0 || to.length === 0) throw new TreeError("EBUSY");
      if (from.every((name, index) => name === to[index])) {
        if (from.length === to.length) return;
        throw new TreeError("EINVAL");
      }
      const source = await this.#find(from);
      await this.#folder(to.slice(0, -1));
      if (await this.#exists(to)) {
        const target = await this.#find(to);
        if (source.kind === "directory" && target.kind !== "directory") throw new TreeError("ENOTDIR");
        if (source.kind !== "directory" && target.kind === "directory") throw new TreeError("EISDIR");
        await this.#removeFound(to, target);
      }
      await this.#suspended(from, async () => {
        await this.#copy(source, await this.#folder(to.slice(0, -1)), to.at(-1) ?? "");
        await (await this.#folder(from.slice(0, -1))).removeEntry(source.name, { recursive: true });
        await this.#moveAttributes(from, to);
        this.#open.moved(from, to);
      });
    });
  }

  async #moveAttributes(from: TreePath, to: TreePath): Promise<void> {
    const attributes = await this.#attributes.read(from);
    await this.#attributes.remove(from);
    this.#attributes.forget(from);
    this.#attributes.forget(to);
    if (Object.keys(attributes).length > 0) await this.#attributes.write(to, attributes);
    else await this.#attributes.remove(to);
  }

  /** Handles cannot be renamed everywhere: what is renamed is copied, with all that is in it. */
  async #copy(source: FileHandle | FolderHandle, parent: FolderHandle, name: string): Promise<void> {
    if (source.kind === "directory") {
      const made = await parent.getDirectoryHandle(name, { create: true });
      for await (const [child, handle] of source.entries()) await this.#copy(handle, made, child);
      return;
    }
    const to = await openContents(await parent.getFileHandle(name, { create: true }));
    try {
      const from = await BufferedContents.open(source);
      await copyContents(from, to);
    } finally {
      await to.close();
    }
  }

  async close(): Promise<void> {
    const closing = Array.from(this.#open.values(), async (entry) => {
      await entry.serial.run(async () => {
        const { contents } = entry;
        entry.contents = null;
        await contents?.close();
      });
    });
    const failed = (await Promise.allSettled(closing)).find((result) => result.status === "rejected");
    if (failed !== undefined) throw fromHandleError(failed.reason);
  }
}

async function openContents(handle: FileHandle, dirty?: DirtyCount): Promise<Contents> {
  if (handle.createSyncAccessHandle === undefined) return await BufferedContents.open(handle, dirty);
  try {
    return new SyncContents(await handle.createSyncAccessHandle());
  } catch (error) {
    // Only the origin private file system has them, though the method is there for every file.
    if (!hasName(error, "InvalidStateError") && !hasName(error, "NotSupportedError")) throw error;
    return await BufferedContents.open(handle, dirty);
  }
}

/** A number for a file: handles have none, so it is that of its path (FNV-1a, twice). */
function idOf(path: TreePath): bigint {
  let low = 0x811c9dc5;
  let high = 0xcbf29ce4;
  for (const byte of encodeName(path.join("/"))) {
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high ^ byte, 0x01000193) ^ (low >>> 13);
  }
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
