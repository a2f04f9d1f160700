/**
 * No notification is lost: a driver that kicks only when the device asked for it, and looks at the used ring only when
 * it was interrupted, gets every request back, whatever the order of completions.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadRingEngine } from "./testing/engine.ts";
import { Harness, TRANSPORTS, type TransportName } from "./testing/harness.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { ringFormats } from "./testing/ring-formats.ts";

const engine = loadRingEngine(0x40_0000);

/** What the world does next: the driver adds so many requests, or the backend finishes so many. */
type Step = { readonly add: number } | { readonly finish: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ add: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ finish: fc.integer({ min: 1, max: 40 }) }),
);

class World {
  readonly vm: Harness;
  readonly disk = new MemoryDisk(2 ** 16);
  private outstanding = 0;
  private readonly lazy: boolean;

  constructor(transport: TransportName, ring: { eventIdx: boolean; packed: boolean }, size: number, lazy: boolean) {
    this.disk.manual = true;
    this.lazy = lazy;
    this.vm = new Harness(transport, "virtio-blk", { drive: "disk" }, { backends: { block: this.disk }, engine });
    this.vm.start({ ...ring, style: "indirect" }, [0], { size });
  }

  /** Adds requests as long as there are descriptors, publishing them one by one or all before one kick. */
  add(count: number): void {
    const ring = this.vm.ring();
    for (let index = 0; index < count && ring.freeCount > 0; ++index) {
      ring.add([this.vm.out(new Uint8Array(16)), this.vm.in(512), this.vm.in(1)], "indirect");
      this.outstanding += 1;
      if (!this.lazy && ring.mustKick()) this.vm.driver.notify(0);
    }
    if (this.lazy && ring.mustKick()) this.vm.driver.notify(0);
    this.interrupt();
  }

  async finish(count: number): Promise<void> {
    await this.disk.release(Math.min(count, this.disk.pending));
    this.interrupt();
  }

  /** The interrupt handler: nothing is looked at without an interrupt. */
  private interrupt(): void {
    while (this.vm.driver.takeInterrupts().used) {
      for (let used = this.vm.ring().take(); used !== null; used = this.vm.ring().take()) this.outstanding -= 1;
    }
  }

  /** Lets everything finish; returns the requests that never came back. */
  async settle(): Promise<number> {
    for (let turn = 0; turn < 40 && this.outstanding > 0; ++turn) await this.finish(1000);
    this.vm.transport.bus.unplug();
    return this.outstanding;
  }
}

describe.each(TRANSPORTS)("on %s", (transport) => {
  const rings = ringFormats(transport).flatMap((packed) => [false, true].map((eventIdx) => ({ packed, eventIdx })));
  it.each(rings)("packed $packed, event index $eventIdx", { timeout: 60_000 }, async (ring) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.constantFrom(1, 2, 4, 64),
        fc.boolean(),
        async (steps, size, lazy) => {
          const world = new World(transport, ring, size, lazy);
          for (const next of steps) {
            if ("add" in next) world.add(next.add);
            else await world.finish(next.finish);
          }
          expect(await world.settle()).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});
