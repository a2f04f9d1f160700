/** One subchannel: path management control word, subchannel status word, and the device behind them. */
import * as S from "../../spec/channel-io.ts";
import { VIRTIO_CCW_CHPID_TYPE } from "../../spec/ccw.ts";
import type { SavedState, StateReader } from "../../state.ts";
import type { ChannelCommand, ProgramEnd } from "./channel-program.ts";

/** A device behind a subchannel. */
export interface ChannelDevice {
  /** Control unit type and model, as SENSE ID gives them. */
  readonly controlUnit: { readonly type: number; readonly model: number };
  /** The device's own command of that code, or null. */
  command(code: number): ChannelCommand | null;
  /** The program has enabled or disabled the subchannel. */
  onEnabled(enabled: boolean): void;
  /** The hypercall that says that there are buffers; 32 bits. */
  notify(data: number): void;
}

/** Where a subchannel is. */
export interface SubchannelPlace {
  /** Subchannel number. */
  readonly number: number;
  readonly devno: number;
}

/** What the interruption of a subchannel tells. */
export interface SubchannelInterruption {
  readonly isc: number;
  readonly intparm: number;
}

const STATUS_PENDING = S.SCSW_STCTL_PENDING;
/** Fields of the PMCW that a program changes. */
const WRITABLE_FLAGS =
  S.PMCW_FLAG_ISC | S.PMCW_FLAG_ENABLED | S.PMCW_FLAG_LIMIT | S.PMCW_FLAG_MEASUREMENT | S.PMCW_FLAG_MULTIPATH;
const WRITABLE_CHARS = S.PMCW_CHARS_MBFC | S.PMCW_CHARS_CONCURRENT_SENSE;

export class Subchannel {
  readonly place: SubchannelPlace;
  readonly device: ChannelDevice;
  /** An interruption waits to be taken. */
  interrupting = false;
  private readonly onInterrupt: () => void;
  private readonly schib = new DataView(new ArrayBuffer(S.SCHIB_SIZE));
  private sense = new Uint8Array(S.SENSE_BYTES);

  constructor(place: SubchannelPlace, device: ChannelDevice, onInterrupt: () => void) {
    this.place = place;
    this.device = device;
    this.onInterrupt = onInterrupt;
    this.reset();
  }

  /** As after power-on: disabled, one path of the virtual type. */
  reset(): void {
    new Uint8Array(this.schib.buffer).fill(0);
    this.schib.setUint16(S.PMCW_FLAGS, S.PMCW_FLAG_DEVNO_VALID);
    this.schib.setUint16(S.PMCW_DEVNO, this.place.devno);
    this.schib.setUint8(S.PMCW_PIM, S.CHANNEL_PATH);
    this.schib.setUint8(S.PMCW_POM, 0xff);
    this.schib.setUint8(S.PMCW_PAM, S.CHANNEL_PATH);
    this.schib.setUint8(S.PMCW_LPM, S.CHANNEL_PATH);
    this.sense.fill(0);
    this.interrupting = false;
  }

  get enabled(): boolean {
    return (this.schib.getUint16(S.PMCW_FLAGS) & S.PMCW_FLAG_ENABLED) !== 0;
  }

  get interruption(): SubchannelInterruption {
    const isc = (this.schib.getUint16(S.PMCW_FLAGS) & S.PMCW_FLAG_ISC) >> S.PMCW_ISC_SHIFT;
    return { isc, intparm: this.schib.getUint32(S.PMCW_INTPARM) };
  }

  private get control(): number {
    return this.schib.getUint16(S.SCHIB_SCSW + S.SCSW_CONTROL);
  }

  private set control(value: number) {
    this.schib.setUint16(S.SCHIB_SCSW + S.SCSW_CONTROL, value);
  }

  get statusPending(): boolean {
    return (this.control & STATUS_PENDING) !== 0;
  }

  /** The subchannel information block, as STORE SUBCHANNEL stores it. */
  store(): Uint8Array {
    return new Uint8Array(this.schib.buffer).slice();
  }

  /** Takes what a program may change from a block (MODIFY SUBCHANNEL). */
  modify(from: DataView): void {
    const wasEnabled = this.enabled;
    const flags = this.schib.getUint16(S.PMCW_FLAGS) & ~WRITABLE_FLAGS;
    this.schib.setUint16(S.PMCW_FLAGS, flags | (from.getUint16(S.PMCW_FLAGS) & WRITABLE_FLAGS));
    this.schib.setUint32(S.PMCW_CHARS, from.getUint32(S.PMCW_CHARS) & WRITABLE_CHARS);
    this.schib.setUint32(S.PMCW_INTPARM, from.getUint32(S.PMCW_INTPARM));
    this.schib.setUint16(S.PMCW_MBI, from.getUint16(S.PMCW_MBI));
    for (const at of [S.PMCW_LPM, S.PMCW_POM]) this.schib.setUint8(at, from.getUint8(at));
    for (const at of [S.SCHIB_MBA, S.SCHIB_MBA + 4]) this.schib.setUint32(at, from.getUint32(at));
    if (this.enabled !== wasEnabled) this.device.onEnabled(this.enabled);
  }

  /** The command of that code: one that every device has, or the device's own. */
  command(code: number): ChannelCommand | null {
    switch (code) {
      case S.CCW_CMD_NOOP:
        return { sizeBytes: 0, length: "any", run: () => "done" };
      case S.CCW_CMD_BASIC_SENSE:
        return { sizeBytes: S.SENSE_BYTES, length: "any", run: () => this.takeSense() };
      case S.CCW_CMD_SENSE_ID:
        return { sizeBytes: S.SENSE_ID_BYTES, length: "any", run: () => this.senseId() };
      default:
        return this.device.command(code);
    }
  }

  private takeSense(): Uint8Array {
    const { sense } = this;
    this.sense = new Uint8Array(S.SENSE_BYTES);
    return sense;
  }

  private senseId(): Uint8Array {
    const id = new DataView(new ArrayBuffer(S.SENSE_ID_BYTES));
    const { type, model } = this.device.controlUnit;
    id.setUint8(0, 0xff);
    id.setUint16(1, type);
    id.setUint8(3, model);
    return new Uint8Array(id.buffer);
  }

  /** A start function was accepted: its parameter comes back with every interruption. */
  starting(intparm: number): void {
    this.schib.setUint32(S.PMCW_INTPARM, intparm);
    this.schib.setUint8(S.PMCW_LPUM, S.CHANNEL_PATH);
  }

  /** A program has ended. */
  ended({ deviceStatus, subchannelStatus, residualCount, address, sense }: ProgramEnd): void {
    if (sense !== null) this.sense.set(sense);
    const failed = sense !== null || (subchannelStatus & ~S.CSTAT_PCI) !== 0;
    const control =
      S.SCSW_FCTL_START | S.SCSW_STCTL_PRIMARY | S.SCSW_STCTL_SECONDARY | (failed ? S.SCSW_STCTL_ALERT : 0);
    this.setStatus({ flags: S.SCSW_FLAG_FORMAT_1, control, deviceStatus, subchannelStatus });
    this.schib.setUint32(S.SCHIB_SCSW + S.SCSW_CPA, address);
    this.schib.setUint16(S.SCHIB_SCSW + S.SCSW_COUNT, Math.min(residualCount, 0xffff));
  }

  /** None of the paths that the program allows is there: the condition code 3 comes late. */
  pathNotOperational(): void {
    const flags = S.SCSW_FLAG_DEFERRED_CC_3 | S.SCSW_FLAG_PATH_NOT_OPERATIONAL;
    this.setStatus({ flags, control: S.SCSW_STCTL_ALERT, deviceStatus: 0, subchannelStatus: 0 });
  }

  /** Nothing runs that could be halted: programs end at once. */
  halt(): void {
    const deviceStatus = S.DSTAT_DEVICE_END;
    this.setStatus({ flags: 0, control: S.SCSW_FCTL_HALT, deviceStatus, subchannelStatus: 0 });
  }

  /** Whatever was pending is gone. */
  clear(): void {
    this.schib.setUint8(S.PMCW_POM, 0xff);
    this.setStatus({ flags: 0, control: S.SCSW_FCTL_CLEAR, deviceStatus: 0, subchannelStatus: 0 });
  }

  private setStatus(status: { flags: number; control: number; deviceStatus: number; subchannelStatus: number }): void {
    const at = S.SCHIB_SCSW;
    this.schib.setUint16(at + S.SCSW_FLAGS, status.flags);
    this.control = status.control | STATUS_PENDING;
    this.schib.setUint32(at + S.SCSW_CPA, 0);
    this.schib.setUint8(at + S.SCSW_DEVICE_STATUS, status.deviceStatus);
    this.schib.setUint8(at + S.SCSW_SUBCHANNEL_STATUS, status.subchannelStatus);
    this.schib.setUint16(at + S.SCSW_COUNT, 0);
    this.interrupt();
  }

  /** The device has something to tell that nobody asked for; while a status is pending it is told with that. */
  alert(): void {
    if (this.statusPending || !this.enabled) return;
    this.control = (this.control & ~S.SCSW_STCTL) | S.SCSW_STCTL_ALERT | STATUS_PENDING;
    this.interrupt();
  }

  private interrupt(): void {
    this.interrupting = true;
    this.onInterrupt();
  }

  /** The interruption response block, and with a pending status its end (TEST SUBCHANNEL). */
  test(): { readonly block: Uint8Array; readonly wasPending: boolean } {
    const block = new DataView(new ArrayBuffer(S.IRB_SIZE));
    new Uint8Array(block.buffer).set(new Uint8Array(this.schib.buffer, S.SCHIB_SCSW, S.SCSW_SIZE));
    const wasPending = this.statusPending;
    if (!wasPending) return { block: new Uint8Array(block.buffer), wasPending };
    block.setUint32(S.IRB_ESW, S.ESW_PATH_USED);
    const unitCheck = (block.getUint8(S.SCSW_DEVICE_STATUS) & S.DSTAT_UNIT_CHECK) !== 0;
    const concurrent = (this.schib.getUint32(S.PMCW_CHARS) & S.PMCW_CHARS_CONCURRENT_SENSE) !== 0;
    if (unitCheck && concurrent) {
      const flags = block.getUint16(S.SCSW_FLAGS) | S.SCSW_FLAG_ESWF | S.SCSW_FLAG_ECTL;
      block.setUint16(S.SCSW_FLAGS, flags);
      block.setUint32(S.IRB_ESW + 4, S.ESW_SENSE_BYTES);
      new Uint8Array(block.buffer).set(this.takeSense(), S.IRB_ECW);
    }
    new Uint8Array(this.schib.buffer, S.SCHIB_SCSW, S.SCSW_SIZE).fill(0);
    this.interrupting = false;
    return { block: new Uint8Array(block.buffer), wasPending };
  }

  save(): SubchannelState {
    return {
      name: "subchannel",
      version: 1,
      block: Array.from(new Uint8Array(this.schib.buffer)),
      sense: Array.from(this.sense),
      interrupting: this.interrupting,
    };
  }

  /** Takes a saved state of the same place; throws a StateError when it is of another. */
  load(state: StateReader): void {
    const block = state.integers("block", S.SCHIB_SIZE, 0xff);
    const sense = state.integers("sense", S.SENSE_BYTES, 0xff);
    const devno = (block[S.PMCW_DEVNO] as number) * 256 + (block[S.PMCW_DEVNO + 1] as number);
    if (devno !== this.place.devno) throw state.error("it is of another device number");
    new Uint8Array(this.schib.buffer).set(block);
    this.sense.set(sense);
    this.interrupting = state.boolean("interrupting");
  }
}

/** The type of the channel path that every subchannel here has. */
export const CHANNEL_PATH_TYPE = VIRTIO_CCW_CHPID_TYPE;

interface SubchannelState extends SavedState {
  readonly block: readonly number[];
  readonly sense: readonly number[];
  readonly interrupting: boolean;
}
