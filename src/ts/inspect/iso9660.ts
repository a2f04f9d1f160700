/** CD-ROM file system (ECMA-119), with the POSIX names and symbolic links of Rock Ridge (IEEE P1282). */
import {
  type DirectoryEntry,
  type FileSystem,
  type FileSystemDriver,
  type NodeKind,
  type OpenFile,
  TreeFileSystem,
} from "./file-system.ts";
import { InspectError } from "./inspect-error.ts";
import type { VolumeInfo } from "./recognise.ts";
import { posixFields } from "./rock-ridge.ts";
import { label, orNull, printable } from "./text.ts";
import { hasMagic, viewOf, type Volume } from "./volume.ts";

const SECTOR_BYTES = 2048;
const FIRST_DESCRIPTOR = 16;
/** Descriptors looked at: real discs have three or four. */
const MAX_DESCRIPTORS = 32;
const TYPE_PRIMARY = 1;
const TYPE_SUPPLEMENTARY = 2;
const TYPE_TERMINATOR = 255;
const ROOT_RECORD = 156;
const CREATED = 813;
const MODIFIED = 830;
const MAX_DIRECTORY_BYTES = 16 * 2 ** 20;
const RECORD_BYTES = 33;

interface IsoNode {
  readonly name: string;
  readonly kind: NodeKind;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly target: string;
}

/** What blkid says of a disc; null where the volume is none. */
export async function recogniseIso(volume: Volume): Promise<VolumeInfo | null> {
  const primary = await descriptor(volume, TYPE_PRIMARY);
  if (primary === null) return null;
  const joliet = await descriptor(volume, TYPE_SUPPLEMENTARY);
  return {
    type: "iso9660",
    label: jolietLabel(joliet) ?? label(primary.subarray(40, 72)),
    uuid: dateUuid(primary.subarray(MODIFIED, MODIFIED + 16)) ?? dateUuid(primary.subarray(CREATED, CREATED + 16)),
  };
}

/** The files of a disc. Throws an InspectError where there is none. */
export async function openIso(volume: Volume): Promise<FileSystem> {
  const primary = await descriptor(volume, TYPE_PRIMARY);
  if (primary === null) throw new InspectError("There is no ISO 9660 file system.");
  const root = parseRecord(primary.subarray(ROOT_RECORD, ROOT_RECORD + 34));
  if (root === null) throw new InspectError("The disc has no root directory: it is damaged.");
  return new TreeFileSystem(new IsoDriver(volume, root));
}

async function descriptor(volume: Volume, type: number): Promise<Uint8Array | null> {
  for (let index = 0; index < MAX_DESCRIPTORS; index++) {
    const offset = (FIRST_DESCRIPTOR + index) * SECTOR_BYTES;
    if (!volume.holds(offset, SECTOR_BYTES)) return null;
    const bytes = await volume.read(offset, SECTOR_BYTES);
    if (!hasMagic(bytes, 1, "CD001") || bytes[0] === TYPE_TERMINATOR) return null;
    if (bytes[0] === type) return bytes;
  }
  return null;
}

/** Volume identifier in UCS-2 (big-endian) of a Joliet descriptor, which is told by its escape sequence. */
function jolietLabel(bytes: Uint8Array | null): string | null {
  if (bytes === null || !["%/@", "%/C", "%/E"].some((escape) => hasMagic(bytes, 88, escape))) return null;
  return orNull(printable(new TextDecoder("utf-16be").decode(bytes.subarray(40, 72))));
}

/** A date of 16 digits as blkid writes it; null where it is not set. */
function dateUuid(digits: Uint8Array): string | null {
  const text = new TextDecoder("latin1").decode(digits);
  if (!/^\d{16}$/.test(text) || /^0+$/.test(text)) return null;
  return text.replace(/^(\d{4})(..)(..)(..)(..)(..)(..)$/, "$1-$2-$3-$4-$5-$6-$7");
}

class IsoDriver implements FileSystemDriver<IsoNode> {
  readonly root: IsoNode;
  readonly #volume: Volume;

  constructor(volume: Volume, root: IsoNode) {
    this.#volume = volume;
    this.root = root;
  }

  kind(node: IsoNode): NodeKind {
    return node.kind;
  }

  /** Names without Rock Ridge are in capital letters: both count. */
  async lookup(directory: IsoNode, name: string): Promise<IsoNode | null> {
    const all = await this.#records(directory);
    return all.find((node) => node.name === name) ?? all.find((node) => node.name === name.toUpperCase()) ?? null;
  }

  async entries(directory: IsoNode): Promise<DirectoryEntry[]> {
    return (await this.#records(directory)).map(({ name, kind }) => ({ name, kind }));
  }

  async target(node: IsoNode): Promise<string> {
    return node.target;
  }

  async open({ offset, sizeBytes }: IsoNode): Promise<OpenFile> {
    return {
      sizeBytes,
      read: async (from, length) => {
        const end = Math.min(from + length, sizeBytes);
        return end <= from ? new Uint8Array(0) : await this.#volume.read(offset + from, end - from);
      },
    };
  }

  async #records(directory: IsoNode): Promise<IsoNode[]> {
    if (directory.sizeBytes > MAX_DIRECTORY_BYTES) throw new InspectError("A directory is too long: it is damaged.");
    const bytes = await this.#volume.read(directory.offset, directory.sizeBytes);
    const found: IsoNode[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = bytes[at] ?? 0;
      if (length === 0) {
        // Records do not cross sectors: the rest of this one is empty.
        at = (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES;
        continue;
      }
      const node = parseRecord(bytes.subarray(at, at + length));
      if (node !== null && node.name !== "") found.push(node);
      at += length;
    }
    return found;
  }
}

/** A directory record; its name is empty for the directory itself and its parent. Null where it is damaged. */
function parseRecord(bytes: Uint8Array): IsoNode | null {
  const nameBytes = bytes[32] ?? 0;
  if (bytes.length < RECORD_BYTES + nameBytes) return null;
  const view = viewOf(bytes);
  const flags = view.getUint8(25);
  const plain = bytes.subarray(RECORD_BYTES, RECORD_BYTES + nameBytes);
  const isDirectory = (flags & 2) !== 0;
  const fields = posixFields(bytes.subarray(RECORD_BYTES + nameBytes + (1 - (nameBytes & 1))));
  const kind = isDirectory ? "directory" : "file";
  return {
    name: nameBytes === 1 && (plain[0] ?? 0) <= 1 ? "" : (fields.name ?? plainName(plain)),
    kind: fields.target === null ? kind : "symlink",
    // The data follows the extended attribute record, if there is one.
    offset: (view.getUint32(2, true) + view.getUint8(1)) * SECTOR_BYTES,
    sizeBytes: view.getUint32(10, true),
    target: fields.target ?? "",
  };
}

/** "NAME.EXT;1" without version and empty extension. */
function plainName(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes).replace(/;\d+$/, "").replace(/\.$/, "");
}
