/** Commands that change many blocks at once: UNMAP, WRITE SAME, FORMAT UNIT (SBC-3). */
import { mediumOf, outOfRange, settle } from "./block-commands.ts";
import type { BlockUnit } from "./block-unit.ts";
import { be16, be32, be64, blockRange } from "./cdb.ts";
import { type CommandRow, dataOut, NO_TRANSFER, parameterList, type ScsiTask, type Steps } from "./command.ts";
import { SENSE } from "./sense.ts";
import * as S from "./spec.ts";

const ANCHOR = 0x01;
const DESCRIPTOR_BYTES = 16;
const HEADER_BYTES = 8;

function* unmap(unit: BlockUnit, task: ScsiTask): Steps {
  if (((task.cdb[1] as number) & ANCHOR) !== 0) return SENSE.invalidFieldInCdb;
  const list = parameterList(task);
  if (list.length === 0) return null;
  if (list.length < HEADER_BYTES) return SENSE.parameterListLengthError;
  const descriptorBytes = be16(list, 2);
  const fits = list.length >= be16(list, 0) + 2 && list.length >= descriptorBytes + HEADER_BYTES;
  if (!fits || descriptorBytes % DESCRIPTOR_BYTES !== 0) return SENSE.parameterListLengthError;
  if (unit.isWriteProtected) return SENSE.writeProtected;
  const ranges = [];
  for (let at = HEADER_BYTES; at < HEADER_BYTES + descriptorBytes; at += DESCRIPTOR_BYTES) {
    const range = { lba: be64(list, at), blocks: be32(list, at + 8) };
    const refusal = outOfRange(range, unit);
    if (refusal !== null) return refusal;
    if (range.blocks > 0) ranges.push(range);
  }
  const medium = mediumOf(unit);
  for (const { lba, blocks } of ranges) {
    yield task.spend(0);
    yield medium.discard(lba * unit.blockSize, blocks * unit.blockSize);
  }
  return yield* settle(unit, medium);
}

const WS_ANCHOR = 0x10;
const WS_UNMAP = 0x08;
/** NDOB: there is no block to be written, it is zeros. */
const WS_NDOB = 0x01;
/** Zeros are asked of the medium in pieces of so many bytes. */
const ZEROES_BYTES = 2 ** 30;

function* writeSame(unit: BlockUnit, task: ScsiTask): Steps {
  const flags = task.cdb[1] as number;
  const range = blockRange(task.cdb);
  if (unit.isWriteProtected) return SENSE.writeProtected;
  if (range.blocks === 0 || (flags & (WS_ANCHOR | 0xe0 | 0x06)) !== 0) return SENSE.invalidFieldInCdb;
  const refusal = outOfRange(range, unit);
  if (refusal !== null) return refusal;
  const medium = mediumOf(unit);
  const block = new Uint8Array(unit.blockSize);
  if ((flags & WS_NDOB) === 0) task.read(block);
  const start = range.lba * unit.blockSize;
  const length = range.blocks * unit.blockSize;
  if (block.every((byte) => byte === 0)) {
    for (let done = 0; done < length; done += ZEROES_BYTES) {
      yield medium.writeZeroes(start + done, Math.min(ZEROES_BYTES, length - done), (flags & WS_UNMAP) !== 0);
    }
    return yield* settle(unit, medium);
  }
  for (let done = 0; done < length; ) {
    const slice = task.slice(length - done);
    for (let at = 0; at < slice.length; at += block.length) slice.set(block, at);
    yield task.spend(slice.length);
    yield medium.write(start + done, slice);
    done += slice.length;
  }
  return yield* settle(unit, medium);
}

const writeSameTransfer: CommandRow<BlockUnit>["transfer"] = (cdb, unit) =>
  ((cdb[1] as number) & WS_NDOB) === 0 ? dataOut(unit.blockSize) : NO_TRANSFER;

const FMTDATA = 0x10;
const LONGLIST = 0x20;

/** The parameter list header: its length is not in the command. */
const formatTransfer: CommandRow<BlockUnit>["transfer"] = (cdb) => {
  const flags = cdb[1] as number;
  if ((flags & FMTDATA) === 0) return NO_TRANSFER;
  return dataOut((flags & LONGLIST) === 0 ? 4 : 8);
};

export const PROVISIONING_COMMANDS: readonly CommandRow<BlockUnit>[] = [
  { opcode: S.UNMAP, name: "UNMAP", transfer: (cdb) => dataOut(be16(cdb, 7)), run: unmap },
  { opcode: S.WRITE_SAME_10, name: "WRITE SAME(10)", transfer: writeSameTransfer, run: writeSame },
  { opcode: S.WRITE_SAME_16, name: "WRITE SAME(16)", transfer: writeSameTransfer, run: writeSame },
  {
    opcode: S.FORMAT_UNIT,
    name: "FORMAT UNIT",
    transfer: formatTransfer,
    // The blocks are formatted already; what they hold afterwards is the unit's choice.
    run: (unit) => (unit.isWriteProtected ? SENSE.writeProtected : null),
  },
];
