/** Configuration space and feature table of the SCSI host. */
import type { FeatureRow } from "../../features.ts";
import { ConfigSpace, u16, u32 } from "../../layout.ts";
import { LUN_MAX } from "../../../scsi/spec.ts";
import * as V from "../../spec/scsi.ts";

/** What a controller is made with, as QEMU's properties have it. */
export interface ScsiOptions {
  /** Request queues. */
  readonly numQueues: number;
  /** Descriptors in each queue. */
  readonly queueSize: number;
  /** seg_max follows the queue's size. */
  readonly segMaxAdjust: boolean;
  readonly maxSectors: number;
  readonly cmdPerLun: number;
  readonly hotplug: boolean;
  readonly paramChange: boolean;
}

/** Largest sizes that a driver may write; sense data has at most 252 bytes (SPC-4, 4.5.1), a command 260. */
const SENSE_SIZE_MAX = 252;
const CDB_SIZE_MAX = 260;
const MAX_TARGET = 255;
/** seg_max of devices that do not adjust it: 128 descriptors less two for the headers. */
const SEG_MAX_FIXED = 126;

/** INOUT and T10_PI are not offered: neither is in QEMU's device. */
export function scsiFeatures({ hotplug, paramChange }: ScsiOptions): FeatureRow[] {
  const rows: FeatureRow[] = [];
  if (hotplug) rows.push({ bit: V.VIRTIO_SCSI_F_HOTPLUG, name: "VIRTIO_SCSI_F_HOTPLUG" });
  if (paramChange) rows.push({ bit: V.VIRTIO_SCSI_F_CHANGE, name: "VIRTIO_SCSI_F_CHANGE" });
  return rows;
}

const FIELDS = {
  num_queues: u32(V.SCSI_CONFIG_NUM_QUEUES),
  seg_max: u32(V.SCSI_CONFIG_SEG_MAX),
  max_sectors: u32(V.SCSI_CONFIG_MAX_SECTORS),
  cmd_per_lun: u32(V.SCSI_CONFIG_CMD_PER_LUN),
  event_info_size: u32(V.SCSI_CONFIG_EVENT_INFO_SIZE),
  sense_size: u32(V.SCSI_CONFIG_SENSE_SIZE).writable(),
  cdb_size: u32(V.SCSI_CONFIG_CDB_SIZE).writable(),
  max_channel: u16(V.SCSI_CONFIG_MAX_CHANNEL),
  max_target: u16(V.SCSI_CONFIG_MAX_TARGET),
  max_lun: u32(V.SCSI_CONFIG_MAX_LUN),
};

export type ScsiConfig = ConfigSpace<keyof typeof FIELDS>;

export function scsiConfig(options: ScsiOptions): ScsiConfig {
  const config = new ConfigSpace(FIELDS);
  config.set("num_queues", options.numQueues);
  // Two descriptors are the headers of a request and its response.
  config.set("seg_max", options.segMaxAdjust ? options.queueSize - 2 : SEG_MAX_FIXED);
  config.set("max_sectors", options.maxSectors);
  config.set("cmd_per_lun", options.cmdPerLun);
  config.set("event_info_size", V.SCSI_EVENT_SIZE);
  config.set("max_target", MAX_TARGET);
  config.set("max_lun", LUN_MAX);
  resetSizes(config);
  return config;
}

/** The sizes that a reset restores (5.6.4.2). */
export function resetSizes(config: ScsiConfig): void {
  config.set("sense_size", V.VIRTIO_SCSI_SENSE_DEFAULT_SIZE);
  config.set("cdb_size", V.VIRTIO_SCSI_CDB_DEFAULT_SIZE);
}

/** The sizes as they are used: what the driver wrote, as far as SCSI has any use for it. */
export function senseSize(config: ScsiConfig): number {
  return Math.min(config.get("sense_size"), SENSE_SIZE_MAX);
}

export function cdbSize(config: ScsiConfig): number {
  return Math.min(config.get("cdb_size"), CDB_SIZE_MAX);
}

/** Whether a size that the driver wrote is larger than any that is used. */
export function isOversized(config: ScsiConfig): boolean {
  return config.get("sense_size") > SENSE_SIZE_MAX || config.get("cdb_size") > CDB_SIZE_MAX;
}
