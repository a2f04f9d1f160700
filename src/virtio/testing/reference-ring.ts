/** A slow split ring in plain TypeScript: the other half of the differential fuzz (virtio 1.4, 2.7). */
import { VIRTQ_DESC_F_INDIRECT, VIRTQ_DESC_F_NEXT, VIRTQ_DESC_F_WRITE } from "../spec/ring.ts";
import * as W from "../spec/walker.ts";
import { type ReferenceArea, ReferenceChain, type ReferencePlace, ReferenceQueue } from "./reference-queue.ts";
import type { PoppedChain } from "./ring-bench.ts";

const u16 = (value: number): number => value & 0xffff;

export class ReferenceRing extends ReferenceQueue {
  private lastAvail = 0;
  private usedIdx = 0;
  private staged = 0;
  private signalled: number | null = null;

  protected override areas(size: number, { desc, driver, device }: ReferencePlace): readonly ReferenceArea[] | number {
    if (![1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].includes(size)) return W.VQ_ERROR_SIZE;
    return [
      { address: desc, length: 16 * size, align: 16n },
      { address: driver, length: 6 + 2 * size, align: 2n },
      { address: device, length: 6 + 8 * size, align: 4n },
    ];
  }

  protected override restart(): void {
    this.lastAvail = 0;
    this.usedIdx = 0;
    this.staged = 0;
    this.signalled = null;
  }

  override get positions(): readonly [number, number] {
    return [this.lastAvail, this.usedIdx];
  }

  private pending(): number {
    return u16(this.get16(this.place.driver + 2n) - this.lastAvail);
  }

  override pop(): PoppedChain | null | number {
    if (!this.live) return this.error === 0 ? null : this.error;
    if (this.pending() === 0) return null;
    if (this.pending() > this.size) return this.die(W.VQ_ERROR_AVAIL_IDX);
    const head = this.get16(this.place.driver + 4n + 2n * BigInt(this.lastAvail % this.size));
    if (head >= this.size) return this.die(W.VQ_ERROR_HEAD);
    if (this.inFlight.has(head)) return this.die(W.VQ_ERROR_DUPLICATE);
    const chain = new ReferenceChain(this.isRam);
    const error = this.collect(this.place.desc, this.size, head, false, chain);
    if (error !== 0) return this.die(error);
    this.inFlight.set(head, 0);
    this.lastAvail = u16(this.lastAvail + 1);
    return chain.popped(this.generation, head, 0);
  }

  /** Follows one table; checks each descriptor against everything before it. */
  private collect(table: bigint, entries: number, head: number, nested: boolean, chain: ReferenceChain): number {
    let visited = 0;
    for (let index = head; ; ) {
      if (visited++ === entries) return W.VQ_ERROR_LOOP;
      const at = this.at(table) + 16 * index;
      const address = this.ram.getBigUint64(at, true);
      const length = this.ram.getUint32(at + 8, true);
      const flags = this.ram.getUint16(at + 12, true);
      const next = this.ram.getUint16(at + 14, true);
      if ((flags & VIRTQ_DESC_F_INDIRECT) !== 0) {
        if (nested) return W.VQ_ERROR_INDIRECT_NESTED;
        const refusal = this.refuseTable(address, length, flags);
        return refusal !== 0 ? refusal : this.collect(address, length / 16, 0, true, chain);
      }
      const error = chain.add(address, length, (flags & VIRTQ_DESC_F_WRITE) !== 0);
      if (error !== 0) return error;
      if ((flags & VIRTQ_DESC_F_NEXT) === 0) return 0;
      if (next >= entries) return W.VQ_ERROR_NEXT;
      index = next;
    }
  }

  override push(head: number, generation: number, written: number): number {
    if (!this.holds(head, generation)) return 0;
    this.inFlight.delete(head);
    const at = this.at(this.place.device) + 4 + 8 * (this.usedIdx % this.size);
    this.ram.setUint32(at, head, true);
    this.ram.setUint32(at + 4, written, true);
    this.usedIdx = u16(this.usedIdx + 1);
    this.staged += 1;
    return 1;
  }

  override unpop(head: number, generation: number): number {
    if (!this.holds(head, generation)) return 0;
    this.inFlight.delete(head);
    this.lastAvail = u16(this.lastAvail - 1);
    return 1;
  }

  override flush(): number {
    if (!this.live || this.staged === 0) return 0;
    this.staged = 0;
    this.set16(this.place.device + 2n, this.usedIdx);
    const old = this.signalled;
    this.signalled = this.usedIdx;
    const isEmpty = this.inFlight.size === 0 && this.pending() === 0;
    if ((this.flags & W.VQ_FLAG_NOTIFY_ON_EMPTY) !== 0 && isEmpty) return 1;
    if ((this.flags & W.VQ_FLAG_EVENT_IDX) === 0) return (this.get16(this.place.driver) & 1) === 0 ? 1 : 0;
    if (old === null) return 1;
    // The driver asks for a notification when the index goes past this value: walk there step by step.
    const event = this.get16(this.place.driver + 4n + 2n * BigInt(this.size));
    for (let index = old; index !== this.usedIdx; index = u16(index + 1)) if (index === event) return 1;
    return 0;
  }

  override arm(): number {
    if (!this.live) return 0;
    if ((this.flags & W.VQ_FLAG_EVENT_IDX) !== 0) {
      this.set16(this.place.device + 4n + 8n * BigInt(this.size), this.lastAvail);
    } else this.set16(this.place.device, 0);
    return this.pending() === 0 ? 0 : 1;
  }

  override disarm(): void {
    if (this.live && (this.flags & W.VQ_FLAG_EVENT_IDX) === 0) this.set16(this.place.device, 1);
  }
}
