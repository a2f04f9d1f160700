/** Loads and stores: the address of the first-level TLB inline, hostForCompiled for what it does not have. */
import * as R from "../cpu/records.gen";
import { Rn, Rt, bits, sbits } from "../a64/fields";
import { CPU_FP_TRAP, CPU_SINK, CPU_TLB, CPU_XZR } from "../cpu/state";
import { HOST_UNPRIVILEGED, HOST_WRITE } from "../mmu/slow";
import { TLB_ADDEND, TLB_INDEX_MASK, TLB_INDEX_SHIFT, TLB_READ, TLB_WRITE } from "../mmu/tlb";
import { LABEL_IF, close, leaveUndone, pushLabel } from "./exits";
import { hintLikely } from "./hints";
import { pushShifted } from "./operands";
import {
  L_CPU,
  L_ENTRY,
  L_HOST,
  L_PAGE,
  L_TLB,
  L_VA,
  knowSignificantBits,
  readV,
  readX,
  vectorOf,
  writeV,
  writeX,
} from "./locals";
import * as W from "./opcodes";
import { access, accessV, byte, get, i32c, i64c, leb, set, tee } from "./writer";

/** Index of the imported hostForCompiled. */
export const FUNCTION_HOST: u32 = 0;

const MODES: u32 = 5;
const OFF: u32 = 0;
const POST: u32 = 1;
const PRE: u32 = 2;

let usesTlb: bool = false;

/** The way to the place being compiled has a check for the trap of FP and SIMD, which nothing inside a region changes. */
let checked: bool = false;

export function fpTrapChecked(): bool {
  return checked;
}
export function setFpTrapChecked(is: bool): void {
  checked = is;
}

export function beginMemory(): void {
  usesTlb = false;
  checked = false;
}
/** True when the region needs L_TLB. */
export function tlbIsUsed(): bool {
  return usesTlb;
}

/** Emits L_HOST = linear-memory address of [L_VA, L_VA + size), leaving the region when only the interpreter can do the access. */
export function translate(size: u32, isWrite: bool): void {
  usesTlb = true;
  translateBy(L_TLB, 0, size, isWrite);
}

/** The same with EL0's permissions and so by EL0's TLB, which lies at CPU_TLB. */
function translateUnprivileged(size: u32, isWrite: bool): void {
  translateBy(L_CPU, CPU_TLB, size, isWrite);
}

/** `base` is the local, and `offset` the distance from it, where the TLB begins. */
function translateBy(base: u32, offset: usize, size: u32, isWrite: bool): void {
  get(L_VA);
  byte(W.I32_WRAP_I64);
  i32c(<u32>TLB_INDEX_SHIFT);
  byte(W.I32_SHR_U);
  i32c(<u32>TLB_INDEX_MASK);
  byte(W.I32_AND);
  get(base);
  byte(W.I32_ADD);
  tee(L_ENTRY);
  const half = offset + (isWrite ? TLB_WRITE : TLB_READ);
  access(W.I64_LOAD, half);
  get(L_VA);
  if (size > 1) {
    i64c(<u64>(size - 1));
    byte(W.I64_ADD);
  }
  i64c(0xffff_ffff_ffff_f000);
  byte(W.I64_AND);
  byte(W.I64_EQ);
  hintLikely();
  byte(W.IF);
  byte(W.TYPE_I32);
  pushLabel(LABEL_IF);
  get(L_VA);
  byte(W.I32_WRAP_I64);
  get(L_ENTRY);
  access(W.I32_LOAD, half + TLB_ADDEND);
  byte(W.I32_ADD);
  byte(W.ELSE);
  get(L_CPU);
  get(L_VA);
  i32c((size << 2) | (base == L_TLB ? 0 : HOST_UNPRIVILEGED) | (isWrite ? HOST_WRITE : 0));
  byte(W.CALL);
  leb(FUNCTION_HOST);
  tee(L_HOST);
  byte(W.I32_EQZ);
  leaveUndone();
  get(L_HOST);
  close();
  set(L_HOST);
}

/** Adds a constant to the i64 on the stack. */
export function addImmediate(imm: u64): void {
  if (imm == 0) return;
  i64c(imm);
  byte(W.I64_ADD);
}
/** Emits L_VA by addressing mode. */
function address(record: usize, mode: u32): void {
  readX(<u32>load<u16>(record, 4));
  if (mode == OFF || mode == PRE) addImmediate(load<u64>(record, 8));
  else if (mode != POST) {
    const amount = load<u32>(record, 8);
    pushShifted(<u32>load<u16>(record, 6), amount, true);
    byte(W.I64_ADD);
  }
  set(L_VA);
}
function writeBack(record: usize, mode: u32): void {
  if (mode != POST && mode != PRE) return;
  get(L_VA);
  if (mode == POST) addImmediate(load<u64>(record, 8));
  writeX(<u32>load<u16>(record, 4));
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

function single(record: usize, operation: u32, mode: u32): void {
  const size: u32 = 1 << (operation >> 2);
  const opc = operation & 3;
  const rt = <u32>load<u16>(record, 2);
  address(record, mode);
  translate(size, opc == 0);
  get(L_HOST);
  if (opc == 0) {
    readX(rt);
    access(storeOperator(size), 0);
  } else {
    access(loadOperator(operation), 0);
    writeLoaded(rt, opc == 3);
  }
  writeBack(record, mode);
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

/** STP_W STP_X LDP_W LDP_X LDPSW, three modes each: one check for both registers. */
function pair(record: usize, operation: u32, mode: u32): void {
  const size: u32 = operation == 1 || operation == 3 ? 8 : 4;
  const rt = <u32>load<u16>(record, 2);
  const rt2 = <u32>load<u16>(record, 6);
  const isStore = operation < 2;
  address(record, mode);
  translate(size * 2, isStore);
  if (isStore) {
    const op = storeOperator(size);
    get(L_HOST);
    readX(rt);
    access(op, 0);
    get(L_HOST);
    readX(rt2);
    access(op, size);
  } else {
    const op = operation == 4 ? W.I64_LOAD32_S : size == 8 ? W.I64_LOAD : W.I64_LOAD32_U;
    get(L_HOST);
    access(op, 0);
    get(L_HOST);
    access(op, size);
    writeX(rt2);
    writeX(rt);
  }
  writeBack(record, mode);
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
function vector(record: usize, index: u32): void {
  const perLetter: u32 = 12;
  const isQ = index >= perLetter;
  const mode = (index % perLetter) >> 2;
  const operation = index & 3;
  const size: u32 = isQ ? 16 : 8;
  const isPair = operation >= 2;
  const isStore = (operation & 1) != 0;
  checkFpTrap();
  address(record, mode);
  translate(isPair ? 2 * size : size, isStore);
  const count: u32 = isPair ? 2 : 1;
  for (let i: u32 = 0; i < count; i++) {
    const slot = <u32>load<u16>(record + (i == 0 ? 2 : 6));
    const n = vectorOf(slot);
    get(L_HOST);
    if (isStore) {
      readV(n);
      if (isQ) accessV(W.V128_STORE, i * size);
      else {
        accessV(W.V128_STORE64_LANE, i * size);
        byte(0);
      }
    } else {
      accessV(isQ ? W.V128_LOAD : W.V128_LOAD64_ZERO, i * size);
      writeV(n);
      knowSignificantBits(n, size << 3);
    }
  }
  writeBack(record, mode);
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
    readX(Rt(w) == 31 ? <u32>CPU_XZR : Rt(w) << 3);
    access(storeOperator(size), 0);
  } else {
    access(loadOperator(((w >> 30) << 2) | opc), 0);
    writeLoaded(Rt(w) == 31 ? <u32>CPU_SINK : Rt(w) << 3, opc == 3);
  }
  return true;
}

/** Translates `record` if it is a load or store; false when it is not. */
export function emitMemory(record: usize): bool {
  const kind = <u32>load<u16>(record);
  if (kind >= R.REC_STRB_OFF && kind < R.REC_LDR_W_LIT) {
    single(record, (kind - R.REC_STRB_OFF) / MODES, (kind - R.REC_STRB_OFF) % MODES);
    return true;
  }
  if (kind >= R.REC_LDR_W_LIT && kind <= R.REC_LDRSW_LIT) {
    literal(record, kind);
    return true;
  }
  if (kind >= R.REC_STP_W_OFF && kind <= R.REC_LDPSW_PRE) {
    pair(record, (kind - R.REC_STP_W_OFF) / 3, (kind - R.REC_STP_W_OFF) % 3);
    return true;
  }
  if (kind >= R.REC_LDR_D_OFF && kind < R.REC_B_IN) {
    vector(record, kind - R.REC_LDR_D_OFF);
    return true;
  }
  return false;
}
