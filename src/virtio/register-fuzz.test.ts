/**
 * Register fuzz: any access to any register of every transport, in between what a driver does, with requests in flight.
 * After each access the bus is held against a small model of its state machine; nothing throws; the device writes
 * nothing that it was not given; and after a machine reset it works. fuzz-budget.ts tells how to run more.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { VirtioBus } from "./bus.ts";
import type { RingEngine } from "./ring-engine.ts";
import { VIRTIO_F_RING_PACKED, VIRTIO_F_VERSION_1 } from "./spec/features.ts";
import { STATUS_DEVICE_NEEDS_RESET, STATUS_FEATURES_OK } from "./spec/status.ts";
import { GUEST_RAM_BASE } from "./testing/engine.ts";
import { FUZZ_TIMEOUT_MS, fuzz } from "./testing/fuzz-budget.ts";
import { CcwDriver } from "./testing/ccw-driver.ts";
import { Harness, TRANSPORTS, type TransportName } from "./testing/harness.ts";
import { loadInstrumentedEngine } from "./testing/instrumented.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { poke, powerCycle } from "./testing/register-poke.ts";
import { Source } from "./testing/ring-program.ts";
import { ringFormats } from "./testing/ring-formats.ts";
import { S390_PAGES, S390Driver } from "./testing/s390-driver.ts";
import { WriteShadow } from "./testing/write-shadow.ts";

const RAM_BYTES = 0x20_0000;
const SECONDS = 2;
const DEVICES = ["virtio-blk", "virtio-rng"] as const;

let engine: RingEngine;
let shadow: WriteShadow;

beforeAll(async () => {
  shadow = new WriteShadow();
  engine = await loadInstrumentedEngine(RAM_BYTES, {
    read: (): void => {},
    write: (host, size): void => shadow.write(host, size),
  });
}, 180_000);

/** What must hold of a bus after anything that a driver did. */
class BusModel {
  private readonly bus: VirtioBus;
  private status = 0;
  private features: number[] = [];

  constructor(bus: VirtioBus) {
    this.bus = bus;
  }

  private words(of: (word: number) => number): number[] {
    return [0, 1, 2, 3].map(of);
  }

  check(): void {
    const { bus } = this;
    const { status } = bus;
    const fail = (what: string): never => {
      throw new Error(`${what}: status 0x${status.toString(16)}, before 0x${this.status.toString(16)}`);
    };
    // Only the device sets NEEDS_RESET, and whenever it is broken.
    const modern = bus.mode === "modern";
    if (modern && ((status & STATUS_DEVICE_NEEDS_RESET) !== 0) !== (bus.brokenBy !== null)) fail("NEEDS_RESET");
    const offered = this.words((word) => bus.deviceFeatures(word));
    const driver = this.words((word) => bus.driverFeatures(word));
    if (modern && (status & STATUS_FEATURES_OK) !== 0) {
      if (driver.some((bits, word) => (bits & ~(offered[word] as number)) !== 0))
        fail("features that were not offered");
      if (((driver[1] as number) >>> (VIRTIO_F_VERSION_1 - 32)) % 2 === 0) fail("no VERSION_1");
      // The features are frozen until a reset, which status 0 shows in between, or a smaller status.
      const kept = (this.status & STATUS_FEATURES_OK) !== 0 && (this.status & ~status) === 0;
      if (kept && this.features.join() !== driver.join()) this.changed = true;
    }
    const packed = bus.has(VIRTIO_F_RING_PACKED);
    for (const queue of bus.queues) {
      if (!queue.ready) continue;
      const { size, sizeMax, desc } = queue;
      if (size < 1 || size > sizeMax || (!packed && (size & (size - 1)) !== 0)) fail(`queue size ${size}`);
      if (bus.memory.at(desc.high * 2 ** 32 + desc.low, 16 * size) === 0) fail("descriptors outside RAM");
    }
    if (status === 0 && modern && bus.queues.some(({ ready }) => ready)) fail("a queue that runs after the reset");
    this.status = status;
    this.features = driver;
  }

  /** Features that changed under FEATURES_OK: a reset and a new negotiation inside one access cannot be. */
  changed = false;

  /** The driver has begun anew. */
  restart(): void {
    this.status = 0;
  }
}

function machine(transport: TransportName, device: (typeof DEVICES)[number]): { vm: Harness; queues: number[] } {
  shadow = new WriteShadow();
  const described = transport === "s390 pages" || transport.startsWith("ccw");
  if (described) shadow.allow(GUEST_RAM_BASE + RAM_BYTES - S390_PAGES * 4096, S390_PAGES * 4096);
  const disk = new MemoryDisk(2 ** 16, { sync: true });
  const entropy = { fill: (into: Uint8Array): void => void into.fill(0x5a) };
  const properties: Record<string, string | number> = device === "virtio-blk" ? { drive: "disk", "num-queues": 2 } : {};
  const backends = { block: disk, entropy };
  const vm = new Harness(transport, device, properties, { backends, engine: shadow.wrap(engine) });
  return { vm, queues: device === "virtio-blk" ? [0, 1] : [0] };
}

/** A request that every sane driver could make. */
function request(vm: Harness, device: (typeof DEVICES)[number], queue: number): number {
  const chain = device === "virtio-blk" ? [vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)] : [vm.in(64)];
  vm.ring(queue).add(chain, "direct");
  // The driver of the pages would look up in them, where anything may stand now, what it is to call.
  if (vm.driver instanceof S390Driver) vm.driver.hypervisor.call(0, vm.ring(queue).place.desc);
  // The subchannel may be disabled now.
  else if (vm.driver instanceof CcwDriver) vm.driver.call(queue);
  else vm.driver.notify(queue);
  return device === "virtio-blk" ? 513 : 64;
}

/** Runs one program; returns the number of operations. */
function run(transport: TransportName, device: (typeof DEVICES)[number], packed: boolean, bytes: Uint8Array): number {
  const { vm, queues } = machine(transport, device);
  const { bus } = vm.transport;
  const source = new Source(bytes);
  const model = new BusModel(bus);
  const start = (eventIdx: boolean): void => {
    vm.ram.rewind();
    vm.start({ style: "direct", eventIdx, packed }, queues, { size: 8 });
  };
  start(false);
  let operations = 0;
  while (!source.done) {
    const choice = source.u8();
    const queue = queues[choice % queues.length] as number;
    if (choice === 0) {
      // Firmware and driver begin anew, so that there is always something to disturb.
      powerCycle(vm);
      start((source.u8() & 1) === 0);
      model.restart();
    } else if (choice < 16) {
      if (vm.ring(queue).freeCount > 2) request(vm, device, queue);
    } else if (choice < 24) vm.ram.setU8(GUEST_RAM_BASE + 0x1000 + (source.u16() & 0xfff), source.u8());
    else poke(vm, source, ({ gpa, length }) => shadow.allow(gpa, length));
    model.check();
    operations += 1;
  }
  powerCycle(vm);
  start(true);
  const length = request(vm, device, 0);
  const used = vm.ring().take();
  if (used?.length !== length) throw new Error(`dead after a reset: ${used?.length}`);
  bus.unplug();
  if (model.changed) throw new Error("features changed after FEATURES_OK");
  if (shadow.violations.length > 0) throw new Error(shadow.violations[0]);
  if (vm.log.hostErrors.length > 0) throw new Error(vm.log.hostErrors[0]);
  return operations;
}

describe.each(TRANSPORTS)("registers of %s", (transport) => {
  const formats = ringFormats(transport);
  it.each(DEVICES.flatMap((device) => formats.map((packed) => ({ device, packed }))))(
    "$device, packed $packed",
    { timeout: FUZZ_TIMEOUT_MS },
    ({ device, packed }) => {
      const name = `registers of ${transport}, ${device}${packed ? ", packed" : ""}`;
      const { operations } = fuzz(name, SECONDS, (bytes) => run(transport, device, packed, bytes));
      expect(operations).toBeGreaterThan(0);
    },
  );
});

describe("programs that once were findings", () => {
  /** SET_IND whose eight bytes are chained from five and three others: the indicators are at the beginning of RAM. */
  const SPLIT_INDICATORS = [
    ...[24, 0, 40, ...new Array<number>(40).fill(0), 7, 108, 219, 168, 0, 0, 26, 32, 0, 1],
    ...new Array<number>(20).fill(0),
  ];

  it("indicators at an address in pieces", () => {
    expect(run("ccw 1", "virtio-rng", true, Uint8Array.from(SPLIT_INDICATORS))).toBeGreaterThan(1);
  });
});
