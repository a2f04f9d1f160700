/** Clauses of single devices that no other test shows by itself (testing/clauses). */
import { describe, expect, it } from "vitest";
import type { NetPacket } from "./backends.ts";
import type { VirtioBalloon } from "./devices/balloon/device.ts";
import { wirePacket } from "./net-packet.ts";
import * as BALLOON from "./spec/balloon.ts";
import * as B from "./spec/blk.ts";
import * as N from "./spec/net.ts";
import type { DriverBuffer } from "./testing/driver-ring.ts";
import { Harness } from "./testing/harness.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { NetEnd } from "./testing/net-end.ts";

const PLAIN = { eventIdx: true, style: "direct" } as const;

describe("virtio-blk", () => {
  const DISK_BYTES = 2 ** 18;

  function machine(properties = {}): { vm: Harness; disk: MemoryDisk } {
    const disk = new MemoryDisk(DISK_BYTES, { sync: true });
    const vm = new Harness("mmio v2", "virtio-blk", { drive: "disk", ...properties }, { backends: { block: disk } });
    vm.start(PLAIN);
    return { vm, disk };
  }

  function request(vm: Harness, type: number, sector: number, data: readonly DriverBuffer[] = []): number {
    const head = new DataView(new ArrayBuffer(16));
    head.setUint32(0, type, true);
    head.setUint32(8, sector, true);
    const status = vm.in(1);
    vm.send([vm.out(new Uint8Array(head.buffer)), ...data, status], "direct");
    vm.ring().take();
    return vm.content(status)[0] as number;
  }

  it("FLUSH is offered whatever the options are", () => {
    for (const properties of [{}, { "config-wce": false }, { discard: false, "write-zeroes": false }]) {
      expect(machine(properties).vm.driver.deviceFeatures().has(B.VIRTIO_BLK_F_FLUSH)).toBe(true);
    }
  });

  it("the padding of the configuration reads 0", () => {
    const { vm } = machine({ "num-queues": 4 });
    expect([33, 57, 58, 59].map((offset) => vm.driver.readConfig(offset, 1))).toEqual([0, 0, 0, 0]);
  });

  it("what was written with zeroes reads as zeroes, with unmap and without", () => {
    const { vm, disk } = machine();
    for (const unmap of [0, 1]) {
      disk.bytes.fill(0x77);
      const range = new DataView(new ArrayBuffer(16));
      range.setUint32(0, 3, true);
      range.setUint32(8, 2, true);
      range.setUint32(12, unmap, true);
      expect(request(vm, B.VIRTIO_BLK_T_WRITE_ZEROES, 0, [vm.out(new Uint8Array(range.buffer))])).toBe(0);
      const data = vm.in(4 * 512);
      expect(request(vm, B.VIRTIO_BLK_T_IN, 2, [data])).toBe(0);
      const sectors = [0, 1, 2, 3].map((index) => new Set(vm.content(data).subarray(512 * index, 512 * (index + 1))));
      expect(sectors.map((bytes) => [...bytes])).toEqual([[0x77], [0], [0], [0x77]]);
    }
  });

  it("write_zeroes_may_unmap says that ranges may be deallocated", () => {
    expect(machine().vm.driver.readConfig(B.BLK_CONFIG_WRITE_ZEROES_MAY_UNMAP, 1)).toBe(1);
  });

  it("zone requests are not supported", () => {
    const { vm } = machine();
    for (const type of [15, 16, 18, 20, 22, 24, 26]) {
      expect(request(vm, type, 0, [vm.in(512)])).toBe(B.VIRTIO_BLK_S_UNSUPP);
    }
  });
});

describe("virtio-net", () => {
  const MAC = [0x52, 0x54, 0, 0x12, 0x34, 0x56];
  const OTHER = [0x52, 0x54, 0, 0, 0, 1];
  const MULTICAST = [1, 0, 0x5e, 0, 0, 1];
  const BROADCAST = [255, 255, 255, 255, 255, 255];

  function machine(properties = {}): { vm: Harness; net: NetEnd } {
    const net = new NetEnd();
    const vm = new Harness("mmio v2", "virtio-net", { netdev: "net", ...properties }, { backends: { net } });
    vm.start(PLAIN, [0, 1, 2]);
    return { vm, net };
  }

  function frame(length: number, to = MAC): Uint8Array {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 5) & 0xff);
    bytes.set([...to, ...OTHER, 0x88, 0xb5]);
    return bytes;
  }

  /** TCP over IPv4 from 10.0.0.1:1 to 10.0.0.2:2, its checksum field as a driver leaves it: the pseudo-header's sum. */
  function tcp(payload: number, flags = 0x18): Uint8Array {
    const bytes = frame(54 + payload);
    const view = new DataView(bytes.buffer);
    bytes.set([8, 0, 0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2], 12);
    view.setUint16(16, 40 + payload);
    bytes.set([0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 1, 0, 0, 0, 0, 0], 38);
    const sum = 0x0a00 + 1 + 0x0a00 + 2 + 6 + 20 + payload;
    view.setUint16(50, (sum & 0xffff) + (sum >> 16));
    return bytes;
  }

  /** Ones' complement sum of the segment with its pseudo-header: 0xffff when the checksum is right (RFC 9293, 3.1). */
  function tcpSum(bytes: Uint8Array): number {
    let sum = 6 + bytes.length - 34;
    for (let at = 26; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
    while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 65536);
    return sum;
  }

  const head = (flags = 0, gso = 0, hdrLen = 0, gsoSize = 0, start = 0, offset = 0): Uint8Array => {
    const words = [hdrLen, gsoSize, start, offset, 0].flatMap((word) => [word & 255, word >> 8]);
    return Uint8Array.of(flags, gso, ...words);
  };

  async function send(vm: Harness, header: Uint8Array, packet: Uint8Array): Promise<void> {
    expect((await vm.transact([vm.out(header), vm.out(packet)], "direct", 1)).length).toBe(0);
  }

  /** What the guest receives: header and packet of each. */
  function receive(
    vm: Harness,
    net: NetEnd,
    packet: NetPacket,
    buffers = 4,
  ): { header: Uint8Array; bytes: Uint8Array }[] {
    const given = Array.from({ length: buffers }, () => vm.in(4096));
    for (const buffer of given) vm.send([buffer], "direct", 0);
    net.device.receive(packet);
    const got: { header: Uint8Array; bytes: Uint8Array }[] = [];
    for (let used = vm.ring(0).take(); used !== null; used = vm.ring(0).take()) {
      const content = vm.content(given[got.length] as DriverBuffer);
      got.push({ header: content.subarray(0, 12), bytes: content.subarray(12, used.length) });
    }
    return got;
  }

  function command(vm: Harness, ...bytes: number[]): number {
    const ack = vm.in(1);
    vm.send([vm.out(bytes), ack], "direct", 2);
    vm.ring(2).take();
    return vm.content(ack)[0] as number;
  }

  it("an MTU is between 68 and 65535", () => {
    for (const mtu of [68, 1280, 65535]) {
      expect(machine({ host_mtu: mtu }).vm.driver.readConfig(N.NET_CONFIG_MTU, 2)).toBe(mtu);
    }
    for (const mtu of [1, 67, 65536]) expect(() => machine({ host_mtu: mtu })).toThrow("host_mtu");
  });

  it("the MTU is never changed", () => {
    const { vm } = machine({ host_mtu: 1400 });
    vm.driver.writeConfig(N.NET_CONFIG_MTU, 2, 9000);
    command(vm, 1, 1, ...OTHER);
    vm.driver.reset();
    expect(vm.driver.readConfig(N.NET_CONFIG_MTU, 2)).toBe(1400);
  });

  it("packets up to the MTU are sent whole", async () => {
    const { vm, net } = machine({ host_mtu: 9000 });
    await send(vm, head(), frame(9014));
    expect(net.sent).toEqual([wirePacket(frame(9014))]);
  });

  it("received packets longer than the MTU do not reach the guest", () => {
    const { vm, net } = machine({ host_mtu: 1400 });
    expect(receive(vm, net, wirePacket(frame(1414)))).toHaveLength(1);
    expect(receive(vm, net, wirePacket(frame(1415)))).toEqual([]);
    // A VLAN tag belongs to the Ethernet header.
    const tagged = frame(1418);
    tagged.set([0x81, 0, 0, 0], 12);
    vm.start({ ...PLAIN }, [0, 1, 2], { without: [N.VIRTIO_NET_F_CTRL_VLAN] });
    expect(receive(vm, net, wirePacket(tagged))).toHaveLength(1);
    // Segments are no single packets of a wire.
    const segment: NetPacket = {
      bytes: tcp(3000),
      checksum: { start: 34, offset: 16 },
      segmentation: { kind: "tcp4", sizeBytes: 1200, ecn: false },
    };
    expect(receive(vm, net, segment)).toHaveLength(1);
    // Who did not negotiate the MTU has none.
    vm.start({ ...PLAIN }, [0, 1, 2], { without: [N.VIRTIO_NET_F_MTU] });
    expect(receive(vm, net, wirePacket(frame(1415)))).toHaveLength(1);
  });

  it("unknown header flags are ignored", async () => {
    const { vm, net } = machine();
    await send(vm, head(0xf8), frame(60));
    expect(net.sent).toEqual([wirePacket(frame(60))]);
  });

  it("without NEEDS_CSUM csum_start means nothing", async () => {
    const { vm, net } = machine();
    await send(vm, head(0, 0, 0, 0, 0xffff, 0xffff), frame(60));
    expect(net.sent).toEqual([wirePacket(frame(60))]);
  });

  it("hdr_len is not relied upon", async () => {
    const { vm, net } = machine();
    for (const hdrLen of [0, 1, 54, 3000, 0xffff]) await send(vm, head(1, 1, hdrLen, 1000, 34, 16), tcp(3000));
    expect(new Set(net.sent.map((packet) => JSON.stringify(packet))).size).toBe(1);
    expect(net.sent[0]?.segmentation).toEqual({ kind: "tcp4", sizeBytes: 1000, ecn: false });
  });

  it("without NEEDS_CSUM the checksum is the guest's business", async () => {
    const { vm, net } = machine();
    const wrong = tcp(100);
    wrong[50] = 0x12;
    await send(vm, head(), wrong);
    expect(net.sent).toEqual([wirePacket(wrong)]);
  });

  it("without MRG_RXBUF num_buffers is 1", () => {
    const { vm, net } = machine();
    vm.start(PLAIN, [0, 1, 2], { without: [N.VIRTIO_NET_F_MRG_RXBUF] });
    const [packet] = receive(vm, net, wirePacket(frame(60)));
    expect([packet?.header[10], packet?.header[11]]).toEqual([1, 0]);
    expect(packet?.bytes).toEqual(frame(60));
  });

  it("without GUEST_CSUM flags is 0 and the checksum is right", () => {
    const { vm, net } = machine();
    const without = [N.VIRTIO_NET_F_GUEST_CSUM, N.VIRTIO_NET_F_GUEST_TSO4, N.VIRTIO_NET_F_GUEST_TSO6];
    vm.start(PLAIN, [0, 1, 2], { without: [...without, N.VIRTIO_NET_F_GUEST_ECN, N.VIRTIO_NET_F_GUEST_UFO] });
    const [packet] = receive(vm, net, { bytes: tcp(100), checksum: { start: 34, offset: 16 }, segmentation: null });
    expect(packet?.header[0]).toBe(0);
    expect(tcpSum(packet?.bytes ?? new Uint8Array())).toBe(0xffff);
  });

  it("never a kind of packet that was not negotiated", () => {
    const { vm, net } = machine();
    const packet: NetPacket = {
      bytes: tcp(3000),
      checksum: { start: 34, offset: 16 },
      segmentation: { kind: "tcp4", sizeBytes: 1000, ecn: false },
    };
    const { VIRTIO_NET_F_GUEST_TSO4: TSO4, VIRTIO_NET_F_GUEST_TSO6: TSO6, VIRTIO_NET_F_GUEST_ECN: ECN } = N;
    for (const [without, kinds] of [
      [[], [1]],
      [[TSO4], [0, 0, 0]],
      [
        [TSO4, TSO6, ECN],
        [0, 0, 0],
      ],
    ] as const) {
      vm.start(PLAIN, [0, 1, 2], { without });
      expect(receive(vm, net, packet).map(({ header }) => header[1])).toEqual(kinds);
    }
  });

  it("ECN is told with GUEST_ECN, and cut without", () => {
    const { vm, net } = machine();
    const packet: NetPacket = {
      bytes: tcp(2000, 0x98),
      checksum: { start: 34, offset: 16 },
      segmentation: { kind: "tcp4", sizeBytes: 1000, ecn: true },
    };
    expect(receive(vm, net, packet).map(({ header }) => header[1])).toEqual([0x81]);
    vm.start(PLAIN, [0, 1, 2], { without: [N.VIRTIO_NET_F_GUEST_ECN] });
    const pieces = receive(vm, net, packet);
    expect(pieces.map(({ header }) => header[1])).toEqual([0, 0]);
    // CWR is for the first piece alone (RFC 3168, 6.1.2).
    expect(pieces.map(({ bytes }) => (bytes[47] ?? 0) & 0x80)).toEqual([0x80, 0]);
  });

  it("receive modes, one against another", () => {
    const { vm, net } = machine();
    const modes = (...on: number[]): void => {
      for (let mode = 0; mode < 6; ++mode)
        expect(command(vm, 0, mode, on.includes(mode) ? 1 : 0)).toBe(N.VIRTIO_NET_OK);
    };
    const hears = (): string => {
      const to = { own: MAC, other: OTHER, multicast: MULTICAST, broadcast: BROADCAST };
      const names = Object.entries(to).filter(([, address]) => {
        vm.start(PLAIN, [0, 1, 2]);
        modes(...chosen);
        return receive(vm, net, wirePacket(frame(60, address)), 1).length === 1;
      });
      return names.map(([name]) => name).join(" ");
    };
    let chosen: number[] = [];
    const [PROMISC, ALLMULTI, ALLUNI, NOMULTI, NOUNI, NOBCAST] = [0, 1, 2, 3, 4, 5];
    for (const [on, heard] of [
      [[], "own broadcast"],
      [[ALLMULTI], "own multicast broadcast"],
      [[ALLUNI], "own other broadcast"],
      [[NOMULTI], "own broadcast"],
      [[ALLMULTI, NOMULTI], "own broadcast"],
      [[NOUNI], "broadcast"],
      [[ALLUNI, NOUNI], "broadcast"],
      [[NOBCAST], "own"],
      [[ALLMULTI, NOBCAST], "own multicast"],
      [[PROMISC, NOMULTI, NOUNI, NOBCAST], "own other multicast broadcast"],
    ] as [number[], string][]) {
      chosen = on;
      expect([on, hears()]).toEqual([on, heard]);
    }
  });

  it("a reset empties the filter tables", () => {
    const { vm, net } = machine();
    const tables = [1, 0, 1, 0, 0, 0, ...OTHER, 0, 0, 0, 0];
    expect(command(vm, ...tables)).toBe(N.VIRTIO_NET_OK);
    expect(command(vm, 0, 0, 0)).toBe(N.VIRTIO_NET_OK);
    expect(receive(vm, net, wirePacket(frame(60, OTHER)))).toHaveLength(1);
    vm.start(PLAIN, [0, 1, 2]);
    expect(command(vm, 0, 0, 0)).toBe(N.VIRTIO_NET_OK);
    expect(receive(vm, net, wirePacket(frame(60, OTHER)))).toHaveLength(0);
  });

  it("without CTRL_VLAN every tagged packet is accepted", () => {
    const { vm, net } = machine();
    vm.start(PLAIN, [0, 1, 2], { without: [N.VIRTIO_NET_F_CTRL_VLAN] });
    expect(command(vm, 0, 0, 0)).toBe(N.VIRTIO_NET_OK);
    const tagged = frame(60);
    tagged.set([0x81, 0, 0x01, 0x23], 12);
    expect(receive(vm, net, wirePacket(tagged))).toHaveLength(1);
  });
});

describe("virtio-balloon", () => {
  const PAGE = BALLOON.BALLOON_PAGE_SIZE;

  function machine(): { vm: Harness; balloon: VirtioBalloon } {
    const vm = new Harness("mmio v2", "virtio-balloon", { "free-page-hint": true, "free-page-reporting": true });
    vm.start(PLAIN, [0, 1, 2, 3, 4]);
    return { vm, balloon: vm.created.device as VirtioBalloon };
  }

  it("statistics come in any order", () => {
    const stat = (tag: number, value: number): number[] => [tag, 0, value, 0, 0, 0, 0, 0, 0, 0];
    for (const entries of [
      [stat(4, 11), stat(5, 22)],
      [stat(5, 22), stat(4, 11)],
    ]) {
      const { vm, balloon } = machine();
      vm.send([vm.out(entries.flat())], "direct", 2);
      expect(balloon.stats).toEqual({ freeMemory: 11, totalMemory: 22 });
    }
  });

  it("the command of hinting is STOP, an ID, DONE; no hint counts after DONE, and no ID comes twice", async () => {
    const { vm, balloon } = machine();
    const shown = (): number => vm.driver.readConfig(BALLOON.BALLOON_CONFIG_FREE_PAGE_HINT_CMD_ID, 4);
    const say = (id: number): Promise<unknown> =>
      vm.transact([vm.out(new Uint8Array(Uint32Array.of(id).buffer))], "direct", 3);
    const isCleared = async (): Promise<boolean> => {
      const address = vm.ram.alloc(PAGE, PAGE);
      vm.ram.bytes(address, PAGE).fill(0x5a);
      await vm.transact([{ address, length: PAGE, write: true }], "direct", 3);
      return vm.ram.u8(address) === 0;
    };
    expect(shown()).toBe(BALLOON.VIRTIO_BALLOON_CMD_ID_STOP);
    expect(balloon.startHinting()).toBe(true);
    const first = shown();
    expect(first).toBeGreaterThanOrEqual(BALLOON.VIRTIO_BALLOON_CMD_ID_MIN);
    await say(first);
    expect(await isCleared()).toBe(true);
    balloon.finishHinting();
    expect(shown()).toBe(BALLOON.VIRTIO_BALLOON_CMD_ID_DONE);
    expect(await isCleared()).toBe(false);
    // A driver that says the old command again is late: its hints are not current.
    await say(first);
    expect(await isCleared()).toBe(false);
    balloon.startHinting();
    expect(shown()).not.toBe(first);
    expect(shown()).toBeGreaterThanOrEqual(BALLOON.VIRTIO_BALLOON_CMD_ID_MIN);
  });
});
