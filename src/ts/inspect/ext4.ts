/** Files of ext2, ext3 and ext4. A journal that was not replayed is not looked at: files are as the disk has them. */
import { BlockMap } from "./ext4-blocks.ts";
import { directoryEntries, type ExtEntry } from "./ext4-directory.ts";
import { inlineData } from "./ext4-inline.ts";
import { checkExtSuperblock, type ExtSuperblock, readExtSuperblock } from "./ext4-super.ts";
import {
  type DirectoryEntry,
  type FileSystem,
  type FileSystemDriver,
  type NodeKind,
  type OpenFile,
  TreeFileSystem,
} from "./file-system.ts";
import { InspectError } from "./inspect-error.ts";
import { readRuns } from "./runs.ts";
import { viewOf, type Volume } from "./volume.ts";

const ROOT_INODE = 2;
const I_BLOCK = 40;
const I_BLOCK_BYTES = 60;
const FLAG_EXTENTS = 0x8_0000;
const FLAG_INLINE_DATA = 0x1000_0000;
const FLAG_ENCRYPT = 0x800;
const S_IFMT = 0xf000;
const KINDS: Readonly<Record<number, NodeKind>> = { 0x4000: "directory", 0x8000: "file", 0xa000: "symlink" };
/** A directory with more is damaged: 64 MiB hold over half a million names. */
const MAX_DIRECTORY_BYTES = 64 * 2 ** 20;
/** A list of them is made in memory. */
const MAX_ENTRIES = 100_000;
/** PATH_MAX */
const MAX_TARGET_BYTES = 4096;
/** Read at once from a directory. */
const DIRECTORY_PIECE_BYTES = 32 * 1024;

interface Inode {
  readonly kind: NodeKind;
  readonly sizeBytes: number;
  readonly flags: number;
  /** All of it: extended attributes follow the fields. */
  readonly bytes: Uint8Array;
}

/** The files of an ext2, ext3 or ext4. Throws an InspectError where it is none or cannot be read. */
export async function openExt(volume: Volume): Promise<FileSystem> {
  const superblock = await readExtSuperblock(volume);
  if (superblock === null) throw new InspectError("There is no ext4 file system.");
  checkExtSuperblock(superblock);
  const inodes = new InodeTable(volume, superblock);
  return new TreeFileSystem(new ExtDriver(volume, superblock, inodes, await inodes.read(ROOT_INODE)));
}

/** Inodes by their numbers, through the group descriptors. */
class InodeTable {
  readonly #volume: Volume;
  readonly #super: ExtSuperblock;

  constructor(volume: Volume, superblock: ExtSuperblock) {
    this.#volume = volume;
    this.#super = superblock;
  }

  async read(number: number): Promise<Inode> {
    const { inodesPerGroup, inodeCount, inodeBytes, blockBytes } = this.#super;
    if (number < 1 || number > inodeCount) throw new InspectError("A directory names a file that does not exist.");
    const group = Math.floor((number - 1) / inodesPerGroup);
    const table = await this.#inodeTableBlock(group);
    const offset = table * blockBytes + ((number - 1) % inodesPerGroup) * inodeBytes;
    // A copy: the page it lies in may go, and this keeps only what it is.
    const bytes = (await this.#volume.read(offset, inodeBytes)).slice();
    const view = viewOf(bytes);
    const kind = KINDS[view.getUint16(0, true) & S_IFMT] ?? "other";
    // Directories of small file systems keep an ACL where the upper half of the size is.
    const high = kind === "file" || kind === "directory" ? view.getUint32(108, true) : 0;
    return { kind, sizeBytes: view.getUint32(4, true) + high * 2 ** 32, flags: view.getUint32(32, true), bytes };
  }

  async #inodeTableBlock(group: number): Promise<number> {
    const { blockBytes, descriptorBytes } = this.#super;
    const perBlock = blockBytes / descriptorBytes;
    const block = this.#descriptorBlock(Math.floor(group / perBlock), perBlock);
    const descriptor = await this.#volume.view(
      block * blockBytes + (group % perBlock) * descriptorBytes,
      descriptorBytes,
    );
    return descriptor.getUint32(8, true) + (descriptorBytes >= 64 ? descriptor.getUint32(0x28, true) * 2 ** 32 : 0);
  }

  /** Where the `index`-th block of group descriptors is. */
  #descriptorBlock(index: number, perBlock: number): number {
    const { blockBytes, firstDataBlock, blocksPerGroup, firstMetaGroup } = this.#super;
    const superBlock = blockBytes === 1024 ? 1 : 0;
    if (index < firstMetaGroup) return superBlock + 1 + index;
    const group = index * perBlock;
    const copy = this.#super.hasSuperblockCopy(group) ? 1 : 0;
    return firstDataBlock + group * blocksPerGroup + copy;
  }
}

class ExtDriver implements FileSystemDriver<Inode> {
  readonly root: Inode;
  readonly #volume: Volume;
  readonly #super: ExtSuperblock;
  readonly #inodes: InodeTable;

  constructor(volume: Volume, superblock: ExtSuperblock, inodes: InodeTable, root: Inode) {
    this.#volume = volume;
    this.#super = superblock;
    this.#inodes = inodes;
    this.root = root;
  }

  kind(node: Inode): NodeKind {
    return node.kind;
  }

  async lookup(directory: Inode, name: string): Promise<Inode | null> {
    const wanted = new TextEncoder().encode(name);
    for await (const entry of this.#walk(directory)) {
      if (isSame(entry.name, wanted)) return await this.#inodes.read(entry.inode);
    }
    return null;
  }

  async entries(directory: Inode): Promise<DirectoryEntry[]> {
    const found: DirectoryEntry[] = [];
    for await (const { name, inode, kind } of this.#walk(directory)) {
      if (found.length >= MAX_ENTRIES) throw new InspectError("A directory has more entries than any has.");
      found.push({ name: new TextDecoder().decode(name), kind: kind ?? (await this.#inodes.read(inode)).kind });
    }
    return found;
  }

  async target(node: Inode): Promise<string> {
    if (node.sizeBytes > MAX_TARGET_BYTES) throw new InspectError("A symbolic link is too long: it is damaged.");
    // Short ones stand where the block numbers would.
    const isShort = node.sizeBytes < I_BLOCK_BYTES && (node.flags & (FLAG_EXTENTS | FLAG_INLINE_DATA)) === 0;
    const bytes = isShort
      ? node.bytes.subarray(I_BLOCK, I_BLOCK + node.sizeBytes)
      : await this.#content(node).read(0, node.sizeBytes);
    return new TextDecoder().decode(bytes);
  }

  async open(node: Inode): Promise<OpenFile> {
    return this.#content(node);
  }

  #content(node: Inode): OpenFile {
    if ((node.flags & FLAG_ENCRYPT) !== 0) throw new InspectError("A file is encrypted.");
    const { sizeBytes } = node;
    if ((node.flags & FLAG_INLINE_DATA) !== 0) {
      const data = inlineData(node.bytes);
      return { sizeBytes, read: async (offset, length) => padded(data, offset, Math.min(offset + length, sizeBytes)) };
    }
    const root = node.bytes.subarray(I_BLOCK, I_BLOCK + I_BLOCK_BYTES);
    const map = new BlockMap(this.#volume, this.#super.blockBytes, root, (node.flags & FLAG_EXTENTS) !== 0);
    return {
      sizeBytes,
      read: async (offset, length) => {
        const end = Math.min(offset + length, sizeBytes);
        if (end <= offset) return new Uint8Array(0);
        return await readRuns(this.#volume, await map.runs(offset, end), offset, end);
      },
    };
  }

  async *#walk(directory: Inode): AsyncGenerator<ExtEntry> {
    const { hasFileTypes, blockBytes } = this.#super;
    if ((directory.flags & FLAG_INLINE_DATA) !== 0) {
      const data = inlineData(directory.bytes);
      // The number of the parent, then entries; those that are in the attribute begin anew.
      yield* directoryEntries(data.subarray(4, I_BLOCK_BYTES), hasFileTypes);
      yield* directoryEntries(data.subarray(I_BLOCK_BYTES), hasFileTypes);
      return;
    }
    if (directory.sizeBytes > MAX_DIRECTORY_BYTES) throw new InspectError("A directory is too long: it is damaged.");
    const content = this.#content(directory);
    const pieceBytes = Math.max(blockBytes, DIRECTORY_PIECE_BYTES);
    for (let at = 0; at < directory.sizeBytes; at += pieceBytes) {
      const piece = await content.read(at, pieceBytes);
      for (let block = 0; block < piece.length; block += blockBytes) {
        yield* directoryEntries(piece.subarray(block, block + blockBytes), hasFileTypes);
      }
    }
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** The bytes from `offset` to `end` of data that zeros follow. */
function padded(data: Uint8Array, offset: number, end: number): Uint8Array {
  const out = new Uint8Array(Math.max(0, end - offset));
  out.set(data.subarray(offset, end));
  return out;
}
