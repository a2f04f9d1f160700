/**
 * One PCI function: configuration space with a type 0 header, base address registers, capabilities, interrupts
 * (PCI Local Bus 3.0, chapter 6). What the function does is in the regions behind its base address registers.
 */
import { type ConfigHook, type PciAccessSize, PciConfigSpace } from "./config-space.ts";
import { type MessageSink, Msix } from "./msix.ts";
import * as R from "./registers.ts";

export type { ConfigHook, PciAccessSize } from "./config-space.ts";

/** What a base address register maps; `offset` counts from the beginning of the region. */
export interface PciRegion {
  /** The value, unsigned, `size` bytes wide. */
  read(offset: number, size: PciAccessSize): number;
  write(offset: number, size: PciAccessSize, value: number): void;
}

/** A base address register: what kind of addresses, and how many. */
export interface PciBar {
  /** `memory64` takes the register after it as well. */
  readonly kind: "io" | "memory32" | "memory64";
  readonly prefetchable?: boolean;
  /** A power of two: at least 4 for I/O, 16 for memory. */
  readonly sizeBytes: number;
  readonly region: PciRegion;
}

/** What the read-only part of the header says. `classCode` has 24 bits: base class, sub-class, programming interface. */
export interface PciIdentity {
  readonly vendorId: number;
  readonly deviceId: number;
  readonly revisionId: number;
  readonly classCode: number;
  readonly subsystemVendorId: number;
  readonly subsystemId: number;
}

/** What a function is connected to: its place on a bus. */
export interface PciUpstream {
  /** Base addresses or the command register have changed. */
  mappingsChanged(): void;
  /** Level of the function's interrupt pin (1 = INTA). */
  setInterrupt(pin: number, level: boolean): void;
  /** A message-signalled interrupt: a 32-bit write of `data`. */
  message(addressLow: number, addressHigh: number, data: number): void;
}

/** A window that the guest has switched on; addresses are the bus's, as numbers (above 2^53 they are nobody's). */
export interface PciMapping {
  readonly space: "io" | "memory";
  readonly base: number;
  readonly sizeBytes: number;
  readonly region: PciRegion;
}

const WRITABLE_COMMAND =
  R.PCI_COMMAND_IO | R.PCI_COMMAND_MEMORY | R.PCI_COMMAND_MASTER | R.PCI_COMMAND_SERR | R.PCI_COMMAND_INTX_DISABLE;

export class PciFunction implements MessageSink {
  /** Set when MSI-X was added. */
  msix: Msix | null = null;
  /** Called when the guest has changed the command register or MSI-X's control. */
  onControl: () => void = () => undefined;
  readonly #config = new PciConfigSpace();
  readonly #bars: (PciBar | null)[] = new Array<PciBar | null>(R.PCI_NUM_BARS).fill(null);
  #msixControl = 0;
  #interrupt = false;
  #upstream: PciUpstream | null = null;

  constructor(identity: PciIdentity | null = null) {
    if (identity !== null) this.identify(identity);
    const { writable } = this.#config;
    writable.setUint16(R.PCI_COMMAND, WRITABLE_COMMAND, true);
    writable.setUint8(R.PCI_CACHE_LINE_SIZE, 0xff);
    writable.setUint8(R.PCI_INTERRUPT_LINE, 0xff);
  }

  /** Fills in what the function is. A function that takes devices knows it only when one was plugged in. */
  identify(identity: PciIdentity): void {
    const { view } = this.#config;
    view.setUint16(R.PCI_VENDOR_ID, identity.vendorId, true);
    view.setUint16(R.PCI_DEVICE_ID, identity.deviceId, true);
    view.setUint32(R.PCI_REVISION_ID, ((identity.classCode << 8) | identity.revisionId) >>> 0, true);
    view.setUint16(R.PCI_SUBSYSTEM_VENDOR_ID, identity.subsystemVendorId, true);
    view.setUint16(R.PCI_SUBSYSTEM_ID, identity.subsystemId, true);
  }

  /** Other functions may share the slot (bit 7 of the header type). */
  set multiFunction(on: boolean) {
    this.poke(R.PCI_HEADER_TYPE, 1, on ? R.PCI_HEADER_TYPE_MULTI_FUNCTION : 0);
  }

  get multiFunction(): boolean {
    return this.peek(R.PCI_HEADER_TYPE, 1) === R.PCI_HEADER_TYPE_MULTI_FUNCTION;
  }

  /** The interrupt pin, 1 = INTA; 0 for none. */
  set interruptPin(pin: number) {
    this.poke(R.PCI_INTERRUPT_PIN, 1, pin);
  }

  get interruptPin(): number {
    return this.peek(R.PCI_INTERRUPT_PIN, 1);
  }

  /** Adds a base address register. */
  addBar(index: number, bar: PciBar): void {
    const at = R.PCI_BASE_ADDRESS_0 + 4 * index;
    const mask = -bar.sizeBytes;
    const { view, writable } = this.#config;
    writable.setUint32(at, mask >>> 0, true);
    if (bar.kind === "memory64") {
      const highMask = bar.sizeBytes > 2 ** 32 ? -(bar.sizeBytes / 2 ** 32) >>> 0 : 0xffff_ffff;
      writable.setUint32(at + 4, highMask, true);
    }
    view.setUint32(at, barFlags(bar), true);
    this.#bars[index] = bar;
  }

  /** The base address register of that number, or null. */
  bar(index: number): PciBar | null {
    return this.#bars[index] ?? null;
  }

  /**
   * Adds a capability in front of the list: `body` follows the two bytes of ID and link, `writable` are the body's bits
   * that a guest's write changes. Returns its offset.
   */
  addCapability(id: number, body: Uint8Array, writable?: Uint8Array): number {
    return this.#config.addCapability(id, body, writable);
  }

  addHook(hook: ConfigHook): void {
    this.#config.addHook(hook);
  }

  /** Adds MSI-X with its table and pending bits alone in base address register `bar`. */
  addMsix(vectors: number, bar: number): Msix {
    const msix = new Msix(vectors, this);
    this.addBar(bar, { kind: "memory32", sizeBytes: msix.sizeBytes, region: msix });
    const body = new DataView(new ArrayBuffer(R.PCI_MSIX_CAP_SIZE - 2));
    body.setUint16(R.PCI_MSIX_FLAGS - 2, vectors - 1, true);
    body.setUint32(R.PCI_MSIX_TABLE - 2, bar, true);
    body.setUint32(R.PCI_MSIX_PBA - 2, msix.pbaOffset | bar, true);
    const writable = new Uint8Array(body.byteLength);
    writable[1] = (R.PCI_MSIX_FLAGS_ENABLE | R.PCI_MSIX_FLAGS_MASKALL) >>> 8;
    const at = this.addCapability(R.PCI_CAP_ID_MSIX, new Uint8Array(body.buffer), writable);
    this.#msixControl = at + R.PCI_MSIX_FLAGS;
    this.msix = msix;
    return msix;
  }

  connect(upstream: PciUpstream): void {
    this.#upstream = upstream;
  }

  /** The command register. */
  get command(): number {
    return this.peek(R.PCI_COMMAND, 2);
  }

  /** Switches bus mastering on without the guest, for drivers that never do. */
  enableBusMaster(): void {
    this.write(R.PCI_COMMAND, 2, this.command | R.PCI_COMMAND_MASTER);
  }

  /** The function may start transactions: memory accesses and messages. */
  get busMaster(): boolean {
    return (this.command & R.PCI_COMMAND_MASTER) !== 0;
  }

  get msixEnabled(): boolean {
    return this.msix?.enabled ?? false;
  }

  /** Level of the interrupt pin, as far as the command register lets it out. With MSI-X on, the pin is not used. */
  setInterrupt(level: boolean): void {
    this.#interrupt = level;
    this.#driveInterrupt();
  }

  #driveInterrupt(): void {
    const asserted = this.#interrupt && !this.msixEnabled;
    const status = this.peek(R.PCI_STATUS, 1);
    this.poke(R.PCI_STATUS, 1, asserted ? status | R.PCI_STATUS_INTERRUPT : status & ~R.PCI_STATUS_INTERRUPT);
    const pin = this.interruptPin;
    if (pin === 0) return;
    this.#upstream?.setInterrupt(pin, asserted && (this.command & R.PCI_COMMAND_INTX_DISABLE) === 0);
  }

  /** Sends a message, unless bus mastering is off: then it is lost, as in QEMU. */
  message(addressLow: number, addressHigh: number, data: number): void {
    if (this.busMaster) this.#upstream?.message(addressLow, addressHigh, data);
  }

  /** A register as the function itself sees it: no hooks, little-endian. */
  peek(offset: number, size: PciAccessSize): number {
    return this.#config.peek(offset, size);
  }

  /** Sets a register, also where a guest cannot write. */
  poke(offset: number, size: PciAccessSize, value: number): void {
    this.#config.poke(offset, size, value);
  }

  /** Load from the configuration space; what is beyond its 256 bytes reads as all ones. */
  read(offset: number, size: PciAccessSize): number {
    return this.#config.read(offset, size);
  }

  /** Store to the configuration space; read-only bits keep their values. */
  write(offset: number, size: PciAccessSize, value: number): void {
    this.#config.write(offset, size, value);
    const end = offset + size;
    const command = offset < R.PCI_COMMAND + 2 && end > R.PCI_COMMAND;
    const bars = offset < R.PCI_BASE_ADDRESS_0 + 4 * R.PCI_NUM_BARS && end > R.PCI_BASE_ADDRESS_0;
    if (command || bars) this.#upstream?.mappingsChanged();
    if (command || (this.msix !== null && offset < this.#msixControl + 2 && end > this.#msixControl))
      this.#controlled();
    this.#config.runHooks(offset, size);
  }

  #controlled(): void {
    if (this.msix !== null) this.msix.control = this.peek(this.#msixControl, 2);
    this.#driveInterrupt();
    this.onControl();
  }

  /** The windows that are switched on. */
  mappings(): PciMapping[] {
    const { command } = this;
    return this.#bars.flatMap((bar, index): PciMapping[] => {
      if (bar === null) return [];
      const space = bar.kind === "io" ? "io" : "memory";
      if ((command & (space === "io" ? R.PCI_COMMAND_IO : R.PCI_COMMAND_MEMORY)) === 0) return [];
      const at = R.PCI_BASE_ADDRESS_0 + 4 * index;
      const low = (this.peek(at, 4) & -bar.sizeBytes) >>> 0;
      const high = bar.kind === "memory64" ? this.peek(at + 4, 4) : 0;
      return [{ space, base: high * 2 ** 32 + low, sizeBytes: bar.sizeBytes, region: bar.region }];
    });
  }

  /** As after power-on: every register that a guest can write is 0. */
  reset(): void {
    this.#config.reset();
    this.msix?.reset();
    this.#interrupt = false;
    this.#upstream?.mappingsChanged();
    this.#controlled();
  }

  /** The configuration space, for a saved state; MSI-X saves its own. */
  save(): number[] {
    return this.#config.save();
  }

  /** Takes it back. False, and nothing changed, when it is of another function. */
  load(saved: readonly number[]): boolean {
    if (!this.#config.load(saved)) return false;
    this.#upstream?.mappingsChanged();
    this.#controlled();
    return true;
  }
}

function barFlags(bar: PciBar): number {
  if (bar.kind === "io") return R.PCI_BASE_ADDRESS_SPACE_IO;
  return (
    (bar.kind === "memory64" ? R.PCI_BASE_ADDRESS_MEM_TYPE_64 : 0) |
    (bar.prefetchable === true ? R.PCI_BASE_ADDRESS_MEM_PREFETCH : 0)
  );
}
