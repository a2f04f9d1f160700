/** The registers SHMSel, SHMLen and SHMBase (virtio 1.4, 4.2.2): where a device's shared memory regions are. */
import type { SharedMemory } from "../device.ts";
import * as R from "../spec/mmio.ts";

/**
 * Puts a region into the guest's physical address space; returns its guest physical address, or null where the machine
 * has no place for it: then the driver sees no such region.
 */
export type PlaceSharedMemory = (region: SharedMemory) => number | null;

/** A region that does not exist has this length and base, in both halves. */
const ABSENT = 0xffff_ffff;

export class MmioSharedMemory {
  /** SHMSel, as it was written. */
  select = 0;
  private readonly places = new Map<number, { readonly gpa: number; readonly sizeBytes: number }>();

  /** The device is plugged in: each region gets its place, once. */
  place(regions: readonly SharedMemory[], place: PlaceSharedMemory | undefined): void {
    for (const region of regions) {
      const gpa = place?.(region) ?? null;
      if (gpa !== null) this.places.set(region.id, { gpa, sizeBytes: region.sizeBytes });
    }
  }

  /** One of the four registers that tell of the selected region. */
  read(offset: number): number {
    const found = this.places.get(this.select);
    if (found === undefined) return ABSENT;
    const value = offset < R.MMIO_SHM_BASE_LOW ? found.sizeBytes : found.gpa;
    return (offset & 4) === 0 ? value % 2 ** 32 : Math.floor(value / 2 ** 32);
  }
}
