/** Configuration space and feature table of the block device. */
import type { FeatureRow } from "../../features.ts";
import { ConfigSpace, u8, u16, u32, u64 } from "../../layout.ts";
import * as B from "../../spec/blk.ts";

/** What a block device is made with, as QEMU's properties have it. Sizes in bytes. */
export interface BlkOptions {
  readonly serial: string;
  readonly queueSize: number;
  readonly numQueues: number;
  readonly logicalBlockSize: number;
  readonly physicalBlockSize: number;
  readonly discard: boolean;
  readonly writeZeroes: boolean;
  readonly configWce: boolean;
  /** 0 for a physical block. */
  readonly minIoSize: number;
  /** 0 for not told. */
  readonly optIoSize: number;
  readonly discardGranularity: number;
  /** Most sectors in one range of a request. */
  readonly maxDiscardSectors: number;
  readonly maxWriteZeroesSectors: number;
}

/** Most ranges in one discard or write-zeroes request, and most sectors in one range (QEMU's limit, 2 GiB - 512). */
export const MAX_RANGES = 32;
export const MAX_RANGE_SECTORS = 0x3f_ffff;

/** The feature table for one disk. */
export function blkFeatures(options: BlkOptions, readOnly: boolean): FeatureRow[] {
  const rows: FeatureRow[] = [
    { bit: B.VIRTIO_BLK_F_SEG_MAX, name: "VIRTIO_BLK_F_SEG_MAX" },
    { bit: B.VIRTIO_BLK_F_BLK_SIZE, name: "VIRTIO_BLK_F_BLK_SIZE" },
    { bit: B.VIRTIO_BLK_F_FLUSH, name: "VIRTIO_BLK_F_FLUSH" },
    { bit: B.VIRTIO_BLK_F_TOPOLOGY, name: "VIRTIO_BLK_F_TOPOLOGY" },
  ];
  if (readOnly) rows.push({ bit: B.VIRTIO_BLK_F_RO, name: "VIRTIO_BLK_F_RO" });
  if (options.configWce) rows.push({ bit: B.VIRTIO_BLK_F_CONFIG_WCE, name: "VIRTIO_BLK_F_CONFIG_WCE" });
  if (options.numQueues > 1) rows.push({ bit: B.VIRTIO_BLK_F_MQ, name: "VIRTIO_BLK_F_MQ" });
  if (options.discard && !readOnly) rows.push({ bit: B.VIRTIO_BLK_F_DISCARD, name: "VIRTIO_BLK_F_DISCARD" });
  if (options.writeZeroes && !readOnly) {
    rows.push({ bit: B.VIRTIO_BLK_F_WRITE_ZEROES, name: "VIRTIO_BLK_F_WRITE_ZEROES" });
  }
  return rows;
}

const FIELDS = {
  capacity: u64(B.BLK_CONFIG_CAPACITY),
  seg_max: u32(B.BLK_CONFIG_SEG_MAX).when(B.VIRTIO_BLK_F_SEG_MAX),
  blk_size: u32(B.BLK_CONFIG_BLK_SIZE).when(B.VIRTIO_BLK_F_BLK_SIZE),
  physical_block_exp: u8(B.BLK_CONFIG_PHYSICAL_BLOCK_EXP).when(B.VIRTIO_BLK_F_TOPOLOGY),
  alignment_offset: u8(B.BLK_CONFIG_ALIGNMENT_OFFSET).when(B.VIRTIO_BLK_F_TOPOLOGY),
  min_io_size: u16(B.BLK_CONFIG_MIN_IO_SIZE).when(B.VIRTIO_BLK_F_TOPOLOGY),
  opt_io_size: u32(B.BLK_CONFIG_OPT_IO_SIZE).when(B.VIRTIO_BLK_F_TOPOLOGY),
  writeback: u8(B.BLK_CONFIG_WRITEBACK).when(B.VIRTIO_BLK_F_CONFIG_WCE).writable(),
  num_queues: u16(B.BLK_CONFIG_NUM_QUEUES).when(B.VIRTIO_BLK_F_MQ),
  max_discard_sectors: u32(B.BLK_CONFIG_MAX_DISCARD_SECTORS).when(B.VIRTIO_BLK_F_DISCARD),
  max_discard_seg: u32(B.BLK_CONFIG_MAX_DISCARD_SEG).when(B.VIRTIO_BLK_F_DISCARD),
  discard_sector_alignment: u32(B.BLK_CONFIG_DISCARD_SECTOR_ALIGNMENT).when(B.VIRTIO_BLK_F_DISCARD),
  max_write_zeroes_sectors: u32(B.BLK_CONFIG_MAX_WRITE_ZEROES_SECTORS).when(B.VIRTIO_BLK_F_WRITE_ZEROES),
  max_write_zeroes_seg: u32(B.BLK_CONFIG_MAX_WRITE_ZEROES_SEG).when(B.VIRTIO_BLK_F_WRITE_ZEROES),
  write_zeroes_may_unmap: u8(B.BLK_CONFIG_WRITE_ZEROES_MAY_UNMAP).when(B.VIRTIO_BLK_F_WRITE_ZEROES),
};

export type BlkConfig = ConfigSpace<keyof typeof FIELDS>;

/** The configuration of a disk of `sizeBytes`. */
export function blkConfig(options: BlkOptions, sizeBytes: number): BlkConfig {
  const config = new ConfigSpace(FIELDS);
  config.set("capacity", sizeBytes / B.SECTOR_SIZE);
  // Two descriptors of a full ring are the header and the status; an indirect table is bound by the same number.
  config.set("seg_max", options.queueSize - 2);
  config.set("blk_size", options.logicalBlockSize);
  config.set("physical_block_exp", Math.log2(options.physicalBlockSize / options.logicalBlockSize));
  config.set("min_io_size", (options.minIoSize || options.physicalBlockSize) / options.logicalBlockSize);
  config.set("opt_io_size", options.optIoSize / options.logicalBlockSize);
  config.set("writeback", 1);
  config.set("num_queues", options.numQueues);
  config.set("max_discard_sectors", options.maxDiscardSectors);
  config.set("max_discard_seg", MAX_RANGES);
  config.set("discard_sector_alignment", options.discardGranularity / B.SECTOR_SIZE);
  config.set("max_write_zeroes_sectors", options.maxWriteZeroesSectors);
  config.set("max_write_zeroes_seg", MAX_RANGES);
  config.set("write_zeroes_may_unmap", 1);
  return config;
}
