import { describe, expect, it } from "vitest";
import { takesDisks } from "./takes-disks.ts";

describe("whether a machine takes disks while it runs", () => {
  it.each([
    ["-device virtio-scsi-device", true],
    ["-device virtio-scsi-pci,id=scsi0", true],
    ["-drive if=scsi,file=a", true],
    ["-device virtio-scsi-pci,hotplug=off", false],
    ["-drive file=a", false],
    ["", false],
    ["-nonsense", false],
  ])("%s: %s", (args, expected) => {
    expect(takesDisks(args)).toBe(expected);
  });
});
