/** Attributes of files kept beside them in a folder of the host (security_model=mapped-file and mapped-xattr). */
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { type AttributeChange, TreeError, type TreePath } from "../../virtio/file-tree.ts";
import * as P from "../../virtio/spec/9p.ts";
import {
  formatAttributes,
  isMetadataName,
  MAX_METADATA_BYTES,
  METADATA_FOLDER,
  METADATA_ROOT,
  parseAttributes,
  type VirtfsAttributes,
} from "../files/virtfs-attributes.ts";
import type { Beneath } from "./beneath.ts";

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const WRITE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** Where the attributes of a file are. */
function placeOf(path: TreePath): TreePath {
  const name = path.at(-1);
  return name === undefined ? [METADATA_ROOT] : [...path.slice(0, -1), METADATA_FOLDER, name];
}

export class MappedAttributes {
  private readonly beneath: Beneath;

  constructor(beneath: Beneath) {
    this.beneath = beneath;
  }

  /** Nothing where none are kept. */
  read(path: TreePath): VirtfsAttributes {
    const bytes = absentAs(null, () =>
      this.beneath.at(placeOf(path), (host) => {
        const descriptor = openSync(host, READ);
        try {
          const into = new Uint8Array(MAX_METADATA_BYTES);
          return into.subarray(0, readSync(descriptor, into));
        } finally {
          closeSync(descriptor);
        }
      }),
    );
    return bytes === null ? {} : parseAttributes(new TextDecoder().decode(bytes));
  }

  write(path: TreePath, attributes: VirtfsAttributes): void {
    if (path.length > 0) {
      const folder = [...path.slice(0, -1), METADATA_FOLDER];
      takenAs(() => this.beneath.at(folder, (host) => mkdirSync(host, FOLDER_MODE)));
    }
    this.beneath.at(placeOf(path), (host) => {
      const descriptor = openSync(host, WRITE, FILE_MODE);
      try {
        writeSync(descriptor, formatAttributes(attributes));
      } finally {
        closeSync(descriptor);
      }
    });
  }

  /** `mode` is what the file has now. */
  change(path: TreePath, mode: number, change: AttributeChange): void {
    if (change.mode === undefined && change.uid === undefined && change.gid === undefined) return;
    this.write(path, {
      ...this.read(path),
      ...(change.uid === undefined ? {} : { uid: change.uid }),
      ...(change.gid === undefined ? {} : { gid: change.gid }),
      ...(change.mode === undefined ? {} : { mode: (mode & P.S_IFMT) | change.mode }),
    });
  }

  copied(from: TreePath, to: TreePath): void {
    const attributes = this.read(from);
    if (Object.keys(attributes).length > 0) this.write(to, attributes);
    else this.removed(to);
  }

  moved(from: TreePath, to: TreePath): void {
    this.copied(from, to);
    this.removed(from);
  }

  removed(path: TreePath): void {
    absentAs(undefined, () => this.beneath.at(placeOf(path), (host) => unlinkSync(host)));
  }

  /** A folder that has nothing in it but attributes of files that are gone has nothing in it. */
  emptied(path: TreePath): void {
    const hasOnly = absentAs(false, () =>
      this.beneath.inFolder(path, (folder) =>
        readdirSync(Buffer.concat([folder, Buffer.from("/.")])).every(isMetadataName),
      ),
    );
    if (hasOnly) {
      this.beneath.at([...path, METADATA_FOLDER], (host) => rmSync(host, { recursive: true, force: true }));
    }
  }
}

/** What `work` gives, or `otherwise` where there is no such file or folder. */
function absentAs<Value, Other>(otherwise: Other, work: () => Value): Value | Other {
  try {
    return work();
  } catch (error) {
    if (error instanceof TreeError && (error.errno === "ENOENT" || error.errno === "ENOTDIR")) return otherwise;
    throw error;
  }
}

/** Makes what may be there already. */
function takenAs(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof TreeError) || error.errno !== "EEXIST") throw error;
  }
}
