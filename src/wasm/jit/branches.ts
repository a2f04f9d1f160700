/** Branches: their conditions, and where they leave the region to. */
import * as R from "../cpu/records.gen";
import { exit, exitToOffset, instructionOffset } from "./exits";
import { conditionOf, pushCondition } from "./flags";
import { L_PAGE, L_TO, readW, readX, writeX } from "./locals";
import * as W from "./opcodes";
import { byte, get, i64c, set } from "./writer";

const X30: u32 = 30 << 3;
/** Kinds that leave the page stand this much behind those that stay. */
const OUT: u32 = R.REC_B_OUT - R.REC_B_IN;

export function isBranch(kind: u32): bool {
  return kind >= R.REC_B_IN && kind <= R.REC_BLR;
}

/** Pushes an i32 that is not 0 when the conditional branch is taken. */
export function emitBranchCondition(record: usize, kind: u32): void {
  const rt = <u32>load<u16>(record, 2);
  const rm = <u32>load<u16>(record, 6);
  switch (kind >= R.REC_B_OUT ? kind - OUT : kind) {
    case R.REC_B_COND_IN:
      pushCondition(conditionOf(rm));
      break;
    case R.REC_CBZ_IN_W:
      readW(rt);
      byte(W.I32_EQZ);
      break;
    case R.REC_CBZ_IN_X:
      readX(rt);
      byte(W.I64_EQZ);
      break;
    case R.REC_CBNZ_IN_W:
      readW(rt);
      break;
    case R.REC_CBNZ_IN_X:
      readX(rt);
      byte(W.I64_EQZ);
      byte(W.I32_EQZ);
      break;
    default:
      readX(rt);
      i64c((<u64>1) << (<u64>rm));
      byte(W.I64_AND);
      byte(W.I64_EQZ);
      if (kind == R.REC_TBNZ_IN || kind == R.REC_TBNZ_OUT) byte(W.I32_EQZ);
  }
}

function link(after: u32): void {
  get(L_PAGE);
  i64c(<u64>after);
  byte(W.I64_ADD);
  writeX(X30);
}

/** Emits the way out of the region of a branch that is taken; `after` is the page offset behind it. */
export function emitExit(record: usize, kind: u32, after: u32): void {
  if (kind == R.REC_BR || kind == R.REC_BLR) {
    readX(<u32>load<u16>(record, 4));
    set(L_TO);
    if (kind == R.REC_BLR) link(after);
    exit();
    return;
  }
  if (kind == R.REC_BL_IN || kind == R.REC_BL_OUT) link(after);
  const low = load<i32>(record, 8);
  exitToOffset(kind >= R.REC_B_OUT ? <i64>low : <i64>instructionOffset() + <i64>(low >> 2));
}
