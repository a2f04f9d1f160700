/** The saved part of a 9P device: the client's session. Files that are open are opened again when they are used. */
import { type SavedState, StateReader } from "../../state.ts";
import type { FidUse } from "./fids.ts";
import { MAX_MSIZE, MIN_MSIZE, type Session } from "./session.ts";
import { RequestError } from "./steps.ts";

interface SavedUse {
  readonly kind: FidUse["kind"];
  /** Of files: how they were opened. */
  readonly read?: boolean;
  readonly write?: boolean;
  readonly append?: boolean;
  /** Of attributes. */
  readonly name?: string;
  readonly value?: readonly number[];
  readonly filled?: number;
  readonly mode?: string;
}

interface SavedFid {
  readonly fid: number;
  readonly uid: number;
  /** Names from the root; null for a file whose name is gone. */
  readonly path: readonly string[] | null;
  readonly use: SavedUse | null;
}

export interface NinePState extends SavedState {
  readonly msize: number;
  readonly fids: readonly SavedFid[];
}

const NAME = "virtio-9p";
const VERSION = 1;
const MAX_XATTR_BYTES = 65_536;
const XATTR_MODES = ["either", "create", "replace"] as const;
/** What a file without a name is called in the new session: nothing that a client can make. */
const LOST: readonly string[] = ["\0"];

function saveUse(use: FidUse): SavedUse {
  switch (use.kind) {
    case "file": {
      const { mode, append } = use.handle;
      return { kind: "saved-file", read: mode.read, write: mode.write, append };
    }
    case "saved-file":
      return { kind: "saved-file", ...use.mode };
    case "directory":
      return { kind: "directory" };
    case "xattr-value":
      return { kind: use.kind, value: Array.from(use.value) };
    case "xattr-draft":
      return { kind: use.kind, name: use.name, value: Array.from(use.value), filled: use.filled, mode: use.mode };
  }
}

export function saveSession(session: Session): NinePState {
  const fids: SavedFid[] = [];
  for (const fid of session.fids.values()) {
    let path: readonly string[] | null;
    try {
      path = session.path(fid);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      path = null;
    }
    fids.push({ fid: fid.number, uid: fid.uid, path, use: fid.use === null ? null : saveUse(fid.use) });
  }
  return { name: NAME, version: VERSION, msize: session.msize, fids };
}

function loadBytes(state: StateReader): Uint8Array {
  const bytes = state.integers("value", -1, 255);
  if (bytes.length > MAX_XATTR_BYTES) throw state.error("the value is too large");
  return Uint8Array.from(bytes);
}

function loadUse(state: StateReader): FidUse {
  const kind = state.text("kind");
  switch (kind) {
    case "saved-file":
      return {
        kind,
        mode: { read: state.boolean("read"), write: state.boolean("write"), append: state.boolean("append") },
      };
    case "directory":
      return { kind };
    case "xattr-value":
      return { kind, value: loadBytes(state) };
    case "xattr-draft": {
      const mode = XATTR_MODES.find((known) => known === state.text("mode"));
      if (mode === undefined) throw state.error("mode is unknown");
      const value = loadBytes(state);
      return { kind, name: state.text("name") ?? "", value, mode, filled: state.integer("filled", 0, value.length) };
    }
    default:
      throw state.error(`kind is ${String(kind)}`);
  }
}

function loadPath(state: StateReader): readonly string[] {
  const path = state.raw("path");
  if (path === null) return LOST;
  if (!Array.isArray(path)) throw state.error("path is not a list");
  return path.map((name: unknown) => {
    const isName = typeof name === "string" && !["", ".", ".."].includes(name) && !/[/\0]/.test(name);
    return isName ? name : fail(state);
  });
}

function fail(state: StateReader): never {
  throw state.error("path holds what is no name");
}

/** Fills a new session. Throws a StateError. */
export function restoreSession(session: Session, value: unknown): void {
  const state = StateReader.open(value, NAME, VERSION);
  session.msize = state.integer("msize", MIN_MSIZE, MAX_MSIZE);
  for (const saved of state.list("fids")) {
    const use = saved.raw("use") === null ? null : loadUse(saved.section("use"));
    try {
      session.addFid(saved.integer("fid", 0, 0xffff_ffff), loadPath(saved), saved.integer("uid", 0, 0xffff_ffff), use);
    } catch (error) {
      if (error instanceof RequestError) throw saved.error(`the fid cannot be (${error.errno})`);
      throw error;
    }
  }
  session.nodes.removed(LOST);
}
