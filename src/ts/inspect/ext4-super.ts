/** The superblock of ext2, ext3 and ext4 (Linux Documentation/filesystems/ext4/super.rst). */
import { InspectError } from "./inspect-error.ts";
import { label, uuid } from "./text.ts";
import { viewOf, type Volume } from "./volume.ts";
import type { VolumeInfo } from "./recognise.ts";

const SUPERBLOCK_OFFSET = 1024;
const SUPERBLOCK_BYTES = 1024;
const MAGIC_OFFSET = 56;
const MAGIC = 0xef53;

const COMPAT_HAS_JOURNAL = 0x4;
const COMPAT_SPARSE_SUPER2 = 0x200;
const INCOMPAT_COMPRESSION = 0x1;
const INCOMPAT_FILETYPE = 0x2;
const INCOMPAT_RECOVER = 0x4;
const INCOMPAT_JOURNAL_DEV = 0x8;
const INCOMPAT_META_BG = 0x10;
const INCOMPAT_64BIT = 0x80;
const RO_COMPAT_SPARSE_SUPER = 0x1;
/** What ext3 knows: SPARSE_SUPER, LARGE_FILE, BTREE_DIR; FILETYPE, RECOVER, META_BG. More makes it an ext4. */
const EXT3_RO_COMPAT = 0x7;
const EXT3_INCOMPAT = INCOMPAT_FILETYPE | INCOMPAT_RECOVER | INCOMPAT_META_BG;

export interface ExtSuperblock extends VolumeInfo {
  readonly type: "ext2" | "ext3" | "ext4" | "jbd";
  readonly blockBytes: number;
  readonly blockCount: number;
  readonly firstDataBlock: number;
  readonly blocksPerGroup: number;
  readonly inodesPerGroup: number;
  readonly inodeCount: number;
  readonly inodeBytes: number;
  readonly descriptorBytes: number;
  /** Directory entries tell the kind of what they name. */
  readonly hasFileTypes: boolean;
  /** Group descriptors from this block of descriptors on lie in their own groups; none do where it is infinite. */
  readonly firstMetaGroup: number;
  /** Whether a group begins with a copy of the superblock. */
  hasSuperblockCopy(group: number): boolean;
}

/** The superblock; null where the volume is none of ext2, ext3, ext4. */
export async function readExtSuperblock(volume: Volume): Promise<ExtSuperblock | null> {
  if (!volume.holds(SUPERBLOCK_OFFSET, SUPERBLOCK_BYTES)) return null;
  const bytes = await volume.read(SUPERBLOCK_OFFSET, SUPERBLOCK_BYTES);
  const view = viewOf(bytes);
  if (view.getUint16(MAGIC_OFFSET, true) !== MAGIC) return null;
  const [compat, incompat, roCompat] = [92, 96, 100].map((at) => view.getUint32(at, true)) as [number, number, number];
  const dynamic = view.getUint32(76, true) > 0;
  const wide = (incompat & INCOMPAT_64BIT) !== 0;
  const logBlock = view.getUint32(24, true);
  return {
    type: typeOf(compat, incompat, roCompat),
    label: label(bytes.subarray(120, 136)),
    uuid: uuid(bytes.subarray(104, 120)),
    blockBytes: logBlock <= 6 ? 1024 << logBlock : 0,
    blockCount: view.getUint32(4, true) + (wide ? view.getUint32(0x150, true) * 2 ** 32 : 0),
    firstDataBlock: view.getUint32(20, true),
    blocksPerGroup: view.getUint32(32, true),
    inodesPerGroup: view.getUint32(40, true),
    inodeCount: view.getUint32(0, true),
    inodeBytes: dynamic ? view.getUint16(88, true) : 128,
    descriptorBytes: wide ? view.getUint16(0xfe, true) : 32,
    hasFileTypes: (incompat & INCOMPAT_FILETYPE) !== 0,
    firstMetaGroup: (incompat & INCOMPAT_META_BG) !== 0 ? view.getUint32(0x104, true) : Number.POSITIVE_INFINITY,
    hasSuperblockCopy(group) {
      if (group === 0) return true;
      if ((compat & COMPAT_SPARSE_SUPER2) !== 0) return [0x24c, 0x250].some((at) => view.getUint32(at, true) === group);
      return (roCompat & RO_COMPAT_SPARSE_SUPER) === 0 || group === 1 || [3, 5, 7].some((base) => isPower(group, base));
    },
  };
}

/** Throws an InspectError where numbers of the superblock cannot be, or its files cannot be read here. */
export function checkExtSuperblock(superblock: ExtSuperblock): void {
  const { blockBytes, inodeBytes, descriptorBytes, inodesPerGroup, blocksPerGroup, firstDataBlock } = superblock;
  if (superblock.type === "jbd") throw new InspectError("It is a journal of another ext4 file system.");
  const sound =
    blockBytes > 0 &&
    isPower(inodeBytes, 2) &&
    inodeBytes >= 128 &&
    inodeBytes <= blockBytes &&
    isPower(descriptorBytes, 2) &&
    descriptorBytes >= 32 &&
    descriptorBytes <= 1024 &&
    inodesPerGroup > 0 &&
    blocksPerGroup > 0 &&
    firstDataBlock <= 1;
  if (!sound) throw new InspectError("The superblock of its ext4 file system is damaged.");
}

/** As blkid tells them apart: by the features that the older ones do not have. */
function typeOf(compat: number, incompat: number, roCompat: number): ExtSuperblock["type"] {
  if ((incompat & INCOMPAT_JOURNAL_DEV) !== 0) return "jbd";
  const beyondExt3 = (roCompat & ~EXT3_RO_COMPAT) !== 0 || (incompat & ~EXT3_INCOMPAT) !== 0;
  if (beyondExt3 && (incompat & INCOMPAT_COMPRESSION) === 0) return "ext4";
  return (compat & COMPAT_HAS_JOURNAL) !== 0 ? "ext3" : "ext2";
}

function isPower(value: number, base: number): boolean {
  let power = base;
  while (power < value) power *= base;
  return power === value;
}
