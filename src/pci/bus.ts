/** One PCI bus: slots with functions, their interrupt pins, their windows. */
import { PciAddressSpace } from "./address-space.ts";
import type { PciFunction } from "./function.ts";
import { PCI_NUM_FUNCTIONS, PCI_NUM_PINS, PCI_NUM_SLOTS } from "./registers.ts";

/** A place on a bus. */
export interface PciAddress {
  /** Device number, 0 to 31. */
  readonly slot: number;
  /** Function number, 0 to 7. */
  readonly fn: number;
}

/** What a bus is connected to. */
export interface PciBusHost {
  /** Level of interrupt line 0 to 3, the pins of all functions swizzled together. */
  setLine(line: number, level: boolean): void;
  /** A message of the function with that requester ID (bus, device and function number). */
  message(requesterId: number, addressLow: number, addressHigh: number, data: number): void;
}

/** A place that cannot be had; the message is a sentence for the user. */
export class PciAddressError extends Error {
  override readonly name = "PciAddressError";
}

export class PciBus {
  readonly io = new PciAddressSpace();
  readonly memory = new PciAddressSpace();
  readonly #host: PciBusHost;
  readonly #functions = new Map<number, PciFunction>();
  /** For each line a bit set of the functions' pins would be long; counting the functions that assert it is enough. */
  readonly #asserting = new Uint16Array(PCI_NUM_PINS);

  constructor(host: PciBusHost) {
    this.#host = host;
  }

  /** The function at a device and function number (slot << 3 | function), or null. */
  at(devfn: number): PciFunction | null {
    return this.#functions.get(devfn) ?? null;
  }

  /** All functions, by device and function number. */
  get functions(): ReadonlyMap<number, PciFunction> {
    return this.#functions;
  }

  /**
   * Puts a function at `address`, or into the first slot that is empty. Throws a PciAddressError, having changed
   * nothing, when that cannot be.
   */
  attach(target: PciFunction, address: PciAddress | null = null): PciAddress {
    const place = address ?? this.#freePlace();
    this.#check(target, place);
    const devfn = (place.slot << 3) | place.fn;
    this.#functions.set(devfn, target);
    let line = -1;
    target.connect({
      mappingsChanged: () => this.#remap(),
      setInterrupt: (pin, level) => {
        const now = level ? lineOf(place.slot, pin) : -1;
        if (now === line) return;
        if (line >= 0) this.#count(line, -1);
        if (now >= 0) this.#count(now, 1);
        line = now;
      },
      message: (low, high, data) => this.#host.message(devfn, low, high, data),
    });
    this.#remap();
    return place;
  }

  #freePlace(): PciAddress {
    for (let slot = 0; slot < PCI_NUM_SLOTS; ++slot) {
      const taken = Array.from({ length: PCI_NUM_FUNCTIONS }, (_, fn) => this.at((slot << 3) | fn) !== null);
      if (!taken.includes(true)) return { slot, fn: 0 };
    }
    throw new PciAddressError("no free slot is left on the PCI bus.");
  }

  #check(target: PciFunction, { slot, fn }: PciAddress): void {
    const text = formatPciAddress({ slot, fn });
    if (this.at((slot << 3) | fn) !== null) throw new PciAddressError(`the PCI address ${text} is taken already.`);
    const first = this.at(slot << 3);
    if (fn !== 0 && first !== null && !first.multiFunction) {
      throw new PciAddressError(`${text}: the device at function 0 of that slot lacks multifunction=on.`);
    }
    const others = Array.from({ length: PCI_NUM_FUNCTIONS - 1 }, (_, index) => this.at((slot << 3) | (index + 1)));
    if (fn === 0 && !target.multiFunction && others.some((other) => other !== null)) {
      throw new PciAddressError(`${text}: the slot has other functions, so this one needs multifunction=on.`);
    }
  }

  #remap(): void {
    const all = [...this.#functions.values()].flatMap((target) => target.mappings());
    this.io.mappings = all.filter(({ space }) => space === "io");
    this.memory.mappings = all.filter(({ space }) => space === "memory");
  }

  #count(line: number, change: number): void {
    const count = (this.#asserting[line] as number) + change;
    this.#asserting[line] = count;
    this.#host.setLine(line, count > 0);
  }
}

/** The line of an interrupt pin (1 = INTA): neighbours in the slots use different ones (PCI-to-PCI Bridge 1.2, 9.1). */
function lineOf(slot: number, pin: number): number {
  return (slot + pin - 1) % PCI_NUM_PINS;
}

/** As QEMU writes it: slot and function in hexadecimal, 1e.7. */
export function formatPciAddress({ slot, fn }: PciAddress): string {
  return `${slot.toString(16).padStart(2, "0")}.${fn}`;
}

/** Reads `slot` or `slot.function`, hexadecimal, with or without 0x; null when it is neither. */
export function parsePciAddress(text: string): PciAddress | null {
  const match = /^(?:0x)?([0-9a-f]{1,2})(?:\.([0-7]))?$/i.exec(text);
  if (match === null) return null;
  const slot = Number.parseInt(match[1] as string, 16);
  return slot < PCI_NUM_SLOTS ? { slot, fn: Number(match[2] ?? 0) } : null;
}
