/** Names: Tmkdir, Tsymlink, Tmknod, Tlink, Treadlink, Trename, Trenameat, Tunlinkat, Tremove, Treaddir. */
import { type DirectoryEntry, encodeName, type TreePath } from "../../../file-tree.ts";
import * as P from "../../../spec/9p.ts";
import type { Fid } from "../fids.ts";
import type { Qid } from "../messages.ts";
import { checkName, checkNewName, isDirectory, qidOf, qidType, type Session } from "../session.ts";
import { refuse, RequestError, type Steps } from "../steps.ts";
import { WireWriter } from "../wire.ts";
import type { Handlers } from "./handler.ts";

type NameMessage =
  | "mkdir"
  | "symlink"
  | "mknod"
  | "link"
  | "readlink"
  | "rename"
  | "renameat"
  | "unlinkat"
  | "remove"
  | "readdir";

export const NAME_HANDLERS: Handlers<NameMessage> = {
  *mkdir({ dfid, name, mode, gid }, { session }) {
    const creation = { mode: mode & P.S_PERMISSIONS, uid: session.fids.get(dfid).uid, gid };
    return yield* make(session, dfid, name, (path) => session.tree.makeDirectory(path, creation));
  },

  *symlink({ fid, name, target, gid }, { session }) {
    const creation = { mode: 0o777, uid: session.fids.get(fid).uid, gid };
    if (target === "" || target.includes("\0")) refuse("ENOENT");
    return yield* make(session, fid, name, (path) => session.tree.makeLink(path, target, creation));
  },

  *mknod({ dfid, name, mode, major, minor, gid }, { session }) {
    const kind = mode & P.S_IFMT;
    if (kind === P.S_IFDIR || kind === P.S_IFLNK) refuse("EINVAL");
    // A dev_t of 32 bits, as Linux's new_encode_dev has it.
    if (major > 0xfff || minor > 0xf_ffff) refuse("EINVAL");
    const isDevice = kind === P.S_IFCHR || kind === P.S_IFBLK;
    const rdev = isDevice ? ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0 : 0;
    const type = kind === 0 ? P.S_IFREG : kind;
    const creation = { mode: type | (mode & P.S_PERMISSIONS), uid: session.fids.get(dfid).uid, gid };
    return yield* make(session, dfid, name, (path) => session.tree.makeNode(path, creation, rdev));
  },

  *link({ dfid, fid, name }, { session }) {
    const directory = session.fids.get(dfid);
    const file = session.fids.get(fid);
    checkNewName(name);
    session.checkWritable();
    return yield* session.names.exclusive(function* () {
      const from = session.path(file);
      const to = session.pathIn(directory, name);
      yield* session.ask(() => session.tree.link(from, to));
      return {};
    });
  },

  *readlink({ fid: number }, { session }) {
    const fid = session.fids.get(number);
    return yield* session.names.shared(function* () {
      const path = session.path(fid);
      return { target: yield* session.ask(() => session.tree.readLink(path)) };
    });
  },

  *rename({ fid, dfid, name }, { session }) {
    const file = session.fids.get(fid);
    const directory = session.fids.get(dfid);
    checkRename(name);
    session.checkWritable();
    return yield* session.names.exclusive(function* () {
      const from = session.path(file);
      if (from.length === 0) refuse("EBUSY");
      yield* rename(session, from, session.pathIn(directory, name));
      return {};
    });
  },

  *renameat({ olddirfid, oldname, newdirfid, newname }, { session }) {
    const from = session.fids.get(olddirfid);
    const to = session.fids.get(newdirfid);
    checkRename(oldname);
    checkRename(newname);
    session.checkWritable();
    return yield* session.names.exclusive(function* () {
      yield* rename(session, session.pathIn(from, oldname), session.pathIn(to, newname));
      return {};
    });
  },

  *unlinkat({ dirfd, name, flags }, { session }) {
    const directory = session.fids.get(dirfd);
    if ((flags & ~P.P9_DOTL_AT_REMOVEDIR) !== 0 || name === ".") refuse("EINVAL");
    if (name === "..") refuse("ENOTEMPTY");
    checkName(name);
    session.checkWritable();
    return yield* session.names.exclusive(function* () {
      const path = session.pathIn(directory, name);
      const what = (flags & P.P9_DOTL_AT_REMOVEDIR) === 0 ? "file" : "directory";
      yield* remove(session, path, what);
      return {};
    });
  },

  /** The fid is given up, also where the file stays. */
  *remove({ fid: number }, { session }) {
    const fid = session.fids.get(number);
    try {
      session.checkWritable();
      yield* session.names.exclusive(function* () {
        const path = session.path(fid);
        if (path.length === 0) refuse("EBUSY");
        const stat = yield* session.statPath(path);
        yield* remove(session, path, isDirectory(stat) ? "directory" : "file");
      });
    } finally {
      if (session.fids.holds(fid)) {
        const use = session.dropFid(fid);
        if (use?.kind === "file") use.handle.drop();
      }
    }
    return {};
  },

  *readdir({ fid: number, offset, count }, { session, room }) {
    const fid = session.fids.get(number);
    if (fid.use?.kind !== "directory") refuse("EBADF");
    return yield* session.names.shared(function* () {
      const path = session.path(fid);
      // From its start a directory is read anew; what comes then is what there was.
      let entries = offset === 0n ? null : session.fids.listing(fid);
      if (entries === null) {
        entries = yield* listing(session, path);
        session.fids.keepListing(fid, entries);
      }
      if (offset >= BigInt(entries.length)) return { data: new Uint8Array() };
      return { data: encodeEntries(entries, Number(offset), Math.min(count, room - P.P9_RLERROR_SIZE)) };
    });
  },
};

function checkRename(name: string): void {
  if (name === "." || name === "..") refuse("EISDIR");
  checkName(name);
}

/** Makes something and tells what it came to. */
function* make(
  session: Session,
  directory: number,
  name: string,
  work: (path: TreePath) => void | Promise<void>,
): Steps<{ readonly qid: Qid }> {
  const fid: Fid = session.fids.get(directory);
  checkNewName(name);
  session.checkWritable();
  return yield* session.names.exclusive(function* () {
    const path = session.pathIn(fid, name);
    yield* session.ask(() => work(path));
    return { qid: qidOf(yield* session.statPath(path)) };
  });
}

function* rename(session: Session, from: TreePath, to: TreePath): Steps<void> {
  const same = from.length === to.length && from.every((name, index) => name === to[index]);
  const source = yield* session.statPath(from);
  if (same) return;
  // Into itself.
  if (to.length > from.length && from.every((name, index) => name === to[index])) refuse("EINVAL");
  const target = yield* existing(session, to);
  // Two names of one file both stay (rename(2)).
  if (target === source.id && !isDirectory(source)) return;
  yield* session.ask(() => session.tree.rename(from, to));
  session.nodes.moved(from, to);
}

/** The id of what has a name, or null. */
function* existing(session: Session, path: TreePath): Steps<bigint | null> {
  try {
    return (yield* session.statPath(path)).id;
  } catch (error) {
    if (error instanceof RequestError && error.errno === "ENOENT") return null;
    throw error;
  }
}

function* remove(session: Session, path: TreePath, what: "file" | "directory"): Steps<void> {
  yield* session.ask(() => session.tree.remove(path, what));
  session.nodes.removed(path);
}

/** What is in a directory, with itself and the one above. */
function* listing(session: Session, path: TreePath): Steps<readonly DirectoryEntry[]> {
  const own = yield* session.statPath(path);
  const above = yield* session.statPath(path.slice(0, -1));
  const entries = yield* session.ask(() => session.tree.list(path));
  return [{ name: ".", id: own.id, type: P.S_IFDIR }, { name: "..", id: above.id, type: P.S_IFDIR }, ...entries];
}

/** qid, offset of the next entry, type and name of each, as many as there is room for. Refuses where not one fits. */
function encodeEntries(entries: readonly DirectoryEntry[], first: number, room: number): Uint8Array {
  const writer = new WireWriter();
  let end = 0;
  for (let index = first; index < entries.length; ++index) {
    const { name, id, type } = entries[index] as DirectoryEntry;
    writer.u8(qidType(type));
    writer.u32(0);
    writer.u64(BigInt.asUintN(64, id));
    writer.u64(BigInt(index + 1));
    writer.u8((type & P.S_IFMT) >> 12);
    const bytes = encodeName(name);
    writer.u16(bytes.length);
    writer.put(bytes);
    if (writer.length > room) break;
    end = writer.length;
  }
  if (end === 0) refuse("EINVAL");
  return writer.bytesUpTo(end);
}
