/** The network card over every transport and every way of using a ring. */
import { describe, expect, it } from "vitest";
import { wireFrames, wirePacket } from "../../net-packet.ts";
import * as N from "../../spec/net.ts";
import { GUEST_RAM_BASE } from "../../testing/engine.ts";
import { type Configuration, Harness, MATRIX } from "../../testing/harness.ts";
import { NetEnd } from "../../testing/net-end.ts";
import type { VirtioNet } from "./device.ts";
import { netFeatures, NET_SWITCHES, type NetSwitch } from "./features.ts";

const MAC = [0x52, 0x54, 0, 0x12, 0x34, 0x56];
const OTHER = [0x52, 0x54, 0, 0, 0, 1];
const QUEUES = [0, 1, 2];

function machine(configuration: Pick<Configuration, "transport">, properties = {}, linkUp = true) {
  const net = new NetEnd(linkUp);
  const vm = new Harness(
    configuration.transport,
    "virtio-net",
    { netdev: "net", ...properties },
    { backends: { net } },
  );
  return { vm, net, card: vm.created.device as VirtioNet };
}

/** An Ethernet frame of `length` bytes with a pattern inside. */
function frame(length: number, to = MAC): Uint8Array {
  const bytes = Uint8Array.from({ length }, (_, index) => (index * 7) & 0xff);
  bytes.set([...to, ...OTHER, 0x88, 0xb5]);
  return bytes;
}

/** TCP over IPv4, by hand: 10.0.0.1:1 to 10.0.0.2:2, the pseudo-header's sum in the checksum as Linux leaves it. */
function tcp4(payload: number): Uint8Array {
  const bytes = new Uint8Array(54 + payload);
  const total = 40 + payload;
  bytes.set([...MAC, ...OTHER, 8, 0, 0x45, 0, total >> 8, total & 255, 0, 9, 0x40, 0, 64, 6, 0, 0]);
  bytes.set([10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0x50, 0x18, 1, 0], 26);
  for (let index = 0; index < payload; ++index) bytes[54 + index] = index % 251;
  let sum = 0x0a00 + 1 + 0x0a00 + 2 + 6 + 20 + payload;
  sum = (sum & 0xffff) + (sum >> 16);
  bytes.set([sum >> 8, sum & 255], 50);
  return bytes;
}

/** The plain sum of a TCP segment with its pseudo-header, which is 0xffff when the checksum is right (RFC 9293). */
function tcpSum(bytes: Uint8Array): number {
  const length = bytes.length - 34;
  let sum = 6 + length;
  for (let at = 26; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 65536);
  return sum;
}

const header = (size: number, flags = 0, gso = 0, gsoSize = 0, start = 0, offset = 0): Uint8Array =>
  new Uint8Array(
    Uint8Array.of(
      flags,
      gso,
      0,
      0,
      gsoSize & 255,
      gsoSize >> 8,
      start & 255,
      start >> 8,
      offset & 255,
      offset >> 8,
      0,
      0,
    ),
  ).slice(0, size);

describe.each(MATRIX)("virtio-net, $transport, $ring", (configuration) => {
  const { style } = configuration;

  it("sends a frame that is cut into buffers anyhow, header included", async () => {
    const { vm, net, card } = machine(configuration);
    expect(vm.driver.deviceId()).toBe(1);
    vm.start(configuration, QUEUES);
    const sent = frame(100);
    const all = Uint8Array.from([...header(12), ...sent]);
    const cuts = [vm.out(all.subarray(0, 5)), vm.out(all.subarray(5, 40)), vm.out(all.subarray(40))];
    expect((await vm.transact(cuts, style, 1)).length).toBe(0);
    expect(net.sent).toEqual([wirePacket(sent)]);
    expect(card.counters).toMatchObject({ txPackets: 1, txBytes: 100 });
    expect(vm.log.guestErrors).toEqual([]);
  });

  it("receives into one buffer, with num_buffers 1", async () => {
    const { vm, net } = machine(configuration);
    vm.start(configuration, QUEUES);
    const buffer = vm.in(200);
    vm.send([buffer], style, 0);
    const sent = frame(101);
    net.device.receive(wirePacket(sent));
    expect((await vm.receive(0)).length).toBe(12 + 101);
    const content = vm.content(buffer);
    expect([...content.subarray(0, 12)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    expect(content.subarray(12, 113)).toEqual(sent);
    expect(content[113]).toBe(0xee);
  });

  it("holds packets until there are buffers, and spreads one over several", async () => {
    const { vm, net } = machine(configuration);
    vm.start(configuration, QUEUES);
    const sent = frame(250);
    const buffers = [vm.in(100), vm.in(100), vm.in(100)];
    net.device.receive(wirePacket(sent));
    net.device.receive(wirePacket(frame(20)));
    vm.send([buffers[0] as never], style, 0);
    vm.send([buffers[1] as never], style, 0);
    expect(vm.ring(0).take()).toBe(null);
    vm.send([buffers[2] as never], style, 0);
    const lengths = [await vm.receive(0), await vm.receive(0), await vm.receive(0)].map(({ length }) => length);
    expect(lengths).toEqual([100, 100, 62]);
    const all = Uint8Array.from(buffers.flatMap((buffer) => [...vm.content(buffer)]));
    expect([all[10], all[11]]).toEqual([3, 0]);
    expect(all.subarray(12, 262)).toEqual(sent);
    const last = vm.in(64);
    vm.send([last], style, 0);
    expect((await vm.receive(0)).length).toBe(32);
    expect(vm.log.guestErrors).toEqual([]);
  });

  it("without mergeable buffers a packet has one buffer or none", async () => {
    const { vm, net, card } = machine(configuration);
    const without = [N.VIRTIO_NET_F_MRG_RXBUF];
    vm.start(configuration, QUEUES, { without });
    const size = vm.driver.legacy ? N.NET_HDR_SIZE_LEGACY : N.NET_HDR_SIZE;
    const small = vm.in(50);
    const large = vm.in(200);
    vm.send([small], style, 0);
    vm.send([large], style, 0);
    net.device.receive(wirePacket(frame(100)));
    expect((await vm.receive(0)).length).toBe(0);
    expect(card.droppedPackets).toBe(1);
    net.device.receive(wirePacket(frame(100)));
    expect((await vm.receive(0)).length).toBe(size + 100);
    expect(vm.content(large).subarray(size, size + 100)).toEqual(frame(100));
    await vm.transact([vm.out([...header(size), ...frame(60)])], style, 1);
    expect(net.sent.map(({ bytes }) => bytes)).toEqual([frame(60)]);
  });

  it("passes super-frames on as they are, and cuts them where the guest does not take them", async () => {
    const { vm, net } = machine(configuration);
    vm.start(configuration, QUEUES);
    const sent = tcp4(3000);
    const head = header(12, 1, N.VIRTIO_NET_HDR_GSO_TCPV4, 1448, 34, 16);
    await vm.transact([vm.out(head), vm.out(sent)], style, 1);
    const [packet] = net.sent;
    expect(packet).toEqual({
      bytes: sent,
      checksum: { start: 34, offset: 16 },
      segmentation: { kind: "tcp4", sizeBytes: 1448, ecn: false },
    });
    if (packet === undefined) return;
    const whole = vm.in(4000);
    vm.send([whole], style, 0);
    net.device.receive(packet);
    expect((await vm.receive(0)).length).toBe(12 + sent.length);
    expect([...vm.content(whole).subarray(0, 12)]).toEqual([1, 1, 54, 0, 1448 & 255, 1448 >> 8, 34, 0, 16, 0, 1, 0]);
    vm.start(configuration, QUEUES, {
      without: [N.VIRTIO_NET_F_GUEST_TSO4, N.VIRTIO_NET_F_GUEST_TSO6, N.VIRTIO_NET_F_GUEST_ECN],
    });
    const pieces = [vm.in(2000), vm.in(2000), vm.in(2000)];
    for (const piece of pieces) vm.send([piece], style, 0);
    net.device.receive(packet);
    const lengths = [await vm.receive(0), await vm.receive(0), await vm.receive(0)].map(({ length }) => length - 12);
    expect(lengths).toEqual([54 + 1448, 54 + 1448, 54 + 104]);
    pieces.forEach((piece, index) => {
      const got = vm.content(piece).subarray(12, 12 + (lengths[index] ?? 0));
      expect(tcpSum(got)).toBe(0xffff);
      expect((got[18] ?? 0) * 256 + (got[19] ?? 0)).toBe(9 + index);
      expect(new DataView(got.buffer, got.byteOffset).getUint32(38)).toBe(256 + index * 1448);
      expect((got[47] ?? 0) & 8).toBe(index === 2 ? 8 : 0);
    });
  });

  it("passes a long datagram on as it is, and in fragments where the guest does not take it", async () => {
    const { vm, net } = machine(configuration);
    vm.start(configuration, QUEUES);
    const sent = new Uint8Array(42 + 3000);
    sent.set([
      ...MAC,
      ...OTHER,
      8,
      0,
      0x45,
      0,
      3028 >> 8,
      3028 & 255,
      0,
      9,
      0,
      0,
      64,
      17,
      0,
      0,
      10,
      0,
      0,
      1,
      10,
      0,
      0,
      2,
    ]);
    sent.set([0, 1, 0, 2, 3008 >> 8, 3008 & 255], 34);
    const head = header(12, 1, N.VIRTIO_NET_HDR_GSO_UDP, 1480, 34, 6);
    await vm.transact([vm.out(head), vm.out(sent)], style, 1);
    const [packet] = net.sent;
    expect(packet?.segmentation).toEqual({ kind: "udp", sizeBytes: 1480, ecn: false });
    if (packet === undefined) return;
    const whole = vm.in(4000);
    vm.send([whole], style, 0);
    net.device.receive(packet);
    expect((await vm.receive(0)).length).toBe(12 + sent.length);
    expect([...vm.content(whole).subarray(0, 4)]).toEqual([1, N.VIRTIO_NET_HDR_GSO_UDP, 42, 0]);
    vm.start(configuration, QUEUES, { without: [N.VIRTIO_NET_F_GUEST_UFO] });
    for (let index = 0; index < 3; ++index) vm.send([vm.in(2000)], style, 0);
    net.device.receive(packet);
    const lengths = [await vm.receive(0), await vm.receive(0), await vm.receive(0)].map(({ length }) => length - 12);
    expect(lengths).toEqual([34 + 1480, 34 + 1480, 34 + 48]);
    // Congestion notification is TCP's.
    const ecn = header(12, 1, N.VIRTIO_NET_HDR_GSO_UDP | N.VIRTIO_NET_HDR_GSO_ECN, 1480, 34, 6);
    await vm.transact([vm.out(ecn), vm.out(sent)], style, 1);
    expect(net.sent).toHaveLength(1);
  });

  it("answers commands in the notification: filter, address, VLANs, offloads", async () => {
    const { vm, net } = machine(configuration);
    vm.start(configuration, QUEUES);
    const command = (...bytes: number[]): number => {
      const ack = vm.in(1);
      vm.send([vm.out(bytes), ack], style, 2);
      expect(vm.ring(2).take()?.length).toBe(1);
      return vm.content(ack)[0] as number;
    };
    const hears = (to: number[], tag: number[] = [0x88, 0xb5, 0, 0]): boolean => {
      const bytes = frame(60, to);
      bytes.set(tag, 12);
      vm.send([vm.in(100)], style, 0);
      net.device.receive(wirePacket(bytes));
      const got = vm.ring(0).take() !== null;
      // The buffer that was left is used up, so that every question starts with none.
      if (!got) {
        net.device.receive(wirePacket(frame(60, [255, 255, 255, 255, 255, 255])));
        expect(vm.ring(0).take()).not.toBe(null);
      }
      return got;
    };
    expect(hears(OTHER)).toBe(true);
    expect(command(0, 0, 0)).toBe(N.VIRTIO_NET_OK);
    expect([hears(OTHER), hears(MAC), hears([1, 0, 0x5e, 0, 0, 1])]).toEqual([false, true, false]);
    expect(command(0, 1, 1)).toBe(N.VIRTIO_NET_OK);
    expect(hears([1, 0, 0x5e, 0, 0, 1])).toBe(true);
    expect(command(0, 1, 0)).toBe(N.VIRTIO_NET_OK);
    expect(command(1, 0, 1, 0, 0, 0, ...OTHER, 1, 0, 0, 0, 1, 0, 0x5e, 0, 0, 1)).toBe(N.VIRTIO_NET_OK);
    expect([hears(OTHER), hears([1, 0, 0x5e, 0, 0, 1]), hears([1, 0, 0x5e, 0, 0, 2])]).toEqual([true, true, false]);
    expect(hears(MAC, [0x81, 0, 0, 5])).toBe(false);
    expect(command(2, 0, 5, 0)).toBe(N.VIRTIO_NET_OK);
    expect(hears(MAC, [0x81, 0, 0x20, 5])).toBe(true);
    expect(command(2, 1, 5, 0)).toBe(N.VIRTIO_NET_OK);
    expect(command(1, 1, 2, 2, 3, 4, 5, 6)).toBe(N.VIRTIO_NET_OK);
    expect([hears([2, 2, 3, 4, 5, 6]), hears(MAC)]).toEqual([true, false]);
    // The pages of s390 are written when the driver is told of a change, which these are none of.
    if (configuration.transport !== "s390 pages") expect(vm.driver.readConfig(0, 4)).toBe(0x04030202);
    expect(command(5, 0, 2, 0, 0, 0, 0, 0, 0, 0)).toBe(N.VIRTIO_NET_OK);
    const wrong = [
      [0],
      [0, 0],
      [0, 0, 1, 1],
      [0, 6, 1],
      [1, 0, 2, 0, 0, 0, ...OTHER, 0, 0, 0, 0],
      [1, 0, 255, 255, 255, 255],
      [1, 1, 1, 2, 3],
      [2, 0, 0, 16],
      [2, 2, 1, 0],
      [3, 0],
      [4, 0, 1, 0],
      [5, 0, 0, 1, 0, 0, 0, 0, 0, 1],
      [5, 0, 0, 0x40, 0, 0, 0, 0, 0, 0],
      [99, 1, 2],
    ];
    for (const bytes of wrong) expect([bytes, command(...bytes)]).toEqual([bytes, N.VIRTIO_NET_ERR]);
    expect((await vm.transact([vm.out([0, 0, 1])], style, 2)).length).toBe(0);
    expect(vm.log.guestErrors.join()).toContain("without room for its answer");
  });

  it("tells of the link and asks for an announcement", () => {
    const { vm, net, card } = machine(configuration);
    vm.start(configuration, QUEUES);
    vm.driver.takeInterrupts();
    const status = (): number => vm.driver.readConfig(N.NET_CONFIG_STATUS, 2);
    expect(status()).toBe(N.VIRTIO_NET_S_LINK_UP);
    net.device.setLink(false);
    expect(vm.driver.takeInterrupts().config).toBe(true);
    expect(status()).toBe(0);
    net.device.setLink(false);
    expect(vm.driver.takeInterrupts().config).toBe(false);
    expect(card.announce()).toBe(false);
    net.device.setLink(true);
    expect(card.announce()).toBe(true);
    expect(status()).toBe(N.VIRTIO_NET_S_LINK_UP | N.VIRTIO_NET_S_ANNOUNCE);
    const ack = vm.in(1);
    vm.send([vm.out([3, 0]), ack], style, 2);
    expect(vm.content(ack)).toEqual(Uint8Array.of(N.VIRTIO_NET_OK));
    if (configuration.transport !== "s390 pages") expect(status()).toBe(N.VIRTIO_NET_S_LINK_UP);
  });

  it("drops packets whose header lies, and gives their buffers back", async () => {
    const { vm, net } = machine(configuration);
    vm.start(configuration, QUEUES);
    const tcp = tcp4(100);
    const lies: [Uint8Array, Uint8Array][] = [
      [header(5), new Uint8Array()],
      [header(12), new Uint8Array(13)],
      [header(12, 1, 0, 0, 90, 9), frame(100)],
      [header(12, 1, 0, 0, 0xffff, 0xffff), frame(100)],
      [header(12, 1, 1, 0, 34, 16), tcp],
      [header(12, 0, 1, 50, 34, 16), tcp],
      [header(12, 1, 4, 50, 34, 16), tcp],
      [header(12, 1, 3, 50, 34, 16), tcp],
      [header(12, 1, 1, 50, 34, 16), frame(100)],
      [header(12, 1, 1, 50, 34, 16), tcp.subarray(0, 60)],
      [header(12, 1, 1, 1, 34, 16), tcp4(4000)],
      [header(12), new Uint8Array(70_000)],
    ];
    for (const [head, body] of lies) {
      const used = await vm.transact([vm.out(head), ...(body.length > 0 ? [vm.out(body)] : [])], style, 1);
      expect(used.length).toBe(0);
    }
    // A segment that is shorter than its IP header says is the network's business.
    expect(net.sent.length).toBe(1);
    expect(net.sent.flatMap(wireFrames).every((bytes) => bytes.length <= 104)).toBe(true);
    expect(vm.log.guestErrors.length).toBe(lies.length - 1);
  });

  it("keeps no more than it may while the guest takes nothing, and the newest of it", async () => {
    const { vm, net, card } = machine(configuration);
    vm.start(configuration, QUEUES);
    for (let index = 0; index < 1030; ++index) net.device.receive(wirePacket(frame(60 + (index & 1))));
    expect(card.droppedPackets).toBe(6);
    vm.driver.reset();
    vm.start(configuration, QUEUES);
    vm.send([vm.in(100)], style, 0);
    expect(vm.ring(0).take()).toBe(null);
    net.device.receive(wirePacket(frame(60)));
    expect((await vm.receive(0)).length).toBe(12 + 60);
  });
});

describe("virtio-net, what it offers", () => {
  const switches = (off: NetSwitch[] = []): Record<NetSwitch, boolean> =>
    Object.fromEntries(NET_SWITCHES.map((name) => [name, !off.includes(name)])) as Record<NetSwitch, boolean>;
  const bits = (off: NetSwitch[], mtu = 0): number[] =>
    netFeatures({ switches: switches(off), mtu }).map(({ bit }) => bit);

  it("is closed under what features need", () => {
    expect(bits([], 1500)).toEqual([0, 1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 23]);
    expect(bits(["csum"])).toEqual([1, 2, 5, 7, 8, 9, 10, 15, 16, 17, 18, 19, 20, 21, 23]);
    expect(bits(["guest_csum"])).toEqual([0, 2, 5, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 23]);
    expect(bits(["ctrl_vq"])).toEqual([0, 1, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    expect(bits(["mrg_rxbuf"])).toEqual([0, 1, 2, 5, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 23]);
    expect(bits(["host_tso4", "host_tso6"])).not.toContain(N.VIRTIO_NET_F_HOST_ECN);
  });

  it("refuses a driver that takes ECN alone", () => {
    const { vm } = machine({ transport: "mmio v2" });
    const without = [N.VIRTIO_NET_F_HOST_TSO4, N.VIRTIO_NET_F_HOST_TSO6];
    expect(() => vm.start({ eventIdx: false, style: "direct" }, QUEUES, { without })).toThrow(
      "refused its own features",
    );
  });

  it("has its address and MTU; only a legacy driver without the command writes the address", () => {
    const legacy = machine({ transport: "mmio v1" }, { ctrl_mac_addr: "off", host_mtu: 1400 });
    legacy.vm.start({ eventIdx: false, style: "direct" }, QUEUES);
    expect(legacy.vm.driver.readConfig(N.NET_CONFIG_MTU, 2)).toBe(1400);
    legacy.vm.driver.writeConfig(0, 1, 0x56);
    expect(legacy.vm.driver.readConfig(0, 4)).toBe(0x12005456);
    expect(legacy.vm.log.guestErrors).toEqual([]);
    const modern = machine({ transport: "mmio v2" });
    modern.vm.driver.writeConfig(0, 1, 0x56);
    expect(modern.vm.driver.readConfig(0, 4)).toBe(0x12005452);
    expect(modern.vm.log.guestErrors.length).toBe(1);
  });

  it.each(["52:54:00:12:34", "53:54:00:12:34:56", "00:00:00:00:00:00", "52:54:00:12:34:5g"])(
    "has no address %s",
    (mac) => {
      expect(() => machine({ transport: "mmio v2" }, { mac })).toThrow(mac);
    },
  );

  it("moves with a saved state: filter, address, offloads; then it asks for an announcement", async () => {
    const from = machine({ transport: "mmio v2" });
    const configuration = { eventIdx: true, style: "direct" } as const;
    from.vm.start(configuration, QUEUES);
    for (const bytes of [
      [0, 0, 0],
      [1, 1, 2, 2, 3, 4, 5, 6],
      [2, 0, 7, 0],
    ]) {
      await from.vm.transact([from.vm.out(bytes), from.vm.in(1)], "direct", 2);
    }
    from.vm.send([from.vm.in(100)], "direct", 0);
    const state: unknown = JSON.parse(JSON.stringify(from.vm.transport.save()));
    const to = machine({ transport: "mmio v2" });
    const { ram } = to.vm;
    ram.bytes(GUEST_RAM_BASE, ram.sizeBytes).set(from.vm.ram.bytes(GUEST_RAM_BASE, ram.sizeBytes));
    to.vm.transport.load(state);
    to.vm.adopt(from.vm);
    to.vm.transport.bus.resume();
    expect(to.vm.driver.readConfig(N.NET_CONFIG_STATUS, 2)).toBe(3);
    expect(to.card.save()).toEqual(from.card.save());
    to.net.device.receive(wirePacket(frame(60, MAC)));
    expect(to.vm.ring(0).take()).toBe(null);
    to.net.device.receive(wirePacket(frame(60, [2, 2, 3, 4, 5, 6])));
    expect((await to.vm.receive(0)).length).toBe(72);
  });
});
