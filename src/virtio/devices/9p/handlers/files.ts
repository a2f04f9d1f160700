/** What is in files: Tlopen, Tlcreate, Tread, Twrite, Tfsync, Tlock, Tgetlock. */
import type { OpenMode } from "../../../file-tree.ts";
import * as P from "../../../spec/9p.ts";
import type { Fid } from "../fids.ts";
import { checkNewName, isDirectory, qidOf, safeNumber, type Session } from "../session.ts";
import { refuse, RequestError, type Steps } from "../steps.ts";
import type { Handlers } from "./handler.ts";

function openMode(flags: number): OpenMode {
  const access = flags & P.P9_DOTL_ACCMODE;
  if (access === P.P9_DOTL_ACCMODE) refuse("EINVAL");
  return {
    read: access !== P.P9_DOTL_WRONLY,
    write: access !== P.P9_DOTL_RDONLY,
    truncate: (flags & P.P9_DOTL_TRUNC) !== 0,
  };
}

export const FILE_HANDLERS: Handlers<"lopen" | "lcreate" | "read" | "write" | "fsync" | "lock" | "getlock"> = {
  *lopen({ fid: number, flags }, { session }) {
    const fid = session.fids.get(number);
    if (fid.use !== null || fid.busy) refuse("EINVAL");
    const mode = openMode(flags);
    if (mode.write || mode.truncate) session.checkWritable();
    return yield* session.names.shared(function* () {
      const path = session.path(fid);
      let stat = yield* session.statPath(path);
      if (isDirectory(stat)) {
        if (mode.write || mode.truncate) refuse("EISDIR");
        session.fids.checkRoom("directory");
        if (!session.fids.holds(fid) || fid.use !== null) refuse("EBADF");
        session.fids.open(fid, { kind: "directory" });
        return { qid: qidOf(stat), iounit: 0 };
      }
      if ((flags & P.P9_DOTL_DIRECTORY) !== 0) refuse("ENOTDIR");
      yield* session.openFor(fid, append(flags), mode, () => session.tree.open(path, mode));
      if (mode.truncate) stat = yield* session.stat(fid);
      return { qid: qidOf(stat), iounit: session.iounit };
    });
  },

  *lcreate({ fid: number, name, flags, mode: permissions, gid }, { session }) {
    const fid = session.fids.get(number);
    checkNewName(name);
    if (fid.use !== null || fid.busy) refuse("EINVAL");
    session.checkWritable();
    const mode = openMode(flags);
    return yield* session.names.exclusive(function* () {
      const path = session.pathIn(fid, name);
      const creation = { mode: permissions & P.S_PERMISSIONS, uid: fid.uid, gid };
      try {
        yield* session.openFor(fid, append(flags), mode, () => session.tree.create(path, creation, mode));
      } catch (error) {
        const isTaken = error instanceof RequestError && error.errno === "EEXIST";
        if (!isTaken || (flags & P.P9_DOTL_EXCL) !== 0) throw error;
        yield* session.openFor(fid, append(flags), mode, () => session.tree.open(path, mode));
      }
      // The fid stood for the directory.
      if (fid.use?.kind !== "file") return refuse("EBADF");
      const { handle } = fid.use;
      fid.node.handles.delete(handle);
      session.moveFid(fid, path);
      fid.node.handles.add(handle);
      const stat = yield* session.using(handle, () => session.ask(() => handle.file.stat()));
      return { qid: qidOf(stat), iounit: session.iounit };
    });
  },

  *read({ fid: number, offset, count }, { session, room }) {
    const fid = session.fids.get(number);
    const length = Math.max(0, Math.min(count, room - P.P9_RLERROR_SIZE));
    if (fid.use?.kind === "xattr-value") {
      const start = offset > BigInt(fid.use.value.length) ? fid.use.value.length : Number(offset);
      return { data: fid.use.value.subarray(start, start + length) };
    }
    // Only 9P2000.u reads directories so.
    if (fid.use?.kind === "directory") refuse("EOPNOTSUPP");
    const handle = yield* session.handle(fid);
    if (!handle.mode.read) refuse("EBADF");
    const at = safeNumber(offset, "EINVAL");
    return yield* session.using(handle, function* () {
      const data = new Uint8Array(length);
      const done = yield* session.ask(() => handle.file.read(at, data));
      return { data: data.subarray(0, done) };
    });
  },

  *write({ fid: number, offset, data }, { session }) {
    const fid = session.fids.get(number);
    if (fid.use?.kind === "xattr-draft") return { count: draft(fid.use, offset, data) };
    const handle = yield* session.handle(fid);
    if (!handle.mode.write) refuse("EBADF");
    return yield* session.using(handle, function* () {
      let at = safeNumber(offset + BigInt(data.length)) - data.length;
      if (handle.append) at = (yield* session.ask(() => handle.file.stat())).sizeBytes;
      if (data.length > 0) yield* session.ask(() => handle.file.write(at, data));
      return { count: data.length };
    });
  },

  *fsync({ fid: number }, { session }) {
    const fid = session.fids.get(number);
    if (fid.use?.kind === "directory") return {};
    const handle = yield* session.handle(fid);
    yield* session.using(handle, () => session.ask(() => handle.file.sync()));
    return {};
  },

  /** The guest is the only client of its tree, and keeps its programs apart by itself: it always gets the lock. */
  *lock({ fid: number, type, flags }, { session }) {
    yield* lockable(session, session.fids.get(number), type);
    if ((flags & ~P.P9_LOCK_FLAGS_BLOCK) !== 0) refuse("EINVAL");
    return { status: P.P9_LOCK_SUCCESS };
  },

  *getlock({ fid: number, type, start, length, procId, clientId }, { session }) {
    yield* lockable(session, session.fids.get(number), type);
    return { type: P.P9_LOCK_TYPE_UNLCK, start, length, procId, clientId };
  },
};

function append(flags: number): boolean {
  return (flags & P.P9_DOTL_APPEND) !== 0;
}

/** A part of an attribute's value: it has the size that was announced, so what goes beyond it is refused. */
function draft(use: { readonly value: Uint8Array; filled: number }, offset: bigint, data: Uint8Array): number {
  if (offset > BigInt(use.value.length)) refuse("ENOSPC");
  const start = Number(offset);
  if (start + data.length > use.value.length) refuse("ENOSPC");
  use.value.set(data, start);
  use.filled = Math.max(use.filled, start + data.length);
  return data.length;
}

function* lockable(session: Session, fid: Fid, type: number): Steps<void> {
  if (type > P.P9_LOCK_TYPE_UNLCK) refuse("EINVAL");
  if (fid.use?.kind !== "directory") yield* session.handle(fid);
}
