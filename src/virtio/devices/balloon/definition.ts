/** The memory balloon as the registry knows it. Property names are QEMU's. */
import type { DeviceDefinition } from "../../definition.ts";
import { accepted } from "../../properties.ts";
import { VirtioBalloon } from "./device.ts";

export const BALLOON: DeviceDefinition = {
  name: "virtio-balloon",
  doc: "memory that the guest gives back",
  properties: {
    "deflate-on-oom": {
      type: "bool",
      default: false,
      doc: "the guest may take memory back instead of killing programs",
    },
    "free-page-hint": { type: "bool", default: false, doc: "offer hints about free memory" },
    "free-page-reporting": { type: "bool", default: false, doc: "offer reports of free memory" },
    "page-poison": { type: "bool", default: true, doc: "the guest may tell what its free memory is filled with" },
    "guest-stats-polling-interval": { type: "int", default: 0, min: 0, max: 86_400, doc: "seconds; 0: no statistics" },
    iothread: accepted("string", "", "the machine has one thread"),
    "qemu-4-0-config-size": { type: "fixed", default: "off", doc: "it was for guests of QEMU 4.0" },
  },
  // No class fits; QEMU's has no MSI-X.
  pci: { deviceClass: 0x00ff, vectors: () => 0 },
  make(bus, properties, context) {
    return new VirtioBalloon(bus, context, {
      deflateOnOom: properties.bool("deflate-on-oom"),
      freePageHint: properties.bool("free-page-hint"),
      freePageReporting: properties.bool("free-page-reporting"),
      pagePoison: properties.bool("page-poison"),
      statsIntervalMs: properties.int("guest-stats-polling-interval") * 1000,
    });
  },
};
