/** What the host knows of a file, and what the guest is told. */
import type { BigIntStats } from "node:fs";
import type { FileStat } from "../../virtio/file-tree.ts";
import type { VirtfsAttributes } from "../files/virtfs-attributes.ts";

const BLOCK_BYTES = 512;

export interface HostStat extends Omit<FileStat, "id"> {
  readonly device: bigint;
  readonly inode: bigint;
}

export function hostStat(stat: BigIntStats): HostStat {
  return {
    device: stat.dev,
    inode: stat.ino,
    mode: Number(stat.mode),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    linkCount: Number(stat.nlink),
    rdev: Number(BigInt.asUintN(32, stat.rdev)),
    sizeBytes: Number(stat.size),
    allocatedBytes: Number(stat.blocks) * BLOCK_BYTES,
    atime: stat.atimeNs,
    mtime: stat.mtimeNs,
    ctime: stat.ctimeNs,
  };
}

/** `attributes` are those that are kept beside the file, null where it has its own. */
export function statOf(stat: HostStat, id: bigint, attributes: VirtfsAttributes | null): FileStat {
  const { mode, uid, gid, linkCount, rdev, sizeBytes, allocatedBytes, atime, mtime, ctime } = stat;
  const own = { mode, uid, gid, linkCount, rdev, sizeBytes, allocatedBytes, atime, mtime, ctime };
  return { ...own, ...attributes, id };
}
