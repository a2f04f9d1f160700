/**
 * Random programs of a driver and a device on one queue, run at once on the code under test and on a reference ring:
 * nothing may tell the two apart, neither an answer nor a byte of guest RAM.
 */
import type { RingEngine } from "../ring-engine.ts";
import { GUEST_RAM_BASE } from "./engine.ts";
import type { ReferenceQueue } from "./reference-queue.ts";
import type { PoppedChain } from "./ring-bench.ts";
import type { Subject } from "./ring-subject.ts";

/** Bytes of guest RAM that a program uses; rings and tables lie close together, so that corruption hits something. */
export const PROGRAM_RAM_BYTES = 0x1_0000;
export const PLACE = { desc: 0x1000, driver: 0x1800, device: 0x1900, indirect: 0x2000, buffers: 0x4000 };

/** Reads the random program; past its end everything is 0. */
export class Source {
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

/** A chain that was taken, with the generation that the reference ring gives it. */
interface Taken {
  chain: PoppedChain;
  readonly generation: number;
}

function same(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)}, and by the reference ${String(expected)}`);
}

export abstract class RingProgram {
  protected readonly source: Source;
  protected readonly subject: Subject;
  protected readonly reference: ReferenceQueue;
  protected size = 8;
  /** Descriptors of the ring that this driver thinks are out; a driver that keeps the rules does not go above `size`. */
  protected out = 0;
  private readonly ram: Uint8Array;
  private readonly shadow: Uint8Array;
  private readonly views: readonly DataView[];
  private readonly outcomes: Map<string, number>;
  private readonly popped: Taken[] = [];
  private last: Taken | null = null;
  /** For each chain, who had its name last. */
  private readonly latest = new Map<number, Taken>();
  /** VIRTIO_F_IN_ORDER, as slowly as can be: what was taken, oldest first, and what of it is finished. */
  private order: { head: number; written: number | null }[] = [];
  private operations = 0;

  constructor(
    bytes: Uint8Array,
    engine: RingEngine,
    subject: Subject,
    reference: (ram: Uint8Array) => ReferenceQueue,
    outcomes: Map<string, number>,
  ) {
    this.source = new Source(bytes);
    this.ram = new Uint8Array(engine.memory.buffer as ArrayBuffer, engine.vq_ram_base() >>> 0, PROGRAM_RAM_BYTES);
    this.ram.fill(0);
    this.shadow = new Uint8Array(PROGRAM_RAM_BYTES);
    this.views = [this.ram, this.shadow].map((ram) => new DataView(ram.buffer, ram.byteOffset, ram.byteLength));
    this.subject = subject;
    this.reference = reference(this.shadow);
    this.outcomes = outcomes;
  }

  /** VQ_FLAG_PACKED, or 0. */
  protected abstract readonly format: number;
  /** The queue sizes to choose from. */
  protected abstract readonly sizes: readonly [number, number, number, number];
  /** The queue was enabled: empty rings, a driver at its start. */
  protected abstract restart(): void;
  /** Makes a chain available that is mostly right. */
  protected abstract offerChain(): void;
  /** Spoils what only this format has. */
  protected abstract corruptFormat(kind: number, at: number, value: number): void;
  /** Writes something into what the driver says about notifications, or jumps. */
  protected abstract driverFields(): void;

  /** Runs to the end of the program; returns the number of operations. */
  run(): number {
    this.enable();
    while (!this.source.done) {
      // A dead queue is only worth a few looks.
      if (!this.reference.isLive && (this.source.u8() & 1) !== 0) this.enable();
      this.step(this.source.u8() % 20);
      this.operations += 1;
      if (Buffer.compare(this.ram, this.shadow) !== 0) throw new Error(`RAM differs at ${this.difference()}`);
    }
    return this.operations;
  }

  private difference(): string {
    const at = this.ram.findIndex((byte, index) => byte !== this.shadow[index]);
    return `0x${at.toString(16)}: 0x${this.ram[at]?.toString(16)}, and by the reference 0x${this.shadow[at]?.toString(16)}`;
  }

  /** The guest writes: to both memories. */
  protected guest(write: (view: DataView) => void): void {
    for (const view of this.views) write(view);
  }

  private step(choice: number): void {
    if (choice < 6) {
      // Usually there is room; sometimes the driver does not care.
      if (this.out < this.size || this.source.u8() < 32) this.offerChain();
    } else if (choice < 10) this.pop();
    else if (choice < 13) this.push();
    else if (choice === 13) this.flush();
    else if (choice === 14) same("arm", this.subject.arm() ? 1 : 0, this.reference.arm());
    else if (choice === 15) {
      this.subject.disarm();
      this.reference.disarm();
    } else if (choice === 16) this.unpop();
    else if (choice === 17) this.corrupt();
    else if (choice === 18) this.driverFields();
    else if (this.source.u8() < 64) this.enable();
    else this.saveAndRestore();
  }

  private enable(): void {
    const flags = (this.source.u8() & 7) | this.format;
    const odd = this.source.u8();
    this.size = this.sizes[odd & 3] as number;
    const size = odd === 255 ? this.source.interesting() : this.size;
    const place = { desc: PLACE.desc, driver: PLACE.driver, device: PLACE.device };
    if (odd === 254) place.device = PLACE.driver + 2 * (this.source.u8() & 31);
    if (odd === 253) place.desc = PROGRAM_RAM_BYTES - 16 * (this.source.u8() & 31);
    const [desc, driver, device] = [place.desc, place.driver, place.device].map(
      (offset) => GUEST_RAM_BASE + offset,
    ) as [number, number, number];
    const areas = { desc: BigInt(desc), driver: BigInt(driver), device: BigInt(device) };
    same(
      "enable",
      this.subject.enable(size, { desc, driver, device }, flags),
      this.reference.enable(size, areas, flags),
    );
    this.restart();
    this.out = 0;
    this.order = [];
    this.last = null;
  }

  protected descriptor(at: number, address: number, length: number, ...words: readonly [number, number]): void {
    this.guest((view) => {
      view.setBigUint64(at, BigInt(GUEST_RAM_BASE + address), true);
      view.setUint32(at + 8, length, true);
      view.setUint16(at + 12, words[0], true);
      view.setUint16(at + 14, words[1], true);
    });
  }

  /** A buffer that is mostly small and in RAM. */
  protected buffer(): { address: number; length: number } {
    const length = this.source.u8() === 0 ? this.source.interesting() : this.source.u8();
    return { address: PLACE.buffers + Math.floor(this.source.u16() / 4), length };
  }

  private pop(): void {
    const expected = this.reference.pop();
    const actual = this.subject.pop();
    const kind = expected === null ? "empty" : typeof expected === "number" ? `error ${expected}` : "chain";
    this.outcomes.set(kind, (this.outcomes.get(kind) ?? 0) + 1);
    if (expected === null || typeof expected === "number" || actual === null || typeof actual === "number") {
      same("pop", actual, expected);
      return;
    }
    same("chain", JSON.stringify({ ...actual, generation: 0 }), JSON.stringify({ ...expected, generation: 0 }));
    this.last = { chain: actual, generation: expected.generation };
    this.popped.push(this.last);
    this.latest.set(expected.head, this.last);
    this.order.push({ head: expected.head, written: null });
  }

  /** Returns one of the chains of this life or an older one, sometimes twice. */
  private push(): void {
    const index = this.source.u8();
    const written = this.source.interesting();
    const entry = this.popped[index % Math.max(1, this.popped.length)];
    if (entry === undefined) return;
    if (index < 200) this.popped.splice(this.popped.indexOf(entry), 1);
    const { chain, generation } = entry;
    const renamed = generation === this.reference.currentGeneration && this.latest.get(chain.head) !== entry;
    // The walker knows a chain by its name alone; that nobody returns one twice is what the handle sees to.
    if (renamed && !this.subject.knowsChains) return;
    const expected = renamed
      ? 0
      : this.subject.inOrder
        ? this.finish(chain.head, generation, written)
        : this.reference.push(chain.head, generation, written);
    same("push", this.subject.push(chain, written) ? 1 : 0, expected);
    if (expected === 1) this.out = Math.max(0, this.out - Math.max(1, chain.packed >>> 16));
    if (entry === this.last) this.last = null;
  }

  /** The reference's side of a return in order: nothing goes before what came earlier. */
  private finish(head: number, generation: number, written: number): number {
    const mine = this.order.find((row) => row.head === head);
    if (!this.reference.holds(head, generation) || mine === undefined || mine.written !== null) return 0;
    mine.written = written;
    for (let first = this.order[0]; first !== undefined && first.written !== null; first = this.order[0]) {
      same("in order", this.reference.push(first.head, generation, first.written), 1);
      this.order.shift();
    }
    return 1;
  }

  private unpop(): void {
    if (this.last === null) return;
    const { chain, generation } = this.last;
    const expected = this.reference.unpop(chain.head, generation);
    same("unpop", this.subject.unpop(chain) ? 1 : 0, expected);
    if (expected === 1) this.order.pop();
    this.last = null;
  }

  private flush(): void {
    same("notification", this.subject.flush() ? 1 : 0, this.reference.flush());
  }

  /** Spoils one field of a descriptor, or any byte near the rings. */
  private corrupt(): void {
    const kind = this.source.u8();
    const table = (kind & 1) === 0 ? PLACE.desc : PLACE.indirect;
    const at = table + 16 * (this.source.u8() % this.size);
    const value = this.source.interesting();
    const anywhere = PLACE.desc + (this.source.u16() & 0xfff);
    if (kind < 140) this.corruptFormat(kind, at, value);
    else {
      this.guest((view) => {
        if (kind < 180) view.setUint32(at + 8, value, true);
        else if (kind < 210) view.setUint32(at + (value & 4), value, true);
        else view.setUint8(anywhere, value);
      });
    }
  }

  /** A saved and restored queue is the same queue; what was staged is flushed before, as the machine does. */
  private saveAndRestore(): void {
    if (!this.reference.isLive) return;
    this.flush();
    const held = this.reference.held;
    const [lastAvail, usedIdx] = this.reference.positions;
    const positions = this.subject.positions;
    same("saved positions", positions.join(), [lastAvail, usedIdx, held.length].join());
    const generation = this.reference.currentGeneration;
    // Chains that are finished, and wait for others, are in flight again: whoever restores them serves them once more.
    for (const row of this.order) row.written = null;
    const inFlight = held.map((head) => this.latest.get(head) as Taken);
    const { currentSize, currentFlags } = this.reference;
    const moved = this.subject.moveOn(
      inFlight.map(({ chain }) => chain),
      currentSize,
      currentFlags,
    );
    inFlight.forEach((entry, index) => {
      entry.chain = moved[index] as PoppedChain;
      if (entry.generation === generation && !this.popped.includes(entry)) this.popped.push(entry);
    });
  }
}
