/** A folder of the host (`-fsdev local,path=FOLDER`). Security models are QEMU's: see docs/command-line.md. */
import {
  chmodSync,
  closeSync,
  constants,
  fdatasync,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  statfsSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import {
  type AttributeChange,
  type Creation,
  decodeName,
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
import type { SecurityModel } from "../config/machine-config.ts";
import { OpenPaths } from "../files/open-paths.ts";
import { FilesError, fromNodeError } from "../files/tree-error.ts";
import { isMetadataName } from "../files/virtfs-attributes.ts";
import { Beneath, hostCall, type HostPath } from "./beneath.ts";
import { errorCode, fileError } from "./host-error.ts";
import { MappedAttributes } from "./mapped-attributes.ts";
import { type HostStat, hostStat, statOf } from "./host-stat.ts";

/** Where the guest's owners and permissions are kept beside the files, these have the host's: QEMU's defaults. */
const MAPPED_FILE_MODE = 0o600;
const MAPPED_FOLDER_MODE = 0o700;
/** A name must not lead to a pipe that nobody writes, or to another file. */
const SAFE = constants.O_NOFOLLOW | constants.O_NONBLOCK;
const MS_PER_SECOND = 1000;
const NS_PER_SECOND = 1e9;
/** Longest target of a symbolic link. */
const MAX_TARGET_BYTES = 4096;

interface OpenFolderFile {
  path: TreePath | null;
  readonly descriptor: number;
}

export class FolderTree implements FileTree {
  readonly readOnly = false;
  /** Node has no way to them. */
  readonly xattrs = null;
  private readonly beneath: Beneath;
  private readonly mapped: MappedAttributes | null;
  private readonly ignoresOwners: boolean;
  private readonly root: string;
  private readonly files = new OpenPaths<OpenFolderFile>();
  /** File systems below the root by their device numbers: file numbers are kept apart by the place in it. */
  private readonly devices = new Map<bigint, bigint>();

  private constructor(root: string, model: SecurityModel) {
    this.root = root;
    this.beneath = new Beneath(root);
    this.mapped = model.startsWith("mapped") ? new MappedAttributes(this.beneath) : null;
    this.ignoresOwners = model === "none";
  }

  /** Throws a FilesError where that is no folder. */
  static open(folder: string, model: SecurityModel): FolderTree {
    try {
      const root = realpathSync(folder);
      if (statSync(root).isDirectory()) return new FolderTree(root, model);
    } catch (error) {
      if (errorCode(error) === "ENOENT") {
        throw new FilesError(`There is no folder ${folder}.`, "Check its name, and the folder you are in.", {
          cause: error,
        });
      }
      throw new FilesError(fileError(folder, error).message, "", { cause: error });
    }
    throw new FilesError(`${folder} is a file, where a folder is needed.`, "");
  }

  // ---- Looking ----

  stat(path: TreePath): FileStat {
    this.checkVisible(path, "ENOENT");
    return this.beneath.at(path, (host) => this.statHost(path, host));
  }

  private statHost(path: TreePath, host: HostPath): FileStat {
    const stat = lstatSync(host, { bigint: true });
    return this.fileStat(hostStat(stat), path);
  }

  private fileStat(stat: HostStat, path: TreePath | null): FileStat {
    return statOf(stat, this.idOf(stat), path === null ? null : (this.mapped?.read(path) ?? null));
  }

  private idOf({ device, inode }: HostStat): bigint {
    let number = this.devices.get(device);
    if (number === undefined) {
      number = BigInt(this.devices.size);
      this.devices.set(device, number);
    }
    return BigInt.asUintN(64, inode ^ (number << 56n));
  }

  list(path: TreePath): DirectoryEntry[] {
    this.checkVisible(path, "ENOENT");
    return this.beneath.inFolder(path, (folder) => {
      const entries: DirectoryEntry[] = [];
      for (const bytes of readdirSync(Buffer.concat([folder, Buffer.from("/.")]), { encoding: "buffer" })) {
        const name = decodeName(bytes);
        if (this.mapped !== null && isMetadataName(name)) continue;
        const host = Buffer.concat([folder, Buffer.from("/"), bytes]);
        const stat = orNull(() => this.statHost([...path, name], host));
        // Gone since.
        if (stat !== null) entries.push({ name, id: stat.id, type: stat.mode & P.S_IFMT });
      }
      return entries;
    });
  }

  readLink(path: TreePath): string {
    const stat = this.stat(path);
    if ((stat.mode & P.S_IFMT) !== P.S_IFLNK) throw new TreeError("EINVAL");
    return this.beneath.at(path, (host) => {
      if (lstatSync(host).isSymbolicLink()) return decodeName(readlinkSync(host, { encoding: "buffer" }));
      const target = new Uint8Array(MAX_TARGET_BYTES);
      const descriptor = openSync(host, constants.O_RDONLY | SAFE);
      try {
        return decodeName(target.subarray(0, readSync(descriptor, target)));
      } finally {
        closeSync(descriptor);
      }
    });
  }

  space(): TreeSpace {
    const { bsize, blocks, bavail, files, ffree } = hostCall(() => statfsSync(this.root));
    return { blockBytes: bsize, totalBlocks: blocks, freeBlocks: bavail, totalFiles: files, freeFiles: ffree };
  }

  // ---- Files ----

  open(path: TreePath, mode: OpenMode): OpenFile {
    checkRegular(this.stat(path));
    const flags = accessOf(mode) | (mode.truncate ? constants.O_TRUNC : 0) | SAFE;
    return this.beneath.at(path, (host) => this.openHost(path, openSync(host, flags)));
  }

  create(path: TreePath, creation: Creation, mode: OpenMode): OpenFile {
    this.checkVisible(path, "EINVAL");
    const flags = accessOf(mode) | constants.O_CREAT | constants.O_EXCL | SAFE;
    return this.beneath.at(path, (host) => {
      const descriptor = openSync(host, flags, this.mapped === null ? creation.mode : MAPPED_FILE_MODE);
      try {
        this.own(path, host, { ...creation, mode: P.S_IFREG | creation.mode });
      } catch (error) {
        closeSync(descriptor);
        unlinkSync(host);
        throw error;
      }
      return this.openHost(path, descriptor);
    });
  }

  /** Who made something, and with which permissions: the host's umask has no say. */
  private own(path: TreePath, host: HostPath, { mode, uid, gid }: Creation, rdev?: number): void {
    if (this.mapped !== null) {
      this.mapped.write(path, { uid, gid, mode, ...(rdev === undefined ? {} : { rdev }) });
      return;
    }
    this.owners(() => lchownSync(host, uid, gid));
    if ((mode & P.S_IFMT) !== P.S_IFLNK) chmodSync(host, mode & P.S_PERMISSIONS);
  }

  /** security_model=none: whoever runs the machine owns its files where they may not be given away. */
  private owners(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!this.ignoresOwners || errorCode(error) !== "EPERM") throw error;
    }
  }

  private openHost(path: TreePath, descriptor: number): OpenFile {
    const file: OpenFolderFile = { path, descriptor };
    this.files.add(file);
    let isOpen = true;
    return {
      stat: () => hostCall(() => this.fileStat(hostStat(fstatSync(descriptor, { bigint: true })), file.path)),
      read: (offset, into) => hostCall(() => readAll(descriptor, offset, into)),
      write: (offset, from) => hostCall(() => writeAll(descriptor, offset, from)),
      change: (attributes) => hostCall(() => this.changeOpen(file, attributes)),
      sync: () => dataSync(descriptor),
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        this.files.delete(file);
        closeSync(descriptor);
      },
    };
  }

  private changeOpen({ path, descriptor }: OpenFolderFile, change: AttributeChange): void {
    const { sizeBytes, uid, gid, mode } = change;
    if (sizeBytes !== undefined) ftruncateSync(descriptor, sizeBytes);
    if (this.mapped !== null) {
      // Without a name there is no place for them.
      if (path !== null) this.mapped.change(path, this.stat(path).mode, change);
    } else {
      const stat = fstatSync(descriptor);
      if (uid !== undefined || gid !== undefined) {
        this.owners(() => fchownSync(descriptor, uid ?? stat.uid, gid ?? stat.gid));
      }
      if (mode !== undefined) fchmodSync(descriptor, mode);
    }
    const times = timesOf(change, () => fstatSync(descriptor, { bigint: true }));
    if (times !== null) futimesSync(descriptor, times.atime, times.mtime);
  }

  // ---- Names ----

  makeDirectory(path: TreePath, creation: Creation): void {
    this.checkVisible(path, "EINVAL");
    this.beneath.at(path, (host) => {
      mkdirSync(host, this.mapped === null ? creation.mode : MAPPED_FOLDER_MODE);
      this.undoing(
        () => this.own(path, host, { ...creation, mode: P.S_IFDIR | creation.mode }),
        () => rmdirSync(host),
      );
    });
  }

  makeLink(path: TreePath, target: string, creation: Creation): void {
    this.checkVisible(path, "EINVAL");
    const bytes = encodeName(target);
    if (bytes.length >= MAX_TARGET_BYTES) throw new TreeError("ENAMETOOLONG");
    if (this.mapped !== null) this.makeMapped(path, { ...creation, mode: P.S_IFLNK | 0o777 }, bytes);
    else {
      this.beneath.at(path, (host) => {
        symlinkSync(Buffer.from(bytes), host);
        this.undoing(
          () => this.own(path, host, { ...creation, mode: P.S_IFLNK }),
          () => unlinkSync(host),
        );
      });
    }
  }

  makeNode(path: TreePath, creation: Creation, rdev: number): void {
    this.checkVisible(path, "EINVAL");
    if (this.mapped !== null) this.makeMapped(path, creation, new Uint8Array(), rdev);
    else if ((creation.mode & P.S_IFMT) === P.S_IFREG) {
      const file = this.create(
        path,
        { ...creation, mode: creation.mode & P.S_PERMISSIONS },
        { read: false, write: true, truncate: false },
      );
      void file.close();
    }
    // Node makes no devices and pipes.
    else throw new TreeError("EPERM");
  }

  /** A file that stands for something else. */
  private makeMapped(path: TreePath, creation: Creation, contents: Uint8Array, rdev?: number): void {
    this.beneath.at(path, (host) => {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | SAFE;
      const descriptor = openSync(host, flags, MAPPED_FILE_MODE);
      try {
        writeAll(descriptor, 0, contents);
        this.undoing(
          () => this.own(path, host, creation, rdev),
          () => unlinkSync(host),
        );
      } finally {
        closeSync(descriptor);
      }
    });
  }

  private undoing(work: () => void, undo: () => void): void {
    try {
      work();
    } catch (error) {
      undo();
      throw error;
    }
  }

  link(from: TreePath, to: TreePath): void {
    this.checkVisible(from, "ENOENT");
    this.checkVisible(to, "EINVAL");
    this.beneath.atBoth(from, to, (existing, made) => linkSync(existing, made));
    this.mapped?.copied(from, to);
  }

  rename(from: TreePath, to: TreePath): void {
    this.checkVisible(from, "ENOENT");
    this.checkVisible(to, "EINVAL");
    this.mapped?.emptied(to);
    this.beneath.atBoth(from, to, (old, made) => renameSync(old, made));
    this.mapped?.moved(from, to);
    this.files.moved(from, to);
  }

  remove(path: TreePath, what: "file" | "directory"): void {
    this.checkVisible(path, "ENOENT");
    if (what === "directory") {
      if ((this.stat(path).mode & P.S_IFMT) !== P.S_IFDIR) throw new TreeError("ENOTDIR");
      this.mapped?.emptied(path);
      this.beneath.at(path, (host) => rmdirSync(host));
    } else {
      if ((this.stat(path).mode & P.S_IFMT) === P.S_IFDIR) throw new TreeError("EISDIR");
      this.beneath.at(path, (host) => unlinkSync(host));
    }
    this.mapped?.removed(path);
    this.files.removed(path);
  }

  change(path: TreePath, change: AttributeChange): void {
    const stat = this.stat(path);
    const kind = stat.mode & P.S_IFMT;
    const { sizeBytes, uid, gid, mode } = change;
    if (sizeBytes !== undefined) this.resize(path, stat, sizeBytes);
    if (this.mapped !== null) this.mapped.change(path, stat.mode, change);
    else {
      if (uid !== undefined || gid !== undefined) {
        this.beneath.at(path, (host) => this.owners(() => lchownSync(host, uid ?? stat.uid, gid ?? stat.gid)));
      }
      if (mode !== undefined) {
        if (kind === P.S_IFLNK) throw new TreeError("EOPNOTSUPP");
        this.beneath.follow(path, (host) => chmodSync(host, mode));
      }
    }
    this.beneath.at(path, (host) => {
      const times = timesOf(change, () => lstatSync(host, { bigint: true }));
      if (times !== null) lutimesSync(host, times.atime, times.mtime);
    });
  }

  private resize(path: TreePath, stat: FileStat, sizeBytes: number): void {
    if ((stat.mode & P.S_IFMT) === P.S_IFDIR) throw new TreeError("EISDIR");
    if ((stat.mode & P.S_IFMT) !== P.S_IFREG) throw new TreeError("EINVAL");
    this.beneath.at(path, (host) => {
      const descriptor = openSync(host, constants.O_WRONLY | SAFE);
      try {
        ftruncateSync(descriptor, sizeBytes);
      } finally {
        closeSync(descriptor);
      }
    });
  }

  /** What is kept beside files is no file. */
  private checkVisible(path: TreePath, errno: "ENOENT" | "EINVAL"): void {
    if (this.mapped !== null && path.some((name) => isMetadataName(name))) throw new TreeError(errno);
  }

  close(): void {
    for (const { descriptor } of this.files.values()) closeSync(descriptor);
    this.beneath.close();
  }
}

function checkRegular({ mode }: FileStat): void {
  const kind = mode & P.S_IFMT;
  if (kind === P.S_IFDIR) throw new TreeError("EISDIR");
  if (kind === P.S_IFLNK) throw new TreeError("ELOOP");
  if (kind !== P.S_IFREG) throw new TreeError("ENXIO");
}

function accessOf({ read, write }: OpenMode): number {
  if (!write) return constants.O_RDONLY;
  return read ? constants.O_RDWR : constants.O_WRONLY;
}

function readAll(descriptor: number, offset: number, into: Uint8Array): number {
  let done = 0;
  while (done < into.length) {
    const count = readSync(descriptor, into, done, into.length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

function writeAll(descriptor: number, offset: number, from: Uint8Array): void {
  for (let done = 0; done < from.length; ) {
    done += writeSync(descriptor, from, done, from.length - done, offset + done);
  }
}

async function dataSync(descriptor: number): Promise<void> {
  try {
    await promisify(fdatasync)(descriptor);
  } catch (error) {
    throw fromNodeError(error);
  }
}

/** Times in seconds, as Node takes them; null where none is to be set. */
function timesOf(
  { atime, mtime }: AttributeChange,
  stat: () => { readonly atimeNs: bigint; readonly mtimeNs: bigint },
): { readonly atime: number; readonly mtime: number } | null {
  if (atime === undefined && mtime === undefined) return null;
  const old = stat();
  const seconds = (wanted: bigint | "now" | undefined, was: bigint): number =>
    wanted === "now" ? Date.now() / MS_PER_SECOND : Number(wanted ?? was) / NS_PER_SECOND;
  return { atime: seconds(atime, old.atimeNs), mtime: seconds(mtime, old.mtimeNs) };
}

/** What is there, or null where it is gone. */
function orNull<Value>(work: () => Value): Value | null {
  try {
    return work();
  } catch (error) {
    const known = fromNodeError(error);
    if (known instanceof TreeError && known.errno === "ENOENT") return null;
    throw error;
  }
}
