/** The s390 page transport: what the pages say, and that scribbling over them harms nobody. */
import { describe, expect, it } from "vitest";
import { createDevice } from "../registry.ts";
import { GUEST_RAM_BASE } from "../testing/engine.ts";
import { Harness } from "../testing/harness.ts";
import { MemoryDisk } from "../testing/memory-disk.ts";
import type { S390Driver } from "../testing/s390-driver.ts";

const PLAIN = { eventIdx: false, style: "direct" } as const;

function disk(): { vm: Harness; driver: S390Driver } {
  const entropy = { fill: (): void => {} };
  const backends = { block: new MemoryDisk(2 ** 20, { sync: true }), entropy };
  const vm = new Harness("s390 pages", "virtio-blk", { drive: "disk", "num-queues": 2 }, { backends });
  return { vm, driver: vm.driver as S390Driver };
}

describe("the device pages", () => {
  it("describe the device as the old interface has it", () => {
    const { vm, driver } = disk();
    const at = driver.descriptor;
    expect([...vm.ram.bytes(at, 5)]).toEqual([2, 2, 4, 57, 0]);
    // Two queue entries, big-endian: no token yet, a page address, 256 descriptors.
    for (const index of [0, 1]) {
      const entry = [...vm.ram.bytes(at + 5 + 24 * index, 24)];
      expect(entry.slice(0, 8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
      expect(entry.slice(8, 12)).toEqual([0, 0, 0, 0]);
      expect(((entry[14] as number) & 0xf) === 0 && entry[15] === 0).toBe(true);
      expect(entry.slice(16, 18)).toEqual([1, 0]);
    }
    expect(vm.ram.u32(at + 5 + 48) & (1 << 28)).not.toBe(0);
    expect(vm.ram.u32(at + 5 + 48 + 8)).toBe(2 ** 20 / 512);
    // The list ends with a type of 0.
    expect(vm.ram.u8(at + 5 + 48 + 8 + 57)).toBe(0);
  });

  it("follow each other for several devices, each announced by an interrupt", () => {
    const { vm, driver } = disk();
    createDevice("virtio-rng-s390", {}, vm.context);
    const second = driver.descriptor + 5 + 2 * 24 + 8 + 57;
    expect(driver.hypervisor.interrupts).toEqual([{ kind: 2, low: second, high: 0 }]);
    expect([...vm.ram.bytes(second, 5)]).toEqual([4, 1, 4, 0, 0]);
    expect(driver.hypervisor.call(1, second)).toBe(0);
    // Each device has rings of its own.
    const ring = (at: number): number => vm.ram.view.getUint32(at - GUEST_RAM_BASE + 5 + 12);
    expect(ring(second)).toBe(ring(driver.descriptor) + 2 * 3 * 4096);
  });
});

describe("hypercalls", () => {
  it.each([
    [0, 0],
    [0, 0x4000_0000],
    [1, 0xffff_ffff],
    [2, 1],
    [3, 0],
    [99, 0],
  ])("%i with 0x%s is refused", (subcode, argument) => {
    const { vm, driver } = disk();
    expect(driver.hypervisor.call(subcode, argument)).toBe(-22);
    expect(vm.log.guestErrors.join()).toContain("hypercall refused");
  });

  it("3 and above are refused for a good address too", () => {
    const { driver } = disk();
    expect(driver.hypervisor.call(3, driver.descriptor)).toBe(-22);
  });

  it("a driver that scribbles over its device page changes nothing but status, features and tokens", async () => {
    const { vm, driver } = disk();
    vm.start(PLAIN, [0, 1]);
    const rings = [vm.splitRing(0).place.desc, vm.splitRing(1).place.desc];
    const before = vm.ram.bytes(driver.descriptor, 200).slice();
    vm.ram.bytes(driver.descriptor, 200).fill(0xff);
    vm.ring().add([vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)], "direct");
    expect(driver.hypervisor.call(0, rings[0] as number)).toBe(0);
    expect((await vm.receive()).length).toBe(513);
    // The token comes back as the driver has it now.
    expect(driver.hypervisor.interrupts.at(-1)).toEqual({ kind: 0, low: 0xffff_ffff, high: 0xffff_ffff });
    // A reset puts the description back; tokens are the driver's.
    expect(driver.hypervisor.call(1, driver.descriptor)).toBe(0);
    const after = vm.ram.bytes(driver.descriptor, 200).slice();
    expect([...after.slice(0, 5)]).toEqual([2, 2, 4, 57, 0]);
    expect([...after.slice(13, 23)]).toEqual([...before.slice(13, 23)]);
    expect([...after.slice(53, 57)]).toEqual([...before.slice(53, 57)]);
    expect([...after.slice(61, 118)]).toEqual([...before.slice(61, 118)]);
  });
});
