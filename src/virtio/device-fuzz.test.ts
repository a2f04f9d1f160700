/**
 * Hostile drivers against whole devices, with every store of device and walker checked by the write-shadow oracle:
 * nothing throws, nothing is written that the driver did not offer, and after a reset the device works.
 */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { MemoryTree } from "../ts/files/memory-tree.ts";
import { wirePacket } from "./net-packet.ts";
import { createDevice } from "./registry.ts";
import type { RingEngine } from "./ring-engine.ts";
import { ascii, CharEnd } from "./testing/char-end.ts";
import type { DriverBuffer } from "./testing/driver-ring.ts";
import { GUEST_RAM_BASE } from "./testing/engine.ts";
import { FUZZ_TIMEOUT_MS, fuzzAsync } from "./testing/fuzz-budget.ts";
import { Harness, TRANSPORTS, type TransportName } from "./testing/harness.ts";
import { loadInstrumentedEngine } from "./testing/instrumented.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { MmioDriver } from "./testing/mmio-driver.ts";
import { NetEnd } from "./testing/net-end.ts";
import { PciDriver } from "./testing/pci-driver.ts";
import { ringFormats } from "./testing/ring-formats.ts";
import { S390_PAGES } from "./testing/s390-driver.ts";
import { WriteShadow } from "./testing/write-shadow.ts";

const RAM_BYTES = 0x40_0000;
const SECONDS = 0.8;

/** One machine with everything that a hostile driver may reach. */
interface Victim {
  readonly vm: Harness;
  readonly shadow: WriteShadow;
  readonly disk: MemoryDisk;
  readonly end: CharEnd;
  readonly net: NetEnd;
  readonly queues: readonly number[];
  readonly packed: boolean;
  readonly isScsi: boolean;
}

type Device =
  | "virtio-9p"
  | "virtio-blk"
  | "virtio-net"
  | "virtio-rng"
  | "virtio-balloon"
  | "virtio-serial"
  | "virtio-scsi";
const QUEUES: Readonly<Record<Device, readonly number[]>> = {
  "virtio-9p": [0],
  "virtio-blk": [0, 1],
  "virtio-net": [0, 1, 2],
  "virtio-rng": [0],
  "virtio-balloon": [0, 1, 2, 3, 4],
  "virtio-serial": [0, 1, 2, 3, 4, 5],
  "virtio-scsi": [0, 1, 2],
};

/** One engine is enough: machines give their queue slots back. */
let engine: RingEngine;
let shadow: WriteShadow;

beforeAll(async () => {
  const probe = { read: (): void => {}, write: (host: number, size: number): void => shadow.write(host, size) };
  shadow = new WriteShadow();
  engine = await loadInstrumentedEngine(RAM_BYTES, probe);
}, 180_000);

function victim(transport: TransportName, device: Device, packed: boolean): Victim {
  shadow = new WriteShadow();
  // Describing the device in them is what the pages are for; a driver over channel I/O has its blocks there.
  const described = transport === "s390 pages" || transport.startsWith("ccw");
  if (described) shadow.allow(GUEST_RAM_BASE + RAM_BYTES - S390_PAGES * 4096, S390_PAGES * 4096);
  // It clears whatever pages the driver names.
  if (device === "virtio-balloon") shadow.allow(GUEST_RAM_BASE, RAM_BYTES);
  const disk = new MemoryDisk(2 ** 18, { sync: false });
  const end = new CharEnd();
  const net = new NetEnd();
  const entropy = { fill: (into: Uint8Array): void => void into.fill(0x5a) };
  const properties: Record<string, string | number> = {};
  if (device === "virtio-9p") Object.assign(properties, { fsdev: "files", mount_tag: "fuzz" });
  if (device === "virtio-blk") Object.assign(properties, { drive: "disk", "num-queues": 2 });
  if (device === "virtio-net") properties["netdev"] = "net";
  if (device === "virtio-serial") properties["max_ports"] = 2;
  if (device === "virtio-balloon") Object.assign(properties, { "free-page-hint": "on", "free-page-reporting": "on" });
  const vm = new Harness(transport, device, properties, {
    backends: { block: disk, entropy, net, char: { term: end }, files: new MemoryTree() },
    engine: shadow.wrap(engine),
  });
  if (device === "virtio-serial") createDevice("virtconsole", { chardev: "term" }, vm.context);
  if (device === "virtio-scsi") createDevice("scsi-hd", { drive: "disk", "scsi-id": 0 }, vm.context);
  return { vm, shadow, disk, end, net, queues: QUEUES[device], packed, isScsi: device === "virtio-scsi" };
}

/** The beginning of a request of most devices: a type or command, and a number. */
const smallRequest = (a: number, b: number): Uint8Array =>
  Uint8Array.from([b & 15, 0, 0, 0, 0, 0, 0, 0, a & 0xff, 0, 0, 0, 0, 0, 0, 0].slice(0, 4 + (b % 13)));

/** Commands of disks and of all units, and one that there is not. */
const SCSI_COMMANDS = [
  0, 0x03, 0x12, 0x1a, 0x25, 0x28, 0x2a, 0x35, 0x41, 0x42, 0x4d, 0x5a, 0x5e, 0x88, 0x93, 0xa0, 0xff,
];

/** A task management request, an event buffer that is none, or a command; mostly for the unit that is there. */
function scsiRequest(queue: number, a: number, b: number): Uint8Array {
  if (queue !== 2)
    return Uint8Array.from([b & 3, 0, 0, 0, a & 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, a, 0, 0, 0, 0, 0, 0, 0]);
  const bytes = new Uint8Array(51);
  bytes.set([1, b > 240 ? b : 0, 0, b > 200 ? b & 3 : 0]);
  bytes[8] = a;
  bytes.set([SCSI_COMMANDS[a % SCSI_COMMANDS.length] as number, b, 0, 0, 0, a & 63, 0, 0, b & 3, 0], 19);
  return bytes;
}

/** One thing that a driver, the host or the user may do; all of it decided by random numbers. */
async function act(target: Victim, choice: number, a: number, b: number): Promise<void> {
  const { vm, disk, end, net, queues } = target;
  const queue = queues[a % queues.length] as number;
  switch (choice % 13) {
    case 0:
    case 1:
    case 2:
    case 3: {
      if (vm.ring(queue).freeCount < 6) return;
      const header = target.isScsi ? scsiRequest(queue, a, b) : smallRequest(a, b);
      const chain: DriverBuffer[] = [
        vm.out(header),
        vm.out(new Uint8Array((b & 3) * 512)),
        vm.in((a & 3) * 512),
        vm.in(target.isScsi ? 108 : b & 31),
      ];
      vm.send(chain.slice(b & 1, 2 + (a % 3)), (["direct", "indirect", "mixed"] as const)[a % 3] as "direct", queue);
      break;
    }
    case 4:
      vm.ram.setU8(vm.ring(queue).place.desc + (a % 128), b);
      break;
    case 5:
      // An available entry that nobody filled in, or a descriptor that is made available as it is.
      if (target.packed) vm.ram.setU16(vm.ring(queue).place.desc + 16 * (a & 31) + 14, (b << 3) & 0x8083);
      else vm.splitRing(queue).offer(a & 63);
      vm.driver.notify(queue);
      break;
    case 6:
      vm.driver.notify(queue);
      break;
    case 7:
      vm.driver.writeConfig(a % 64, ([1, 2, 4] as const)[b % 3] as 1, a * b);
      break;
    case 8:
      if (vm.driver instanceof MmioDriver) {
        // Any register but status and acknowledgements, any value.
        const offset = (a % 64) * 4;
        if (offset !== 0x70) vm.driver.write(offset, b);
      } else if (vm.driver instanceof PciDriver) {
        // Any register of the device, also of the interface that is not used; not the base addresses and the command.
        const { driver } = vm;
        if ((a & 1) === 0 && !driver.legacy && b !== 0) driver.setCommon(a >> 2, ([1, 2, 4] as const)[b % 3] as 1, b);
        else if ((a & 1) === 0 && driver.legacy && a >> 2 !== 0x12) driver.setPort(a >> 2, 2, b);
        else driver.configWrite(0x40 + (a >> 1), 1, b);
      }
      break;
    case 9:
      if (net.attached) {
        // What the guest has sent comes back as from another guest, offloads and all; or the cable is moved.
        for (const packet of net.sent.splice(0)) net.device.receive(packet);
        net.device.receive(wirePacket(new Uint8Array(b * 8)));
        net.device.setLink(b > 20);
      }
      if (!end.attached) return;
      end.device.input(ascii("x".repeat(b)));
      end.makeRoom(a);
      break;
    case 10:
      vm.driver.setStatus((b % 255) + 1);
      break;
    case 11:
      await disk.release();
      break;
    default:
      if (b < 40) restart(target);
  }
}

function restart({ vm, queues, packed }: Victim): void {
  vm.ram.rewind();
  vm.start({ eventIdx: true, style: "mixed", packed }, queues, { size: 32 });
}

/** A request that every sane driver could make, and its answer. */
async function probe(target: Victim, device: Device): Promise<void> {
  const { vm, disk, end, net } = target;
  disk.manual = false;
  await disk.release();
  end.room = Number.POSITIVE_INFINITY;
  restart(target);
  if (device === "virtio-blk") {
    const used = await vm.transact([vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)], "mixed");
    expect(used.length).toBe(513);
  } else if (device === "virtio-net") {
    net.sent.length = 0;
    net.device.setLink(true);
    await vm.transact([vm.out(new Uint8Array(12 + 60))], "mixed", 1);
    expect(net.sent).toEqual([wirePacket(new Uint8Array(60))]);
  } else if (device === "virtio-balloon") {
    // One page that exists: it comes back.
    expect((await vm.transact([vm.out([0, 4, 4, 0])], "mixed")).length).toBe(0);
  } else if (device === "virtio-9p") {
    // Tversion: a new session, whatever state the old one is in.
    const version = ascii("9P2000.L");
    const request = [13 + version.length, 0, 0, 0, 100, 0xff, 0xff, 0, 0x20, 0, 0, version.length, 0, ...version];
    const answer = vm.in(64);
    expect((await vm.transact([vm.out(request), answer], "mixed")).length).toBe(request.length);
    expect([...vm.content(answer).subarray(4, request.length)]).toEqual([101, ...request.slice(5)]);
  } else if (device === "virtio-scsi") {
    // INQUIRY: after what came before, TEST UNIT READY may report an attention.
    const answer = vm.in(108);
    const data = vm.in(36);
    const inquiry = new Uint8Array(51);
    inquiry[0] = 1;
    inquiry.set([0x12, 0, 0, 0, 36], 19);
    await vm.transact([vm.out(inquiry), answer, data], "mixed", 2);
    expect([vm.content(answer)[11], vm.content(answer)[10], vm.content(data)[0]]).toEqual([0, 0, 0]);
  } else if (device === "virtio-rng") expect((await vm.transact([vm.in(8)], "mixed")).length).toBe(8);
  else {
    const before = end.received.length;
    await vm.transact([vm.out(ascii("alive"))], "mixed", 1);
    expect(end.text.slice(before)).toBe("alive");
  }
}

describe.each(TRANSPORTS)("hostile drivers on %s", (transport) => {
  const formats = ringFormats(transport);
  const devices = Object.keys(QUEUES) as Device[];
  it.each(devices.flatMap((device) => formats.map((packed) => ({ device, packed }))))(
    "$device, packed $packed",
    { timeout: FUZZ_TIMEOUT_MS },
    async ({ device, packed }) => {
      let stores = 0;
      const action = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255));
      const programs = fc.array(action, { minLength: 20, maxLength: 120, size: "max" });
      const name = `${device} on ${transport}${packed ? ", packed" : ""}`;
      await fuzzAsync(name, SECONDS, programs, async (actions) => {
        const target = victim(transport, device, packed);
        target.disk.manual = true;
        target.end.room = 0;
        restart(target);
        for (const [choice, a, b] of actions) await act(target, choice, a, b);
        await probe(target, device);
        target.vm.transport.bus.unplug();
        expect(shadow.violations).toEqual([]);
        expect(target.vm.log.hostErrors).toEqual([]);
        stores += shadow.stores;
        return actions.length;
      });
      expect(stores).toBeGreaterThan(0);
    },
  );
});
