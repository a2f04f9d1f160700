/** Clauses of virtio over MMIO that no other test shows by itself (testing/clauses). */
import { describe, expect, it } from "vitest";
import * as R from "../spec/mmio.ts";
import { Harness } from "../testing/harness.ts";
import { MemoryDisk } from "../testing/memory-disk.ts";
import type { MmioDriver } from "../testing/mmio-driver.ts";

const PLAIN = { eventIdx: false, style: "direct" } as const;

function disk(): { vm: Harness; driver: MmioDriver } {
  const backends = { block: new MemoryDisk(2 ** 20, { sync: true }) };
  const vm = new Harness("mmio v2", "virtio-blk", { drive: "disk", "num-queues": 2 }, { backends });
  return { vm, driver: vm.driver as MmioDriver };
}

const readSector = (vm: Harness): ReturnType<Harness["in"]>[] => [vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)];

describe("registers of version 2", () => {
  it("a reset clears InterruptStatus and QueueReady of every queue, and lowers the line", () => {
    const { vm, driver } = disk();
    vm.start(PLAIN, [0, 1]);
    vm.send(readSector(vm), "direct", 1);
    vm.transport.bus.configChanged();
    expect(driver.read(R.MMIO_INTERRUPT_STATUS)).toBe(3);
    driver.reset();
    expect(driver.read(R.MMIO_INTERRUPT_STATUS)).toBe(0);
    expect(vm.line.level).toBe(false);
    for (const queue of [0, 1]) {
      driver.write(R.MMIO_QUEUE_SEL, queue);
      expect(driver.read(R.MMIO_QUEUE_READY)).toBe(0);
    }
  });

  it("a queue that is not ready is not touched", () => {
    const { vm, driver } = disk();
    vm.start(PLAIN, [0, 1]);
    const { place } = vm.ring(1);
    driver.write(R.MMIO_QUEUE_SEL, 1);
    driver.write(R.MMIO_QUEUE_READY, 0);
    vm.ring(1).add(readSector(vm), "direct");
    const before = vm.ram.bytes(place.desc, 0x1000).slice();
    driver.notify(1);
    expect(vm.ram.bytes(place.desc, 0x1000)).toEqual(before);
    expect(vm.ring(1).take()).toBe(null);
    expect(vm.line.level).toBe(false);
  });

  it("QueueReset reads 0 after a reset and after the queue was enabled", () => {
    const { vm, driver } = disk();
    vm.start(PLAIN, [0, 1]);
    driver.write(R.MMIO_QUEUE_SEL, 0);
    expect(driver.read(R.MMIO_QUEUE_RESET)).toBe(0);
    driver.write(R.MMIO_QUEUE_RESET, 1);
    driver.reset();
    driver.write(R.MMIO_QUEUE_SEL, 0);
    expect(driver.read(R.MMIO_QUEUE_RESET)).toBe(0);
    vm.start(PLAIN, [0, 1]);
    driver.write(R.MMIO_QUEUE_SEL, 0);
    driver.write(R.MMIO_QUEUE_RESET, 1);
    vm.setup(0, PLAIN, 8);
    expect([driver.read(R.MMIO_QUEUE_READY), driver.read(R.MMIO_QUEUE_RESET)]).toEqual([1, 0]);
  });
});
