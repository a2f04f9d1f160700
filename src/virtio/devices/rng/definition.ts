/** The entropy device as the registry knows it. Property names are QEMU's. */
import { DeviceOptionError } from "../../properties.ts";
import type { DeviceDefinition } from "../../definition.ts";
import { VirtioRng } from "./device.ts";

export const RNG: DeviceDefinition = {
  name: "virtio-rng",
  doc: "random numbers",
  properties: {
    rng: { type: "id", required: false, doc: "id of the random source; the machine's own without it" },
    "max-bytes": {
      type: "int",
      default: Number.MAX_SAFE_INTEGER,
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      doc: "bytes in one period",
    },
    period: { type: "int", default: 65536, min: 1, max: 0xffff_ffff, doc: "milliseconds" },
  },
  // No class fits.
  pci: { deviceClass: 0x00ff, vectors: () => 2 },
  make(bus, properties, context) {
    const id = properties.string("rng");
    const entropy = context.entropy(id);
    if (entropy === null) throw new DeviceOptionError(`virtio-rng: there is no random source with the id "${id}".`);
    return new VirtioRng(
      bus,
      { entropy, clock: context.clock, timers: context.timers },
      { maxBytes: properties.int("max-bytes"), periodMs: properties.int("period") },
    );
  },
};
