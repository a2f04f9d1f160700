/** The echo device as the registry knows it. */
import type { DeviceDefinition } from "../../../../definition.ts";
import { VirtioEcho } from "./device.ts";

export const ECHO: DeviceDefinition = {
  name: "virtio-echo",
  doc: "says what it hears",
  properties: {
    "queue-size": { type: "pow2", default: 64, min: 4, max: 1024, doc: "descriptors in the queue" },
  },
  // No class fits; a vector for the queue and one for the configuration.
  pci: { deviceClass: 0x00ff, vectors: () => 2 },
  make: (bus, properties) => new VirtioEcho(bus, properties.int("queue-size")),
};
