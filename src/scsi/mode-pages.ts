/** MODE SENSE, MODE SELECT and the pages that they are about. */
import type { BlockUnit } from "./block-unit.ts";
import { be16, be24, cdbLength, putBe } from "./cdb.ts";
import {
  answer,
  type CommandRow,
  dataIn,
  dataOut,
  type Outcome,
  parameterList,
  type ScsiTask,
  type Steps,
} from "./command.ts";
import { SENSE } from "./sense.ts";
import * as S from "./spec.ts";

/** One page: what follows its two bytes of header. */
export interface ModePage {
  readonly code: number;
  current(unit: BlockUnit): Uint8Array;
  /** Ones where an initiator may change the page; without it none. */
  readonly changeable?: (bytes: Uint8Array) => void;
  apply?(unit: BlockUnit, bytes: Uint8Array): void;
}

const AWRE = 0x80;
const WCE = 0x04;
const HEADS = 16;
const SECTORS_PER_TRACK = 63;
const RPM = 5400;

/** A geometry for those who ask for one: 16 heads, 63 sectors, and cylinders as far as they go. */
function cylinders({ medium }: BlockUnit): number {
  const sectors = Math.floor((medium?.sizeBytes ?? 0) / 512);
  return Math.max(2, Math.min(16383, Math.floor(sectors / (HEADS * SECTORS_PER_TRACK))));
}

/** SBC-3, 6.5.10 and MMC-6, 7.3: bad blocks are replaced by themselves; a CD drive reads 32 times. */
const readWriteErrorRecovery = (readRetries: number): ModePage => ({
  code: S.MODE_PAGE_READ_WRITE_ERROR_RECOVERY,
  current: () => Uint8Array.of(AWRE, readRetries, 0, 0, 0, 0, 0, 0, 0, 0),
});

/** SCSI-2, 9.3.3.7. */
const RIGID_DISK_GEOMETRY: ModePage = {
  code: S.MODE_PAGE_RIGID_DISK_GEOMETRY,
  current(unit) {
    const bytes = new Uint8Array(22);
    for (const at of [0, 4, 7]) putBe(bytes, at, 3, cylinders(unit));
    bytes[3] = HEADS;
    // Drive step rate, 200 ns; the heads need not be parked anywhere.
    putBe(bytes, 10, 2, 200);
    putBe(bytes, 12, 3, 0xff_ffff);
    putBe(bytes, 18, 2, RPM);
    return bytes;
  },
};

/** SCSI-2, 9.3.3.5. */
const FLEXIBLE_DISK: ModePage = {
  code: S.MODE_PAGE_FLEXIBLE_DISK,
  current(unit) {
    const bytes = new Uint8Array(30);
    putBe(bytes, 0, 2, 5000);
    bytes[2] = HEADS;
    bytes[3] = SECTORS_PER_TRACK;
    putBe(bytes, 4, 2, unit.blockSize);
    for (const at of [6, 8, 10]) putBe(bytes, at, 2, cylinders(unit));
    putBe(bytes, 12, 2, 1);
    bytes[14] = 1;
    putBe(bytes, 15, 2, 1);
    bytes[17] = 1;
    bytes[18] = 1;
    putBe(bytes, 26, 2, RPM);
    return bytes;
  },
};

/** SBC-3, 6.5.5. */
const CACHING: ModePage = {
  code: S.MODE_PAGE_CACHING,
  current: ({ writeCache }) => {
    const bytes = new Uint8Array(18);
    bytes[0] = writeCache ? WCE : 0;
    return bytes;
  },
  changeable: (bytes) => {
    bytes[0] = WCE;
  },
  apply(unit, bytes) {
    unit.writeCache = ((bytes[0] as number) & WCE) !== 0;
  },
};

/** MMC-3, 6.3.8: nothing is played. */
const AUDIO_CONTROL: ModePage = { code: S.MODE_PAGE_AUDIO_CONTROL, current: () => new Uint8Array(14) };

/** A drive that reads at 50 times the speed of an audio CD, in kB/s, and writes at 16 times if it wrote. */
const READ_SPEED = 50 * 176;
const WRITE_SPEED = 16 * 176;

/** MMC-3, 6.3.11: reads CD-R, CD-RW and DVD, sends no sound; a tray that can be locked and opened. */
const CAPABILITIES: ModePage = {
  code: S.MODE_PAGE_CAPABILITIES,
  current({ isLocked }) {
    const bytes = new Uint8Array(20);
    bytes.set([0x3b, 0, 0x7f, 0xff, 0x2d | (isLocked ? 2 : 0), 0]);
    putBe(bytes, 6, 2, READ_SPEED);
    // Volume levels and the buffer in KiB.
    putBe(bytes, 8, 2, 2);
    putBe(bytes, 10, 2, 2048);
    for (const at of [12, 16, 18]) putBe(bytes, at, 2, WRITE_SPEED);
    return bytes;
  },
};

export const DISK_MODE_PAGES: readonly ModePage[] = [
  readWriteErrorRecovery(0),
  RIGID_DISK_GEOMETRY,
  FLEXIBLE_DISK,
  CACHING,
];
export const CD_MODE_PAGES: readonly ModePage[] = [readWriteErrorRecovery(0x20), CACHING, AUDIO_CONTROL, CAPABILITIES];

function pageValues(page: ModePage, unit: BlockUnit, control: number): Uint8Array {
  const bytes = page.current(unit);
  if (control !== S.PAGE_CONTROL_CHANGEABLE) return bytes;
  bytes.fill(0);
  page.changeable?.(bytes);
  return bytes;
}

/** Number of blocks, where it fits, and their length (SPC-4, 7.5.5). */
function blockDescriptor({ blockCount, blockSize }: BlockUnit): number[] {
  const bytes = new Uint8Array(8);
  putBe(bytes, 1, 3, blockCount > 0xff_ffff ? 0 : blockCount);
  putBe(bytes, 5, 3, blockSize);
  return [...bytes];
}

function modeSense(unit: BlockUnit, task: ScsiTask): Outcome {
  const [opcode = 0, flags = 0, page = 0] = task.cdb;
  const control = page >> 6;
  const code = page & 0x3f;
  const isAll = code === S.MODE_PAGE_ALL;
  const pages = unit.modePages.filter((row) => isAll || row.code === code);
  if (pages.length === 0) return SENSE.invalidFieldInCdb;
  if (control === S.PAGE_CONTROL_SAVED) return SENSE.savingParametersNotSupported;
  const withDescriptor = (flags & 0x08) === 0 && unit.peripheral === S.TYPE_DISK && unit.medium !== null;
  const descriptor = withDescriptor ? blockDescriptor(unit) : [];
  const deviceSpecific =
    unit.peripheral === S.TYPE_DISK ? (unit.isWriteProtected ? 0x80 : 0) | (unit.options.dpofua ? 0x10 : 0) : 0;
  const content = pages.flatMap((row) => {
    const values = pageValues(row, unit, control);
    return [row.code, values.length, ...values];
  });
  const header =
    cdbLength(opcode) === 6
      ? [0, 0, deviceSpecific, descriptor.length]
      : [0, 0, 0, deviceSpecific, 0, 0, 0, descriptor.length];
  const bytes = Uint8Array.from([...header, ...descriptor, ...content]);
  if (header.length === 4) bytes[0] = bytes.length - 1;
  else putBe(bytes, 0, 2, bytes.length - 2);
  return answer(task, bytes);
}

/** A page of a parameter list, in the list's bytes. */
interface GivenPage {
  readonly page: ModePage;
  readonly bytes: Uint8Array;
}

/** The pages of a parameter list, each checked, or why not. */
function givenPages(unit: BlockUnit, list: Uint8Array): GivenPage[] | Outcome {
  const given: GivenPage[] = [];
  for (let at = 0; at < list.length; ) {
    if (list.length - at < 2) return SENSE.parameterListLengthError;
    const [first = 0, length = 0] = list.subarray(at, at + 2);
    // No page here has sub-pages.
    if ((first & 0x40) !== 0) return SENSE.invalidFieldInParameterList;
    if (at + 2 + length > list.length) return SENSE.parameterListLengthError;
    const bytes = list.subarray(at + 2, at + 2 + length);
    const page = unit.modePages.find(({ code }) => code === (first & 0x3f));
    if (page === undefined || !isAcceptable(unit, page, bytes)) return SENSE.invalidFieldInParameterList;
    given.push({ page, bytes });
    at += 2 + length;
  }
  return given;
}

/** Only what is changeable may differ. */
function isAcceptable(unit: BlockUnit, page: ModePage, bytes: Uint8Array): boolean {
  const current = page.current(unit);
  const mask = pageValues(page, unit, S.PAGE_CONTROL_CHANGEABLE);
  if (bytes.length !== current.length) return false;
  return bytes.every((byte, index) => ((byte ^ (current[index] as number)) & ~(mask[index] as number)) === 0);
}

const PF = 0x10;
const SP = 0x01;

function* modeSelect(unit: BlockUnit, task: ScsiTask): Steps {
  const [opcode = 0, flags = 0] = task.cdb;
  if ((flags & (PF | SP)) !== PF) return SENSE.invalidFieldInCdb;
  if (task.transfer.bytes === 0) return null;
  const list = parameterList(task);
  const headerLength = cdbLength(opcode) === 6 ? 4 : 8;
  if (list.length < headerLength) return SENSE.parameterListLengthError;
  const descriptorLength = headerLength === 4 ? (list[3] as number) : be16(list, 6);
  if (list.length < headerLength + descriptorLength) return SENSE.parameterListLengthError;
  if (descriptorLength !== 0 && descriptorLength !== 8) return SENSE.invalidFieldInParameterList;
  if (descriptorLength === 8) {
    const wanted = be24(list, headerLength + 5);
    if (wanted !== 0 && wanted !== unit.blockSize) return SENSE.invalidFieldInParameterList;
  }
  const given = givenPages(unit, list.subarray(headerLength + descriptorLength));
  if (!Array.isArray(given)) return given;
  const had = unit.writeCache;
  for (const { page, bytes } of given) page.apply?.(unit, bytes);
  // What a write cache held is written before the cache is switched off (SBC-3, 4.15).
  if (had && !unit.writeCache) yield unit.flush();
  return null;
}

export const MODE_COMMANDS: readonly CommandRow<BlockUnit>[] = [
  {
    opcode: S.MODE_SENSE_6,
    name: "MODE SENSE(6)",
    withoutMedium: true,
    transfer: (cdb) => dataIn(cdb[4] as number),
    run: modeSense,
  },
  {
    opcode: S.MODE_SENSE_10,
    name: "MODE SENSE(10)",
    withoutMedium: true,
    transfer: (cdb) => dataIn(be16(cdb, 7)),
    run: modeSense,
  },
  {
    opcode: S.MODE_SELECT_6,
    name: "MODE SELECT(6)",
    transfer: (cdb) => dataOut(cdb[4] as number),
    run: modeSelect,
  },
  {
    opcode: S.MODE_SELECT_10,
    name: "MODE SELECT(10)",
    transfer: (cdb) => dataOut(be16(cdb, 7)),
    run: modeSelect,
  },
];
