/** The block device as the registry knows it. Property names are QEMU's. */
import { accepted, DeviceOptionError, type PropertyTable } from "../../properties.ts";
import type { DeviceDefinition } from "../../definition.ts";
import { SECTOR_SIZE, VIRTIO_BLK_ID_BYTES } from "../../spec/blk.ts";
import { VQ_SIZE_MAX } from "../../spec/walker.ts";
import { MAX_RANGE_SECTORS } from "./config.ts";
import { VirtioBlk } from "./device.ts";

/** `discard_granularity` when the user did not choose. */
const ANY_GRANULARITY = 0xffff_ffff;

const PROPERTIES: PropertyTable = {
  drive: { type: "id", required: true, doc: "id of the drive" },
  serial: { type: "string", default: "", maxBytes: VIRTIO_BLK_ID_BYTES, doc: "serial number, up to 20 bytes" },
  "queue-size": { type: "pow2", default: 256, min: 4, max: VQ_SIZE_MAX, doc: "descriptors in each queue" },
  "num-queues": { type: "int", default: 1, min: 1, max: 64, doc: "request queues; one for each CPU is best" },
  logical_block_size: { type: "pow2", default: 512, min: 512, max: 32768, doc: "smallest unit of I/O in bytes" },
  physical_block_size: { type: "pow2", default: 512, min: 512, max: 2 ** 21, doc: "best unit of I/O in bytes" },
  discard: { type: "bool", default: true, doc: "offer discard (TRIM)" },
  "write-zeroes": { type: "bool", default: true, doc: "offer write zeroes" },
  "config-wce": { type: "bool", default: true, doc: "let the guest switch the write cache" },
  min_io_size: {
    type: "int",
    default: 0,
    min: 0,
    max: 2 ** 21,
    doc: "smallest good I/O in bytes; 0: a physical block",
  },
  opt_io_size: { type: "int", default: 0, min: 0, max: 2 ** 31, doc: "best I/O in bytes; 0: not told" },
  discard_granularity: {
    type: "int",
    default: ANY_GRANULARITY,
    min: 0,
    max: ANY_GRANULARITY,
    doc: "bytes that discards are best aligned to; a logical block without it",
  },
  "report-discard-granularity": { type: "bool", default: true, doc: "tell the guest of discard_granularity" },
  "max-discard-sectors": {
    type: "int",
    default: MAX_RANGE_SECTORS,
    min: 1,
    max: MAX_RANGE_SECTORS,
    doc: "in one range",
  },
  "max-write-zeroes-sectors": {
    type: "int",
    default: MAX_RANGE_SECTORS,
    min: 1,
    max: MAX_RANGE_SECTORS,
    doc: "in one range",
  },
  rerror: { type: "choice", default: "auto", values: ["auto", "report"], doc: "the guest is told of a failed read" },
  werror: { type: "choice", default: "auto", values: ["auto", "report"], doc: "the guest is told of a failed write" },
  "write-cache": {
    type: "choice",
    default: "auto",
    values: ["auto", "on"],
    doc: "the guest says when writes are to last",
  },
  scsi: { type: "fixed", default: "off", doc: "SCSI commands go to virtio-scsi" },
  "seg-max-adjust": { type: "fixed", default: "on", doc: "it was for guests of QEMU before 5.0" },
  ...Object.fromEntries(
    ["cyls", "heads", "secs", "lcyls", "lheads", "lsecs"].map((name) => [
      name,
      { type: "fixed", default: "0", doc: "disks here have no geometry" } as const,
    ]),
  ),
  bootindex: accepted("int", 0, "there is no firmware to boot from it"),
  iothread: accepted("string", "", "the machine has one thread"),
  "share-rw": accepted("bool", false, "who may write is decided by the drive"),
  "request-merging": accepted("bool", true, "requests are not merged"),
  "account-failed": accepted("string", "auto", "failed requests are counted"),
  "account-invalid": accepted("string", "auto", "invalid requests are counted"),
  backend_defaults: accepted("string", "auto", "block sizes are the device's own"),
  "x-enable-wce-if-config-wce": accepted("bool", true, "the write cache is always on at first"),
};

export const BLK: DeviceDefinition = {
  name: "virtio-blk",
  doc: "disk",
  properties: PROPERTIES,
  // Mass storage, SCSI. A vector for each queue and one for the configuration.
  pci: { deviceClass: 0x0100, vectors: (properties) => properties.int("num-queues") + 1 },
  make(bus, properties, context) {
    const id = properties.string("drive");
    const backend = context.block(id);
    if (backend === null) throw new DeviceOptionError(`virtio-blk: there is no drive with the id "${id}".`);
    const logicalBlockSize = properties.int("logical_block_size");
    const physicalBlockSize = properties.int("physical_block_size");
    if (physicalBlockSize < logicalBlockSize) {
      throw new DeviceOptionError("virtio-blk: physical_block_size is smaller than logical_block_size.");
    }
    if (backend.sizeBytes % SECTOR_SIZE !== 0) {
      throw new DeviceOptionError(
        `virtio-blk: drive "${id}" has ${backend.sizeBytes} bytes, which is not a multiple of ${SECTOR_SIZE}.`,
      );
    }
    const granularity = properties.int("discard_granularity");
    const told = properties.bool("report-discard-granularity");
    const sizes = ["min_io_size", "opt_io_size", ...(granularity === ANY_GRANULARITY ? [] : ["discard_granularity"])];
    const odd = sizes.find((name) => properties.int(name) % logicalBlockSize !== 0);
    if (odd !== undefined) {
      throw new DeviceOptionError(`virtio-blk: ${odd} is a multiple of the logical block size, ${logicalBlockSize}.`);
    }
    return new VirtioBlk(bus, backend, context.timers, {
      serial: properties.string("serial"),
      queueSize: properties.int("queue-size"),
      numQueues: properties.int("num-queues"),
      logicalBlockSize,
      physicalBlockSize,
      discard: properties.bool("discard"),
      writeZeroes: properties.bool("write-zeroes"),
      configWce: properties.bool("config-wce"),
      minIoSize: properties.int("min_io_size"),
      optIoSize: properties.int("opt_io_size"),
      discardGranularity: told && granularity !== ANY_GRANULARITY ? granularity : logicalBlockSize,
      maxDiscardSectors: properties.int("max-discard-sectors"),
      maxWriteZeroesSectors: properties.int("max-write-zeroes-sectors"),
    });
  },
};
