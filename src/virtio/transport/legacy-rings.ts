/** Legacy queue placement (virtio 1.4, 2.7.2 and 4.2.4): one block of pages holds all three areas. */
import type { VirtioBus } from "../bus.ts";
import { AVAIL_OVERHEAD, DESC_SIZE } from "../spec/ring.ts";
import type { StateReader } from "../state.ts";
import type { Address, Virtqueue } from "../virtqueue.ts";

const DEFAULT_ALIGN = 4096;

/**
 * Places a queue in a legacy block at guest physical `base`: descriptors, available ring, then the used ring at the
 * next multiple of `align`. The available ring's six bytes count used_event also where EVENT_IDX is off.
 */
export function placeLegacyRing(queue: Virtqueue, base: number, align: number): void {
  const driver = base + DESC_SIZE * queue.size;
  const device = Math.ceil((driver + AVAIL_OVERHEAD + 2 * queue.size) / align) * align;
  setAddress(queue.desc, base);
  setAddress(queue.driver, driver);
  setAddress(queue.device, device);
}

/** Above 2^53 the low digits are lost; nothing there is RAM. */
function setAddress(area: Address, address: number): void {
  area.low = address % 2 ** 32;
  area.high = Math.min(Math.floor(address / 2 ** 32), 0xffff_ffff);
}

/** The registers GuestPageSize, QueueAlign and QueuePFN of one device. */
export class LegacyRings {
  private pageSize = 0;
  private readonly aligns = new Map<number, number>();
  private readonly pfns = new Map<number, number>();

  /** A power of two; of any other value the lowest bit that is set, as QEMU does. */
  setPageSize(value: number): void {
    this.pageSize = (value & -value) >>> 0;
  }

  setAlign(queue: Virtqueue, value: number): void {
    this.aligns.set(queue.index, value);
  }

  /** What QueuePFN reads: 0 while the queue is not in use. */
  pfn(queue: Virtqueue): number {
    return queue.ready ? (this.pfns.get(queue.index) ?? 0) : 0;
  }

  /** A page number starts the queue there; 0 stops it. */
  setPfn(bus: VirtioBus, queue: Virtqueue, pfn: number): void {
    bus.disableQueue(queue);
    this.pfns.set(queue.index, pfn);
    if (pfn === 0) return;
    const align = this.aligns.get(queue.index) ?? DEFAULT_ALIGN;
    if (this.pageSize === 0 || align === 0 || (align & (align - 1)) !== 0) {
      bus.log.guestError(`${bus.place}: QueuePFN refused`, `page size ${this.pageSize}, alignment ${align}`);
      return;
    }
    placeLegacyRing(queue, pfn * this.pageSize, align);
    bus.enableQueue(queue);
  }

  /**
   * Device reset. The page size stays: Linux writes it before it resets the device, and the register belongs to the
   * transport, not to a queue.
   */
  reset(): void {
    this.aligns.clear();
    this.pfns.clear();
  }

  /** Machine reset. */
  powerOn(): void {
    this.reset();
    this.pageSize = 0;
  }

  save(): unknown {
    return {
      pageSize: this.pageSize,
      aligns: Array.from(this.aligns, ([queue, value]) => ({ queue, value })),
      pfns: Array.from(this.pfns, ([queue, value]) => ({ queue, value })),
    };
  }

  load(state: StateReader): void {
    this.pageSize = state.integer("pageSize", 0, 0xffff_ffff);
    for (const [name, map] of [
      ["aligns", this.aligns],
      ["pfns", this.pfns],
    ] as const) {
      map.clear();
      for (const row of state.list(name))
        map.set(row.integer("queue", 0, 0xffff), row.integer("value", 0, 0xffff_ffff));
    }
  }
}
