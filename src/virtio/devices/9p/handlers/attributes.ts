/** What is known of files: Tgetattr, Tsetattr, Tstatfs, Txattrwalk, Txattrcreate. */
import { type AttributeChange, encodeName, type Nanoseconds } from "../../../file-tree.ts";
import * as P from "../../../spec/9p.ts";
import type { RequestOf } from "../messages.ts";
import { qidOf, safeNumber } from "../session.ts";
import { refuse } from "../steps.ts";
import type { Handlers } from "./handler.ts";

/** Largest value and longest name of an extended attribute, and largest list of names; Linux's limits. */
const MAX_XATTR_BYTES = 65_536;
const MAX_XATTR_NAME_BYTES = 255;
const NS_PER_SECOND = 1_000_000_000n;
/** Unit of Rgetattr's blocks. */
const BLOCK_BYTES = 512;

export const ATTRIBUTE_HANDLERS: Handlers<"getattr" | "setattr" | "statfs" | "xattrwalk" | "xattrcreate"> = {
  *getattr({ fid }, { session }) {
    const stat = yield* session.stat(session.fids.get(fid));
    const [atimeSec, atimeNsec] = split(stat.atime);
    const [mtimeSec, mtimeNsec] = split(stat.mtime);
    const [ctimeSec, ctimeNsec] = split(stat.ctime);
    return {
      valid: BigInt(P.P9_GETATTR_BASIC),
      qid: qidOf(stat),
      mode: stat.mode,
      uid: stat.uid,
      gid: stat.gid,
      nlink: BigInt(stat.linkCount),
      rdev: BigInt(stat.rdev),
      size: BigInt(stat.sizeBytes),
      blksize: BigInt(session.iounit),
      blocks: BigInt(Math.ceil(stat.allocatedBytes / BLOCK_BYTES)),
      atimeSec,
      atimeNsec,
      mtimeSec,
      mtimeNsec,
      ctimeSec,
      ctimeNsec,
      btimeSec: 0n,
      btimeNsec: 0n,
      gen: 0n,
      dataVersion: 0n,
    };
  },

  *setattr(request, { session }) {
    const fid = session.fids.get(request.fid);
    session.checkWritable();
    const change = attributeChange(request);
    const open = session.openFileOf(fid);
    if (open !== null && (change.sizeBytes === undefined || open.mode.write)) {
      yield* session.using(open, () => session.ask(() => open.file.change(change)));
      return {};
    }
    return yield* session.names.shared(function* () {
      const path = session.path(fid);
      yield* session.ask(() => session.tree.change(path, change));
      return {};
    });
  },

  *statfs({ fid }, { session }) {
    session.fids.get(fid);
    const space = yield* session.ask(() => session.tree.space());
    const free = BigInt(space.freeBlocks);
    return {
      type: P.V9FS_MAGIC,
      bsize: space.blockBytes,
      blocks: BigInt(space.totalBlocks),
      bfree: free,
      bavail: free,
      files: BigInt(space.totalFiles),
      ffree: BigInt(space.freeFiles),
      fsid: 0n,
      namelen: 255,
    };
  },

  *xattrwalk({ fid: number, newfid, name }, { session }) {
    const fid = session.fids.get(number);
    session.fids.checkFree(newfid);
    session.fids.checkRoom("xattr-value");
    const { xattrs } = session.tree;
    if (xattrs === null) return refuse("EOPNOTSUPP");
    return yield* session.names.shared(function* () {
      const path = session.path(fid);
      const value =
        name === ""
          ? listOf(yield* session.ask(() => xattrs.list(path)))
          : yield* session.ask(() => xattrs.get(path, name));
      if (value.length > MAX_XATTR_BYTES) refuse("ERANGE");
      session.addFid(newfid, path, fid.uid, { kind: "xattr-value", value });
      return { size: BigInt(value.length) };
    });
  },

  *xattrcreate({ fid: number, name, size, flags }, { session }) {
    const fid = session.fids.get(number);
    if (fid.use !== null || fid.busy) refuse("EINVAL");
    if (session.tree.xattrs === null) refuse("EOPNOTSUPP");
    session.checkWritable();
    session.fids.checkRoom("xattr-draft");
    if (size > BigInt(MAX_XATTR_BYTES)) refuse("ENOSPC");
    if (name === "" || name.includes("\0")) refuse("EINVAL");
    if (encodeName(name).length > MAX_XATTR_NAME_BYTES) refuse("ERANGE");
    const mode = ({ 0: "either", [P.P9_XATTR_CREATE]: "create", [P.P9_XATTR_REPLACE]: "replace" } as const)[flags];
    if (mode === undefined) return refuse("EINVAL");
    session.fids.open(fid, { kind: "xattr-draft", name, value: new Uint8Array(Number(size)), mode, filled: 0 });
    return {};
  },
};

function split(time: Nanoseconds): [seconds: bigint, nanoseconds: bigint] {
  const rest = ((time % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  return [BigInt.asUintN(64, (time - rest) / NS_PER_SECOND), rest];
}

function join(seconds: bigint, nanoseconds: bigint): Nanoseconds {
  if (nanoseconds >= NS_PER_SECOND) refuse("EINVAL");
  return BigInt.asIntN(64, seconds) * NS_PER_SECOND + nanoseconds;
}

function attributeChange(request: RequestOf<"setattr">): AttributeChange {
  const has = (bit: number): boolean => (request.valid & bit) !== 0;
  const change: { -readonly [Key in keyof AttributeChange]: AttributeChange[Key] } = {};
  if (has(P.P9_SETATTR_MODE)) change.mode = request.mode & P.S_PERMISSIONS;
  // As chown(2): -1 leaves it.
  if (has(P.P9_SETATTR_UID) && request.uid !== P.P9_NONUNAME) change.uid = request.uid;
  if (has(P.P9_SETATTR_GID) && request.gid !== P.P9_NONUNAME) change.gid = request.gid;
  if (has(P.P9_SETATTR_SIZE)) change.sizeBytes = safeNumber(request.size);
  if (has(P.P9_SETATTR_ATIME)) {
    change.atime = has(P.P9_SETATTR_ATIME_SET) ? join(request.atimeSec, request.atimeNsec) : "now";
  }
  if (has(P.P9_SETATTR_MTIME)) {
    change.mtime = has(P.P9_SETATTR_MTIME_SET) ? join(request.mtimeSec, request.mtimeNsec) : "now";
  }
  return change;
}

/** Names, each with a NUL after it. */
function listOf(names: readonly string[]): Uint8Array {
  return encodeName(names.map((name) => `${name}\0`).join(""));
}
