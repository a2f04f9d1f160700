/** What the board's devices are handed by the machine: the small interfaces they share. */

/** One interrupt line; `set` may be called with the level it already has. */
export interface IrqLine {
  set(level: boolean): void;
}

/** Time for devices. */
export interface Clock {
  /** Monotonic real time in milliseconds. */
  nowMs(): number;
  /** Unix time in milliseconds. */
  wallMs(): number;
}

/** Where what the guest does wrong is counted; each place is logged once. */
export interface GuestLog {
  guestError(place: string, detail: string): void;
}

/** Access sizes that reach a device, in bytes; an 8-byte access arrives as two of 4, the lower address first. */
export type AccessSize = 1 | 2 | 4;

/** A device's window on the bus; `offset` counts from its base. */
export interface MmioRegion {
  /** The value, unsigned, `size` bytes wide. */
  read(offset: number, size: AccessSize): number;
  write(offset: number, size: AccessSize, value: number): void;
}

/** A device that does something by itself at a later time. */
export interface TimedDevice {
  /** When `poll` is due next, in `Clock.nowMs` time; Infinity where nothing is pending. */
  deadlineMs(): number;
  /** Does what has become due; harmless when nothing has. */
  poll(): void;
}

/** Keeps the low `size` bytes of a register's value, unsigned. */
export function truncate(value: number, size: AccessSize): number {
  return size === 4 ? value >>> 0 : value & (size === 2 ? 0xffff : 0xff);
}

/** A number as hexadecimal text for messages: 0x1f. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** The identification registers of an Arm PrimeCell: one byte in each word from 0xfe0 on (PeriphID0-3, PCellID0-3). */
export function primeCellId(ids: readonly number[], offset: number): number | undefined {
  return offset >= 0xfe0 && offset <= 0xfff ? ids[(offset - 0xfe0) >> 2] : undefined;
}
