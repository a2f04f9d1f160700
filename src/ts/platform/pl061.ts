/**
 * Arm PrimeCell GPIO PL061 (Arm DDI 0190), as QEMU has it: eight lines, of which the board uses line 3 as input for the power key. Lines
 * that nothing drives are pulled down.
 */
import {
  type AccessSize,
  type Clock,
  type GuestLog,
  hex,
  type IrqLine,
  type MmioRegion,
  primeCellId,
  type TimedDevice,
  truncate,
} from "./host.ts";
import { checkRange, checkState, type DeviceState } from "./state.ts";

/** Register offsets (table 3-1). GPIODATA is 256 words: address bits 9:2 are the mask of the access. */
const GPIODATA_END = 0x400;
const GPIODIR = 0x400;
const GPIOIS = 0x404;
const GPIOIBE = 0x408;
const GPIOIEV = 0x40c;
const GPIOIE = 0x410;
const GPIORIS = 0x414;
const GPIOMIS = 0x418;
const GPIOIC = 0x41c;
const GPIOAFSEL = 0x420;

/** GPIOPeriphID0-3, GPIOPCellID0-3: part 0x061, designer Arm, revision 0. */
const ID = [0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1] as const;
/** QEMU answers the reserved words in front of them with 0. */
const ID_RESERVED = 0xfd0;

/** The line the device tree calls "GPIO Key Poweroff". */
const POWER_KEY_LINE = 3;
/** How long the key is held down: QEMU's GPIO_KEY_LATENCY. */
const POWER_KEY_MS = 100;

/** What a PL061 needs. */
export interface Pl061Options {
  irq: IrqLine;
  clock: Clock;
  log: GuestLog;
}

/** Saved state of a PL061. */
export interface Pl061State extends DeviceState {
  readonly name: "pl061";
  readonly version: 1;
  data: number;
  /** Levels of the inputs when edges were last looked for. */
  oldInputs: number;
  dir: number;
  is: number;
  ibe: number;
  iev: number;
  ie: number;
  ris: number;
  afsel: number;
  /** Milliseconds the power key is still held down; null where it is not. */
  powerKeyMs: number | null;
}

/** The GPIO controller. */
export class Pl061 implements MmioRegion, TimedDevice {
  readonly #irq: IrqLine;
  readonly #clock: Clock;
  readonly #log: GuestLog;
  #data = 0;
  #oldInputs = 0;
  #dir = 0;
  #is = 0;
  #ibe = 0;
  #iev = 0;
  #ie = 0;
  #ris = 0;
  #afsel = 0;
  #powerKeyUpMs = Number.POSITIVE_INFINITY;

  constructor(options: Pl061Options) {
    this.#irq = options.irq;
    this.#clock = options.clock;
    this.#log = options.log;
    this.reset();
  }

  /** Register reset values (table 3-1): all zero. */
  reset(): void {
    this.#data = 0;
    this.#oldInputs = 0;
    this.#dir = 0;
    this.#is = 0;
    this.#ibe = 0;
    this.#iev = 0;
    this.#ie = 0;
    this.#ris = 0;
    this.#afsel = 0;
    this.#powerKeyUpMs = Number.POSITIVE_INFINITY;
    this.#update();
  }

  /** Presses and releases the power key: a guest that listens shuts down. */
  pressPowerKey(): void {
    this.#powerKeyUpMs = this.#clock.nowMs() + POWER_KEY_MS;
    this.setInput(POWER_KEY_LINE, true);
  }

  /** Drives input `line` (0 … 7) from outside; without effect where the guest has made it an output. */
  setInput(line: number, level: boolean): void {
    const mask = 1 << line;
    if ((this.#dir & mask) !== 0) return;
    this.#data = level ? this.#data | mask : this.#data & ~mask;
    this.#update();
  }

  deadlineMs(): number {
    return this.#powerKeyUpMs;
  }

  poll(): void {
    if (this.#clock.nowMs() < this.#powerKeyUpMs) return;
    this.#powerKeyUpMs = Number.POSITIVE_INFINITY;
    this.setInput(POWER_KEY_LINE, false);
  }

  read(offset: number, size: AccessSize): number {
    return truncate(this.#readRegister(offset), size);
  }

  #readRegister(offset: number): number {
    if (offset < GPIODATA_END) return this.#data & (offset >> 2);
    switch (offset) {
      case GPIODIR:
        return this.#dir;
      case GPIOIS:
        return this.#is;
      case GPIOIBE:
        return this.#ibe;
      case GPIOIEV:
        return this.#iev;
      case GPIOIE:
        return this.#ie;
      case GPIORIS:
        return this.#ris;
      case GPIOMIS:
        return this.#ris & this.#ie;
      case GPIOAFSEL:
        return this.#afsel;
    }
    const id = offset >= ID_RESERVED && offset < 0xfe0 ? 0 : primeCellId(ID, offset);
    if (id === undefined) this.#log.guestError("pl061 read", `there is no readable register at ${hex(offset)}`);
    return id ?? 0;
  }

  write(offset: number, size: AccessSize, value: number): void {
    const byte = truncate(value, size) & 0xff;
    if (offset < GPIODATA_END) {
      const mask = (offset >> 2) & this.#dir;
      this.#data = (this.#data & ~mask) | (byte & mask);
      this.#update();
      return;
    }
    switch (offset) {
      case GPIODIR:
        this.#dir = byte;
        break;
      case GPIOIS:
        this.#is = byte;
        break;
      case GPIOIBE:
        this.#ibe = byte;
        break;
      case GPIOIEV:
        this.#iev = byte;
        break;
      case GPIOIE:
        this.#ie = byte;
        break;
      case GPIOIC:
        this.#ris &= ~byte;
        break;
      case GPIOAFSEL:
        this.#afsel = byte;
        break;
      default:
        this.#log.guestError("pl061 write", `there is no writable register at ${hex(offset)} for ${hex(value)}`);
        return;
    }
    this.#update();
  }

  /** Looks for edges and levels that raise the interrupt (3.3.4 to 3.3.6). */
  #update(): void {
    const changed = (this.#oldInputs ^ this.#data) & ~this.#dir;
    if (changed !== 0) {
      this.#oldInputs = this.#data;
      this.#ris |= changed & ~this.#is & (this.#ibe | ~(this.#data ^ this.#iev));
    }
    this.#ris |= this.#is & ~(this.#data ^ this.#iev);
    this.#ris &= 0xff;
    this.#irq.set((this.#ris & this.#ie) !== 0);
  }

  saveState(): Pl061State {
    return {
      name: "pl061",
      version: 1,
      data: this.#data,
      oldInputs: this.#oldInputs,
      dir: this.#dir,
      is: this.#is,
      ibe: this.#ibe,
      iev: this.#iev,
      ie: this.#ie,
      ris: this.#ris,
      afsel: this.#afsel,
      powerKeyMs: Number.isFinite(this.#powerKeyUpMs) ? Math.max(0, this.#powerKeyUpMs - this.#clock.nowMs()) : null,
    };
  }

  loadState(state: Pl061State): void {
    checkState(state, "pl061", 1);
    const { data, oldInputs, dir, is, ibe, iev, ie, ris, afsel, powerKeyMs } = state;
    checkRange("pl061", 0xff, data, oldInputs, dir, is, ibe, iev, ie, ris, afsel);
    if (powerKeyMs !== null) checkRange("pl061", POWER_KEY_MS, Math.ceil(powerKeyMs));
    this.#data = data;
    this.#oldInputs = oldInputs;
    this.#dir = dir;
    this.#is = is;
    this.#ibe = ibe;
    this.#iev = iev;
    this.#ie = ie;
    this.#ris = ris;
    this.#afsel = afsel;
    this.#powerKeyUpMs = powerKeyMs === null ? Number.POSITIVE_INFINITY : this.#clock.nowMs() + powerKeyMs;
    this.#irq.set((ris & ie) !== 0);
  }
}
