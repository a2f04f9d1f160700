/**
 * Arm PrimeCell real time clock PL031 (Arm DDI 0224), as QEMU has it: always running, set to Unix time from the start. The guest may
 * set it; then it keeps its distance to the host's clock.
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

/** Register offsets (table 3-1). */
const RTCDR = 0x00;
const RTCMR = 0x04;
const RTCLR = 0x08;
const RTCCR = 0x0c;
const RTCIMSC = 0x10;
const RTCRIS = 0x14;
const RTCMIS = 0x18;
const RTCICR = 0x1c;

/** RTCPeriphID0-3, RTCPCellID0-3: part 0x031, designer Arm, revision 1. */
const ID = [0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1] as const;

/** What a PL031 needs. */
export interface Pl031Options {
  irq: IrqLine;
  clock: Clock;
  log: GuestLog;
}

/** Saved state of a PL031. */
export interface Pl031State extends DeviceState {
  readonly name: "pl031";
  readonly version: 1;
  /** Seconds, modulo 2^32, that RTCDR is ahead of Unix time. */
  tickOffset: number;
  mr: number;
  lr: number;
  imsc: number;
  ris: number;
  /** Unix time in seconds at which RTCDR reaches RTCMR; null where no match is pending. */
  alarmSecond: number | null;
}

/** The clock. */
export class Pl031 implements MmioRegion, TimedDevice {
  readonly #irq: IrqLine;
  readonly #clock: Clock;
  readonly #log: GuestLog;
  #tickOffset = 0;
  #mr = 0;
  #lr = 0;
  #imsc = 0;
  #ris = 0;
  #alarmSecond: number | null = null;

  constructor(options: Pl031Options) {
    this.#irq = options.irq;
    this.#clock = options.clock;
    this.#log = options.log;
    this.reset();
  }

  /** PRESETn clears the match and the interrupt; the time itself is not reset (2.1.1: the counter has a reset of its own). */
  reset(): void {
    this.#mr = 0;
    this.#imsc = 0;
    this.#ris = 0;
    this.#alarmSecond = null;
    this.#updateIrq();
  }

  read(offset: number, size: AccessSize): number {
    return truncate(this.#readRegister(offset), size);
  }

  #readRegister(offset: number): number {
    switch (offset) {
      case RTCDR:
        return this.#count();
      case RTCMR:
        return this.#mr;
      case RTCLR:
        return this.#lr;
      case RTCCR:
        return 1;
      case RTCIMSC:
        return this.#imsc;
      case RTCRIS:
        return this.#ris;
      case RTCMIS:
        return this.#ris & this.#imsc;
    }
    const id = primeCellId(ID, offset);
    if (id === undefined) this.#log.guestError("pl031 read", `there is no readable register at ${hex(offset)}`);
    return id ?? 0;
  }

  write(offset: number, size: AccessSize, value: number): void {
    const word = truncate(value, size);
    switch (offset) {
      case RTCMR:
        this.#mr = word;
        this.#setAlarm();
        return;
      case RTCLR:
        this.#lr = word;
        this.#tickOffset = (this.#tickOffset + word - this.#count()) >>> 0;
        this.#setAlarm();
        return;
      case RTCCR:
        return;
      case RTCIMSC:
        this.#imsc = word & 1;
        this.#updateIrq();
        return;
      case RTCICR:
        this.#ris &= ~word;
        this.#updateIrq();
        return;
    }
    this.#log.guestError("pl031 write", `there is no writable register at ${hex(offset)} for ${hex(word)}`);
  }

  deadlineMs(): number {
    if (this.#alarmSecond === null) return Number.POSITIVE_INFINITY;
    return this.#clock.nowMs() + Math.max(0, this.#alarmSecond * 1000 - this.#clock.wallMs());
  }

  poll(): void {
    if (this.#alarmSecond === null || this.#second() < this.#alarmSecond) return;
    this.#alarmSecond = null;
    this.#ris = 1;
    this.#updateIrq();
  }

  #second(): number {
    return Math.floor(this.#clock.wallMs() / 1000);
  }

  #count(): number {
    return (this.#tickOffset + this.#second()) >>> 0;
  }

  /** RTCDR wraps, and so does this difference: a match in the past comes after the wrap. */
  #setAlarm(): void {
    const ticks = (this.#mr - this.#count()) >>> 0;
    this.#alarmSecond = this.#second() + ticks;
    this.poll();
  }

  #updateIrq(): void {
    this.#irq.set((this.#ris & this.#imsc) !== 0);
  }

  saveState(): Pl031State {
    return {
      name: "pl031",
      version: 1,
      tickOffset: this.#tickOffset,
      mr: this.#mr,
      lr: this.#lr,
      imsc: this.#imsc,
      ris: this.#ris,
      alarmSecond: this.#alarmSecond,
    };
  }

  loadState(state: Pl031State): void {
    checkState(state, "pl031", 1);
    checkRange("pl031", 0xffff_ffff, state.tickOffset, state.mr, state.lr);
    checkRange("pl031", 1, state.imsc, state.ris);
    if (state.alarmSecond !== null) checkRange("pl031", Number.MAX_SAFE_INTEGER, state.alarmSecond);
    this.#tickOffset = state.tickOffset;
    this.#mr = state.mr;
    this.#lr = state.lr;
    this.#imsc = state.imsc;
    this.#ris = state.ris;
    this.#alarmSecond = state.alarmSecond;
    this.#updateIrq();
    this.poll();
  }
}
