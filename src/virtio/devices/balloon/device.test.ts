/** The memory balloon over every transport and every way of using a ring. */
import { describe, expect, it } from "vitest";
import * as B from "../../spec/balloon.ts";
import { GUEST_RAM_BASE } from "../../testing/engine.ts";
import type { DriverBuffer } from "../../testing/driver-ring.ts";
import { type Configuration, Harness, MATRIX } from "../../testing/harness.ts";
import type { VirtioBalloon } from "./device.ts";
import { balloonRole } from "./roles.ts";

const ALL = { "free-page-hint": true, "free-page-reporting": true, "deflate-on-oom": true };
const PAGE = B.BALLOON_PAGE_SIZE;

function machine(configuration: Pick<Configuration, "transport">, properties = {}) {
  const vm = new Harness(configuration.transport, "virtio-balloon", properties);
  return { vm, balloon: vm.created.device as VirtioBalloon };
}

/** A buffer of page numbers. */
function pages(vm: Harness, ...numbers: number[]): DriverBuffer {
  return vm.out(new Uint8Array(Uint32Array.from(numbers).buffer));
}

/** A page of the guest's memory, full of something. */
function fullPage(vm: Harness): number {
  const address = vm.ram.alloc(PAGE, PAGE);
  vm.ram.bytes(address, PAGE).fill(0x5a);
  return address;
}

const isZero = (vm: Harness, address: number, length = PAGE): boolean =>
  vm.ram.bytes(address, length).every((byte) => byte === 0);

function stat(tag: number, value: bigint): number[] {
  const bytes = new DataView(new ArrayBuffer(B.BALLOON_STAT_SIZE));
  bytes.setUint16(0, tag, true);
  bytes.setBigUint64(2, value, true);
  return [...new Uint8Array(bytes.buffer)];
}

describe.each(MATRIX)("virtio-balloon, $transport, $ring", (configuration) => {
  const { style } = configuration;

  it("takes pages, clears them and gives them back; what is no RAM is logged and skipped", async () => {
    const { vm } = machine(configuration);
    expect(vm.driver.deviceId()).toBe(5);
    vm.start(configuration, [0, 1, 2]);
    const first = fullPage(vm);
    const second = fullPage(vm);
    const kept = fullPage(vm);
    const list = pages(vm, first / PAGE, 0, 0xffff_ffff, second / PAGE);
    expect((await vm.transact([list], style, 0)).length).toBe(0);
    expect([first, second, kept].map((address) => isZero(vm, address))).toEqual([true, true, false]);
    expect(vm.log.guestErrors.join()).toContain("page that is not RAM");
    vm.ram.bytes(first, PAGE).fill(7);
    await vm.transact([pages(vm, first / PAGE)], style, 1);
    expect(isZero(vm, first)).toBe(false);
  });

  it("ignores what is left of a page number at the end of a buffer, and empty chains", async () => {
    const { vm } = machine(configuration);
    vm.start(configuration, [0]);
    const page = fullPage(vm);
    const odd = vm.out([...new Uint8Array(Uint32Array.of(page / PAGE).buffer), 1, 2]);
    await vm.transact([odd], style, 0);
    await vm.transact([vm.in(4)], style, 0);
    expect(isZero(vm, page)).toBe(true);
    expect(vm.log.guestErrors).toEqual([]);
  });

  it("asks for statistics by returning the buffer, at the interval", async () => {
    const { vm, balloon } = machine(configuration, { "guest-stats-polling-interval": 2 });
    vm.start(configuration, [0, 1, 2]);
    vm.send([vm.out([...stat(4, 1000n), ...stat(5, 1n << 33n), ...stat(999, 1n), 1, 2, 3])], style, 2);
    expect(balloon.stats).toEqual({ freeMemory: 1000, totalMemory: 2 ** 33 });
    vm.clock.advance(1999);
    expect(vm.ring(2).take()).toBe(null);
    vm.clock.advance(1);
    expect(vm.ring(2).take()).not.toBe(null);
    // Nothing is asked again before the driver has answered.
    vm.clock.advance(10_000);
    expect(balloon.askForStats()).toBe(false);
    vm.send([vm.out(stat(4, 2000n))], style, 2);
    expect(balloon.stats).toEqual({ freeMemory: 2000 });
  });

  it("a second statistics buffer is an error, and does not cost the first", () => {
    const { vm } = machine(configuration);
    vm.start(configuration, [0, 1, 2]);
    vm.send([vm.out(stat(4, 1n))], style, 2);
    vm.send([vm.out(stat(4, 2n))], style, 2);
    expect(vm.log.guestErrors.join()).toContain("second statistics buffer");
    expect(vm.ring(2).take()).not.toBe(null);
  });

  it("a reset forgets the statistics buffer and the time for the next question", () => {
    const { vm, balloon } = machine(configuration, { "guest-stats-polling-interval": 1 });
    vm.start(configuration, [0, 1, 2]);
    vm.send([vm.out(stat(4, 1n))], style, 2);
    vm.driver.reset();
    vm.clock.advance(5000);
    expect(balloon.stats).toEqual({});
    expect(balloon.askForStats()).toBe(false);
  });

  it("reports and hints of free memory clear it, unless the guest counts on what it is filled with", async () => {
    if (vmIsLegacy(configuration)) return;
    const { vm, balloon } = machine(configuration, ALL);
    vm.start(configuration, [0, 1, 2, 3, 4]);
    const free = fullPage(vm);
    await vm.transact([{ address: free, length: PAGE, write: true }], style, 4);
    expect(isZero(vm, free)).toBe(true);
    expect(balloon.reportedBytes).toBe(PAGE);
    expect(balloon.startHinting()).toBe(true);
    const id = vm.driver.readConfig(B.BALLOON_CONFIG_FREE_PAGE_HINT_CMD_ID, 4);
    expect(id).toBeGreaterThanOrEqual(B.VIRTIO_BALLOON_CMD_ID_MIN);
    const early = fullPage(vm);
    await vm.transact([{ address: early, length: PAGE, write: true }], style, 3);
    expect(isZero(vm, early)).toBe(false);
    await vm.transact([pages(vm, id)], style, 3);
    const hinted = fullPage(vm);
    await vm.transact([{ address: hinted, length: PAGE, write: true }], style, 3);
    expect(isZero(vm, hinted)).toBe(true);
    await vm.transact([pages(vm, B.VIRTIO_BALLOON_CMD_ID_STOP)], style, 3);
    await vm.transact([{ address: early, length: PAGE, write: true }], style, 3);
    expect(isZero(vm, early)).toBe(false);
    vm.driver.writeConfig(B.BALLOON_CONFIG_POISON_VAL, 4, 0xaaaa_aaaa);
    await vm.transact([{ address: early, length: PAGE, write: true }], style, 4);
    expect(isZero(vm, early)).toBe(false);
  });
});

/** The five queues are tried where feature bits and queue numbers are as the specification has them. */
function vmIsLegacy({ transport }: Pick<Configuration, "transport">): boolean {
  return transport !== "mmio v2";
}

describe("virtio-balloon configuration", () => {
  it("offers what QEMU's device offers by its options", () => {
    const bits = (properties: object): number[] =>
      machine({ transport: "mmio v2" }, properties)
        .vm.driver.deviceFeatures()
        .bits()
        .filter((bit) => bit < 24);
    expect(bits({})).toEqual([1, 4]);
    expect(bits(ALL)).toEqual([1, 2, 3, 4, 5]);
    expect(bits({ "page-poison": "off" })).toEqual([1]);
  });

  it("asks for a size with a configuration change; the driver answers in whole words or in bytes", () => {
    const { vm, balloon } = machine({ transport: "mmio v1" });
    let changes = 0;
    balloon.onChange = () => (changes += 1);
    vm.start({ eventIdx: false, style: "direct" }, [0, 1, 2]);
    changes = 0;
    balloon.setTarget(10 * PAGE + 5);
    expect(vm.driver.takeInterrupts().config).toBe(true);
    expect(vm.driver.readConfig(B.BALLOON_CONFIG_NUM_PAGES, 4)).toBe(10);
    vm.driver.writeConfig(B.BALLOON_CONFIG_ACTUAL, 4, 10);
    expect(balloon.actualBytes).toBe(10 * PAGE);
    for (const [index, byte] of [0x34, 0x12, 0, 0].entries()) {
      vm.driver.writeConfig(B.BALLOON_CONFIG_ACTUAL + index, 1, byte);
    }
    expect(balloon.actualBytes).toBe(0x1234 * PAGE);
    expect(changes).toBe(2);
    balloon.setTarget(2 ** 60);
    expect(balloon.targetBytes).toBe(vm.ram.sizeBytes);
  });

  it("a page number below RAM is none, also the first one", async () => {
    const { vm } = machine({ transport: "mmio v2" });
    vm.start({ eventIdx: false, style: "direct" }, [0]);
    await vm.transact([pages(vm, GUEST_RAM_BASE / PAGE - 1)], "direct", 0);
    expect(vm.log.guestErrors.length).toBe(1);
  });
});

describe("queue numbers, as the specification has them and as Linux counts", () => {
  const subsets = [[], [1], [3], [5], [1, 3], [1, 5], [3, 5], [1, 3, 5]];
  const optional = [
    ["statsq", 1],
    ["free_page_vq", 3],
    ["reporting_vq", 5],
  ] as const;

  it.each(subsets)("features %j", (...features) => {
    const has = (bit: number): boolean => features.includes(bit);
    const names = ["inflateq", "deflateq", ...optional.filter(([, bit]) => has(bit)).map(([name]) => name)];
    names.forEach((name, index) => {
      expect(balloonRole(index, has, (other) => other < names.length)).toBe(name);
    });
    const numbers = [0, 1, ...optional.flatMap(([, bit], index) => (has(bit) ? [index + 2] : []))];
    numbers.forEach((number, index) => {
      expect(balloonRole(number, has, (other) => numbers.includes(other))).toBe(names[index]);
    });
  });
});
