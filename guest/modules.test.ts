import { expect, test } from "vitest";
import { moduleClosure } from "./modules.mjs";

// Lines of modules.dep as depmod 30 wrote them for Debian's arm64 kernel 6.1.0-56, shortened.
const dependencies = `kernel/drivers/block/virtio_blk.ko:
kernel/drivers/char/hw_random/virtio-rng.ko:
kernel/fs/ext4/ext4.ko: kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko kernel/lib/crc16.ko
kernel/fs/mbcache.ko:
kernel/fs/jbd2/jbd2.ko:
kernel/lib/crc16.ko:
`;

test("a module comes with everything that it depends on, once", () => {
  expect(moduleClosure(dependencies, ["ext4", "virtio_blk", "mbcache"])).toEqual([
    "kernel/drivers/block/virtio_blk.ko",
    "kernel/fs/ext4/ext4.ko",
    "kernel/fs/jbd2/jbd2.ko",
    "kernel/fs/mbcache.ko",
    "kernel/lib/crc16.ko",
  ]);
});

test("dashes and underscores of a module's name are the same", () => {
  expect(moduleClosure(dependencies, ["virtio_rng"])).toEqual(["kernel/drivers/char/hw_random/virtio-rng.ko"]);
});

test("a module that the kernel has not is named", () => {
  expect(() => moduleClosure(dependencies, ["ext4", "virtio_teapot"])).toThrow(
    "This kernel has no module virtio_teapot.",
  );
});
