/** The block device as the registry knows it. Property names are QEMU's. */
import { DeviceOptionError, type PropertyTable } from "../../properties.ts";
import type { DeviceDefinition } from "../../definition.ts";
import { SECTOR_SIZE, VIRTIO_BLK_ID_BYTES } from "../../spec/blk.ts";
import { VQ_SIZE_MAX } from "../../spec/walker.ts";
import { VirtioBlk } from "./device.ts";

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
    return new VirtioBlk(bus, backend, context.timers, {
      serial: properties.string("serial"),
      queueSize: properties.int("queue-size"),
      numQueues: properties.int("num-queues"),
      logicalBlockSize,
      physicalBlockSize,
      discard: properties.bool("discard"),
      writeZeroes: properties.bool("write-zeroes"),
      configWce: properties.bool("config-wce"),
    });
  },
};
