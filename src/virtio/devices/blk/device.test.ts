/** The block device over every transport and every way of using a ring. */
import { describe, expect, it } from "vitest";
import * as B from "../../spec/blk.ts";
import type { DriverBuffer } from "../../testing/driver-ring.ts";
import { type Configuration, Harness, MATRIX } from "../../testing/harness.ts";
import { MemoryDisk } from "../../testing/memory-disk.ts";
import { PackedDriverRing } from "../../testing/packed-driver-ring.ts";
import type { VirtioBlk } from "./device.ts";

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

function range(sector: number, count: number, flags = 0): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(sector), true);
  view.setUint32(8, count, true);
  view.setUint32(12, flags, true);
  return bytes;
}

describe.each(MATRIX)("virtio-blk, $transport, $ring", (configuration) => {
  const style = configuration.style;

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
    await vm.transact([vm.out([...header(B.VIRTIO_BLK_T_OUT, 9), ...data]), status], style);
    expect(vm.content(status)[0]).toBe(B.VIRTIO_BLK_S_OK);
    const both = vm.in(1025);
    await vm.transact([vm.out(header(B.VIRTIO_BLK_T_IN, 9)), both], style);
    expect(vm.content(both)).toEqual(Uint8Array.of(...data, B.VIRTIO_BLK_S_OK));
    expect(vm.log.guestErrors).toEqual([]);
  });

  it("qtest:virtio-blk/basic discards and writes zeroes", async () => {
    const disk = new MemoryDisk(DISK_BYTES);
    disk.bytes.fill(0x55);
    const vm = machine(configuration, disk);
    vm.start(configuration);
    const zeroes = [vm.out([...range(2, 3, 1), ...range(8, 1)])];
    expect(await request(vm, configuration, B.VIRTIO_BLK_T_WRITE_ZEROES, 0, zeroes)).toEqual({ status: 0, length: 1 });
    const discard = [vm.out(range(100, 8))];
    expect(await request(vm, configuration, B.VIRTIO_BLK_T_DISCARD, 0, discard)).toEqual({ status: 0, length: 1 });
    expect(disk.calls).toEqual(["zeroes 1024+1536 unmap", "zeroes 4096+512", "discard 51200+4096"]);
    expect(await request(vm, configuration, B.VIRTIO_BLK_T_FLUSH, 0)).toEqual({ status: 0, length: 1 });
    expect(disk.calls.at(-1)).toBe("flush");
  });

  it("a header in sixteen descriptors and a status that shares one with data (framing is free)", async () => {
    const disk = new MemoryDisk(DISK_BYTES);
    disk.bytes.set(pattern(512, 9), 3 * 512);
    const vm = machine(configuration, disk);
    vm.start(configuration);
    const pieces = [...header(B.VIRTIO_BLK_T_IN, 3)].map((byte) => vm.out([byte]));
    const first = vm.in(100);
    const rest = vm.in(413);
    expect((await vm.transact([...pieces, first, rest], style)).length).toBe(513);
    expect([...vm.content(first), ...vm.content(rest)]).toEqual([...pattern(512, 9), B.VIRTIO_BLK_S_OK]);
  });

  it("qtest:virtio-blk/indirect requests complete out of order, each with its own data", async () => {
    const disk = new MemoryDisk(DISK_BYTES);
    for (let sector = 0; sector < 16; ++sector) disk.bytes.fill(sector + 1, sector * 512, sector * 512 + 512);
    disk.manual = true;
    const vm = machine(configuration, disk);
    vm.start(configuration, [0], { size: 64 });
    const chains = new Map<number, { sector: number; data: DriverBuffer; status: DriverBuffer }>();
    for (let sector = 0; sector < 8; ++sector) {
      const data = vm.in(512);
      const status = vm.in(1);
      const head = vm.send([vm.out(header(B.VIRTIO_BLK_T_IN, sector)), data, status], style);
      chains.set(head, { sector, data, status });
    }
    await disk.release(3);
    for (let sector = 8; sector < 12; ++sector) {
      const data = vm.in(512);
      const status = vm.in(1);
      chains.set(vm.send([vm.out(header(B.VIRTIO_BLK_T_IN, sector)), data, status], style), { sector, data, status });
      await disk.release(1);
    }
    await disk.release();
    for (let count = 0; count < 12; ++count) {
      const used = await vm.receive();
      const { sector, data, status } = chains.get(used.id) as {
        sector: number;
        data: DriverBuffer;
        status: DriverBuffer;
      };
      expect(vm.content(data)).toEqual(new Uint8Array(512).fill(sector + 1));
      expect(vm.content(status)[0]).toBe(0);
      chains.delete(used.id);
    }
    expect(chains.size).toBe(0);
  });

  it("qtest:virtio-blk/idx interrupts only when the driver asked for it", async () => {
    if (!configuration.eventIdx) return;
    const vm = machine(configuration, new MemoryDisk(DISK_BYTES, { sync: true }));
    vm.start(configuration);
    const read = (): DriverBuffer[] => [vm.out(header(B.VIRTIO_BLK_T_IN, 0)), vm.in(512), vm.in(1)];
    await vm.transact(read(), style);
    expect(vm.driver.takeInterrupts().used).toBe(true);
    // Two used entries further on: the next one must not interrupt, the one after it must.
    const ring = vm.ring();
    if (ring instanceof PackedDriverRing) {
      const descriptors = { direct: 3, mixed: 2, indirect: 1 }[style];
      ring.setUsedEvent(0x8000 | (2 * descriptors));
    } else vm.splitRing().setUsedEvent(2);
    vm.send(read(), style);
    expect(vm.driver.takeInterrupts().used).toBe(false);
    vm.send(read(), style);
    expect(vm.driver.takeInterrupts().used).toBe(true);
  });

  it("errors of a request are answered, and the device goes on", async () => {
    const disk = new MemoryDisk(DISK_BYTES);
    const vm = machine(configuration, disk);
    vm.start(configuration, [0], { size: 64 });
    const sectors = DISK_BYTES / 512;
    const status = async (type: number, sector: number, data: readonly DriverBuffer[] = []): Promise<number> =>
      (await request(vm, configuration, type, sector, data)).status;
    const { VIRTIO_BLK_S_IOERR: IOERR, VIRTIO_BLK_S_UNSUPP: UNSUPP } = B;
    expect(await status(B.VIRTIO_BLK_T_IN, sectors, [vm.in(512)])).toBe(IOERR);
    expect(await status(B.VIRTIO_BLK_T_IN, sectors - 1, [vm.in(1024)])).toBe(IOERR);
    expect(await status(B.VIRTIO_BLK_T_IN, 2 ** 53, [vm.in(512)])).toBe(IOERR);
    expect(await status(B.VIRTIO_BLK_T_IN, 0, [vm.in(511)])).toBe(IOERR);
    expect(await status(B.VIRTIO_BLK_T_OUT, sectors, [vm.out(pattern(512, 1))])).toBe(IOERR);
    expect(await status(B.VIRTIO_BLK_T_OUT, 0, [vm.out(pattern(100, 1))])).toBe(IOERR);
    for (const type of [2, 10, 14, 15, 99]) expect(await status(type, 0)).toBe(UNSUPP);
    const { VIRTIO_BLK_T_DISCARD: DISCARD, VIRTIO_BLK_T_WRITE_ZEROES: ZEROES } = B;
    expect(await status(DISCARD, 0)).toBe(IOERR);
    expect(await status(DISCARD, 0, [vm.out(range(0, 1).subarray(0, 15))])).toBe(IOERR);
    expect(await status(DISCARD, 0, [vm.out(range(0, 1, 1))])).toBe(UNSUPP);
    expect(await status(DISCARD, 0, [vm.out(range(sectors, 1))])).toBe(IOERR);
    expect(await status(DISCARD, 0, [vm.out(range(2 ** 53, 0xffff_ffff))])).toBe(IOERR);
    expect(await status(DISCARD, 0, [vm.out(new Uint8Array(16 * 33))])).toBe(IOERR);
    expect(await status(ZEROES, 0, [vm.out(range(0, 1, 2))])).toBe(UNSUPP);
    expect(await status(ZEROES, 0, [vm.out([...range(0, 1), ...range(sectors, 1)])])).toBe(IOERR);
    expect(disk.calls).toEqual([]);
    // Empty reads and writes are legal.
    expect(await request(vm, configuration, B.VIRTIO_BLK_T_IN, 0)).toEqual({ status: 0, length: 1 });
    expect(await request(vm, configuration, B.VIRTIO_BLK_T_OUT, 0)).toEqual({ status: 0, length: 1 });
    expect(await request(vm, configuration, B.VIRTIO_BLK_T_IN, 0, [vm.in(512)])).toEqual({ status: 0, length: 513 });
  });

  it("R18: a chain that cannot be answered comes back with length 0", async () => {
    const vm = machine(configuration, new MemoryDisk(DISK_BYTES));
    vm.start(configuration, [0], { size: 64 });
    const answers = [
      [vm.out(header(B.VIRTIO_BLK_T_IN, 0))],
      [vm.out(header(B.VIRTIO_BLK_T_IN, 0).subarray(0, 15)), vm.in(513)],
      [vm.in(513)],
      [vm.out([]), vm.in(0)],
    ];
    for (const chain of answers) expect((await vm.transact(chain, style)).length).toBe(0);
    expect(vm.log.guestErrors).toHaveLength(answers.length);
    expect((await request(vm, configuration, B.VIRTIO_BLK_T_IN, 0, [vm.in(512)])).length).toBe(513);
  });

  it("a request larger than the host's buffer is done in slices", async () => {
    const disk = new MemoryDisk(2 ** 21);
    const vm = machine(configuration, disk);
    vm.start(configuration);
    const data = pattern(2 ** 20, 5);
    const pieces = [0, 1, 2, 3].map((index) => vm.out(data.subarray(index * 2 ** 18, (index + 1) * 2 ** 18)));
    expect((await request(vm, configuration, B.VIRTIO_BLK_T_OUT, 8, pieces)).status).toBe(0);
    expect(Buffer.compare(disk.bytes.subarray(4096, 4096 + 2 ** 20), data)).toBe(0);
    expect(disk.calls.filter((call) => call.startsWith("write"))).toHaveLength(4);
    const into = vm.in(2 ** 20);
    expect((await request(vm, configuration, B.VIRTIO_BLK_T_IN, 8, [into])).length).toBe(2 ** 20 + 1);
    expect(Buffer.compare(vm.content(into), data)).toBe(0);
  });

  it("more requests than the backend gets at a time all complete, without another notification", async () => {
    const disk = new MemoryDisk(DISK_BYTES);
    disk.manual = true;
    const vm = machine(configuration, disk);
    vm.start(configuration, [0], { size: 256 });
    const count = 80;
    for (let index = 0; index < count; ++index) {
      vm.ring().add([vm.out(header(B.VIRTIO_BLK_T_IN, index)), vm.in(512), vm.in(1)], style);
    }
    vm.driver.notify(0);
    expect(disk.pending).toBe(32);
    let returned = 0;
    for (let turn = 0; turn < 10 && returned < count; ++turn) {
      await disk.release();
      while (vm.ring().take() !== null) returned += 1;
    }
    expect(returned).toBe(count);
    // And the device listens again: a driver that waits for its wish to be notified gets served.
    disk.manual = false;
    await vm.transact([vm.out(header(B.VIRTIO_BLK_T_IN, 0)), vm.in(512), vm.in(1)], style);
  });
});

const ONE: Configuration = { transport: "mmio v2", eventIdx: true, style: "indirect" };

describe("virtio-blk configuration and durability", () => {
  it("has the features and the configuration of its options", () => {
    const options = {
      serial: "A1",
      "num-queues": 4,
      logical_block_size: 512,
      physical_block_size: "4K",
      packed: false,
      in_order: false,
      notification_data: false,
    };
    const vm = machine(ONE, new MemoryDisk(DISK_BYTES), options);
    const features = vm.driver.deviceFeatures().bits();
    expect(features).toEqual([2, 6, 9, 10, 11, 12, 13, 14, 28, 29, 32, 40]);
    expect(vm.driver.readConfig(B.BLK_CONFIG_SEG_MAX, 4)).toBe(254);
    expect(vm.driver.readConfig(B.BLK_CONFIG_BLK_SIZE, 4)).toBe(512);
    expect(vm.driver.readConfig(B.BLK_CONFIG_PHYSICAL_BLOCK_EXP, 1)).toBe(3);
    expect(vm.driver.readConfig(B.BLK_CONFIG_NUM_QUEUES, 2)).toBe(4);
    expect(vm.driver.readConfig(B.BLK_CONFIG_WRITEBACK, 1)).toBe(1);
    expect(vm.driver.queueSizeMax(3)).toBe(256);
    expect(vm.driver.queueSizeMax(4)).toBe(0);
  });

  it("a read-only disk offers RO and refuses every change", async () => {
    const disk = new MemoryDisk(DISK_BYTES);
    disk.readOnly = true;
    const vm = machine(ONE, disk);
    vm.start(ONE);
    const features = vm.driver.deviceFeatures();
    expect(features.has(B.VIRTIO_BLK_F_RO)).toBe(true);
    expect(features.has(B.VIRTIO_BLK_F_DISCARD) || features.has(B.VIRTIO_BLK_F_WRITE_ZEROES)).toBe(false);
    for (const type of [B.VIRTIO_BLK_T_OUT, B.VIRTIO_BLK_T_DISCARD, B.VIRTIO_BLK_T_WRITE_ZEROES]) {
      expect((await request(vm, ONE, type, 0, [vm.out(new Uint8Array(512))])).status).toBe(B.VIRTIO_BLK_S_IOERR);
    }
    expect(disk.calls).toEqual([]);
    expect((await request(vm, ONE, B.VIRTIO_BLK_T_FLUSH, 0)).status).toBe(0);
  });

  it("GET_ID answers 20 bytes, NUL padded", async () => {
    const vm = machine(ONE, new MemoryDisk(DISK_BYTES), { serial: "disk-0001" });
    vm.start(ONE);
    const id = vm.in(20);
    expect(await request(vm, ONE, B.VIRTIO_BLK_T_GET_ID, 0, [id])).toEqual({ status: 0, length: 21 });
    expect(Buffer.from(vm.content(id)).toString()).toBe("disk-0001".padEnd(20, "\0"));
  });

  it("5.2.6.2: without FLUSH, and with the cache switched off, a write is durable when it completes", async () => {
    const disk = new MemoryDisk(DISK_BYTES);
    const write = async (vm: Harness): Promise<string[]> => {
      disk.calls.length = 0;
      await request(vm, ONE, B.VIRTIO_BLK_T_OUT, 0, [vm.out(pattern(512, 1))]);
      return disk.calls.map((call) => call.split(" ")[0] as string);
    };
    const vm = machine(ONE, disk);
    vm.start(ONE);
    expect(await write(vm)).toEqual(["write"]);
    vm.driver.writeConfig(B.BLK_CONFIG_WRITEBACK, 1, 0);
    expect(await write(vm)).toEqual(["write", "flush"]);
    vm.driver.writeConfig(B.BLK_CONFIG_WRITEBACK, 1, 0xff);
    expect(vm.driver.readConfig(B.BLK_CONFIG_WRITEBACK, 1)).toBe(1);
    expect(await write(vm)).toEqual(["write"]);
    // CONFIG_WCE without FLUSH: the driver could not flush, so the cache starts off (5.2.5.2).
    vm.start(ONE, [0], { without: [B.VIRTIO_BLK_F_FLUSH] });
    expect(vm.driver.readConfig(B.BLK_CONFIG_WRITEBACK, 1)).toBe(0);
    expect(await write(vm)).toEqual(["write", "flush"]);
    vm.start(ONE, [0], { without: [B.VIRTIO_BLK_F_FLUSH, B.VIRTIO_BLK_F_CONFIG_WCE] });
    expect(await write(vm)).toEqual(["write", "flush"]);
    vm.start(ONE, [0], { without: [B.VIRTIO_BLK_F_CONFIG_WCE] });
    expect(await write(vm)).toEqual(["write"]);
  });

  it("qtest:virtio-blk/config, resize: a new size is announced and requests follow it", async () => {
    const disk = new MemoryDisk(DISK_BYTES);
    const vm = machine(ONE, disk);
    vm.start(ONE);
    disk.sizeBytes = 1024;
    (vm.created.device as VirtioBlk).resized();
    expect(vm.driver.takeInterrupts()).toEqual({ used: false, config: true });
    expect(vm.driver.readConfig(B.BLK_CONFIG_CAPACITY, 4)).toBe(2);
    expect((await request(vm, ONE, B.VIRTIO_BLK_T_IN, 2, [vm.in(512)])).status).toBe(B.VIRTIO_BLK_S_IOERR);
  });

  it.each([true, false])(
    "a failing backend (synchronous %s) is an I/O error for the guest and a sentence for the user",
    async (sync) => {
      const disk = new MemoryDisk(DISK_BYTES, { sync });
      disk.failure = "the connection was lost";
      const vm = machine(ONE, disk);
      vm.start(ONE);
      const answer = await request(vm, ONE, B.VIRTIO_BLK_T_IN, 0, [vm.in(512)]);
      expect(answer).toEqual({ status: B.VIRTIO_BLK_S_IOERR, length: 0 });
      expect(vm.log.hostErrors).toEqual([
        "virtio-blk: in: The disk could not be accessed (in): the connection was lost",
      ]);
      disk.failure = null;
      expect((await request(vm, ONE, B.VIRTIO_BLK_T_IN, 0, [vm.in(512)])).status).toBe(0);
    },
  );

  it("requests must be whole logical blocks", async () => {
    const vm = machine(ONE, new MemoryDisk(DISK_BYTES), { logical_block_size: 4096, physical_block_size: 4096 });
    vm.start(ONE);
    expect((await request(vm, ONE, B.VIRTIO_BLK_T_IN, 1, [vm.in(4096)])).status).toBe(B.VIRTIO_BLK_S_IOERR);
    expect((await request(vm, ONE, B.VIRTIO_BLK_T_IN, 8, [vm.in(512)])).status).toBe(B.VIRTIO_BLK_S_IOERR);
    expect((await request(vm, ONE, B.VIRTIO_BLK_T_IN, 8, [vm.in(4096)])).status).toBe(0);
  });

  it("a guest that resets with requests in flight again and again does not make the host collect buffers", async () => {
    const disk = new MemoryDisk(DISK_BYTES);
    disk.manual = true;
    const vm = machine(ONE, disk);
    for (let turn = 0; turn < 20; ++turn) {
      vm.start(ONE, [0], { size: 64 });
      for (let index = 0; index < 40; ++index) {
        vm.ring().add([vm.out(header(B.VIRTIO_BLK_T_IN, 0)), vm.in(512), vm.in(1)], "indirect");
      }
      vm.driver.notify(0);
      expect(disk.pending).toBeLessThanOrEqual(32);
    }
    disk.manual = false;
    await disk.release();
    // The queue of the last life was waiting for room: it is served without another notification.
    for (let index = 0; index < 40; ++index) await vm.receive();
  });

  it("quiesce waits for what is in flight and takes nothing new until it is resumed", async () => {
    const disk = new MemoryDisk(DISK_BYTES);
    disk.manual = true;
    const vm = machine(ONE, disk);
    vm.start(ONE);
    const read = (): DriverBuffer[] => [vm.out(header(B.VIRTIO_BLK_T_IN, 0)), vm.in(512), vm.in(1)];
    vm.send(read(), "indirect");
    let quiet = false;
    const done = vm.transport.bus.quiesce().then(() => {
      quiet = true;
    });
    vm.ring().add(read(), "indirect");
    vm.driver.notify(0);
    await disk.release(0);
    expect({ quiet, pending: disk.pending }).toEqual({ quiet: false, pending: 1 });
    await disk.release();
    await done;
    expect(vm.ring().take()).not.toBe(null);
    expect(disk.pending).toBe(0);
    vm.transport.bus.resume();
    expect(disk.pending).toBe(1);
    await disk.release();
    await vm.receive();
  });

  it("a notification that asks for more than the host can move at once gives the event loop its turn", async () => {
    const disk = new MemoryDisk(2 ** 26, { sync: true });
    const vm = machine(ONE, disk);
    vm.start(ONE);
    // 60 MiB into one buffer of 1 MiB, again and again: legal, and cheap for the guest.
    const into = vm.in(2 ** 20);
    const status = vm.in(1);
    const big = Array.from({ length: 60 }, () => into);
    vm.send([vm.out(header(B.VIRTIO_BLK_T_IN, 0)), ...big, status], "indirect");
    vm.send([vm.out(header(B.VIRTIO_BLK_T_IN, 0)), vm.in(512), vm.in(1)], "indirect");
    const movedAtOnce = disk.calls.length;
    expect(movedAtOnce).toBeLessThanOrEqual(66);
    expect(vm.ring().take()).toBe(null);
    for (let turn = 0; turn < 10; ++turn) {
      vm.clock.advance(1);
      await disk.release();
    }
    expect(vm.ring().take()?.length).toBe(513);
    expect(vm.ring().take()?.length).toBe(60 * 2 ** 20 + 1);
    expect(vm.content(status)[0]).toBe(0);
  });

  it("R19: a disk whose contents, read over the available ring, offer the next request for ever, ends in a reset", () => {
    const disk = new MemoryDisk(2 ** 20, { sync: true });
    const vm = machine(ONE, disk);
    const configuration: Configuration = { ...ONE, eventIdx: false, style: "direct" };
    vm.start(configuration, [0], { size: 16 });
    const ring = vm.splitRing();
    // Every sector holds the same available ring, with an index that the test moves on at each read.
    let reads = 0;
    const read = disk.read.bind(disk);
    disk.read = (offset, into) => {
      reads += 1;
      if (reads > 10_000) throw new Error("it does not end");
      void read(offset, into);
      into[2] = (reads + 1) & 0xff;
      into[3] = (reads + 1) >> 8;
    };
    const overRing: DriverBuffer = { address: ring.place.driver, length: 512, write: true };
    ring.add([vm.out(header(B.VIRTIO_BLK_T_IN, 0)), overRing, vm.in(1)], "direct");
    for (let entry = 0; entry < 16; ++entry)
      vm.ram.setU16(ring.place.driver + 4 + 2 * entry, vm.ram.u16(ring.place.driver + 4));
    disk.bytes.set(vm.ram.bytes(ring.place.driver, 512));
    vm.driver.notify(0);
    expect(reads).toBeLessThanOrEqual(16);
    expect(vm.transport.bus.brokenBy).toContain("buffers overlap the ring");
  });
});
