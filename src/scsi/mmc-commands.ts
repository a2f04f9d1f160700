/** Commands of CD and DVD drives (MMC-6). */
import type { BlockUnit } from "./block-unit.ts";
import { be16, putBe } from "./cdb.ts";
import { answer, type CommandRow, dataIn, type Outcome, type ScsiTask } from "./command.ts";
import { SENSE } from "./sense.ts";
import * as S from "./spec.ts";
import { formattedToc, multiSession, rawToc } from "./toc.ts";

/** What these commands need of a drive. */
export interface MediaDrive extends BlockUnit {
  takeEvent(): number;
}

const MSF = 0x02;

function readToc(drive: MediaDrive, task: ScsiTask): Outcome {
  const { cdb } = task;
  const msf = ((cdb[1] as number) & MSF) !== 0;
  switch ((cdb[2] as number) & 0x0f) {
    case 0: {
      const toc = formattedToc(drive.blockCount, msf, cdb[6] as number);
      return toc === null ? SENSE.invalidFieldInCdb : answer(task, toc);
    }
    case 1:
      return answer(task, multiSession());
    case 2:
      return answer(task, rawToc(drive.blockCount, msf));
    default:
      return SENSE.invalidFieldInCdb;
  }
}

const PROFILE_NONE = 0;
const PROFILE_CD_ROM = 0x0008;
const PROFILE_DVD_ROM = 0x0010;
/** The blocks of a CD of 80 minutes; what is larger is a DVD. */
const CD_MAX_BLOCKS = 80 * 60 * 75;

function currentProfile(drive: MediaDrive): number {
  if (drive.medium === null) return PROFILE_NONE;
  return drive.blockCount > CD_MAX_BLOCKS ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
}

interface Feature {
  readonly code: number;
  /** Version, persistent and current bits. */
  readonly flags: number;
  data(profile: number): readonly number[];
}

const profile = (code: number, current: number): number[] => [code >> 8, code & 0xff, code === current ? 1 : 0, 0];

/** MMC-6, 5.3: which media, which interface (SCSI), and how they come in and out (a tray that is locked and ejected). */
const FEATURES: readonly Feature[] = [
  {
    code: 0x0000,
    flags: 0x03,
    data: (current) => [...profile(PROFILE_DVD_ROM, current), ...profile(PROFILE_CD_ROM, current)],
  },
  { code: 0x0001, flags: 0x0b, data: () => [0, 0, 0, 1, 1, 0, 0, 0] },
  { code: 0x0003, flags: 0x0b, data: () => [0x39, 0, 0, 0] },
];

/** RT: all features from a number on, those of them that are current (all are), or the one of that number. */
const RT_ONE = 2;
const RT_RESERVED = 3;

function getConfiguration(drive: MediaDrive, task: ScsiTask): Outcome {
  const requestType = (task.cdb[1] as number) & 0x03;
  if (requestType === RT_RESERVED) return SENSE.invalidFieldInCdb;
  const start = be16(task.cdb, 2);
  const current = currentProfile(drive);
  const features = FEATURES.filter(({ code }) => (requestType === RT_ONE ? code === start : code >= start));
  const descriptors = features.flatMap(({ code, flags, data }) => {
    const bytes = data(current);
    return [code >> 8, code & 0xff, flags, bytes.length, ...bytes];
  });
  const bytes = Uint8Array.from([0, 0, 0, 0, 0, 0, current >> 8, current & 0xff, ...descriptors]);
  putBe(bytes, 0, 4, bytes.length - 4);
  return answer(task, bytes);
}

const POLLED = 0x01;
const MEDIA_CLASS = 4;
const MEDIA_CLASS_BIT = 1 << MEDIA_CLASS;
const NO_EVENT_AVAILABLE = 0x80;
const TRAY_OPEN = 0x01;
const MEDIA_PRESENT = 0x02;

function getEventStatus(drive: MediaDrive, task: ScsiTask): Outcome {
  const { cdb } = task;
  if (((cdb[1] as number) & POLLED) === 0) return SENSE.invalidFieldInCdb;
  if (((cdb[4] as number) & MEDIA_CLASS_BIT) === 0) {
    return answer(task, Uint8Array.of(0, 0, NO_EVENT_AVAILABLE, MEDIA_CLASS_BIT));
  }
  const status = drive.isTrayOpen ? TRAY_OPEN : drive.medium === null ? 0 : MEDIA_PRESENT;
  // An answer without room for the event does not take it (MMC-6, 6.6.2).
  const event = task.transfer.bytes >= 6 ? drive.takeEvent() : 0;
  return answer(task, Uint8Array.of(0, 4, MEDIA_CLASS, MEDIA_CLASS_BIT, event, status, 0, 0));
}

/** A finished disc with one complete session, no matter what for (MMC-6, 6.22). */
function readDiscInformation(_drive: MediaDrive, task: ScsiTask): Outcome {
  if (((task.cdb[1] as number) & 0x07) !== 0) return SENSE.invalidFieldInCdb;
  const bytes = new Uint8Array(34);
  // Length, status, first track, sessions, first and last track of the last session, unrestricted use.
  bytes.set([0, 32, 0x0e, 1, 1, 1, 1, 0x20]);
  return answer(task, bytes);
}

/** No changer: one slot, and whether the tray is out (MMC-6, 6.8). */
function mechanismStatus(drive: MediaDrive, task: ScsiTask): Outcome {
  return answer(task, Uint8Array.of(0, drive.isTrayOpen ? 0x10 : 0, 0, 0, 0, 1, 0, 0));
}

export const MMC_COMMANDS: readonly CommandRow<MediaDrive>[] = [
  {
    opcode: S.READ_TOC_PMA_ATIP,
    name: "READ TOC/PMA/ATIP",
    transfer: (cdb) => dataIn(be16(cdb, 7)),
    run: readToc,
  },
  {
    opcode: S.GET_CONFIGURATION,
    name: "GET CONFIGURATION",
    withoutMedium: true,
    transfer: (cdb) => dataIn(be16(cdb, 7)),
    run: getConfiguration,
  },
  {
    opcode: S.GET_EVENT_STATUS_NOTIFICATION,
    name: "GET EVENT STATUS NOTIFICATION",
    withoutMedium: true,
    transfer: (cdb) => dataIn(be16(cdb, 7)),
    run: getEventStatus,
  },
  {
    opcode: S.READ_DISC_INFORMATION,
    name: "READ DISC INFORMATION",
    transfer: (cdb) => dataIn(be16(cdb, 7)),
    run: readDiscInformation,
  },
  {
    opcode: S.MECHANISM_STATUS,
    name: "MECHANISM STATUS",
    withoutMedium: true,
    transfer: (cdb) => dataIn(be16(cdb, 8)),
    run: mechanismStatus,
  },
];
