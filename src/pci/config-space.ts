/**
 * The configuration space of one function as memory (PCI Local Bus 3.0, chapter 6): bytes, which of their bits a guest's
 * write changes, the list of capabilities, and hooks for registers that are more than memory.
 */
import * as R from "./registers.ts";

/** Access sizes in bytes; wider ones arrive as several of these. */
export type PciAccessSize = 1 | 2 | 4;

/** Registers inside a capability that are not just memory. Both are called with whole accesses that touch the range. */
export interface ConfigHook {
  readonly offset: number;
  readonly length: number;
  beforeRead?(): void;
  afterWrite?(): void;
}

export class PciConfigSpace {
  readonly #bytes = new Uint8Array(R.PCI_CFG_SPACE_SIZE);
  /** Bits that a guest's write changes; all of them are 0 after a reset. */
  readonly #writable = new Uint8Array(R.PCI_CFG_SPACE_SIZE);
  readonly #hooks: ConfigHook[] = [];
  #nextCapability = R.PCI_STD_HEADER_SIZE;

  /** Little-endian numbers of the space, as the function sees them. */
  readonly view = new DataView(this.#bytes.buffer);
  /** The same of the bits that a guest's write changes. */
  readonly writable = new DataView(this.#writable.buffer);

  /**
   * Adds a capability in front of the list: `body` follows the two bytes of ID and link, `writable` are the body's bits
   * that a guest's write changes. Returns its offset.
   */
  addCapability(id: number, body: Uint8Array, writable?: Uint8Array): number {
    const at = this.#nextCapability;
    const end = at + 2 + body.length;
    if (end > R.PCI_CFG_SPACE_SIZE) throw new Error("the configuration space has no room for another capability");
    this.#nextCapability = (end + 3) & ~3;
    this.#bytes[at] = id;
    this.#bytes[at + 1] = this.#bytes[R.PCI_CAPABILITY_LIST] as number;
    this.#bytes.set(body, at + 2);
    if (writable !== undefined) this.#writable.set(writable, at + 2);
    this.#bytes[R.PCI_CAPABILITY_LIST] = at;
    this.#bytes[R.PCI_STATUS] = (this.#bytes[R.PCI_STATUS] as number) | R.PCI_STATUS_CAP_LIST;
    return at;
  }

  addHook(hook: ConfigHook): void {
    this.#hooks.push(hook);
  }

  /** A register without hooks. */
  peek(offset: number, size: PciAccessSize): number {
    let value = 0;
    for (let index = size - 1; index >= 0; --index) value = (value << 8) | (this.#bytes[offset + index] as number);
    return value >>> 0;
  }

  /** Sets a register, also where a guest cannot write. */
  poke(offset: number, size: PciAccessSize, value: number): void {
    for (let index = 0; index < size; ++index) this.#bytes[offset + index] = value >>> (8 * index);
  }

  /** A guest's load; what is beyond the 256 bytes reads as all ones. */
  read(offset: number, size: PciAccessSize): number {
    for (const hook of this.#hooks) if (touches(hook, offset, size)) hook.beforeRead?.();
    let value = 0;
    for (let index = size - 1; index >= 0; --index) value = (value << 8) | (this.#bytes[offset + index] ?? 0xff);
    return value >>> 0;
  }

  /** A guest's store; read-only bits keep their values. `runHooks` has to follow when what it changed has taken effect. */
  write(offset: number, size: PciAccessSize, value: number): void {
    for (let index = 0; index < size; ++index) {
      const mask = this.#writable[offset + index] ?? 0;
      if (mask === 0) continue;
      const old = this.#bytes[offset + index] as number;
      this.#bytes[offset + index] = (old & ~mask) | ((value >>> (8 * index)) & mask);
    }
  }

  /** Calls the hooks that a store touches. */
  runHooks(offset: number, size: PciAccessSize): void {
    for (const hook of this.#hooks) if (touches(hook, offset, size)) hook.afterWrite?.();
  }

  /** As after power-on: every bit that a guest can write is 0. */
  reset(): void {
    this.#bytes.forEach((value, at) => {
      this.#bytes[at] = value & ~(this.#writable[at] as number);
    });
  }

  save(): number[] {
    return Array.from(this.#bytes);
  }

  /** Takes saved bytes. False, and nothing changed, when they are of another function. */
  load(saved: readonly number[]): boolean {
    const same = (value: number, at: number): boolean => {
      // The interrupt status follows from the device's state.
      const own = at === R.PCI_STATUS ? R.PCI_STATUS_INTERRUPT : 0;
      const fixed = ~((this.#writable[at] as number) | own) & 0xff;
      return (value & fixed) === ((this.#bytes[at] as number) & fixed);
    };
    if (saved.length !== this.#bytes.length || !saved.every(same)) return false;
    this.#bytes.set(saved);
    return true;
  }
}

function touches(hook: ConfigHook, offset: number, size: number): boolean {
  return offset < hook.offset + hook.length && hook.offset < offset + size;
}
