/** The memory map at run time: which device answers at a physical address. */
import { type AccessSize, type GuestLog, hex, type MmioRegion } from "../platform/host.ts";
import type { MemoryRange } from "./memory-map.ts";

interface Window extends MemoryRange {
  readonly name: string;
  readonly region: MmioRegion;
}

/** Dispatches guest accesses that are neither RAM nor the interrupt controller. */
export class SystemBus {
  readonly #windows: Window[] = [];
  readonly #log: GuestLog;
  /** The window of the last access: most accesses follow one to the same device. */
  #last: Window | null = null;

  constructor(log: GuestLog) {
    this.#log = log;
  }

  /** All windows, in the order in which they were added. */
  get windows(): readonly MemoryRange[] {
    return this.#windows;
  }

  /** Puts a device at a range of physical addresses; throws when it overlaps another one. */
  add(name: string, range: MemoryRange, region: MmioRegion): void {
    const end = range.base + range.sizeBytes;
    const other = this.#windows.find((window) => range.base < window.base + window.sizeBytes && window.base < end);
    if (other !== undefined) throw new Error(`${name} at ${hex(range.base)} overlaps ${other.name}`);
    this.#windows.push({ name, ...range, region });
  }

  read(address: number, size: AccessSize): number {
    const window = this.#find(address);
    if (window === null) {
      this.#log.guestError("bus: read where no device is", hex(address));
      return 0;
    }
    return window.region.read(address - window.base, size) >>> 0;
  }

  write(address: number, size: AccessSize, value: number): void {
    const window = this.#find(address);
    if (window === null) {
      this.#log.guestError("bus: write where no device is", hex(address));
      return;
    }
    window.region.write(address - window.base, size, value);
  }

  #find(address: number): Window | null {
    const last = this.#last;
    if (last !== null && address >= last.base && address < last.base + last.sizeBytes) return last;
    for (const window of this.#windows) {
      if (address >= window.base && address < window.base + window.sizeBytes) {
        this.#last = window;
        return window;
      }
    }
    return null;
  }
}
