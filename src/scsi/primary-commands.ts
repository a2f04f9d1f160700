/** Commands of every unit (SPC-4) and of every drive. */
import type { BlockUnit } from "./block-unit.ts";
import { be32, putBe } from "./cdb.ts";
import { answer, type CommandRow, dataIn, NO_TRANSFER, type ScsiTask, type Steps } from "./command.ts";
import { answerSense, type LogicalUnit } from "./logical-unit.ts";
import { MODE_COMMANDS } from "./mode-pages.ts";
import { SENSE, type Sense } from "./sense.ts";
import * as S from "./spec.ts";
import { INQUIRY_COMMAND } from "./vpd-pages.ts";

/** The eight bytes of a LUN below a target: peripheral addressing up to 255, flat above (SAM-5, 4.7.7). */
function lunBytes(lun: number): number[] {
  return [lun > 0xff ? 0x40 | (lun >> 8) : 0, lun & 0xff, 0, 0, 0, 0, 0, 0];
}

/** SELECT REPORT: well known logical units only. No target has any in its own list. */
const WELL_KNOWN_ONLY = 1;
const SELECT_REPORT_MAX = 2;

/** The answer to REPORT LUNS with these entries of eight bytes. */
export function lunList(entries: readonly (readonly number[])[]): Uint8Array {
  const bytes = new Uint8Array(8 + 8 * entries.length);
  putBe(bytes, 0, 4, 8 * entries.length);
  entries.forEach((entry, index) => bytes.set(entry, 8 + 8 * index));
  return bytes;
}

/** REPORT LUNS, with the entries that `list` gives. */
export function reportLuns<Unit extends LogicalUnit>(
  list: (unit: Unit) => readonly (readonly number[])[],
): CommandRow<Unit> {
  return {
    opcode: S.REPORT_LUNS,
    name: "REPORT LUNS",
    withoutMedium: true,
    transfer: (cdb) => dataIn(be32(cdb, 6)),
    run(unit, task) {
      const selectReport = task.cdb[2] as number;
      if (task.transfer.bytes < 16 || selectReport > SELECT_REPORT_MAX) return SENSE.invalidFieldInCdb;
      return answer(task, lunList(selectReport === WELL_KNOWN_ONLY ? [] : list(unit)));
    },
  };
}

export const REPORT_LUNS_COMMAND = reportLuns(({ target }) => target.luns().map(lunBytes));

export const TEST_UNIT_READY_COMMAND: CommandRow<LogicalUnit> = {
  opcode: S.TEST_UNIT_READY,
  name: "TEST UNIT READY",
  transfer: () => NO_TRANSFER,
  run: () => null,
};

/** REQUEST SENSE of a unit that has nothing to say: sense data goes out with the command that it is about. */
export const requestSense = (sense: Sense = SENSE.none): CommandRow<LogicalUnit> => ({
  opcode: S.REQUEST_SENSE,
  name: "REQUEST SENSE",
  withoutMedium: true,
  transfer: (cdb) => dataIn(cdb[4] as number),
  run: (_unit, task) => answerSense(task, sense),
});

/** RESERVE and RELEASE of whole units: there is one initiator. */
function reservation(opcode: number, name: string): CommandRow<BlockUnit> {
  return {
    opcode,
    name,
    withoutMedium: true,
    transfer: () => NO_TRANSFER,
    run: (_unit, { cdb }) => (((cdb[1] as number) & 1) === 0 ? null : SENSE.invalidFieldInCdb),
  };
}

function* startStop(unit: BlockUnit, { cdb }: ScsiTask): Steps {
  const flags = cdb[4] as number;
  const powerCondition = flags >> 4;
  if (powerCondition !== 0) return null;
  const start = (flags & 1) !== 0;
  const loadOrEject = (flags & 2) !== 0;
  if (!start) yield unit.flush();
  return loadOrEject && unit.options.removable ? unit.moveTray(!start) : null;
}

/** SBC-3, 5.2 READ CAPACITY(10) ends where (16) has to be asked. */
function readCapacity10(unit: BlockUnit, task: ScsiTask): ReturnType<CommandRow<BlockUnit>["run"]> {
  const { blockCount, blockSize } = unit;
  if (blockCount === 0) return SENSE.becomingReady;
  const pmi = ((task.cdb[8] as number) & 1) !== 0;
  if (!pmi && be32(task.cdb, 2) !== 0) return SENSE.invalidFieldInCdb;
  const bytes = new Uint8Array(8);
  putBe(bytes, 0, 4, Math.min(blockCount - 1, 0xffff_ffff));
  putBe(bytes, 4, 4, blockSize);
  return answer(task, bytes);
}

function readCapacity16(unit: BlockUnit, task: ScsiTask): ReturnType<CommandRow<BlockUnit>["run"]> {
  const { blockCount, blockSize, options } = unit;
  if (blockCount === 0) return SENSE.becomingReady;
  const pmi = ((task.cdb[14] as number) & 1) !== 0;
  if (!pmi && task.cdb.subarray(2, 10).some((byte) => byte !== 0)) return SENSE.invalidFieldInCdb;
  const bytes = new Uint8Array(32);
  putBe(bytes, 0, 8, blockCount - 1);
  putBe(bytes, 8, 4, blockSize);
  bytes[13] = Math.log2(options.physicalBlockSize / blockSize);
  // LBPME: blocks can be unmapped.
  bytes[14] = 0x80;
  return answer(task, bytes);
}

export const PRIMARY_COMMANDS: readonly CommandRow<BlockUnit>[] = [
  TEST_UNIT_READY_COMMAND,
  requestSense(),
  INQUIRY_COMMAND,
  REPORT_LUNS_COMMAND,
  ...MODE_COMMANDS,
  reservation(S.RESERVE_6, "RESERVE(6)"),
  reservation(S.RELEASE_6, "RELEASE(6)"),
  reservation(S.RESERVE_10, "RESERVE(10)"),
  reservation(S.RELEASE_10, "RELEASE(10)"),
  {
    opcode: S.START_STOP_UNIT,
    name: "START STOP UNIT",
    withoutMedium: true,
    transfer: () => NO_TRANSFER,
    run: startStop,
  },
  {
    opcode: S.PREVENT_ALLOW_MEDIUM_REMOVAL,
    name: "PREVENT ALLOW MEDIUM REMOVAL",
    withoutMedium: true,
    transfer: () => NO_TRANSFER,
    run(unit, { cdb }) {
      unit.setLocked(((cdb[4] as number) & 1) !== 0);
      return null;
    },
  },
  {
    opcode: S.READ_CAPACITY_10,
    name: "READ CAPACITY(10)",
    // The command has no allocation length.
    transfer: () => dataIn(8),
    run: readCapacity10,
  },
  {
    opcode: S.SERVICE_ACTION_IN_16,
    serviceAction: S.SAI_READ_CAPACITY_16,
    name: "READ CAPACITY(16)",
    transfer: (cdb) => dataIn(be32(cdb, 10)),
    run: readCapacity16,
  },
];
