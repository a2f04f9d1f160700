/** A slow packed ring in plain TypeScript: the other half of the differential fuzz (virtio 1.4, 2.8). */
import { VIRTQ_DESC_F_INDIRECT, VIRTQ_DESC_F_NEXT, VIRTQ_DESC_F_WRITE } from "../spec/ring.ts";
import * as W from "../spec/walker.ts";
import { type ReferenceArea, ReferenceChain, type ReferencePlace, ReferenceQueue } from "./reference-queue.ts";
import type { PoppedChain } from "./ring-bench.ts";

/** A place in the ring and the wrap counter that a side has there. */
interface Cursor {
  readonly offset: number;
  readonly wrap: boolean;
}

const AVAIL_BIT = 7;
const USED_BIT = 15;
const START: Cursor = { offset: 0, wrap: true };

export class ReferencePackedRing extends ReferenceQueue {
  /** The next descriptor to look at, and the next one to write. */
  private available: Cursor = START;
  private used: Cursor = START;
  /** Descriptors that were used since the last flush, oldest first; the first one's flags are not written yet. */
  private staged: Cursor[] = [];
  private firstFlags = 0;
  /** Buffer ids of the chains in flight. */
  private readonly ids = new Map<number, number>();

  protected override areas(size: number, { desc, driver, device }: ReferencePlace): readonly ReferenceArea[] | number {
    if (!Number.isInteger(size) || size < 1 || size > W.VQ_SIZE_MAX) return W.VQ_ERROR_SIZE;
    return [
      { address: desc, length: 16 * size, align: 16n },
      { address: driver, length: 4, align: 4n },
      { address: device, length: 4, align: 4n },
    ];
  }

  protected override restart(): void {
    this.available = START;
    this.used = START;
    this.staged = [];
    this.ids.clear();
  }

  override get positions(): readonly [number, number] {
    return [this.number(this.available), this.number(this.used)];
  }

  private number({ offset, wrap }: Cursor): number {
    return offset + (wrap ? 0x8000 : 0);
  }

  /** One descriptor on; the wrap counter changes after the last one. */
  private forward({ offset, wrap }: Cursor): Cursor {
    return offset === this.size - 1 ? { offset: 0, wrap: !wrap } : { offset: offset + 1, wrap };
  }

  private back({ offset, wrap }: Cursor): Cursor {
    return offset === 0 ? { offset: this.size - 1, wrap: !wrap } : { offset: offset - 1, wrap };
  }

  private descriptor({ offset }: Cursor): number {
    return this.at(this.place.desc) + 16 * offset;
  }

  private isAvailable(cursor: Cursor): boolean {
    const flags = this.ram.getUint16(this.descriptor(cursor) + 14, true);
    const avail = ((flags >> AVAIL_BIT) & 1) === 1;
    const used = ((flags >> USED_BIT) & 1) === 1;
    return avail === cursor.wrap && used !== cursor.wrap;
  }

  private get heldDescriptors(): number {
    return [...this.inFlight.values()].reduce((sum, count) => sum + count, 0);
  }

  override pop(): PoppedChain | null | number {
    if (!this.live) return this.error === 0 ? null : this.error;
    if (!this.isAvailable(this.available)) return null;
    if (this.inFlight.size === this.size) return this.die(W.VQ_ERROR_AVAIL_IDX);
    // What the device calls a chain is up to it: the lowest number that is not taken.
    let head = 0;
    while (this.inFlight.has(head)) head += 1;
    const chain = new ReferenceChain(this.isRam);
    let cursor = this.available;
    for (let count = 1; ; ++count) {
      const at = this.descriptor(cursor);
      const flags = this.ram.getUint16(at + 14, true);
      const error = this.element(at, chain);
      if (error !== 0) return this.die(error);
      cursor = this.forward(cursor);
      if ((flags & VIRTQ_DESC_F_NEXT) === 0) {
        if (this.heldDescriptors + count > this.size) return this.die(W.VQ_ERROR_AVAIL_IDX);
        this.inFlight.set(head, count);
        this.ids.set(head, this.ram.getUint16(at + 12, true));
        this.available = cursor;
        return chain.popped(this.generation, head, this.packedName(head));
      }
      // A list is no longer than the queue size, so it cannot go on.
      if (count === this.size) return this.die(W.VQ_ERROR_LOOP);
      if (!this.isAvailable(cursor)) return this.die(W.VQ_ERROR_UNAVAILABLE);
    }
  }

  /** What the chain record has as CHAIN_PACKED. */
  packedName(head: number): number {
    return (this.ids.get(head) ?? 0) + (this.inFlight.get(head) ?? 0) * 0x1_0000;
  }

  /** One element of a list: a buffer, or a table of them whose flags but WRITE, and whose ids, mean nothing. */
  private element(at: number, chain: ReferenceChain): number {
    const address = this.ram.getBigUint64(at, true);
    const length = this.ram.getUint32(at + 8, true);
    const flags = this.ram.getUint16(at + 14, true);
    if ((flags & VIRTQ_DESC_F_INDIRECT) === 0) return chain.add(address, length, (flags & VIRTQ_DESC_F_WRITE) !== 0);
    const refusal = this.refuseTable(address, length, flags);
    if (refusal !== 0) return refusal;
    for (let entry = this.at(address); entry < this.at(address) + length; entry += 16) {
      const write = (this.ram.getUint16(entry + 14, true) & VIRTQ_DESC_F_WRITE) !== 0;
      const error = chain.add(this.ram.getBigUint64(entry, true), this.ram.getUint32(entry + 8, true), write);
      if (error !== 0) return error;
    }
    return 0;
  }

  override push(head: number, generation: number, written: number): number {
    if (!this.holds(head, generation)) return 0;
    const at = this.descriptor(this.used);
    const same = this.used.wrap ? (1 << AVAIL_BIT) | (1 << USED_BIT) : 0;
    const flags = same | (written > 0 ? VIRTQ_DESC_F_WRITE : 0);
    this.ram.setUint32(at + 8, written, true);
    this.ram.setUint16(at + 12, this.ids.get(head) as number, true);
    if (this.staged.length === 0) this.firstFlags = flags;
    else this.ram.setUint16(at + 14, flags, true);
    for (let count = this.inFlight.get(head) as number; count > 0; --count) {
      this.staged.push(this.used);
      this.used = this.forward(this.used);
    }
    this.inFlight.delete(head);
    return 1;
  }

  override unpop(head: number, generation: number): number {
    if (!this.holds(head, generation)) return 0;
    for (let count = this.inFlight.get(head) as number; count > 0; --count) this.available = this.back(this.available);
    this.inFlight.delete(head);
    return 1;
  }

  override flush(): number {
    if (!this.live || this.staged.length === 0) return 0;
    const published = this.staged;
    this.staged = [];
    this.ram.setUint16(this.descriptor(published[0] as Cursor) + 14, this.firstFlags, true);
    const event = this.get16(this.place.driver);
    const flags = this.get16(this.place.driver + 2n) & 3;
    if (flags === 1) return 0;
    if (flags !== 2 || (this.flags & W.VQ_FLAG_EVENT_IDX) === 0) return 1;
    // A place outside the ring, or more descriptors than a driver may have made available: better once too often.
    if ((event & 0x7fff) >= this.size || published.length > this.size) return 1;
    return published.some((cursor) => this.number(cursor) === event) ? 1 : 0;
  }

  override arm(): number {
    if (!this.live) return 0;
    const isDescriptor = (this.flags & W.VQ_FLAG_EVENT_IDX) !== 0;
    if (isDescriptor) this.set16(this.place.device, this.number(this.available));
    this.set16(this.place.device + 2n, isDescriptor ? 2 : 0);
    return this.isAvailable(this.available) ? 1 : 0;
  }

  override disarm(): void {
    if (this.live) this.set16(this.place.device + 2n, 1);
  }
}
