/** Random programs for the packed ring. */
import { VQ_FLAG_PACKED } from "../spec/walker.ts";
import { PLACE, RingProgram } from "./ring-program.ts";

const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
const AVAIL = 1 << 7;
const USED = 1 << 15;

export class PackedProgram extends RingProgram {
  protected override readonly format = VQ_FLAG_PACKED;
  protected override readonly sizes = [8, 5, 1, 16] as const;
  private next = 0;
  private wrap = true;

  protected override restart(): void {
    this.next = 0;
    this.wrap = true;
    this.guest((view) => {
      // A driver clears the ring; otherwise descriptors of its last life would be available.
      for (let at = PLACE.desc; at < PLACE.desc + 16 * this.size; at += 8) view.setBigUint64(at, 0n, true);
      view.setUint32(PLACE.driver, 0, true);
    });
  }

  /** Where the descriptor `index` places on is, and which of AVAIL and USED says that it is available. */
  private place(index: number): { at: number; mark: number } {
    const offset = (this.next + index) % this.size;
    const wrap = this.next + index < this.size ? this.wrap : !this.wrap;
    return { at: PLACE.desc + 16 * offset, mark: wrap ? AVAIL : USED };
  }

  private move(count: number): void {
    this.next += count;
    if (this.next < this.size) return;
    this.next %= this.size;
    this.wrap = !this.wrap;
  }

  /** A list that is mostly right: direct descriptors, a table, or both; its first descriptor is written last. */
  protected override offerChain(): void {
    const shape = this.source.u8();
    const indirect = (shape >> 2) & 3;
    const direct = (indirect > 0 ? shape & 1 : 1 + (shape & 3)) % (this.size + 1);
    const writableFrom = (shape >> 4) & 7;
    const id = this.source.u16();
    let position = 0;
    const element = (): { address: number; length: number; flags: number } => {
      const { address, length } = this.buffer();
      return { address, length, flags: position++ >= writableFrom ? WRITE : 0 };
    };
    const list = Array.from({ length: direct }, element);
    if (indirect > 0) {
      const table = PLACE.indirect + (this.source.u8() & 0x7f);
      for (let index = 0; index < indirect; ++index) {
        const { address, length, flags } = element();
        // Neither ids nor any other flags mean something in a table.
        this.descriptor(table + 16 * index, address, length, this.source.u8(), flags | (this.source.u8() & ~WRITE));
      }
      list.push({ address: table, length: 16 * indirect, flags: INDIRECT | (shape & WRITE) });
    }
    for (let index = list.length - 1; index >= 0; --index) {
      const { address, length, flags } = list[index] as (typeof list)[0];
      const { at, mark } = this.place(index);
      this.descriptor(at, address, length, id, flags | mark | (index < list.length - 1 ? NEXT : 0));
    }
    this.move(list.length);
    this.out += list.length;
  }

  protected override corruptFormat(kind: number, at: number, value: number): void {
    this.guest((view) => {
      const flags = view.getUint16(at + 14, true);
      if (kind < 60) view.setUint16(at + 14, (flags & ~7) | (value & 7), true);
      else if (kind < 80) view.setUint16(at + 14, flags ^ AVAIL, true);
      else if (kind < 100) view.setUint16(at + 14, flags ^ USED, true);
      else if (kind < 120) view.setUint16(at + 12, value, true);
      else view.setUint16(at + 14, value, true);
    });
  }

  protected override driverFields(): void {
    const which = this.source.u8() & 3;
    const value = this.source.interesting() & 0xffff;
    if (which === 0) this.guest((view) => view.setUint16(PLACE.driver + 2, value & 3, true));
    else if (which === 1) this.guest((view) => view.setUint16(PLACE.driver, value, true));
    else if (which === 2) {
      // Notify when a descriptor of this round or of the next one is used.
      const { at, mark } = this.place(value % (2 * this.size));
      const event = (at - PLACE.desc) / 16 + (mark === AVAIL ? 0x8000 : 0);
      this.guest((view) => view.setUint32(PLACE.driver, event + 2 * 0x1_0000, true));
    } else this.move(1 + (value % this.size));
  }
}
