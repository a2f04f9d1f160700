/** Loads and stores. */
import * as R from "../cpu/records.gen";
import { Rn, Rt, bits, sbits } from "../a64/fields";
import { CPU_FP_TRAP } from "../cpu/state";
import { leaveUndone } from "./exits";
import { NOT_IN_GROUP, locateInGroup } from "./groups";
import {
  L_CPU,
  L_HOST,
  L_PAGE,
  L_VA,
  addImmediate,
  knowSignificantBits,
  readV,
  readX,
  sourceSlot,
  targetSlot,
  vectorOf,
  writeV,
  writeX,
} from "./locals";
import { OFF, POST, PRE, baseOf, describeAccess, isQ, isStore, mode, operation, size } from "./access-records";
import * as W from "./opcodes";
import { pushShifted } from "./operands";
import { translate, translateUnprivileged } from "./translation";
import { access, accessV, byte, get, i64c, set } from "./writer";

/** The way to the place being compiled has a check for the trap of FP and SIMD, which nothing inside a region changes. */
let checked: bool = false;

export function fpTrapChecked(): bool {
  return checked;
}
export function setFpTrapChecked(is: bool): void {
  checked = is;
}

export function beginMemory(): void {
  checked = false;
}

/** Emits L_VA by addressing mode. */
function address(record: usize): void {
  readX(baseOf(record));
  if (mode == OFF || mode == PRE) addImmediate(load<u64>(record, 8));
  else if (mode != POST) {
    const amount = load<u32>(record, 8);
    pushShifted(<u32>load<u16>(record, 6), amount, true);
    byte(W.I64_ADD);
  }
  set(L_VA);
}
/** The access that was located last shares a group's address, so that L_VA has nothing of it. */
let grouped: bool = false;

/** Emits L_HOST: the access of `record` begins as many bytes behind it as this returns. */
function locate(record: usize): usize {
  const offset = locateInGroup(record);
  grouped = offset != NOT_IN_GROUP;
  if (grouped) return offset;
  address(record);
  translate(size, isStore);
  return 0;
}
function writeBack(record: usize): void {
  if (mode != POST && mode != PRE) return;
  const slot = baseOf(record);
  if (grouped) readX(slot);
  else get(L_VA);
  if (grouped || mode == POST) addImmediate(load<u64>(record, 8));
  writeX(slot);
}

/** Load operators by size << 2 | opc (0 for stores, whose operators are by size), all in i64. */
export function loadOperator(operation: u32): u32 {
  switch (operation) {
    case 1:
      return W.I64_LOAD8_U;
    case 2:
    case 3:
      return W.I64_LOAD8_S;
    case 5:
      return W.I64_LOAD16_U;
    case 6:
    case 7:
      return W.I64_LOAD16_S;
    case 9:
      return W.I64_LOAD32_U;
    case 10:
      return W.I64_LOAD32_S;
    default:
      return W.I64_LOAD;
  }
}
export function storeOperator(size: u32): u32 {
  switch (size) {
    case 1:
      return W.I64_STORE8;
    case 2:
      return W.I64_STORE16;
    case 4:
      return W.I64_STORE32;
    default:
      return W.I64_STORE;
  }
}

/** Pops a loaded i64 into a register: sign extension to W leaves the upper half zero. */
function writeLoaded(slot: u32, toW: bool): void {
  if (toW) {
    i64c(0xffff_ffff);
    byte(W.I64_AND);
  }
  writeX(slot);
}

function single(record: usize, operation: u32): void {
  const opc = operation & 3;
  const rt = <u32>load<u16>(record, 2);
  const offset = locate(record);
  get(L_HOST);
  if (opc == 0) {
    readX(rt);
    access(storeOperator(size), offset);
  } else {
    access(loadOperator(operation), offset);
    writeLoaded(rt, opc == 3);
  }
  writeBack(record);
}

function literal(record: usize, kind: u32): void {
  const size: u32 = kind == R.REC_LDR_X_LIT ? 8 : 4;
  get(L_PAGE);
  addImmediate(load<u64>(record, 8));
  set(L_VA);
  translate(size, false);
  get(L_HOST);
  access(kind == R.REC_LDRSW_LIT ? W.I64_LOAD32_S : size == 8 ? W.I64_LOAD : W.I64_LOAD32_U, 0);
  writeX(<u32>load<u16>(record, 2));
}

/** STP_W STP_X LDP_W LDP_X LDPSW, three modes each. */
function pair(record: usize, operation: u32): void {
  const half = size >> 1;
  const rt = <u32>load<u16>(record, 2);
  const rt2 = <u32>load<u16>(record, 6);
  const offset = locate(record);
  if (isStore) {
    const op = storeOperator(half);
    get(L_HOST);
    readX(rt);
    access(op, offset);
    get(L_HOST);
    readX(rt2);
    access(op, offset + half);
  } else {
    const op = operation == 4 ? W.I64_LOAD32_S : half == 8 ? W.I64_LOAD : W.I64_LOAD32_U;
    get(L_HOST);
    access(op, offset);
    get(L_HOST);
    access(op, offset + half);
    writeX(rt2);
    writeX(rt);
  }
  writeBack(record);
}

/** Emits: leave for the interpreter when FP and SIMD instructions trap. */
export function checkFpTrap(): void {
  if (checked) return;
  checked = true;
  get(L_CPU);
  access(W.I32_LOAD, CPU_FP_TRAP);
  leaveUndone();
}

/** LDR STR LDP STP of D and Q registers. */
function vector(record: usize): void {
  checkFpTrap();
  const offset = locate(record);
  const each: u32 = isQ ? 16 : 8;
  for (let i: u32 = 0; i * each < size; i++) {
    const slot = <u32>load<u16>(record + (i == 0 ? 2 : 6));
    const n = vectorOf(slot);
    get(L_HOST);
    if (isStore) {
      readV(n);
      if (isQ) accessV(W.V128_STORE, offset + i * each);
      else {
        accessV(W.V128_STORE64_LANE, offset + i * each);
        byte(0);
      }
    } else {
      accessV(isQ ? W.V128_LOAD : W.V128_LOAD64_ZERO, offset + i * each);
      writeV(n);
      knowSignificantBits(n, each << 3);
    }
  }
  writeBack(record);
}

/** LDTR and STTR (ARM ARM C3.2.5): what kernels copy from and to their users' memory with. False for other instructions. */
export function emitUnprivileged(w: u32): bool {
  if ((w & 0x3f20_0c00) != 0x3800_0800) return false;
  const size: u32 = 1 << (w >> 30);
  const opc = bits(w, 22, 2);
  readX(Rn(w) << 3);
  addImmediate(<u64>sbits(w, 12, 9));
  set(L_VA);
  translateUnprivileged(size, opc == 0);
  get(L_HOST);
  if (opc == 0) {
    readX(sourceSlot(Rt(w)));
    access(storeOperator(size), 0);
  } else {
    access(loadOperator(((w >> 30) << 2) | opc), 0);
    writeLoaded(targetSlot(Rt(w)), opc == 3);
  }
  return true;
}

/** Translates `record` if it is a load or store; false when it is not. */
export function emitMemory(record: usize): bool {
  const kind = <u32>load<u16>(record);
  if (kind >= R.REC_LDR_W_LIT && kind <= R.REC_LDRSW_LIT) {
    literal(record, kind);
    return true;
  }
  if (!describeAccess(kind)) return false;
  if (kind < R.REC_LDR_W_LIT) single(record, operation);
  else if (kind < R.REC_LDR_D_OFF) pair(record, operation);
  else vector(record);
  return true;
}
