/**
 * The one interface to files that a guest may share: a folder of the host, of the browser, in memory, on a server.
 * Implementations live outside src/virtio. Every method may answer at once or with a promise.
 *
 * Paths are lists of names from the root; none of them is empty, "." or "..", or has "/" or NUL in it: whoever calls sees
 * to that. A tree never follows a symbolic link, neither at the end of a path nor on the way (ENOTDIR there).
 *
 * A failure that has an error number is a TreeError. Anything else that is thrown is a host error: the guest gets EIO, its
 * message goes to the user.
 */
import type { ErrnoName } from "./spec/9p.ts";

export type Pending<Value> = Value | Promise<Value>;

/** Names from the root. A byte that is no UTF-8 is a lone surrogate U+DC80 to U+DCFF, see `decodeName`. */
export type TreePath = readonly string[];

/** What a tree refuses, as Linux calls it. */
export class TreeError extends Error {
  override readonly name = "TreeError";
  readonly errno: ErrnoName;
  /** Whether the host failed, so that the message, a sentence, is for the user too. */
  readonly isHostError: boolean;

  constructor(errno: ErrnoName, message: string = errno, { isHostError = false } = {}) {
    super(message);
    this.errno = errno;
    this.isHostError = isHostError;
  }
}

/** A point in time as the guest has it: nanoseconds since 1970. */
export type Nanoseconds = bigint;

/** What is known of a file. */
export interface FileStat {
  /** The same for the same file, also under another name (hard links) where the tree can tell; below 2^64. */
  readonly id: bigint;
  /** S_IF* and permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkCount: number;
  /** Major number times 2^8 and minor number as Linux encodes a dev_t of 32 bits; 0 where it is no device. */
  readonly rdev: number;
  readonly sizeBytes: number;
  /** What the file takes of its medium. */
  readonly allocatedBytes: number;
  readonly atime: Nanoseconds;
  readonly mtime: Nanoseconds;
  readonly ctime: Nanoseconds;
}

/** A name in a directory. */
export interface DirectoryEntry {
  readonly name: string;
  /** FileStat.id of what it names. */
  readonly id: bigint;
  /** S_IF* of what it names. */
  readonly type: number;
}

/** Who makes a file, and how. `mode` has permissions only, unless a method says otherwise. */
export interface Creation {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What is to change; what is absent stays. The time of change follows by itself. */
export interface AttributeChange {
  /** Permissions. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly sizeBytes?: number;
  /** "now" is the host's time. */
  readonly atime?: Nanoseconds | "now";
  readonly mtime?: Nanoseconds | "now";
}

/** How a file is opened. */
export interface OpenMode {
  readonly read: boolean;
  readonly write: boolean;
  readonly truncate: boolean;
}

/** The room that there is. */
export interface TreeSpace {
  readonly blockBytes: number;
  readonly totalBlocks: number;
  readonly freeBlocks: number;
  readonly totalFiles: number;
  readonly freeFiles: number;
}

/** An open file. It goes on to exist after its last name is gone, until it is closed. */
export interface OpenFile {
  stat(): Pending<FileStat>;
  /** Fills `into` from `offset` on as far as the file goes; how many bytes there were. */
  read(offset: number, into: Uint8Array): Pending<number>;
  /** Takes all of `from`, or rejects. A gap reads as zeros. */
  write(offset: number, from: Uint8Array): Pending<void>;
  change(attributes: AttributeChange): Pending<void>;
  /** Makes what was written durable. */
  sync(): Pending<void>;
  close(): Pending<void>;
}

/** Extended attributes, for trees that have them. Names as the guest gives them ("user.note"). */
export interface ExtendedAttributes {
  list(path: TreePath): Pending<readonly string[]>;
  /** ENODATA where there is none. */
  get(path: TreePath, name: string): Pending<Uint8Array>;
  /** `mode` "create": EEXIST where there is one; "replace": ENODATA where there is none. */
  set(path: TreePath, name: string, value: Uint8Array, mode: "either" | "create" | "replace"): Pending<void>;
  remove(path: TreePath, name: string): Pending<void>;
}

export interface FileTree {
  /** Every change is refused with EROFS. */
  readonly readOnly: boolean;
  /** Null where the tree has none; the guest gets EOPNOTSUPP. */
  readonly xattrs: ExtendedAttributes | null;
  stat(path: TreePath): Pending<FileStat>;
  /** All names of a directory but "." and "..". */
  list(path: TreePath): Pending<readonly DirectoryEntry[]>;
  /** Where a symbolic link leads; EINVAL for anything else. */
  readLink(path: TreePath): Pending<string>;
  /** Opens a regular file: EISDIR, ELOOP (a symbolic link), ENXIO (a device, a socket) for others. */
  open(path: TreePath, mode: OpenMode): Pending<OpenFile>;
  /** Makes a regular file and opens it. EEXIST where the name is taken. */
  create(path: TreePath, creation: Creation, mode: OpenMode): Pending<OpenFile>;
  makeDirectory(path: TreePath, creation: Creation): Pending<void>;
  /** Makes a symbolic link; it has no permissions of its own. */
  makeLink(path: TreePath, target: string, creation: Creation): Pending<void>;
  /** Makes a device, a pipe, a socket or an empty file; `mode` with S_IF*. EPERM where the tree has no such thing. */
  makeNode(path: TreePath, creation: Creation, rdev: number): Pending<void>;
  /** A second name for a file. EPERM where the tree has no such thing, and for directories. */
  link(from: TreePath, to: TreePath): Pending<void>;
  /** As rename(2): what has the new name is replaced, a directory only when it is empty. */
  rename(from: TreePath, to: TreePath): Pending<void>;
  /** Removes a name; `what` is "directory" as rmdir(2), "file" as unlink(2). */
  remove(path: TreePath, what: "file" | "directory"): Pending<void>;
  change(path: TreePath, attributes: AttributeChange): Pending<void>;
  space(): Pending<TreeSpace>;
  /** Nothing is asked of the tree any more: what it holds of the host is let go, what was written is durable. */
  close(): Pending<void>;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

const SURROGATE_ESCAPE = 0xdc00;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Bytes that a UTF-8 sequence has, by its first one; 0 where none begins so. */
function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

/** Bytes as text, and back by `encodeName` to the same bytes: each that is no UTF-8 becomes U+DC80 to U+DCFF. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    // Some of it is no UTF-8.
  }
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] as number;
    const length = sequenceLength(first);
    let piece: string | null = null;
    if (length > 0 && at + length <= bytes.length) {
      try {
        piece = strict.decode(bytes.subarray(at, at + length));
      } catch {
        piece = null;
      }
    }
    text += piece ?? String.fromCharCode(SURROGATE_ESCAPE + first);
    at += piece === null ? 1 : length;
  }
  return text;
}

/** The bytes of a name or a target. */
export function encodeName(text: string): Uint8Array<ArrayBuffer> {
  if (!LONE_SURROGATE.test(text)) return encoder.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code >= SURROGATE_ESCAPE + 0x80 && code <= SURROGATE_ESCAPE + 0xff) bytes.push(code - SURROGATE_ESCAPE);
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}
