/** Random programs for the split ring. */
import { PLACE, RingProgram } from "./ring-program.ts";

export class SplitProgram extends RingProgram {
  protected override readonly format = 0;
  protected override readonly sizes = [8, 4, 2, 16] as const;
  private availIdx = 0;
  private nextDescriptor = 0;

  protected override restart(): void {
    this.guest((view) => view.setUint32(PLACE.driver, 0, true));
    this.availIdx = 0;
    this.nextDescriptor = 0;
  }

  /** A chain that is mostly right, direct, indirect or both. */
  protected override offerChain(): void {
    const shape = this.source.u8();
    const direct = (shape & 3) % Math.max(1, Math.min(4, this.size));
    const indirect = (shape >> 2) & 3;
    const writableFrom = (shape >> 4) & 7;
    const head = this.nextDescriptor % this.size;
    let position = 0;
    const describe = (at: number, isLast: boolean, next: number): void => {
      const { address, length } = this.buffer();
      this.descriptor(at, address, length, (isLast ? 0 : 1) | (position++ >= writableFrom ? 2 : 0), next);
    };
    const count = indirect > 0 ? direct : Math.max(1, direct);
    for (let index = 0; index < count; ++index) {
      const next = (head + index + 1) % this.size;
      describe(PLACE.desc + 16 * ((head + index) % this.size), index === count - 1 && indirect === 0, next);
    }
    if (indirect > 0) {
      const table = PLACE.indirect + (this.source.u8() & 0x7f);
      this.descriptor(PLACE.desc + 16 * ((head + count) % this.size), table, 16 * indirect, 4, 0);
      for (let index = 0; index < indirect; ++index) describe(table + 16 * index, index === indirect - 1, index + 1);
    }
    this.nextDescriptor += count + (indirect > 0 ? 1 : 0);
    this.out += 1;
    this.offer(head);
  }

  private offer(head: number): void {
    const entry = PLACE.driver + 4 + 2 * (this.availIdx % this.size);
    this.availIdx = (this.availIdx + 1) & 0xffff;
    this.guest((view) => {
      view.setUint16(entry, head, true);
      view.setUint16(PLACE.driver + 2, this.availIdx, true);
    });
  }

  protected override corruptFormat(kind: number, at: number, value: number): void {
    this.guest((view) => {
      if (kind < 100) view.setUint16(at + 12, value & 7, true);
      else view.setUint16(at + 14, value, true);
    });
  }

  protected override driverFields(): void {
    const which = this.source.u8() & 3;
    const value = this.source.interesting() & 0xffff;
    this.guest((view) => {
      if (which === 0) view.setUint16(PLACE.driver, value, true);
      else if (which === 1) this.availIdx = value;
      else view.setUint16(PLACE.driver + 4 + 2 * this.size, value, true);
    });
    if (which === 3) this.offer(value);
  }
}
