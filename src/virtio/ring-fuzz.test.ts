/** Differential fuzz: random programs on the ring walker and on the reference ring must be told apart by nothing. */
import fc from "fast-check";
import { expect, it } from "vitest";
import * as W from "./spec/walker.ts";
import { GUEST_RAM_BASE, loadRingEngine } from "./testing/engine.ts";
import { type PoppedChain, readRecord } from "./testing/ring-bench.ts";
import { ReferenceRing } from "./testing/reference-ring.ts";

const RAM_BYTES = 0x1_0000;
const SECONDS = 5;
/** Where the program's rings and tables lie; small, so that corruption hits something. */
const PLACE = { desc: 0x1000, driver: 0x1800, device: 0x1900, indirect: 0x2000, buffers: 0x4000 };

const engine = loadRingEngine(RAM_BYTES);
const queue = engine.vq_open();

/** How often each outcome of a pop was seen. */
const outcomes = new Map<string, number>();

/** Reads the random program; past its end everything is 0. */
class Source {
  private at = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  u8(): number {
    return this.bytes[this.at++] ?? 0;
  }

  u16(): number {
    return this.u8() | (this.u8() << 8);
  }

  /** Mostly small numbers, sometimes the borders of u16 and u32. */
  interesting(): number {
    const choice = this.u8();
    if (choice < 200) return choice & 15;
    return [0xffff, 0x8000, 0xffff_ffff, 0x8000_0000, 16, 17, 1024, 0x4000][choice & 7] as number;
  }
}

/** A chain with the generation that the reference ring gives it. */
interface Popped {
  chain: PoppedChain;
  readonly generation: number;
}

class Program {
  private readonly source: Source;
  private readonly ram: Uint8Array;
  private readonly view: DataView;
  private readonly shadow: Uint8Array;
  private readonly reference: ReferenceRing;
  private availIdx = 0;
  private nextDescriptor = 0;
  private size = 8;
  private readonly popped: Popped[] = [];
  private last: Popped | null = null;

  constructor(bytes: Uint8Array) {
    this.source = new Source(bytes);
    this.ram = new Uint8Array(engine.memory.buffer as ArrayBuffer, engine.vq_ram_base() >>> 0, RAM_BYTES);
    this.ram.fill(0);
    this.view = new DataView(this.ram.buffer, this.ram.byteOffset, RAM_BYTES);
    this.shadow = new Uint8Array(RAM_BYTES);
    this.reference = new ReferenceRing(this.shadow);
  }

  run(): void {
    this.enable();
    while (!this.source.done) {
      // A dead queue is only worth a few looks.
      if (!this.reference.isLive && (this.source.u8() & 1) !== 0) this.enable();
      this.step(this.source.u8() % 20);
      expect(Buffer.compare(this.ram, this.shadow)).toBe(0);
    }
  }

  /** The guest writes: to both memories. */
  private guest(write: (view: DataView) => void): void {
    write(this.view);
    write(new DataView(this.shadow.buffer));
  }

  private step(choice: number): void {
    if (choice < 6) this.offerChain();
    else if (choice < 10) this.pop();
    else if (choice < 13) this.push();
    else if (choice === 13) expect(engine.vq_flush(queue)).toBe(this.reference.flush());
    else if (choice === 14) expect(engine.vq_arm(queue)).toBe(this.reference.arm());
    else if (choice === 15) {
      engine.vq_disarm(queue);
      this.reference.disarm();
    } else if (choice === 16) this.unpop();
    else if (choice === 17) this.corrupt();
    else if (choice === 18) this.driverFields();
    else if (this.source.u8() < 64) this.enable();
    else this.saveAndRestore();
  }

  private enable(): void {
    const flags = this.source.u8() & 7;
    const odd = this.source.u8();
    this.size = [8, 4, 2, 16][odd & 3] as number;
    const size = odd === 255 ? this.source.interesting() : this.size;
    const place = { desc: PLACE.desc, driver: PLACE.driver, device: PLACE.device };
    if (odd === 254) place.device = PLACE.driver + 2 * (this.source.u8() & 31);
    if (odd === 253) place.desc = RAM_BYTES - 16 * (this.source.u8() & 31);
    const address = (offset: number): bigint => BigInt(GUEST_RAM_BASE + offset);
    engine.vq_set_area(queue, W.VQ_AREA_DESC, GUEST_RAM_BASE + place.desc, 0);
    engine.vq_set_area(queue, W.VQ_AREA_DRIVER, GUEST_RAM_BASE + place.driver, 0);
    engine.vq_set_area(queue, W.VQ_AREA_DEVICE, GUEST_RAM_BASE + place.device, 0);
    const areas = { desc: address(place.desc), driver: address(place.driver), device: address(place.device) };
    expect(engine.vq_enable(queue, size, flags)).toBe(this.reference.enable(size, areas, flags));
    this.guest((view) => view.setUint32(PLACE.driver, 0, true));
    this.availIdx = 0;
    this.last = null;
  }

  /** A chain that is mostly right, direct, indirect or both. */
  private offerChain(): void {
    const shape = this.source.u8();
    const direct = (shape & 3) % Math.max(1, Math.min(4, this.size));
    const indirect = (shape >> 2) & 3;
    const writableFrom = (shape >> 4) & 7;
    const head = this.nextDescriptor % this.size;
    let position = 0;
    const describe = (at: number, isLast: boolean, next: number): void => {
      const length = this.source.u8() === 0 ? this.source.interesting() : this.source.u8();
      const flags = (isLast ? 0 : 1) | (position++ >= writableFrom ? 2 : 0);
      const address = GUEST_RAM_BASE + PLACE.buffers + this.source.u16() / 4;
      this.descriptor(at, BigInt(Math.floor(address)), length, flags, next);
    };
    const count = indirect > 0 ? direct : Math.max(1, direct);
    for (let index = 0; index < count; ++index) {
      const next = (head + index + 1) % this.size;
      describe(PLACE.desc + 16 * ((head + index) % this.size), index === count - 1 && indirect === 0, next);
    }
    if (indirect > 0) {
      const table = PLACE.indirect + (this.source.u8() & 0x7f);
      this.descriptor(
        PLACE.desc + 16 * ((head + count) % this.size),
        BigInt(GUEST_RAM_BASE + table),
        16 * indirect,
        4,
        0,
      );
      for (let index = 0; index < indirect; ++index) describe(table + 16 * index, index === indirect - 1, index + 1);
    }
    this.nextDescriptor += count + (indirect > 0 ? 1 : 0);
    this.offer(head);
  }

  private descriptor(at: number, address: bigint, length: number, flags: number, next: number): void {
    this.guest((view) => {
      view.setBigUint64(at, address, true);
      view.setUint32(at + 8, length, true);
      view.setUint16(at + 12, flags, true);
      view.setUint16(at + 14, next, true);
    });
  }

  private offer(head: number): void {
    const entry = PLACE.driver + 4 + 2 * (this.availIdx % this.size);
    this.availIdx = (this.availIdx + 1) & 0xffff;
    this.guest((view) => {
      view.setUint16(entry, head, true);
      view.setUint16(PLACE.driver + 2, this.availIdx, true);
    });
  }

  private pop(): void {
    const expected = this.reference.pop();
    const record = engine.vq_pop(queue);
    const kind = expected === null ? "empty" : typeof expected === "number" ? `error ${expected}` : "chain";
    outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
    if (expected === null || typeof expected === "number") {
      expect(record).toBe(expected ?? 0);
      return;
    }
    expect(record).toBeGreaterThan(0);
    const chain = readRecord(engine, record);
    expect(chain).toEqual({ ...expected, generation: chain.generation });
    expect(chain.generation).toBe(engine.vq_generation(queue) >>> 0);
    this.last = { chain, generation: expected.generation };
    this.popped.push(this.last);
  }

  /** Returns one of the chains of this life or an older one, sometimes twice, sometimes one that never was. */
  private push(): void {
    const index = this.source.u8();
    const written = this.source.interesting();
    const entry = this.popped[index % Math.max(1, this.popped.length)];
    if (entry === undefined) return;
    if (index < 200) this.popped.splice(this.popped.indexOf(entry), 1);
    const head = index === 255 ? this.source.interesting() & 0xffff : entry.chain.head;
    expect(engine.vq_push(queue, entry.chain.generation, head, written, 0)).toBe(
      this.reference.push(head, entry.generation, written),
    );
    if (entry === this.last) this.last = null;
  }

  private unpop(): void {
    if (this.last === null) return;
    const { chain, generation } = this.last;
    expect(engine.vq_unpop(queue, chain.generation, chain.head, 0)).toBe(this.reference.unpop(chain.head, generation));
    this.last = null;
  }

  /** Spoils one field of a descriptor, or any byte near the rings. */
  private corrupt(): void {
    const kind = this.source.u8();
    const table = (kind & 1) === 0 ? PLACE.desc : PLACE.indirect;
    const at = table + 16 * (this.source.u8() % this.size);
    const value = this.source.interesting();
    const anywhere = PLACE.desc + (this.source.u16() & 0xfff);
    this.guest((view) => {
      if (kind < 100) view.setUint16(at + 12, value & 7, true);
      else if (kind < 140) view.setUint16(at + 14, value, true);
      else if (kind < 180) view.setUint32(at + 8, value, true);
      else if (kind < 210) view.setUint32(at + (value & 4), value, true);
      else view.setUint8(anywhere, value);
    });
  }

  private driverFields(): void {
    const which = this.source.u8() & 3;
    const value = this.source.interesting() & 0xffff;
    this.guest((view) => {
      if (which === 0) view.setUint16(PLACE.driver, value, true);
      else if (which === 1) this.availIdx = value;
      else view.setUint16(PLACE.driver + 4 + 2 * this.size, value, true);
    });
    if (which === 3) this.offer(value);
  }

  /** A saved and restored queue is the same queue; what was staged is flushed before, as the machine does. */
  private saveAndRestore(): void {
    if (!this.reference.isLive) return;
    expect(engine.vq_flush(queue)).toBe(this.reference.flush());
    const saved = [0, 1, 2, 3].map((field) => engine.vq_get(queue, field)) as [number, number, number, number];
    expect(saved.slice(0, 2)).toEqual([this.reference.lastAvail, this.reference.usedIdx]);
    expect(engine.vq_get(queue, W.VQ_FIELD_IN_FLIGHT)).toBe(this.reference.held.length);
    if (engine.vq_enable(queue, this.reference.currentSize, this.reference.currentFlags) !== 0)
      throw new Error("a running queue was refused");
    engine.vq_restore(queue, ...saved);
    for (const head of this.reference.held) expect(engine.vq_hold(queue, head, 0)).toBe(0);
    const generation = engine.vq_generation(queue) >>> 0;
    for (const entry of this.popped) {
      if (entry.generation === this.reference.currentGeneration) entry.chain = { ...entry.chain, generation };
    }
  }
}

const program = fc.property(fc.uint8Array({ minLength: 20, maxLength: 1000, size: "max" }), (bytes) =>
  new Program(bytes).run(),
);

it("a fixed set of programs reaches chains and every violation but the one of 4 GiB", { timeout: 60_000 }, () => {
  fc.assert(program, { seed: 1, numRuns: 1000 });
  for (let error = W.VQ_ERROR_AVAIL_IDX; error >= W.VQ_ERROR_DUPLICATE; --error) {
    if (error !== W.VQ_ERROR_TOTAL) expect([...outcomes.keys()]).toContain(`error ${error}`);
  }
  expect(outcomes.get("chain")).toBeGreaterThan(1000);
});

it(`${SECONDS} s of random programs`, { timeout: 60_000 }, () => {
  fc.assert(program, { numRuns: 1_000_000, interruptAfterTimeLimit: SECONDS * 1000, markInterruptAsFailure: false });
});
