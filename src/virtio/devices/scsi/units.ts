/** Disks and CD drives of a SCSI host as the registry knows them. Names, properties and defaults are QEMU's. */
import type { BlockUnit, BlockUnitOptions } from "../../../scsi/block-unit.ts";
import { ScsiCd } from "../../../scsi/cd.ts";
import { ScsiDisk } from "../../../scsi/disk.ts";
import type { ScsiDomain, UnitAddress } from "../../../scsi/domain.ts";
import { LUN_MAX } from "../../../scsi/spec.ts";
import type { BlockBackend } from "../../backends.ts";
import type { BackendContext, ChildControls, ChildDefinition } from "../../definition.ts";
import { DeviceOptionError, type PropertyTable, type PropertyValues } from "../../properties.ts";
import type { VirtioScsi } from "./device.ts";

/** `scsi-id` and `lun` when the user did not choose. */
const ANY = 0xffff_ffff;
const MAX_TARGET = 255;

const COMMON: PropertyTable = {
  channel: { type: "int", default: 0, min: 0, max: 0, doc: "there is one" },
  "scsi-id": { type: "int", default: ANY, min: 0, max: ANY, doc: "target, 0 to 255; the first free one without it" },
  lun: { type: "int", default: ANY, min: 0, max: ANY, doc: `logical unit of the target, 0 to ${LUN_MAX}` },
  vendor: { type: "string", default: "QEMU", maxBytes: 8, doc: "vendor that the guest sees" },
  ver: { type: "string", default: "2.5+", maxBytes: 4, doc: "revision that the guest sees" },
  serial: { type: "string", default: "", maxBytes: 36, doc: "serial number" },
  device_id: {
    type: "string",
    default: "",
    maxBytes: 247,
    doc: "identification; else the serial number or the drive's id",
  },
  wwn: { type: "string", default: "0", maxBytes: 20, doc: "world wide name, a number of 64 bits; 0 for none" },
  "write-cache": {
    type: "choice",
    default: "auto",
    values: ["on", "off", "auto"],
    doc: "writes may be volatile until the guest flushes; auto: on",
  },
  werror: { type: "choice", default: "auto", values: ["report", "auto"], doc: "the guest is told of errors" },
  rerror: { type: "choice", default: "auto", values: ["report", "auto"], doc: "the same for reads" },
  "share-rw": { type: "bool", default: false, doc: "accepted for QEMU's sake" },
  bootindex: { type: "int", default: 0, min: 0, max: 0x7fff_ffff, doc: "accepted for QEMU's sake" },
};

const DISK_PROPERTIES: PropertyTable = {
  drive: { type: "id", required: true, doc: "id of the drive" },
  ...COMMON,
  product: { type: "string", default: "QEMU HARDDISK", maxBytes: 16, doc: "product that the guest sees" },
  logical_block_size: { type: "pow2", default: 512, min: 512, max: 32768, doc: "smallest unit of I/O in bytes" },
  physical_block_size: { type: "pow2", default: 512, min: 512, max: 2 ** 21, doc: "best unit of I/O in bytes" },
  removable: { type: "bool", default: false, doc: "the disk can be taken out of its drive" },
  dpofua: { type: "bool", default: false, doc: "tell the guest that DPO and FUA do something" },
  rotation_rate: {
    type: "int",
    default: 0,
    min: 0,
    max: 0xffff,
    doc: "1 for an SSD, revolutions a minute, 0: unknown",
  },
};

const CD_PROPERTIES: PropertyTable = {
  drive: { type: "id", required: false, doc: "id of the drive that is in it; empty without it" },
  ...COMMON,
  product: { type: "string", default: "QEMU CD-ROM", maxBytes: 16, doc: "product that the guest sees" },
};

const CD_BLOCK_SIZE = 2048;

/** The drive that `drive` names, or null for none. */
function mediumOf(name: string, id: string, context: BackendContext): BlockBackend | null {
  if (id === "") return null;
  const backend = context.block(id);
  if (backend === null) throw new DeviceOptionError(`${name}: there is no drive with the id "${id}".`);
  return backend;
}

function wwnOf(name: string, text: string): bigint {
  if (!/^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text) || BigInt(text) >= 1n << 64n) {
    throw new DeviceOptionError(`${name}: wwn is a number of 64 bits, not "${text}".`);
  }
  return BigInt(text);
}

type CommonOptions = Omit<
  BlockUnitOptions,
  "logicalBlockSize" | "physicalBlockSize" | "removable" | "dpofua" | "rotationRate"
>;

function commonOptions(name: string, values: PropertyValues): CommonOptions {
  const serial = values.string("serial");
  return {
    vendor: values.string("vendor"),
    product: values.string("product"),
    version: values.string("ver"),
    serial,
    deviceId: values.string("device_id") || serial.slice(0, 20) || values.string("drive"),
    wwn: wwnOf(name, values.string("wwn")),
    writeCache: values.string("write-cache") !== "off",
  };
}

/** The address that is asked for; what is left open is the first that is free. */
function chooseAddress(name: string, domain: ScsiDomain<BlockUnit>, values: PropertyValues): UnitAddress {
  const wantedTarget = values.int("scsi-id");
  const wantedLun = values.int("lun");
  if (wantedTarget !== ANY && wantedTarget > MAX_TARGET) {
    throw new DeviceOptionError(`${name}: scsi-id is a number from 0 to ${MAX_TARGET}, not "${wantedTarget}".`);
  }
  if (wantedLun !== ANY && wantedLun > LUN_MAX) {
    throw new DeviceOptionError(`${name}: lun is a number from 0 to ${LUN_MAX}, not "${wantedLun}".`);
  }
  const isFree = (address: UnitAddress): boolean => domain.unit(address) === undefined;
  if (wantedTarget === ANY) {
    const lun = wantedLun === ANY ? 0 : wantedLun;
    for (let target = 0; target <= MAX_TARGET; ++target) if (isFree({ target, lun })) return { target, lun };
    throw new DeviceOptionError(`${name}: all ${MAX_TARGET + 1} targets of the controller are in use.`);
  }
  if (wantedLun === ANY) {
    for (let lun = 0; lun <= LUN_MAX; ++lun) {
      if (isFree({ target: wantedTarget, lun })) return { target: wantedTarget, lun };
    }
  }
  const address = { target: wantedTarget, lun: wantedLun };
  if (wantedLun === ANY || !isFree(address)) {
    throw new DeviceOptionError(`${name}: scsi-id=${wantedTarget} and lun=${wantedLun} are in use.`);
  }
  return address;
}

/** Puts the unit in. */
function attach(name: string, scsi: VirtioScsi, values: PropertyValues, unit: BlockUnit): ChildControls {
  const address = chooseAddress(name, scsi.domain, values);
  scsi.attach(address, unit);
  const eject = (force: boolean): boolean => {
    if (!force) return scsi.requestEject(address);
    scsi.changeMedium(address, null);
    return true;
  };
  return {
    unplug: scsi.hotplug ? async () => await scsi.detach(address) : null,
    eject: unit.options.removable ? eject : null,
  };
}

export const SCSI_HD: ChildDefinition<VirtioScsi> = {
  name: "scsi-hd",
  doc: "disk on a SCSI host",
  parent: "virtio-scsi",
  properties: DISK_PROPERTIES,
  add(scsi, values, context) {
    const { name } = SCSI_HD;
    const id = values.string("drive");
    const medium = mediumOf(name, id, context);
    const logicalBlockSize = values.int("logical_block_size");
    const physicalBlockSize = values.int("physical_block_size");
    if (physicalBlockSize < logicalBlockSize) {
      throw new DeviceOptionError(`${name}: physical_block_size is smaller than logical_block_size.`);
    }
    const unit = new ScsiDisk(medium, {
      ...commonOptions(name, values),
      logicalBlockSize,
      physicalBlockSize,
      removable: values.bool("removable"),
      dpofua: values.bool("dpofua"),
      rotationRate: values.int("rotation_rate"),
    });
    return attach(name, scsi, values, unit);
  },
};

export const SCSI_CD: ChildDefinition<VirtioScsi> = {
  name: "scsi-cd",
  doc: "CD drive on a SCSI host",
  parent: "virtio-scsi",
  properties: CD_PROPERTIES,
  add(scsi, values, context) {
    const { name } = SCSI_CD;
    const medium = mediumOf(name, values.string("drive"), context);
    const unit = new ScsiCd(medium, {
      ...commonOptions(name, values),
      logicalBlockSize: CD_BLOCK_SIZE,
      physicalBlockSize: CD_BLOCK_SIZE,
      removable: true,
      dpofua: false,
      rotationRate: 0,
    });
    return attach(name, scsi, values, unit);
  },
};
