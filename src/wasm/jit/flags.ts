/**
 * NZCV in compiled code: lazy. What sets flags leaves its operands in two locals and its kind in a third; conditions compare
 * the operands. The kind is known while compiling wherever one way leads to a condition, otherwise the packed value is
 * asked of packFlags.
 */
import { conditionHolds, conditionMask } from "../cpu/condition";
import { CPU_FLAG_A, CPU_FLAG_B, CPU_FLAG_KIND, CPU_NZCV } from "../cpu/state";
import * as W from "./opcodes";
import { L_CONDITION, L_CPU, L_FLAG_A, L_FLAG_B, L_FLAG_KIND, loadField, storeField } from "./locals";
import { access, byte, get, i32c, i64c, leb, set } from "./writer";

/** Kinds: NZCV itself in the first operand; those of a + b, a - b, and of the result a of a logical operation; 32 bits, then 64. */
export const FLAGS_PACKED: u32 = 0;
export const FLAGS_ADD: u32 = 2;
export const FLAGS_SUB: u32 = 4;
export const FLAGS_LOGIC: u32 = 6;
/** While compiling: CCMP, whose condition is in L_CONDITION, or not known. */
export const FLAGS_CCMP: u32 = 8;
const FLAGS_UNKNOWN: u32 = 0xff;

/** NZCV of flags of `kind` with operands `a` and `b`; 32-bit operands are zero-extended. */
export function packFlags(kind: u32, a: u64, b: u64): u32 {
  if (kind == FLAGS_PACKED) return <u32>a;
  const x = (kind & 1) != 0;
  const top: u64 = x ? 63 : 31;
  const mask: u64 = x ? 0xffff_ffff_ffff_ffff : 0xffff_ffff;
  let r = a;
  let c: bool = false;
  let v: u64 = 0;
  if ((kind & ~1) == FLAGS_ADD) {
    r = (a + b) & mask;
    c = r < a;
    v = (a ^ r) & (b ^ r);
  } else if ((kind & ~1) == FLAGS_SUB) {
    r = (a - b) & mask;
    c = a >= b;
    v = (a ^ b) & (a ^ r);
  }
  return ((<u32>((r >> top) & 1)) << 3) | ((<u32>(r == 0)) << 2) | ((<u32>c) << 1) | (<u32>(v >> top) & 1);
}

/** The kind at the place being compiled; for FLAGS_CCMP the kind of its comparison and its NZCV otherwise. */
let known: u32 = FLAGS_UNKNOWN;
let compared: u32 = 0;
let otherwise: u32 = 0;
let touched: bool = false;

export function beginFlags(): void {
  known = FLAGS_UNKNOWN;
  touched = false;
}
/** What the compiler knows about the flags, to be put back where a second way begins. */
export function knownFlags(): u32 {
  return known | (compared << 8) | (otherwise << 16);
}
export function setKnownFlags(state: u32): void {
  known = state & 0xff;
  compared = (state >> 8) & 0xff;
  otherwise = state >> 16;
}
/** Where ways meet nothing is known. */
export function forgetFlags(): void {
  known = FLAGS_UNKNOWN;
}

/** The operands are in L_FLAG_A and L_FLAG_B now: the flags are those of `kind`. */
export function flagsAre(kind: u32): void {
  touched = true;
  known = kind;
  i32c(kind);
  set(L_FLAG_KIND);
}

/** The condition of a mask, AL when it always holds. */
export function conditionOf(mask: u32): u32 {
  let cond: u32 = 0;
  while (cond < 14 && conditionMask(cond) != mask) cond++;
  return cond;
}

/** Pushes NZCV as an i32. */
export function pushPacked(): void {
  touched = true;
  get(L_FLAG_KIND);
  get(L_FLAG_A);
  get(L_FLAG_B);
  byte(W.CALL);
  leb(FUNCTION_PACK);
}
/** Index of the imported packFlags. */
export const FUNCTION_PACK: u32 = 1;

function pushTested(cond: u32): void {
  i32c(conditionMask(cond));
  pushPacked();
  byte(W.I32_SHR_U);
  i32c(1);
  byte(W.I32_AND);
}

function operand(local: u32, x: bool): void {
  get(local);
  if (!x) byte(W.I32_WRAP_I64);
}
function compare(op: u32, x: bool): void {
  operand(L_FLAG_A, x);
  operand(L_FLAG_B, x);
  byte(x ? op + W.COMPARE_TO_I64 : op);
}
/** Compares a + b or a - b, or the result itself, with zero. */
function compareResult(kind: u32, op: u32, x: bool): void {
  operand(L_FLAG_A, x);
  if ((kind & ~1) != FLAGS_LOGIC) {
    operand(L_FLAG_B, x);
    const arithmetic = (kind & ~1) == FLAGS_ADD ? W.I32_ADD : W.I32_SUB;
    byte(x ? arithmetic + W.ARITHMETIC_TO_I64 : arithmetic);
  }
  if (x) i64c(0);
  else i32c(0);
  byte(x ? op + W.COMPARE_TO_I64 : op);
}

/** Comparison operators by condition, for flags of a - b; 0 where there is none. */
function subOperator(cond: u32): u32 {
  switch (cond) {
    case 0:
      return W.I32_EQ;
    case 1:
      return W.I32_NE;
    case 2:
      return W.I32_GE_U;
    case 3:
      return W.I32_LT_U;
    case 8:
      return W.I32_GT_U;
    case 9:
      return W.I32_LE_U;
    case 10:
      return W.I32_GE_S;
    case 11:
      return W.I32_LT_S;
    case 12:
      return W.I32_GT_S;
    case 13:
      return W.I32_LE_S;
    default:
      return 0;
  }
}
/** For results compared with zero: C and V are 0 after a logical operation. */
function resultOperator(cond: u32, logic: bool): u32 {
  switch (cond) {
    case 0:
      return W.I32_EQ;
    case 1:
      return W.I32_NE;
    case 4:
      return W.I32_LT_S;
    case 5:
      return W.I32_GE_S;
    case 10:
      return logic ? W.I32_GE_S : 0;
    case 11:
      return logic ? W.I32_LT_S : 0;
    case 12:
      return logic ? W.I32_GT_S : 0;
    case 13:
      return logic ? W.I32_LE_S : 0;
    default:
      return 0;
  }
}

function pushKnown(kind: u32, cond: u32): void {
  const x = (kind & 1) != 0;
  const family = kind & ~1;
  if (family == FLAGS_SUB && subOperator(cond) != 0) return compare(subOperator(cond), x);
  const op = resultOperator(cond, family == FLAGS_LOGIC);
  if (family != FLAGS_PACKED && op != 0) return compareResult(kind, op, x);
  // The kind in the local may be another one behind a CCMP.
  i32c(conditionMask(cond));
  i32c(kind);
  get(L_FLAG_A);
  get(L_FLAG_B);
  byte(W.CALL);
  leb(FUNCTION_PACK);
  byte(W.I32_SHR_U);
  i32c(1);
  byte(W.I32_AND);
}

/** Pushes ConditionHolds(cond) as an i32 of 0 or 1. */
export function pushCondition(cond: u32): void {
  touched = true;
  if (cond >= 14) i32c(1);
  else if (known == FLAGS_UNKNOWN) pushTested(cond);
  else if (known == FLAGS_CCMP) {
    pushKnown(compared, cond);
    i32c(conditionHolds(cond, otherwise) ? 1 : 0);
    get(L_CONDITION);
    byte(W.SELECT);
  } else if (known == FLAGS_PACKED) {
    i32c(conditionMask(cond));
    get(L_FLAG_A);
    byte(W.I32_WRAP_I64);
    byte(W.I32_SHR_U);
    i32c(1);
    byte(W.I32_AND);
  } else pushKnown(known, cond);
}

/**
 * CCMP and CCMN: the operands are in L_FLAG_A and L_FLAG_B, their condition in L_CONDITION. The locals get what holds, but a
 * condition right behind needs only the comparison.
 */
export function flagsAreConditional(kind: u32, nzcv: u32): void {
  touched = true;
  i32c(kind);
  i32c(FLAGS_PACKED);
  get(L_CONDITION);
  byte(W.SELECT);
  set(L_FLAG_KIND);
  known = FLAGS_CCMP;
  compared = kind;
  otherwise = nzcv;
}
/** Settles what a CCMP left open, before the operands go anywhere else. */
export function settleConditional(): void {
  if (known != FLAGS_CCMP) return;
  get(L_FLAG_A);
  i64c(<u64>otherwise);
  get(L_CONDITION);
  byte(W.SELECT);
  set(L_FLAG_A);
  known = FLAGS_UNKNOWN;
}

/** Emits CPU_NZCV = NZCV, for an outlined handler that reads it. */
export function flushFlags(): void {
  get(L_CPU);
  pushPacked();
  access(W.I32_STORE, CPU_NZCV);
}
/** Emits the load of what such a handler wrote. */
export function reloadFlags(): void {
  loadField(W.I64_LOAD32_U, CPU_NZCV, L_FLAG_A);
  flagsAre(FLAGS_PACKED);
}

/** Emits the loads of the flags at a region's entry, if it has to do with flags. */
export function loadFlags(): void {
  if (!touched) return;
  loadField(W.I32_LOAD, CPU_FLAG_KIND, L_FLAG_KIND);
  loadField(W.I64_LOAD, CPU_FLAG_A, L_FLAG_A);
  loadField(W.I64_LOAD, CPU_FLAG_B, L_FLAG_B);
}
/** Emits their stores at its exits. */
export function storeFlags(): void {
  if (!touched) return;
  storeField(W.I32_STORE, CPU_FLAG_KIND, L_FLAG_KIND);
  storeField(W.I64_STORE, CPU_FLAG_A, L_FLAG_A);
  storeField(W.I64_STORE, CPU_FLAG_B, L_FLAG_B);
}
/** True while the outcome of a CCMP is only in L_CONDITION. */
export function conditionalPending(): bool {
  return known == FLAGS_CCMP;
}
