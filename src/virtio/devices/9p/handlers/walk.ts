/** Fids: Tauth, Tattach, Twalk, Tclunk. */
import type { TreePath } from "../../../file-tree.ts";
import * as P from "../../../spec/9p.ts";
import type { Qid } from "../messages.ts";
import { checkName, isDirectory, qidOf, type Session } from "../session.ts";
import { refuse, RequestError, type Steps } from "../steps.ts";
import type { Handlers } from "./handler.ts";

export const WALK_HANDLERS: Handlers<"auth" | "attach" | "walk" | "clunk"> = {
  /** Nobody has to prove anything: as with QEMU. */

  *auth() {
    return refuse("EOPNOTSUPP");
  },

  *attach({ fid, afid, nUname }, { session }) {
    if (afid !== P.P9_NOFID) refuse("EBADF");
    session.fids.checkFree(fid);
    const stat = yield* session.statPath([]);
    session.addFid(fid, [], nUname);
    return { qid: qidOf(stat) };
  },

  *walk({ fid: number, newfid, names }, { session }) {
    if (names.length > P.P9_MAXWELEM) refuse("EINVAL");
    const fid = session.fids.get(number);
    // What is open stays where it is.
    if (newfid === number && (fid.use !== null || fid.busy)) refuse("EINVAL");
    if (newfid !== number) session.fids.checkFree(newfid);
    if (names.length === 0) {
      // Also a file whose name is gone may get another fid.
      if (newfid !== number) {
        const node = session.nodes.again(fid.node);
        session.fids.add({ number: newfid, node, uid: fid.uid, use: null, busy: false });
      }
      return { qids: [] };
    }
    return yield* session.names.shared(function* () {
      const found = yield* walkNames(session, session.path(fid), names);
      if (found.path !== null) {
        if (!session.fids.holds(fid)) refuse("EBADF");
        if (newfid === number) session.moveFid(fid, found.path);
        else session.addFid(newfid, found.path, fid.uid);
      }
      return { qids: found.qids };
    });
  },

  *clunk({ fid: number }, { session }) {
    const fid = session.fids.get(number);
    const use = session.dropFid(fid);
    if (use?.kind === "file") yield* session.ask(() => use.handle.close());
    if (use?.kind === "xattr-draft") {
      const { xattrs } = session.tree;
      if (use.filled !== use.value.length || xattrs === null) refuse("EINVAL");
      const { name, value, mode } = use;
      yield* session.names.shared(() => {
        const path = session.path(fid);
        // As QEMU: an empty value takes the attribute away.
        return session.ask(() => (value.length > 0 ? xattrs.set(path, name, value, mode) : xattrs.remove(path, name)));
      });
    }
    return {};
  },
};

/** Goes from name to name. The path is null where not all of them were there; the first has to be. */
function* walkNames(
  session: Session,
  from: TreePath,
  names: readonly string[],
): Steps<{ readonly qids: Qid[]; readonly path: TreePath | null }> {
  const qids: Qid[] = [];
  let path = from;
  for (const name of names) {
    try {
      if (name === "." || name === "..") {
        if (!isDirectory(yield* session.statPath(path))) refuse("ENOTDIR");
        if (name === "..") path = path.slice(0, -1);
      } else path = [...path, checkName(name)];
      qids.push(qidOf(yield* session.statPath(path)));
    } catch (error) {
      if (qids.length === 0 || !(error instanceof RequestError) || error.errno === "EINTR") throw error;
      return { qids, path: null };
    }
  }
  return { qids, path };
}
