/** One conversation: from Tversion, or a reset, to the next. */
import { type FileStat, type FileTree, type Pending, type TreePath } from "../../file-tree.ts";
import * as P from "../../spec/9p.ts";
import { type Fid, FidTable, type FidUse } from "./fids.ts";
import { Handle } from "./handle.ts";
import type { Qid } from "./messages.ts";
import { NameLock } from "./name-lock.ts";
import { PathNodes } from "./path-nodes.ts";
import { refusalOf, refuse, RequestError, type Steps, wait } from "./steps.ts";

/** Largest message; a client may ask for less. */
export const MAX_MSIZE = 512 * 1024;
/** Smallest one that is worth anything; QEMU has the same. */
export const MIN_MSIZE = 4096;
/** Longest name; Linux's limit. */
const MAX_NAME_BYTES = 255;

export class Session {
  readonly tree: FileTree;
  readonly fids = new FidTable();
  readonly nodes = new PathNodes();
  readonly names = new NameLock();
  /** What Tversion came to; before it the largest that there is. */
  msize = MAX_MSIZE;
  private readonly onHostError: (error: unknown) => void;

  constructor(tree: FileTree, onHostError: (error: unknown) => void) {
    this.tree = tree;
    this.onHostError = onHostError;
  }

  /** Ends it: all fids are given up. */
  end(): void {
    for (const fid of this.fids.clear()) {
      if (fid.use?.kind === "file") fid.use.handle.drop();
      this.leaveNode(fid);
    }
  }

  /** Asks the tree; what it refuses is refused. */
  *ask<Value>(work: () => Pending<Value>): Steps<Value> {
    try {
      return yield* wait(work());
    } catch (error) {
      throw this.refusal(error);
    }
  }

  refusal(error: unknown): RequestError {
    return refusalOf(error, this.onHostError);
  }

  /** The path of a fid. Refuses with ENOENT where its name is gone. */
  path(fid: Fid): TreePath {
    try {
      return this.nodes.path(fid.node);
    } catch (error) {
      throw this.refusal(error);
    }
  }

  /** The path of a new or old name in the directory that a fid stands for. */
  pathIn(directory: Fid, name: string): TreePath {
    return [...this.path(directory), checkName(name)];
  }

  /** Refuses with EROFS where nothing may be changed. */
  checkWritable(): void {
    if (this.tree.readOnly) refuse("EROFS");
  }

  /** A new fid. Refuses where its number is taken. */
  addFid(number: number, path: TreePath, uid: number, use: FidUse | null = null): void {
    this.fids.checkFree(number);
    this.fids.add({ number, node: this.nodes.retain(path), uid, use, busy: false });
  }

  /** A fid stands for another file from now on. */
  moveFid(fid: Fid, path: TreePath): void {
    const old = fid.node;
    fid.node = this.nodes.retain(path);
    this.nodes.release(old);
  }

  /** A fid that was not open has a file from now on. */
  useFile(fid: Fid, file: Handle): void {
    this.fids.open(fid, { kind: "file", handle: file });
    fid.node.handles.add(file);
  }

  /** Gives a fid up; what is left to do is the file that was open, if any. */
  dropFid(fid: Fid): FidUse | null {
    this.fids.remove(fid);
    this.leaveNode(fid);
    return fid.use;
  }

  private leaveNode(fid: Fid): void {
    if (fid.use?.kind === "file") fid.node.handles.delete(fid.use.handle);
    this.nodes.release(fid.node);
  }

  /** Opens a file for a fid. Refuses, with the file closed again, where the fid was given up meanwhile. */
  *openFor(fid: Fid, append: boolean, mode: Handle["mode"], open: () => ReturnType<FileTree["open"]>): Steps<void> {
    if (fid.busy || fid.use !== null) refuse("EINVAL");
    this.fids.checkRoom("file");
    fid.busy = true;
    try {
      const handle = new Handle(yield* this.ask(open), mode, append, this.onHostError);
      if (!this.fids.holds(fid)) {
        handle.drop();
        refuse("EBADF");
      }
      this.useFile(fid, handle);
    } finally {
      fid.busy = false;
    }
  }

  /** The open file of a fid. Refuses with EBADF; ESTALE for a file of a saved state that is not there any more. */
  *handle(fid: Fid): Steps<Handle> {
    const { use } = fid;
    if (use?.kind === "file") return use.handle;
    if (use?.kind !== "saved-file") return refuse("EBADF");
    const { mode } = use;
    const file = yield* this.names.shared(() => this.reopen(fid, mode));
    const handle = new Handle(file, mode, mode.append, this.onHostError);
    // Another request may have been faster, or given the fid up.
    const now = fid.use;
    if (now !== use || !this.fids.holds(fid)) {
      handle.drop();
      return now?.kind === "file" ? now.handle : refuse("EBADF");
    }
    this.useFile(fid, handle);
    return handle;
  }

  private *reopen(fid: Fid, mode: Handle["mode"]): Steps<Awaited<ReturnType<FileTree["open"]>>> {
    try {
      const path = this.path(fid);
      return yield* this.ask(() => this.tree.open(path, { ...mode, truncate: false }));
    } catch (error) {
      if (error instanceof RequestError && error.errno !== "EINTR") refuse("ESTALE");
      throw error;
    }
  }

  /** Uses an open file; it stays open as long. */
  *using<Value>(handle: Handle, work: () => Steps<Value>): Steps<Value> {
    handle.enter();
    try {
      return yield* work();
    } finally {
      handle.leave();
    }
  }

  /** What is known of a fid's file: by its open file if there is one, also one of another fid once the name is gone. */
  *stat(fid: Fid): Steps<FileStat> {
    const open = this.openFileOf(fid);
    if (open !== null) return yield* this.using(open, () => this.ask(() => open.file.stat()));
    return yield* this.names.shared(() => this.statPath(this.path(fid)));
  }

  /** The open file through which a fid is to be asked, or null for its name. */
  openFileOf(fid: Fid): Handle | null {
    if (fid.use?.kind === "file") return fid.use.handle;
    if (!fid.node.gone) return null;
    const [other] = fid.node.handles;
    return other ?? null;
  }

  *statPath(path: TreePath): Steps<FileStat> {
    return yield* this.ask(() => this.tree.stat(path));
  }

  /** Largest piece that is read or written at a time: whole pages. */
  get iounit(): number {
    const bytes = this.msize - P.P9_IOHDRSZ;
    return bytes - (bytes % 4096) || bytes;
  }
}

/** A name that a file may have. Refuses others as QEMU does. */
export function checkName(name: string): string {
  if (name === "" || name.includes("/") || name.includes("\0")) refuse("ENOENT");
  if (name.length > MAX_NAME_BYTES || byteLength(name) > MAX_NAME_BYTES) refuse("ENAMETOOLONG");
  return name;
}

function byteLength(name: string): number {
  let bytes = 0;
  for (const character of name) {
    const code = character.codePointAt(0) as number;
    // A lone surrogate stands for one byte.
    if (code < 0x80 || (code >= 0xdc80 && code <= 0xdcff)) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else bytes += code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

/** As `checkName`, where "." and ".." would name what is there already. */
export function checkNewName(name: string): string {
  if (name === "." || name === "..") refuse("EEXIST");
  return checkName(name);
}

/** Type of a qid by a file's mode. */
export function qidType(mode: number): number {
  const kind = mode & P.S_IFMT;
  if (kind === P.S_IFDIR) return P.P9_QTDIR;
  return kind === P.S_IFLNK ? P.P9_QTSYMLINK : P.P9_QTFILE;
}

export function qidOf(stat: FileStat): Qid {
  return {
    type: qidType(stat.mode),
    version: Number(BigInt.asUintN(32, stat.mtime ^ (BigInt(stat.sizeBytes) << 8n))),
    path: BigInt.asUintN(64, stat.id),
  };
}

export function isDirectory(stat: FileStat): boolean {
  return (stat.mode & P.S_IFMT) === P.S_IFDIR;
}

/** A 64-bit offset or size as a number. Refuses with `errno` beyond 2^53. */
export function safeNumber(value: bigint, errno: "EFBIG" | "EINVAL" = "EFBIG"): number {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : refuse(errno);
}
