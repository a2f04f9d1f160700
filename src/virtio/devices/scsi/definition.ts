/** The SCSI host as the registry knows it. Property names are QEMU's. */
import type { DeviceDefinition } from "../../definition.ts";
import { accepted } from "../../properties.ts";
import { SCSI_REQUESTQ } from "../../spec/scsi.ts";
import { VQ_SIZE_MAX } from "../../spec/walker.ts";
import { VirtioScsi } from "./device.ts";

export const SCSI: DeviceDefinition = {
  name: "virtio-scsi",
  doc: "SCSI host for disks and CD drives",
  properties: {
    num_queues: { type: "int", default: 1, min: 1, max: 64, doc: "request queues; one for each CPU is best" },
    virtqueue_size: { type: "pow2", default: 256, min: 4, max: VQ_SIZE_MAX, doc: "descriptors in each queue" },
    seg_max_adjust: { type: "bool", default: true, doc: "as many segments in a command as a queue holds" },
    max_sectors: { type: "int", default: 0xffff, min: 1, max: 0xffff_ffff, doc: "most sectors in one command" },
    cmd_per_lun: { type: "int", default: 128, min: 1, max: 0xffff_ffff, doc: "commands at a time for one unit" },
    hotplug: { type: "bool", default: true, doc: "tell the guest of disks that come and go" },
    param_change: { type: "bool", default: true, doc: "tell the guest of disks that change" },
    iothread: accepted("string", "", "the machine has one thread"),
  },
  // Mass storage, SCSI. A vector for each queue and one for the configuration.
  pci: { deviceClass: 0x0100, vectors: (properties) => properties.int("num_queues") + SCSI_REQUESTQ + 1 },
  make(bus, properties, context) {
    return new VirtioScsi(bus, context.timers, {
      numQueues: properties.int("num_queues"),
      queueSize: properties.int("virtqueue_size"),
      segMaxAdjust: properties.bool("seg_max_adjust"),
      maxSectors: properties.int("max_sectors"),
      cmdPerLun: properties.int("cmd_per_lun"),
      hotplug: properties.bool("hotplug"),
      paramChange: properties.bool("param_change"),
    });
  },
};
