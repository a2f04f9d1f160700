/** The 9P device as the registry knows it. Property names are QEMU's. */
import type { DeviceDefinition } from "../../definition.ts";
import { DeviceOptionError } from "../../properties.ts";
import { MAX_TAG_BYTES } from "./config.ts";
import { VirtioNineP } from "./device.ts";

export const NINEP: DeviceDefinition = {
  name: "virtio-9p",
  doc: "shared folder",
  properties: {
    fsdev: { type: "id", required: true, doc: "id of the file tree" },
    mount_tag: { type: "string", default: "", maxBytes: MAX_TAG_BYTES, doc: "what the guest mounts it by; needed" },
  },
  // Mass storage in the old sense, before there were class codes: QEMU's value. One queue and the configuration.
  pci: { deviceClass: 0x0002, vectors: () => 2 },
  make(bus, properties, context) {
    const id = properties.string("fsdev");
    const tree = context.files(id);
    if (tree === null) throw new DeviceOptionError(`virtio-9p: there is no file tree with the id "${id}".`);
    const mountTag = properties.string("mount_tag");
    if (mountTag === "") {
      throw new DeviceOptionError("virtio-9p needs mount_tag=… (what the guest mounts the files by).");
    }
    return new VirtioNineP(bus, tree, mountTag);
  },
};
