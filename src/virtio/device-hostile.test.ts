/** What a hostile or broken driver can ask of devices: the device cases D1 to D12 of docs/robustness.md. */
import { describe, expect, it } from "vitest";
import type { VirtioBlk } from "./devices/blk/device.ts";
import { wirePacket } from "./net-packet.ts";
import { createDevice } from "./registry.ts";
import * as B from "./spec/blk.ts";
import * as C from "./spec/console.ts";
import { ascii, CharEnd } from "./testing/char-end.ts";
import type { DriverBuffer } from "./testing/driver-ring.ts";
import { GUEST_RAM_BASE } from "./testing/engine.ts";
import { Harness } from "./testing/harness.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { NetEnd } from "./testing/net-end.ts";

const PLAIN = { eventIdx: true, style: "indirect" } as const;

function header(type: number, sector: number | bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint32(0, type, true);
  view.setBigUint64(8, BigInt(sector), true);
  return new Uint8Array(view.buffer);
}

describe.each(["mmio v2", "pci modern", "mmio v1"] as const)("hostile requests on %s", (transport) => {
  describe("virtio-blk", () => {
    function machine(): { vm: Harness; disk: MemoryDisk } {
      const disk = new MemoryDisk(2 ** 18);
      const vm = new Harness(transport, "virtio-blk", { drive: "disk" }, { backends: { block: disk } });
      vm.start(PLAIN);
      return { vm, disk };
    }

    async function request(vm: Harness, head: Uint8Array, data: readonly DriverBuffer[]): Promise<number> {
      const status = vm.in(1);
      await vm.transact([vm.out(head), ...data, status], "indirect");
      return vm.content(status)[0] as number;
    }

    it("D1: reads with data of the driver, and writes with room for the device", async () => {
      const { vm, disk } = machine();
      disk.bytes.fill(0x77);
      const extra = new Uint8Array(512).fill(1);
      for (const type of [B.VIRTIO_BLK_T_IN, B.VIRTIO_BLK_T_OUT]) {
        const room = vm.in(512);
        await request(vm, header(type, 0), [vm.out(extra), room]);
        expect([0x77, 1]).toContain(disk.bytes[0]);
      }
      // A read writes nothing to the disk, whatever else the chain holds.
      disk.bytes.fill(0x77);
      await request(vm, header(B.VIRTIO_BLK_T_IN, 1), [vm.out(extra), vm.in(512)]);
      expect(disk.bytes.every((byte) => byte === 0x77)).toBe(true);
      expect(await request(vm, header(B.VIRTIO_BLK_T_IN, 0), [vm.in(512)])).toBe(B.VIRTIO_BLK_S_OK);
    });

    it("D2: sectors up to 2^64 - 1", async () => {
      const { vm, disk } = machine();
      for (const sector of [2n ** 63n, 2n ** 64n - 1n, 2n ** 55n - 1n, 512n]) {
        for (const type of [B.VIRTIO_BLK_T_IN, B.VIRTIO_BLK_T_OUT]) {
          const data = type === B.VIRTIO_BLK_T_IN ? vm.in(512) : vm.out(new Uint8Array(512));
          expect(await request(vm, header(type, sector), [data])).toBe(B.VIRTIO_BLK_S_IOERR);
        }
      }
      expect(disk.calls).toEqual([]);
    });

    it("D3: a disk that shrinks under requests", async () => {
      const { vm, disk } = machine();
      disk.manual = true;
      const status = vm.in(1);
      vm.send([vm.out(header(B.VIRTIO_BLK_T_IN, 500)), vm.in(512), status], "indirect");
      disk.sizeBytes = 512 * 4;
      (vm.created.device as VirtioBlk).resized();
      await disk.release();
      disk.manual = false;
      await vm.receive();
      expect(await request(vm, header(B.VIRTIO_BLK_T_IN, 500), [vm.in(512)])).toBe(B.VIRTIO_BLK_S_IOERR);
      expect(await request(vm, header(B.VIRTIO_BLK_T_IN, 3), [vm.in(512)])).toBe(B.VIRTIO_BLK_S_OK);
      expect(vm.log.hostErrors).toEqual([]);
    });
  });

  describe("virtio-net", () => {
    function machine(): { vm: Harness; net: NetEnd } {
      const net = new NetEnd();
      const vm = new Harness(transport, "virtio-net", { netdev: "net" }, { backends: { net } });
      vm.start(PLAIN, [0, 1, 2], { size: 64 });
      return { vm, net };
    }

    const frame = (length: number): Uint8Array => new Uint8Array(length).fill(0xff, 0, 6);

    it("D4: receive buffers of one byte, and of none, cost packets and nothing else", async () => {
      const { vm, net } = machine();
      for (let count = 0; count < 60; ++count) vm.send([vm.in(count % 2)], "indirect", 0);
      for (let count = 0; count < 5; ++count) net.device.receive(wirePacket(frame(1514)));
      while (vm.ring(0).take() !== null);
      vm.start(PLAIN, [0, 1, 2], { size: 64 });
      vm.send([vm.in(2000)], "indirect", 0);
      net.device.receive(wirePacket(frame(100)));
      expect((await vm.receive(0)).length).toBe(112);
      expect(vm.log.hostErrors).toEqual([]);
    });

    it("D5: control commands that claim 2^32 addresses, of any class and length", async () => {
      const { vm } = machine();
      const commands = [
        [1, 0, 255, 255, 255, 255],
        [1, 0, 1, 0, 0, 0],
        [1, 0, 0, 0, 0, 0, 255, 255, 255, 255],
        [],
        [1],
        [255, 255],
      ];
      for (const bytes of commands) {
        const ack = vm.in(1);
        expect((await vm.transact([vm.out(bytes), ack], "indirect", 2)).length).toBeLessThanOrEqual(1);
        expect([0xee, 1]).toContain(vm.content(ack)[0]);
      }
      const ack = vm.in(1);
      await vm.transact([vm.out([0, 0, 1]), ack], "indirect", 2);
      expect(vm.content(ack)[0]).toBe(0);
    });

    it("D6: packets of no bytes, of a part of a header, and longer than any", async () => {
      const { vm, net } = machine();
      for (const length of [0, 1, 9, 11, 12, 13, 25]) {
        expect((await vm.transact([vm.out(new Uint8Array(length))], "indirect", 1)).length).toBe(0);
      }
      const piece = vm.out(new Uint8Array(4096));
      expect((await vm.transact(new Array<DriverBuffer>(200).fill(piece), "indirect", 1)).length).toBe(0);
      expect(net.sent).toEqual([]);
      await vm.transact([vm.out([...new Uint8Array(12), ...frame(60)])], "indirect", 1);
      expect(net.sent.length).toBe(1);
    });
  });

  describe("virtio-balloon", () => {
    const PAGE = 4096;

    function machine(): Harness {
      const vm = new Harness(transport, "virtio-balloon", {});
      vm.start(PLAIN, [0, 1]);
      return vm;
    }

    const list = (vm: Harness, numbers: number[]): DriverBuffer =>
      vm.out(new Uint8Array(Uint32Array.from(numbers).buffer));

    it("D7: one page a thousand times, pages that do not exist, and pages that were never given", async () => {
      const vm = machine();
      const page = vm.ram.alloc(PAGE, PAGE);
      vm.ram.bytes(page, PAGE).fill(7);
      for (const queue of [0, 1]) {
        await vm.transact([list(vm, new Array<number>(1000).fill(page / PAGE))], "indirect", queue);
        await vm.transact(
          [list(vm, [0, 0xffff_ffff, vm.ram.end / PAGE, GUEST_RAM_BASE / PAGE - 1])],
          "indirect",
          queue,
        );
      }
      expect(vm.ram.bytes(page, PAGE).every((byte) => byte === 0)).toBe(true);
      expect(vm.log.hostErrors).toEqual([]);
    });

    it("D8: all of RAM, the ring included, leaves a machine that can be reset", async () => {
      const vm = machine();
      const all = Array.from({ length: vm.ram.sizeBytes / PAGE }, (_, index) => GUEST_RAM_BASE / PAGE + index);
      vm.send([list(vm, all)], "indirect", 0);
      vm.ram.rewind();
      vm.start(PLAIN, [0, 1]);
      expect((await vm.transact([list(vm, [GUEST_RAM_BASE / PAGE + 500])], "indirect", 0)).length).toBe(0);
      expect(vm.log.hostErrors).toEqual([]);
    });
  });

  describe("virtio-serial", () => {
    function machine(): { vm: Harness; end: CharEnd } {
      const end = new CharEnd();
      const vm = new Harness(transport, "virtio-serial", { max_ports: 4 }, { backends: { char: { term: end } } });
      createDevice("virtconsole", { chardev: "term" }, vm.context);
      vm.start(PLAIN, [0, 1, 2, 3], { size: 64 });
      return { vm, end };
    }

    const message = (id: number, event: number, value: number): Uint8Array => {
      const view = new DataView(new ArrayBuffer(8));
      view.setUint32(0, id, true);
      view.setUint16(4, event, true);
      view.setUint16(6, value, true);
      return new Uint8Array(view.buffer);
    };

    async function expectAlive(vm: Harness, end: CharEnd): Promise<void> {
      await vm.transact([vm.out(ascii("alive"))], "indirect", 1);
      expect(end.text.endsWith("alive")).toBe(true);
      expect(vm.log.hostErrors).toEqual([]);
    }

    it("D9: a flood of control messages, of ports and events that do not exist, with nowhere to answer", async () => {
      const { vm, end } = machine();
      for (let count = 0; count < 500; ++count) {
        vm.ram.rewind();
        const id = [0, 1, 3, 4, 0x8000_0000, 0xffff_ffff][count % 6] as number;
        vm.send([vm.out(message(id, count % 12, count & 1))], "indirect", 3);
        expect(vm.ring(3).take()?.length).toBe(0);
      }
      vm.start(PLAIN, [0, 1, 2, 3], { size: 64 });
      await expectAlive(vm, end);
    });

    it("D10: a port that is opened and closed again and again", async () => {
      const { vm, end } = machine();
      const start = vm.ram.alloc(64);
      for (let count = 0; count < 400; ++count) {
        vm.ram.bytes(start, 8).set(message(0, C.VIRTIO_CONSOLE_PORT_OPEN, count & 1));
        vm.send([{ address: start, length: 8, write: false }], "direct", 3);
        vm.ring(3).take();
      }
      await expectAlive(vm, end);
    });

    it("D11: output of no bytes, and buffers of the wrong direction", async () => {
      const { vm, end } = machine();
      expect((await vm.transact([vm.out([])], "indirect", 1)).length).toBe(0);
      expect((await vm.transact([vm.in(16)], "indirect", 1)).length).toBe(0);
      vm.send([vm.out([1, 2, 3])], "indirect", 0);
      end.device.input(ascii("x"));
      await expectAlive(vm, end);
    });
  });

  it("D12: virtio-rng is asked for two gigabytes at once", async () => {
    let asked = 0;
    const entropy = { fill: (into: Uint8Array): void => void ((asked = Math.max(asked, into.length)), into.fill(1)) };
    const vm = new Harness(transport, "virtio-rng", {}, { backends: { entropy } });
    vm.start(PLAIN);
    const table = Array.from({ length: 1023 }, () => ({
      address: GUEST_RAM_BASE + 0x20_0000,
      length: 0x20_0000,
      write: true,
    }));
    const used = await vm.transact(table, "indirect");
    expect(used.length).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(65536);
    expect((await vm.transact([vm.in(8)], "indirect")).length).toBe(8);
  });
});
