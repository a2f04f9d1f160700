import { expect, it } from "vitest";
import { machineTitle } from "./machine-title.ts";

it.each([
  ["-M virt -kernel guest/stock/Image -initrd i.cpio", "Image"],
  ['-kernel "my kernel" -drive file=https://example.org/a,,b.img?x=1,if=none,id=d', "my kernel with a,b.img"],
  ["--kernel a -kernel b -drive file=1 -drive file=2 -drive file=3 -drive file=4", "b with 1, 2, 3 …"],
  ["-drive if=virtio,file=disks/debian.qcow2", "debian.qcow2"],
  ["-M virt", "A machine"],
  ["-kernel", "A machine"],
  ["-kernel 'unclosed", "A machine"],
])("a machine is called by its files: %s", (args, title) => {
  expect(machineTitle(args)).toBe(title);
});
