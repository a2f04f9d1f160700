/** Fids: what a client calls files by. */
import type { DirectoryEntry } from "../../file-tree.ts";
import type { Handle } from "./handle.ts";
import type { PathNode } from "./path-nodes.ts";
import { refuse } from "./steps.ts";

/** A file that was open when the state was saved: it is opened again when it is used. */
export interface SavedOpen {
  readonly read: boolean;
  readonly write: boolean;
  readonly append: boolean;
}

/** What a fid is open for. */
export type FidUse =
  | { readonly kind: "file"; readonly handle: Handle }
  | { readonly kind: "saved-file"; readonly mode: SavedOpen }
  | { readonly kind: "directory" }
  /** The value of an extended attribute, or the list of their names. */
  | { readonly kind: "xattr-value"; readonly value: Uint8Array }
  /** A value on its way to the tree, where it arrives when the fid is clunked. */
  | {
      readonly kind: "xattr-draft";
      readonly name: string;
      readonly value: Uint8Array;
      readonly mode: "either" | "create" | "replace";
      /** Bytes written so far. */
      filled: number;
    };

export interface Fid {
  readonly number: number;
  node: PathNode;
  /** Who attached: new files belong to them. */
  readonly uid: number;
  use: FidUse | null;
  /** A request is opening it. */
  busy: boolean;
}

/** Fids of one client: as many as Linux makes for a large tree, each a hundred bytes or two. */
const MAX_FIDS = 1 << 18;
/** Open files, directories and attributes among them: each holds something of the host. */
const MAX_OPEN = 8192;
/** Extended attributes: each holds up to MAX_XATTR_BYTES. */
const MAX_XATTR_FIDS = 1024;
/** Names of directories that are kept between two requests of a reader. */
const MAX_LISTED = 1 << 20;

export class FidTable {
  private readonly fids = new Map<number, Fid>();
  private openCount = 0;
  private xattrCount = 0;
  /** What directories had in them when their reader began, the one read last at the end. */
  private readonly listings = new Map<Fid, readonly DirectoryEntry[]>();
  private listed = 0;

  /** The fid of that number. Refuses with EBADF. */
  get(number: number): Fid {
    return this.fids.get(number) ?? refuse("EBADF");
  }

  /** Refuses with EINVAL where the number is taken, and with ENFILE where there are too many. */
  checkFree(number: number): void {
    if (this.fids.has(number)) refuse("EINVAL");
    if (this.fids.size >= MAX_FIDS) refuse("ENFILE");
  }

  add(fid: Fid): void {
    this.checkFree(fid.number);
    this.fids.set(fid.number, fid);
    if (fid.use !== null) this.count(fid.use, 1);
  }

  /** Whether the fid is still there. */
  holds(fid: Fid): boolean {
    return this.fids.get(fid.number) === fid;
  }

  /** Refuses with EMFILE where nothing more can be opened; ENOSPC for attributes, as QEMU. */
  checkRoom(kind: FidUse["kind"]): void {
    if (kind.startsWith("xattr")) {
      if (this.xattrCount >= MAX_XATTR_FIDS) refuse("ENOSPC");
    } else if (this.openCount >= MAX_OPEN) refuse("EMFILE");
  }

  /** Opens a fid, or gives it another use. */
  open(fid: Fid, use: FidUse): void {
    if (fid.use !== null) this.count(fid.use, -1);
    fid.use = use;
    this.count(use, 1);
  }

  private count(use: FidUse, change: 1 | -1): void {
    if (use.kind.startsWith("xattr")) this.xattrCount += change;
    else this.openCount += change;
  }

  /** Takes a fid out; what it is open for is the caller's to end. */
  remove(fid: Fid): void {
    if (!this.holds(fid)) return;
    this.fids.delete(fid.number);
    if (fid.use !== null) this.count(fid.use, -1);
    this.forgetListing(fid);
  }

  /** Takes all out. */
  clear(): Fid[] {
    const all = [...this.fids.values()];
    for (const fid of all) this.remove(fid);
    return all;
  }

  values(): Iterable<Fid> {
    return this.fids.values();
  }

  listing(fid: Fid): readonly DirectoryEntry[] | null {
    return this.listings.get(fid) ?? null;
  }

  /** Keeps what a directory has in it, at the cost of those that were read longest ago: they are listed again. */
  keepListing(fid: Fid, entries: readonly DirectoryEntry[]): void {
    this.forgetListing(fid);
    if (!this.holds(fid)) return;
    this.listings.set(fid, entries);
    this.listed += entries.length;
    for (const [other] of this.listings) {
      if (this.listed <= MAX_LISTED || other === fid) return;
      this.forgetListing(other);
    }
  }

  private forgetListing(fid: Fid): void {
    this.listed -= this.listings.get(fid)?.length ?? 0;
    this.listings.delete(fid);
  }
}
