/** The driver's side of virtio over channel I/O: instructions, channel programs in guest memory, indicators. */
import type { RingEngine } from "../ring-engine.ts";
import type { VirtioBus } from "../bus.ts";
import { Features } from "../features.ts";
import * as C from "../spec/ccw.ts";
import * as S from "../spec/channel-io.ts";
import { ChannelSubsystem } from "../transport/ccw/css.ts";
import {
  type DriverTransport,
  type Interrupts,
  legacyPlace,
  notificationOf,
  type QueueSetup,
  ringBytes,
} from "./driver-transport.ts";
import type { GuestRam } from "./guest-ram.ts";
import { S390_PAGES } from "./s390-driver.ts";

const PAGE_SIZE = 4096;
const SUBCHANNEL = S.SUBCHANNEL_ID_BASE;
const INTPARM = 0x0bad_cafe;
/** Interruption subclasses of the subchannel and of the adapter. */
const CLASSIC_ISC = 3;
const ADAPTER_ISC = 2;
/** Where this device's bits begin in the adapter's area: not at a byte. */
const FIRST_BIT = 13;
const AREA_BYTES = 64;

/** A channel subsystem as a hypervisor would wire it; counts how often it was told to look. */
export class TestChannels {
  readonly css: ChannelSubsystem;
  calls = 0;

  constructor(engine: RingEngine) {
    this.css = new ChannelSubsystem({
      engine,
      interrupt: () => {
        this.calls += 1;
      },
    });
  }
}

/** How a channel command word is written. */
export interface CommandWord {
  readonly command: number;
  readonly count?: number;
  readonly address?: number;
  readonly flags?: number;
}

/** The part of an interruption response block that is looked at. */
export interface Status {
  readonly flags: number;
  readonly control: number;
  readonly address: number;
  readonly device: number;
  readonly subchannel: number;
  readonly count: number;
}

export class CcwDriver implements DriverTransport {
  readonly name: string;
  readonly messages = true;
  readonly ram: GuestRam;
  readonly channels: TestChannels;
  readonly revision: number;
  /** Two-stage indicators rather than classic ones. */
  readonly adapter: boolean;
  /** Fixed places of blocks that are used again and again. */
  private readonly orb: number;
  private readonly irb: number;
  private readonly schib: number;
  private readonly program: number;
  private readonly block: number;
  private readonly indicators: number;
  private readonly configIndicators: number;
  private readonly summary: number;
  private readonly area: number;
  private readonly bus: VirtioBus;
  private indicatorsSet = false;
  /** What the indicators said when a status was taken. */
  private seen = { used: false, config: false };

  /** `bus` tells the status in the revisions that have no command for that. */
  constructor(channels: TestChannels, ram: GuestRam, revision: number, bus: VirtioBus) {
    this.channels = channels;
    this.bus = bus;
    this.ram = ram;
    this.revision = revision;
    this.adapter = revision === 2;
    this.name = `ccw ${revision}`;
    // In the pages at the end, which are nobody's on this transport: a test may begin its allocations anew.
    const blocks = ram.end - S390_PAGES * PAGE_SIZE;
    this.orb = blocks;
    this.irb = blocks + 0x100;
    this.schib = blocks + 0x200;
    this.indicators = blocks + 0x300;
    this.configIndicators = blocks + 0x308;
    this.summary = blocks + 0x310;
    this.area = blocks + 0x340;
    this.program = blocks + 0x400;
    this.block = blocks + 0x1000;
    this.enable(true);
    this.identify();
    if (revision > 0) this.must(C.CCW_CMD_SET_VIRTIO_REV, this.bigEndian([revision, 2], [0, 2]));
  }

  /** The driver of the same subchannel after a machine reset. */
  again(): CcwDriver {
    return new CcwDriver(this.channels, this.ram, this.revision, this.bus);
  }

  get legacy(): boolean {
    return this.revision === 0;
  }

  // ---- Instructions ----

  /** STSCH, then MSCH with the subchannel enabled or disabled. */
  enable(on: boolean): void {
    const { schib } = this;
    if (this.channels.css.storeSubchannel(SUBCHANNEL, schib) !== 0) throw new Error("no subchannel");
    const view = this.view(schib, S.SCHIB_SIZE);
    if ((view.getUint16(S.PMCW_FLAGS) & S.PMCW_FLAG_DEVNO_VALID) === 0) throw new Error("no device");
    view.setUint16(S.PMCW_FLAGS, (CLASSIC_ISC << S.PMCW_ISC_SHIFT) | (on ? S.PMCW_FLAG_ENABLED : 0));
    view.setUint32(S.PMCW_INTPARM, INTPARM);
    if (this.channels.css.modifySubchannel(SUBCHANNEL, schib) !== 0) throw new Error("the subchannel was not modified");
  }

  private view(gpa: number, length: number): DataView {
    const bytes = this.ram.bytes(gpa, length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  /** Writes a channel program into guest memory; returns where it is. */
  writeProgram(words: readonly CommandWord[], at = this.program): number {
    words.forEach(({ command, count = 0, address = 0, flags = 0 }, index) => {
      const view = this.view(at + S.CCW_SIZE * index, S.CCW_SIZE);
      view.setUint8(S.CCW_COMMAND, command);
      view.setUint8(S.CCW_FLAGS, flags);
      view.setUint16(S.CCW_COUNT, count);
      view.setUint32(S.CCW_DATA_ADDRESS, address);
    });
    return at;
  }

  /** SSCH; returns its condition code. */
  start(
    program: number,
    control: number = S.ORB_FORMAT_1,
    lpm = 0xff,
  ): ReturnType<ChannelSubsystem["startSubchannel"]> {
    const view = this.view(this.orb, S.ORB_SIZE);
    view.setUint32(S.ORB_INTPARM, INTPARM);
    view.setUint16(S.ORB_CONTROL, control);
    view.setUint8(S.ORB_LPM, lpm);
    view.setUint32(S.ORB_CPA, program);
    return this.channels.css.startSubchannel(SUBCHANNEL, this.orb);
  }

  /** TSCH; null where nothing was pending. */
  test(): Status | null {
    if (this.channels.css.testSubchannel(SUBCHANNEL, this.irb) !== 0) return null;
    // Whatever the status is, a device may have had something to tell with it.
    if (this.takeBytes(this.indicators, 8).some((byte) => byte !== 0)) this.seen.used = true;
    if (this.takeBytes(this.configIndicators, 8)[7] === 1) this.seen.config = true;
    const view = this.view(this.irb, S.IRB_SIZE);
    return {
      flags: view.getUint16(S.SCSW_FLAGS),
      control: view.getUint16(S.SCSW_CONTROL),
      address: view.getUint32(S.SCSW_CPA),
      device: view.getUint8(S.SCSW_DEVICE_STATUS),
      subchannel: view.getUint8(S.SCSW_SUBCHANNEL_STATUS),
      count: view.getUint16(S.SCSW_COUNT),
    };
  }

  /** Runs a program to its end and takes its status. What was pending before is taken first, as a driver would. */
  run(words: readonly CommandWord[], control: number = S.ORB_FORMAT_1): Status {
    this.test();
    const code = this.start(this.writeProgram(words), control);
    const status = code === 0 ? this.test() : null;
    if (status === null) throw new Error(`the program was not run: ${code}`);
    return status;
  }

  /** Sends one command with a block; whether the device took it. What it gave back is in the block. */
  send(
    command: number,
    data: Uint8Array,
  ): { readonly ok: boolean; readonly data: Uint8Array; readonly status: Status } {
    this.ram.bytes(this.block, data.length).set(data);
    const status = this.run([{ command, count: data.length, address: this.block }]);
    const ok = status.subchannel === 0 && status.device === (S.DSTAT_CHANNEL_END | S.DSTAT_DEVICE_END);
    return { ok, data: this.ram.bytes(this.block, data.length).slice(), status };
  }

  private must(command: number, data: Uint8Array): Uint8Array {
    const answer = this.send(command, data);
    if (!answer.ok) throw new Error(`command 0x${command.toString(16)} was refused: ${JSON.stringify(answer.status)}`);
    return answer.data;
  }

  /** Numbers of the given widths, big-endian. */
  bigEndian(...fields: readonly (readonly [value: number, bytes: number])[]): Uint8Array {
    return Uint8Array.from(
      fields.flatMap(([value, bytes]) =>
        Array.from({ length: bytes }, (_, index) => Math.floor(value / 2 ** (8 * (bytes - 1 - index))) % 256),
      ),
    );
  }

  // ---- The driver ----

  private identify(): void {
    const id = this.must(S.CCW_CMD_SENSE_ID, new Uint8Array(S.SENSE_ID_BYTES));
    if (id[0] !== 0xff || id[1] !== 0x38 || id[2] !== 0x32) throw new Error("no virtio-ccw control unit");
  }

  deviceId(): number {
    return this.must(S.CCW_CMD_SENSE_ID, new Uint8Array(S.SENSE_ID_BYTES))[3] as number;
  }

  reset(): void {
    this.must(C.CCW_CMD_VDEV_RESET, new Uint8Array(0));
    this.indicatorsSet = false;
  }

  /** Revisions below 2 have no command for it, and their drivers remember what was taken. */
  status(): number {
    if (this.revision < C.VIRTIO_CCW_REV_READ_STATUS) return this.bus.status;
    return this.must(C.CCW_CMD_READ_STATUS, new Uint8Array(1))[0] as number;
  }

  /** A refused status stays as it was. Indicators are set up before the first status that is not 0. */
  setStatus(value: number): void {
    if (value !== 0) this.setIndicators();
    this.send(C.CCW_CMD_WRITE_STATUS, Uint8Array.of(value));
    if (value === 0) this.indicatorsSet = false;
  }

  private setIndicators(): void {
    if (this.indicatorsSet) return;
    this.indicatorsSet = true;
    this.must(C.CCW_CMD_SET_CONF_IND, this.bigEndian([this.configIndicators, 8]));
    if (!this.adapter) this.must(C.CCW_CMD_SET_IND, this.bigEndian([this.indicators, 8]));
    else {
      const area = this.bigEndian([this.summary, 8], [this.area, 8], [FIRST_BIT, 8], [ADAPTER_ISC, 1]);
      this.must(C.CCW_CMD_SET_IND_ADAPTER, area);
    }
  }

  deviceFeatures(): Features {
    const features = new Features();
    for (let word = 0; word < (this.legacy ? 1 : 4); ++word) {
      const block = this.must(C.CCW_CMD_READ_FEAT, Uint8Array.of(0, 0, 0, 0, word));
      features.setWord(word, new DataView(block.buffer).getUint32(0, true));
    }
    return features;
  }

  setDriverFeatures(features: Features): void {
    for (let word = 0; word < (this.legacy ? 1 : 4); ++word) {
      const block = new DataView(new ArrayBuffer(C.FEATURE_DESC_SIZE));
      block.setUint32(0, features.word(word), true);
      block.setUint8(C.FEATURE_DESC_INDEX, word);
      this.must(C.CCW_CMD_WRITE_FEAT, new Uint8Array(block.buffer));
    }
  }

  /** The whole space up to what is wanted, as drivers do; what lies behind its end reads 0. */
  private configUpTo(end: number): Uint8Array {
    this.ram.bytes(this.block, end).fill(0);
    const flags = S.CCW_FLAG_SUPPRESS_LENGTH;
    this.run([{ command: C.CCW_CMD_READ_CONF, count: end, address: this.block, flags }]);
    return this.ram.bytes(this.block, end).slice();
  }

  readConfig(offset: number, size: 1 | 2 | 4): number {
    const bytes = this.configUpTo(offset + size);
    let value = 0;
    for (let index = size - 1; index >= 0; --index) value = value * 256 + (bytes[offset + index] as number);
    return value;
  }

  writeConfig(offset: number, size: 1 | 2 | 4, value: number): void {
    const bytes = this.configUpTo(offset + size);
    for (let index = 0; index < size; ++index) bytes[offset + index] = (value >>> (8 * index)) & 0xff;
    this.ram.bytes(this.block, bytes.length).set(bytes);
    const flags = S.CCW_FLAG_SUPPRESS_LENGTH;
    this.run([{ command: C.CCW_CMD_WRITE_CONF, count: bytes.length, address: this.block, flags }]);
  }

  queueSizeMax(index: number): number {
    const block = this.must(C.CCW_CMD_READ_VQ_CONF, this.bigEndian([index, 2], [0, 2]));
    return new DataView(block.buffer).getUint16(C.VQ_CONFIG_MAX_NUM);
  }

  setupQueue(index: number, size: number): QueueSetup | null {
    const max = this.queueSizeMax(index);
    if (max === 0) return null;
    this.setIndicators();
    const actual = Math.min(size, max);
    return this.legacy ? this.setupLegacy(index, actual) : this.setupModern(index, actual);
  }

  private setupModern(index: number, size: number): QueueSetup | null {
    const place = {
      desc: this.ram.alloc(ringBytes.desc(size), 16),
      driver: this.ram.alloc(ringBytes.driver(size), 4),
      device: this.ram.alloc(ringBytes.device(size), 4),
    };
    for (const area of ["desc", "driver", "device"] as const) {
      this.ram.bytes(place[area], ringBytes[area](size)).fill(0);
    }
    const numbers = [[index, 2] as const, [size, 2] as const];
    const block = this.bigEndian([place.desc, 8], [0xffff_ffff, 4], ...numbers, [place.driver, 8], [place.device, 8]);
    return this.send(C.CCW_CMD_SET_VQ, block).ok ? { size, place } : null;
  }

  private setupLegacy(index: number, size: number): QueueSetup | null {
    const shape = legacyPlace(0, size, PAGE_SIZE);
    const length = shape.device + ringBytes.device(size);
    const base = this.ram.alloc(length, PAGE_SIZE);
    this.ram.bytes(base, length).fill(0);
    const block = this.bigEndian([base, 8], [PAGE_SIZE, 4], [index, 2], [size, 2]);
    return this.send(C.CCW_CMD_SET_VQ, block).ok ? { size, place: legacyPlace(base, size, PAGE_SIZE) } : null;
  }

  notify(index: number, position?: number): void {
    const data = position === undefined ? index : notificationOf(index, position);
    const answer = this.call(data);
    if (answer !== 0) throw new Error(`the hypercall answered ${answer}`);
  }

  /** The hypercall with any data; returns what it answered. */
  call(data: number): number {
    return this.channels.css.diagnose(C.DIAGNOSE_VIRTIO_CCW_NOTIFY, SUBCHANNEL, data);
  }

  /** Takes every interruption that waits, and looks into the indicators only where one says so. */
  takeInterrupts(): Interrupts {
    const { css } = this.channels;
    for (let next = css.takeInterruption(); next !== null; next = css.takeInterruption()) {
      const isc = next.subchannel === 0 ? ADAPTER_ISC : CLASSIC_ISC;
      const word = isc * 2 ** S.IO_INT_ISC_SHIFT + (next.subchannel === 0 ? S.IO_INT_ADAPTER : 0);
      if (next.word !== word) throw new Error(`an interruption of another: ${next.word.toString(16)}`);
      if (next.subchannel === 0) this.takeAdapter();
      else if (next.subchannel !== SUBCHANNEL || next.intparm !== INTPARM) throw new Error("a foreign subchannel");
      else if (this.test() === null) throw new Error("an interruption without a status");
    }
    const { seen } = this;
    this.seen = { used: false, config: false };
    return seen;
  }

  private takeAdapter(): void {
    if (this.takeBytes(this.summary, 1)[0] !== 1) throw new Error("an adapter interruption without its summary");
    const bytes = this.takeBytes(this.area, AREA_BYTES);
    if ((bytes[0] as number) !== 0) throw new Error("a bit of another device");
    if (bytes.some((byte) => byte !== 0)) this.seen.used = true;
  }

  private takeBytes(gpa: number, length: number): Uint8Array {
    const bytes = this.ram.bytes(gpa, length);
    const taken = bytes.slice();
    bytes.fill(0);
    return taken;
  }
}
