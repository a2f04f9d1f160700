/** The block device over every transport and every way of using a ring. */
import { describe, expect, it } from "vitest";
import * as B from "../../spec/blk.ts";
import type { DriverBuffer } from "../../testing/driver-ring.ts";
import { type Configuration, describeConfiguration, Harness, MATRIX } from "../../testing/harness.ts";
import { MemoryDisk } from "../../testing/memory-disk.ts";

const DISK_BYTES = 2 ** 20;

function header(type: number, sector: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setBigUint64(8, BigInt(sector), true);
  return bytes;
}

function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + seed) & 0xff);
}

function machine(configuration: Configuration, disk: MemoryDisk, properties = {}): Harness {
  return new Harness(
    configuration.transport,
    "virtio-blk",
    { drive: "disk", ...properties },
    { backends: { block: disk } },
  );
}

/** Sends one request; returns status, used length and the data buffer. */
async function request(
  vm: Harness,
  configuration: Configuration,
  type: number,
  sector: number,
  data: readonly DriverBuffer[] = [],
): Promise<{ status: number; length: number }> {
  const status = vm.in(1);
  const chain = [vm.out(header(type, sector)), ...data, status];
  const { length } = await vm.transact(chain, configuration.style);
  return { status: vm.content(status)[0] as number, length };
}

describe.each(MATRIX)("virtio-blk, $transport, $style, event index $eventIdx", (configuration) => {
  it("qtest:virtio-blk/basic writes and reads back, in two and three descriptors", async () => {
    const disk = new MemoryDisk(DISK_BYTES);
    const vm = machine(configuration, disk);
    vm.start(configuration);
    const data = pattern(1024, 3);
    expect(await request(vm, configuration, B.VIRTIO_BLK_T_OUT, 5, [vm.out(data)])).toEqual({ status: 0, length: 1 });
    expect(disk.bytes.slice(5 * 512, 5 * 512 + 1024)).toEqual(data);
    const into = vm.in(1024);
    expect(await request(vm, configuration, B.VIRTIO_BLK_T_IN, 5, [into])).toEqual({ status: 0, length: 1025 });
    expect(vm.content(into)).toEqual(data);

    // Header and data share a descriptor, then data and status do.
    const status = vm.in(1);
    await vm.transact([vm.out([...header(B.VIRTIO_BLK_T_OUT, 9), ...data]), status], configuration.style);
    expect(vm.content(status)[0]).toBe(B.VIRTIO_BLK_S_OK);
    const both = vm.in(1025);
    await vm.transact([vm.out(header(B.VIRTIO_BLK_T_IN, 9)), both], configuration.style);
    expect(vm.content(both)).toEqual(Uint8Array.of(...data, B.VIRTIO_BLK_S_OK));
    expect(vm.log.guestErrors).toEqual([]);
    expect(describeConfiguration(configuration)).toContain(configuration.transport);
  });
});
