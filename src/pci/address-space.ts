/** The I/O or the memory addresses of a PCI bus at run time: which base address register answers. */
import type { PciAccessSize, PciMapping } from "./function.ts";

/** What a read that nothing answers gives: all ones, as after a master abort. */
export function allOnes(size: PciAccessSize): number {
  return size === 4 ? 0xffff_ffff : size === 2 ? 0xffff : 0xff;
}

/** An access allocates nothing. Where windows overlap, one of them answers. */
export class PciAddressSpace {
  #mappings: readonly PciMapping[] = [];
  /** The window of the last access: most accesses follow one to the same device. */
  #last: PciMapping | null = null;

  /** Replaces all windows. */
  set mappings(mappings: readonly PciMapping[]) {
    this.#mappings = mappings;
    this.#last = null;
  }

  read(address: number, size: PciAccessSize): number {
    const mapping = this.#find(address);
    return mapping === null ? allOnes(size) : mapping.region.read(address - mapping.base, size) >>> 0;
  }

  write(address: number, size: PciAccessSize, value: number): void {
    const mapping = this.#find(address);
    if (mapping !== null) mapping.region.write(address - mapping.base, size, value);
  }

  #find(address: number): PciMapping | null {
    const last = this.#last;
    if (last !== null && contains(last, address)) return last;
    for (const mapping of this.#mappings) {
      if (contains(mapping, address)) {
        this.#last = mapping;
        return mapping;
      }
    }
    return null;
  }
}

function contains(mapping: PciMapping, address: number): boolean {
  return address >= mapping.base && address < mapping.base + mapping.sizeBytes;
}
