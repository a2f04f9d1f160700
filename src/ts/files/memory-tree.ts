/** Files in memory: everything that Linux has, gone with the machine. */
import {
  type AttributeChange,
  type Creation,
  type DirectoryEntry,
  encodeName,
  type ExtendedAttributes,
  type FileStat,
  type FileTree,
  type Nanoseconds,
  type OpenFile,
  type OpenMode,
  TreeError,
  type TreePath,
  type TreeSpace,
} from "../../virtio/file-tree.ts";
import * as P from "../../virtio/spec/9p.ts";
import { SparseBytes } from "./sparse-bytes.ts";

const DEFAULT_SIZE_BYTES = 256 * 1024 * 1024;
const BLOCK_BYTES = 4096;
/** What a file costs beside its contents, roughly. */
const INODE_BYTES = 512;
const MAX_FILES = 1 << 18;
const NS_PER_MS = 1_000_000n;

interface Inode {
  readonly id: bigint;
  mode: number;
  uid: number;
  gid: number;
  linkCount: number;
  readonly rdev: number;
  atime: Nanoseconds;
  mtime: Nanoseconds;
  ctime: Nanoseconds;
  /** Of a directory. */
  readonly entries: Map<string, Inode> | null;
  /** Of a regular file. */
  readonly content: SparseBytes | null;
  /** Of a symbolic link. */
  readonly target: string;
  readonly xattrs: Map<string, Uint8Array>;
  openCount: number;
}

export interface MemoryTreeOptions {
  /** Memory that files may take. */
  readonly sizeBytes?: number;
  readonly nowMs?: () => number;
}

export class MemoryTree implements FileTree {
  readonly readOnly = false;
  readonly xattrs: ExtendedAttributes;
  private readonly sizeBytes: number;
  private readonly nowMs: () => number;
  private readonly root: Inode;
  private usedBytes = 0;
  private fileCount = 0;
  private lastId = 0n;

  constructor({ sizeBytes = DEFAULT_SIZE_BYTES, nowMs = () => Date.now() }: MemoryTreeOptions = {}) {
    this.sizeBytes = sizeBytes;
    this.nowMs = nowMs;
    this.root = this.newInode({ mode: P.S_IFDIR | 0o755, uid: 0, gid: 0 });
    this.root.linkCount = 2;
    this.xattrs = this.attributes();
  }

  // ---- Looking ----

  stat(path: TreePath): FileStat {
    return statOf(this.find(path));
  }

  list(path: TreePath): DirectoryEntry[] {
    return Array.from(this.directory(path), ([name, { id, mode }]) => ({ name, id, type: mode & P.S_IFMT }));
  }

  readLink(path: TreePath): string {
    const inode = this.find(path);
    if (kindOf(inode) !== P.S_IFLNK) throw new TreeError("EINVAL");
    return inode.target;
  }

  space(): TreeSpace {
    return {
      blockBytes: BLOCK_BYTES,
      totalBlocks: Math.floor(this.sizeBytes / BLOCK_BYTES),
      freeBlocks: Math.floor((this.sizeBytes - this.usedBytes) / BLOCK_BYTES),
      totalFiles: MAX_FILES,
      freeFiles: MAX_FILES - this.fileCount,
    };
  }

  private find(path: TreePath): Inode {
    let inode = this.root;
    for (const name of path) {
      if (inode.entries === null) throw new TreeError("ENOTDIR");
      const next = inode.entries.get(name);
      if (next === undefined) throw new TreeError("ENOENT");
      inode = next;
    }
    return inode;
  }

  private directory(path: TreePath): Map<string, Inode> {
    const { entries } = this.find(path);
    if (entries === null) throw new TreeError("ENOTDIR");
    return entries;
  }

  /** The directory of a path and its last name. */
  private place(path: TreePath): {
    readonly parent: Inode;
    readonly entries: Map<string, Inode>;
    readonly name: string;
  } {
    const name = path.at(-1);
    if (name === undefined) throw new TreeError("EBUSY");
    const parent = this.find(path.slice(0, -1));
    if (parent.entries === null) throw new TreeError("ENOTDIR");
    return { parent, entries: parent.entries, name };
  }

  // ---- Files ----

  open(path: TreePath, { truncate }: OpenMode): OpenFile {
    const inode = this.find(path);
    const kind = kindOf(inode);
    if (kind === P.S_IFDIR) throw new TreeError("EISDIR");
    if (kind === P.S_IFLNK) throw new TreeError("ELOOP");
    if (inode.content === null) throw new TreeError("ENXIO");
    if (truncate) this.apply(inode, { sizeBytes: 0 });
    return this.openInode(inode, inode.content);
  }

  create(path: TreePath, creation: Creation): OpenFile {
    const inode = this.add(path, { ...creation, mode: P.S_IFREG | creation.mode });
    return this.openInode(inode, inode.content as SparseBytes);
  }

  private openInode(inode: Inode, content: SparseBytes): OpenFile {
    inode.openCount += 1;
    let isOpen = true;
    return {
      stat: () => statOf(inode),
      read: (offset, into) => {
        const count = content.read(offset, into);
        // As Linux does unless it is told otherwise: a reading time for every change.
        if (inode.atime <= inode.mtime) inode.atime = this.now();
        return count;
      },
      write: (offset, from) => {
        content.write(offset, from);
        inode.mtime = inode.ctime = this.now();
      },
      change: (attributes) => this.apply(inode, attributes),
      sync: () => undefined,
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        inode.openCount -= 1;
        this.release(inode);
      },
    };
  }

  // ---- Names ----

  makeDirectory(path: TreePath, creation: Creation): void {
    this.add(path, { ...creation, mode: P.S_IFDIR | creation.mode });
  }

  makeLink(path: TreePath, target: string, creation: Creation): void {
    this.add(path, { ...creation, mode: P.S_IFLNK | 0o777 }, { target });
  }

  makeNode(path: TreePath, creation: Creation, rdev: number): void {
    this.add(path, creation, { rdev });
  }

  link(from: TreePath, to: TreePath): void {
    const inode = this.find(from);
    if (inode.entries !== null) throw new TreeError("EPERM");
    const { parent, entries, name } = this.place(to);
    if (entries.has(name)) throw new TreeError("EEXIST");
    inode.linkCount += 1;
    inode.ctime = this.now();
    this.enter(parent, entries, name, inode);
  }

  rename(from: TreePath, to: TreePath): void {
    const source = this.place(from);
    const inode = this.find(from);
    if (to.length > from.length && from.every((name, index) => name === to[index])) throw new TreeError("EINVAL");
    const target = this.place(to);
    const old = target.entries.get(target.name);
    if (old === inode) return;
    if (old !== undefined) {
      if (inode.entries !== null && old.entries === null) throw new TreeError("ENOTDIR");
      if (inode.entries === null && old.entries !== null) throw new TreeError("EISDIR");
      this.removeEntry(target.parent, target.entries, target.name);
    }
    source.entries.delete(source.name);
    this.enter(target.parent, target.entries, target.name, inode);
    if (inode.entries !== null) {
      source.parent.linkCount -= 1;
      target.parent.linkCount += 1;
    }
    source.parent.mtime = source.parent.ctime = inode.ctime = this.now();
  }

  remove(path: TreePath, what: "file" | "directory"): void {
    const { parent, entries, name } = this.place(path);
    const inode = entries.get(name);
    if (inode === undefined) throw new TreeError("ENOENT");
    if (what === "directory" && inode.entries === null) throw new TreeError("ENOTDIR");
    if (what === "file" && inode.entries !== null) throw new TreeError("EISDIR");
    this.removeEntry(parent, entries, name);
  }

  change(path: TreePath, attributes: AttributeChange): void {
    const inode = this.find(path);
    if (attributes.sizeBytes !== undefined && inode.content === null) {
      throw new TreeError(inode.entries === null ? "EINVAL" : "EISDIR");
    }
    this.apply(inode, attributes);
  }

  close(): void {
    // The memory goes with the tree.
  }

  // ---- Inodes ----

  private now(): Nanoseconds {
    return BigInt(Math.floor(this.nowMs())) * NS_PER_MS;
  }

  private newInode({ mode, uid, gid }: Creation, { target = "", rdev = 0 } = {}): Inode {
    if (this.fileCount >= MAX_FILES) throw new TreeError("ENOSPC");
    this.reserve(INODE_BYTES + target.length * 2);
    this.fileCount += 1;
    const time = this.now();
    const kind = mode & P.S_IFMT;
    return {
      id: ++this.lastId,
      mode,
      uid,
      gid,
      linkCount: 0,
      rdev,
      atime: time,
      mtime: time,
      ctime: time,
      entries: kind === P.S_IFDIR ? new Map() : null,
      content: kind === P.S_IFREG ? new SparseBytes((bytes) => this.reserve(bytes)) : null,
      target,
      xattrs: new Map(),
      openCount: 0,
    };
  }

  private add(path: TreePath, creation: Creation, rest: { target?: string; rdev?: number } = {}): Inode {
    if (path.length === 0) throw new TreeError("EEXIST");
    const { parent, entries, name } = this.place(path);
    // The parent may have lost its last name while it is open.
    if (parent.linkCount === 0) throw new TreeError("ENOENT");
    if (entries.has(name)) throw new TreeError("EEXIST");
    const inode = this.newInode(creation, rest);
    inode.linkCount = inode.entries === null ? 1 : 2;
    if (inode.entries !== null) parent.linkCount += 1;
    this.enter(parent, entries, name, inode);
    return inode;
  }

  private enter(parent: Inode, entries: Map<string, Inode>, name: string, inode: Inode): void {
    entries.set(name, inode);
    parent.mtime = parent.ctime = this.now();
  }

  private removeEntry(parent: Inode, entries: Map<string, Inode>, name: string): void {
    const inode = entries.get(name) as Inode;
    if (inode.entries !== null) {
      if (inode.entries.size > 0) throw new TreeError("ENOTEMPTY");
      inode.linkCount = 0;
      parent.linkCount -= 1;
    } else inode.linkCount -= 1;
    entries.delete(name);
    inode.ctime = parent.mtime = parent.ctime = this.now();
    this.release(inode);
  }

  /** Gives the memory of a file back that has neither a name nor a user. */
  private release(inode: Inode): void {
    if (inode.linkCount > 0 || inode.openCount > 0) return;
    inode.content?.clear();
    let bytes = INODE_BYTES + inode.target.length * 2;
    for (const value of inode.xattrs.values()) bytes += INODE_BYTES + value.length;
    this.reserve(-bytes);
    this.fileCount -= 1;
  }

  private reserve(bytes: number): void {
    if (bytes > 0 && this.usedBytes + bytes > this.sizeBytes) throw new TreeError("ENOSPC");
    this.usedBytes += bytes;
  }

  private apply(inode: Inode, { mode, uid, gid, sizeBytes, atime, mtime }: AttributeChange): void {
    const now = this.now();
    if (sizeBytes !== undefined) {
      inode.content?.resize(sizeBytes);
      inode.mtime = now;
    }
    if (mode !== undefined) inode.mode = (inode.mode & P.S_IFMT) | mode;
    if (uid !== undefined) inode.uid = uid;
    if (gid !== undefined) inode.gid = gid;
    if (atime !== undefined) inode.atime = atime === "now" ? now : atime;
    if (mtime !== undefined) inode.mtime = mtime === "now" ? now : mtime;
    inode.ctime = now;
  }

  private attributes(): ExtendedAttributes {
    return {
      list: (path) => [...this.find(path).xattrs.keys()],
      get: (path, name) => {
        const value = this.find(path).xattrs.get(name);
        if (value === undefined) throw new TreeError("ENODATA");
        return value;
      },
      set: (path, name, value, mode) => {
        const inode = this.find(path);
        const old = inode.xattrs.get(name);
        if (mode === "create" && old !== undefined) throw new TreeError("EEXIST");
        if (mode === "replace" && old === undefined) throw new TreeError("ENODATA");
        this.reserve(value.length - (old === undefined ? -INODE_BYTES : old.length));
        inode.xattrs.set(name, value.slice());
        inode.ctime = this.now();
      },
      remove: (path, name) => {
        const inode = this.find(path);
        const old = inode.xattrs.get(name);
        if (old === undefined) throw new TreeError("ENODATA");
        inode.xattrs.delete(name);
        this.reserve(-(INODE_BYTES + old.length));
        inode.ctime = this.now();
      },
    };
  }
}

function kindOf({ mode }: Inode): number {
  return mode & P.S_IFMT;
}

function statOf(inode: Inode): FileStat {
  const { id, mode, uid, gid, linkCount, rdev, atime, mtime, ctime, content, target } = inode;
  const sizeBytes = content?.sizeBytes ?? (target !== "" ? encodeName(target).length : 0);
  const allocatedBytes = content?.allocatedBytes ?? 0;
  return { id, mode, uid, gid, linkCount, rdev, sizeBytes, allocatedBytes, atime, mtime, ctime };
}
