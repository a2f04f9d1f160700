/** Saved states: a machine built anew from one behaves as the old one would, and a bad one is refused with a reason. */
import { describe, expect, it } from "vitest";
import { createDevice } from "./registry.ts";
import { StateError } from "./state.ts";
import { ascii, CharEnd } from "./testing/char-end.ts";
import type { ChainStyle } from "./testing/driver-ring.ts";
import { Harness, TRANSPORTS, type TransportName } from "./testing/harness.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";

const CONFIGURATION = { eventIdx: true, style: "indirect" as ChainStyle };

/** Moves a machine into another one, as a snapshot does: RAM first, then the state, through JSON. */
function move(from: Harness, to: Harness): void {
  const state: unknown = JSON.parse(JSON.stringify(from.transport.save()));
  to.ram.bytes(0x4000_0000, to.ram.sizeBytes).set(from.ram.bytes(0x4000_0000, from.ram.sizeBytes));
  to.transport.load(state);
  expect(to.transport.save()).toEqual(from.transport.save());
  to.adopt(from);
  to.transport.bus.resume();
}

function blk(transport: TransportName, disk: MemoryDisk): Harness {
  return new Harness(transport, "virtio-blk", { drive: "disk", "num-queues": 2 }, { backends: { block: disk } });
}

function read(vm: Harness, sector: number): ReturnType<Harness["in"]>[] {
  const header = new Uint8Array(16);
  new DataView(header.buffer).setUint32(8, sector, true);
  return [vm.out(header), vm.in(512), vm.in(1)];
}

describe.each(TRANSPORTS)("a saved machine on %s", (transport) => {
  it("virtio-blk goes on where it was: ring indices, features, write cache", async () => {
    const disk = new MemoryDisk(2 ** 20);
    disk.bytes.fill(7);
    const old = blk(transport, disk);
    old.start(CONFIGURATION, [0, 1]);
    for (let turn = 0; turn < 40; ++turn) await old.transact(read(old, turn), "indirect");
    old.driver.writeConfig(32, 1, 0);
    const young = blk(transport, disk);
    move(old, young);
    expect(young.transport.bus.status).toBe(old.transport.bus.status);
    expect(young.driver.readConfig(32, 1)).toBe(0);
    const chain = read(young, 3);
    expect((await young.transact(chain, "indirect")).length).toBe(513);
    expect(young.content(chain[1] as (typeof chain)[1])).toEqual(new Uint8Array(512).fill(7));
    expect(young.log.guestErrors).toEqual([]);
  });

  it("requests in flight are served again by the new machine, and the old one's answers go nowhere", async () => {
    const disk = new MemoryDisk(2 ** 20);
    for (let sector = 0; sector < 8; ++sector) disk.bytes.fill(sector + 1, sector * 512, sector * 512 + 512);
    disk.manual = true;
    const old = blk(transport, disk);
    old.start(CONFIGURATION);
    const chains = [0, 1, 2].map((sector) => read(old, sector));
    for (const chain of chains) old.send(chain, "indirect");
    expect(disk.pending).toBe(3);
    const other = new MemoryDisk(2 ** 20);
    other.bytes.set(disk.bytes);
    const young = blk(transport, other);
    move(old, young);
    for (const chain of chains) {
      expect((await young.receive()).length).toBe(513);
      expect(young.content(chain[2] as (typeof chain)[2])[0]).toBe(0);
    }
    expect(chains.map((chain) => young.content(chain[1] as (typeof chain)[1])[0])).toEqual([1, 2, 3]);
    await disk.release();
  });

  it("a pending interrupt is pending in the new machine", async () => {
    const disk = new MemoryDisk(2 ** 20, { sync: true });
    const old = blk(transport, disk);
    old.start(CONFIGURATION);
    old.send(read(old, 0), "indirect");
    const young = blk(transport, disk);
    move(old, young);
    if (!young.driver.messages) expect(young.driver.takeInterrupts().used).toBe(true);
    await young.receive();
  });

  it("virtio-serial keeps open ports, waiting input, and the rest of what was being sent", () => {
    const make = (): { vm: Harness; end: CharEnd } => {
      const end = new CharEnd();
      const vm = new Harness(transport, "virtio-serial", { max_ports: 2 }, { backends: { char: { term: end } } });
      createDevice("virtconsole", { chardev: "term" }, vm.context);
      return { vm, end };
    };
    const old = make();
    old.vm.start(CONFIGURATION, [0, 1, 2, 3]);
    const control = (event: number): void => {
      old.vm.send([old.vm.out([0, 0, 0, 0, event, 0, 1, 0])], "indirect", 3);
    };
    control(0);
    control(6);
    old.end.room = 3;
    old.vm.send([old.vm.out(ascii("abcdef"))], "indirect", 1);
    old.end.device.input(ascii("typed"));
    expect(old.end.text).toBe("abc");
    const young = make();
    move(old.vm, young.vm);
    expect(young.end.text).toBe("def");
    expect(young.vm.ring(1).take()).not.toBe(null);
    const into = young.vm.in(16);
    young.vm.send([into], "indirect", 0);
    expect(young.vm.ring(0).take()?.length).toBe(5);
    expect(String.fromCharCode(...young.vm.content(into).subarray(0, 5))).toBe("typed");
    // The message that announced the port was waiting for a buffer.
    const message = young.vm.in(16);
    young.vm.send([message], "indirect", 2);
    expect(young.vm.ring(2).take()?.length).toBe(8);
    expect(young.vm.content(message)[4]).toBe(1);
  });

  it("virtio-rng saves nothing of what it gave, and answers what waited", async () => {
    const make = (from: number): Harness => {
      let next = from;
      const entropy = { fill: (into: Uint8Array): void => void into.fill(next++) };
      return new Harness(transport, "virtio-rng", { "max-bytes": 4, period: 100 }, { backends: { entropy } });
    };
    const old = make(1);
    old.start(CONFIGURATION, [0], { size: 8 });
    await old.transact([old.in(4)], "indirect");
    const waiting = old.in(4);
    old.send([waiting], "indirect");
    const young = make(100);
    move(old, young);
    expect(young.ring().take()?.length).toBe(4);
    expect(young.content(waiting)[0]).toBe(100);
  });

  it("a broken device is still broken", () => {
    const old = blk(transport, new MemoryDisk(2 ** 20));
    old.start(CONFIGURATION);
    old.splitRing().offer(0x7fff);
    old.driver.notify(0);
    const young = blk(transport, new MemoryDisk(2 ** 20));
    move(old, young);
    expect(young.transport.bus.brokenBy).toContain("outside the table");
    young.driver.notify(0);
    expect(young.ring().take()).toBe(null);
  });
});

describe("a state that does not fit is refused", () => {
  type Change = (state: Record<string, never>) => void;
  const at = (state: unknown, ...path: (string | number)[]): Record<string, unknown> =>
    path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], state) as Record<
      string,
      unknown
    >;

  it.each([
    ["another kind", (state) => (at(state)["name"] = "virtio-pci"), "it is the state of virtio-pci"],
    ["a newer version", (state) => (at(state)["version"] = 2), "version is 2"],
    ["the other mmio version", (state) => (at(state)["forceLegacy"] = true), "of the other version"],
    [
      "another device",
      (state) => (at(state, "bus")["device"] = "virtio-rng"),
      "it has virtio-rng where this machine has virtio-blk",
    ],
    ["other features", (state) => (at(state, "bus")["deviceFeatures"] = [0, 0, 0, 0]), "offered other features"],
    ["features never offered", (state) => (at(state, "bus")["driverFeatures"] = [0, 0x11, 0, 0]), "were never offered"],
    ["a status out of range", (state) => (at(state, "bus")["status"] = 256), "status is 256"],
    ["queues missing", (state) => (at(state, "bus")["queues"] = []), "had other queues"],
    ["a ring outside RAM", (state) => (at(state, "bus", "queues", 0, "desc")["high"] = 1), "the rings are refused"],
    ["an index out of range", (state) => (at(state, "bus", "queues", 0)["lastAvail"] = 65536), "lastAvail is 65536"],
    [
      "a segment outside RAM",
      (state) => (at(state, "bus", "queues", 0, "inFlight", 0, "segments", 1)["offset"] = 0xffff_ffff),
      "offset is",
    ],
    [
      "a segment that ends outside RAM",
      (state) => (at(state, "bus", "queues", 0, "inFlight", 0, "segments", 1)["length"] = 0x40_0000),
      "length is",
    ],
    [
      "a chain twice in flight",
      (state) =>
        at(state, "bus", "queues", 0, "inFlight")["push" as never] &&
        (at(state, "bus", "queues", 0)["inFlight"] = [0, 0].map(() => at(state, "bus", "queues", 0, "inFlight", 0))),
      "in flight twice",
    ],
    ["a head outside the ring", (state) => (at(state, "bus", "queues", 0, "inFlight", 0)["head"] = 99), "head is 99"],
    ["no state at all", (state) => (at(state, "bus")["deviceState"] = null), "not a section"],
  ] as [string, Change, string][])("%s", (_name, change, reason) => {
    const disk = new MemoryDisk(2 ** 20);
    disk.manual = true;
    const vm = blk("mmio v2", disk);
    vm.start(CONFIGURATION);
    vm.send(read(vm, 0), "indirect");
    const state = JSON.parse(JSON.stringify(vm.transport.save())) as Record<string, never>;
    change(state);
    const young = blk("mmio v2", new MemoryDisk(2 ** 20));
    young.ram.bytes(0x4000_0000, young.ram.sizeBytes).set(vm.ram.bytes(0x4000_0000, vm.ram.sizeBytes));
    expect(() => young.transport.load(state)).toThrow(StateError);
    expect(() => blk("mmio v2", new MemoryDisk(2 ** 20)).transport.load(state)).toThrow(reason);
  });

  it.each([null, 3, "text", [], {}])("%j", (state) => {
    const vm = blk("mmio v2", new MemoryDisk(512));
    expect(() => vm.transport.load(state)).toThrow(StateError);
  });
});
