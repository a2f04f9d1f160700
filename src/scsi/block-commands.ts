/** Commands that move blocks (SBC-3). */
import type { BlockUnit } from "./block-unit.ts";
import { type BlockRange, blockRange } from "./cdb.ts";
import { type CommandRow, dataIn, dataOut, NO_TRANSFER, type Outcome, type ScsiTask, type Steps } from "./command.ts";
import type { ScsiMedium } from "./medium.ts";
import { SENSE } from "./sense.ts";
import * as S from "./spec.ts";

const FUA = 0x08;
const PROTECTION = 0xe0;

/** Why the blocks are not there, or null. A range of no blocks may begin at the end. */
export function outOfRange({ lba, blocks }: BlockRange, unit: BlockUnit): Outcome {
  return lba + blocks <= unit.blockCount ? null : SENSE.lbaOutOfRange;
}

/** Byte 1 of a READ(6) has a part of the address where the others have flags. */
const flagsOf = (cdb: Uint8Array): number => (cdb[0] === S.READ_6 || cdb[0] === S.WRITE_6 ? 0 : (cdb[1] as number));

function checkBlocks(unit: BlockUnit, cdb: Uint8Array): Outcome {
  // There is no protection information to check or to write.
  if ((flagsOf(cdb) & PROTECTION) !== 0) return SENSE.invalidFieldInCdb;
  return outOfRange(blockRange(cdb), unit);
}

/** The medium of a command that was found ready. */
export function mediumOf(unit: BlockUnit): ScsiMedium {
  if (unit.medium === null) throw new Error("a command that needs a medium runs without one");
  return unit.medium;
}

function* readBlocks(unit: BlockUnit, task: ScsiTask): Steps {
  const refusal = checkBlocks(unit, task.cdb);
  if (refusal !== null) return refusal;
  const medium = mediumOf(unit);
  const start = blockRange(task.cdb).lba * unit.blockSize;
  for (let done = 0; done < task.transfer.bytes; ) {
    const slice = task.slice(task.transfer.bytes - done);
    yield task.spend(slice.length);
    yield medium.read(start + done, slice);
    task.write(slice);
    done += slice.length;
  }
  return null;
}

/** Without a write cache, or with FUA, a change is durable when it completes. */
export function* settle(unit: BlockUnit, medium: ScsiMedium, forced = false): Steps {
  if (forced || !unit.writeCache) yield medium.flush();
  return null;
}

function* writeBlocks(unit: BlockUnit, task: ScsiTask): Steps {
  if (unit.isWriteProtected) return SENSE.writeProtected;
  const refusal = checkBlocks(unit, task.cdb);
  if (refusal !== null) return refusal;
  const medium = mediumOf(unit);
  const start = blockRange(task.cdb).lba * unit.blockSize;
  for (let done = 0; done < task.transfer.bytes; ) {
    const slice = task.slice(task.transfer.bytes - done);
    yield task.spend(slice.length);
    task.read(slice);
    yield medium.write(start + done, slice);
    done += slice.length;
  }
  return yield* settle(unit, medium, (flagsOf(task.cdb) & FUA) !== 0);
}

/** Reads the blocks and looks at none: it is about whether they can be read. BYTCHK is not supported, as in QEMU. */
function* verifyBlocks(unit: BlockUnit, task: ScsiTask): Steps {
  if (((task.cdb[1] as number) & 0x06) !== 0) return SENSE.invalidFieldInCdb;
  const refusal = checkBlocks(unit, task.cdb);
  if (refusal !== null) return refusal;
  const { lba, blocks } = blockRange(task.cdb);
  const medium = mediumOf(unit);
  for (let done = 0; done < blocks * unit.blockSize; ) {
    const slice = task.slice(blocks * unit.blockSize - done);
    yield task.spend(slice.length);
    yield medium.read(lba * unit.blockSize + done, slice);
    done += slice.length;
  }
  return null;
}

/** The whole cache is written, whatever range was named (SBC-3, 5.24 allows more). */
function* synchronizeCache(unit: BlockUnit): Steps {
  yield unit.flush();
  return null;
}

function row(
  opcode: number,
  name: string,
  direction: "in" | "out" | "none",
  run: CommandRow<BlockUnit>["run"],
): CommandRow<BlockUnit> {
  const of = { in: dataIn, out: dataOut, none: () => NO_TRANSFER }[direction];
  return { opcode, name, transfer: (cdb, unit) => of(blockRange(cdb).blocks * unit.blockSize), run };
}

const seek: CommandRow<BlockUnit>["run"] = (unit, { cdb }) => outOfRange({ lba: blockRange(cdb).lba, blocks: 1 }, unit);

/** VERIFY with BYTCHK would bring the blocks to compare with. */
function verifyRow(opcode: number, name: string): CommandRow<BlockUnit> {
  return {
    opcode,
    name,
    transfer: (cdb, unit) =>
      ((cdb[1] as number) & 0x06) === 0 ? NO_TRANSFER : dataOut(blockRange(cdb).blocks * unit.blockSize),
    run: verifyBlocks,
  };
}

export const READ_COMMANDS: readonly CommandRow<BlockUnit>[] = [
  row(S.READ_6, "READ(6)", "in", readBlocks),
  row(S.READ_10, "READ(10)", "in", readBlocks),
  row(S.READ_12, "READ(12)", "in", readBlocks),
  row(S.READ_16, "READ(16)", "in", readBlocks),
  row(S.SEEK_10, "SEEK(10)", "none", seek),
  verifyRow(S.VERIFY_10, "VERIFY(10)"),
  verifyRow(S.VERIFY_12, "VERIFY(12)"),
  verifyRow(S.VERIFY_16, "VERIFY(16)"),
  row(S.SYNCHRONIZE_CACHE_10, "SYNCHRONIZE CACHE(10)", "none", synchronizeCache),
  row(S.SYNCHRONIZE_CACHE_16, "SYNCHRONIZE CACHE(16)", "none", synchronizeCache),
];

export const WRITE_COMMANDS: readonly CommandRow<BlockUnit>[] = [
  row(S.WRITE_6, "WRITE(6)", "out", writeBlocks),
  row(S.WRITE_10, "WRITE(10)", "out", writeBlocks),
  row(S.WRITE_12, "WRITE(12)", "out", writeBlocks),
  row(S.WRITE_16, "WRITE(16)", "out", writeBlocks),
  row(S.WRITE_AND_VERIFY_10, "WRITE AND VERIFY(10)", "out", writeBlocks),
  row(S.WRITE_AND_VERIFY_12, "WRITE AND VERIFY(12)", "out", writeBlocks),
  row(S.WRITE_AND_VERIFY_16, "WRITE AND VERIFY(16)", "out", writeBlocks),
];
