/** The entropy device over every transport and every way of using a ring. */
import { describe, expect, it } from "vitest";
import type { EntropySource } from "../../backends.ts";
import { type Configuration, Harness, MATRIX } from "../../testing/harness.ts";

/** Counts up, so that what was given twice or left out shows. */
class Counting implements EntropySource {
  next = 0;
  largest = 0;

  fill(into: Uint8Array): void {
    this.largest = Math.max(this.largest, into.length);
    for (let index = 0; index < into.length; ++index) into[index] = this.next++ & 0xff;
  }
}

function machine(configuration: Pick<Configuration, "transport">, properties = {}): { vm: Harness; source: Counting } {
  const source = new Counting();
  return {
    vm: new Harness(configuration.transport, "virtio-rng", properties, { backends: { entropy: source } }),
    source,
  };
}

const counted = (length: number, from = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (from + index) & 0xff);

describe.each(MATRIX)("virtio-rng, $transport, $ring", (configuration) => {
  const { style } = configuration;

  it("qtest:virtio-rng/nop is there and fills what it is given", async () => {
    const { vm } = machine(configuration);
    expect(vm.driver.deviceId()).toBe(4);
    vm.start(configuration, [0], { size: 8 });
    const first = vm.in(64);
    const second = vm.in(7);
    expect((await vm.transact([first, second], style)).length).toBe(71);
    expect([...vm.content(first), ...vm.content(second)]).toEqual([...counted(71)]);
    expect(vm.driver.takeInterrupts().used).toBe(true);
  });

  it("ignores device-readable buffers, and returns a chain without room", async () => {
    const { vm } = machine(configuration);
    vm.start(configuration, [0], { size: 8 });
    const into = vm.in(16);
    expect((await vm.transact([vm.out([1, 2, 3]), into], style)).length).toBe(16);
    expect(vm.content(into)).toEqual(counted(16));
    expect((await vm.transact([vm.out([1, 2, 3])], style)).length).toBe(0);
  });

  it("answers a huge buffer with a part of it, in pieces that any source can give", async () => {
    const { vm, source } = machine(configuration);
    vm.start(configuration, [0], { size: 8 });
    const into = vm.in(200_000);
    expect((await vm.transact([into], style)).length).toBe(65536);
    expect(source.largest).toBeLessThanOrEqual(65536);
    expect(Buffer.compare(vm.content(into).subarray(0, 65536), counted(65536))).toBe(0);
    expect(vm.content(into)[65536]).toBe(0xee);
  });

  it("max-bytes in a period delays answers, and never makes one empty", async () => {
    const { vm } = machine(configuration, { "max-bytes": 10, period: 1000 });
    vm.start(configuration, [0], { size: 8 });
    expect((await vm.transact([vm.in(6)], style)).length).toBe(6);
    expect((await vm.transact([vm.in(6)], style)).length).toBe(4);
    vm.send([vm.in(6)], style);
    vm.send([vm.in(6)], style);
    expect(vm.ring().take()).toBe(null);
    vm.clock.advance(999);
    expect(vm.ring().take()).toBe(null);
    vm.clock.advance(1);
    expect(vm.ring().take()?.length).toBe(6);
    expect(vm.ring().take()?.length).toBe(4);
    vm.clock.advance(1000);
    expect((await vm.transact([vm.in(6)], style)).length).toBe(6);
  });

  it("a reset while an answer waits for its period forgets it", async () => {
    const { vm } = machine(configuration, { "max-bytes": 1, period: 1000 });
    vm.start(configuration, [0], { size: 8 });
    await vm.transact([vm.in(1)], style);
    const late = vm.in(4);
    vm.send([late], style);
    vm.driver.reset();
    vm.clock.advance(5000);
    expect(vm.content(late)).toEqual(new Uint8Array(4).fill(0xee));
    vm.start(configuration, [0], { size: 8 });
    expect((await vm.transact([vm.in(4)], style)).length).toBe(1);
  });
});
