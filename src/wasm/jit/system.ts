/** MRS and MSR of what kernels use all the time, without their handlers (ARM ARM C5.2, D13.2). */
import { Rt } from "../a64/fields";
import {
  CPU_DAIF,
  CPU_EL,
  CPU_IRQ,
  CPU_MDSCR_EL1,
  CPU_SCTLR_EL1,
  CPU_SINK,
  CPU_SPSEL,
  CPU_SP_EL0,
  CPU_XZR,
} from "../cpu/state";
import { plainStorage } from "../cpu/sysreg";
import * as K from "../cpu/sysreg-keys";
import { leaveUndone } from "./exits";
import { L_CPU, L_HOST, L_VA, L_ZERO, readX, sourceSlot, writeX } from "./locals";
import { translate } from "./translation";
import * as W from "./opcodes";
import { access, accessV, byte, get, i32c, i64c, set } from "./writer";

/** Offset of a 64-bit register that keeps all that is written, and of which nothing else follows; 0 for all others. */
function storageOf(key: u32): usize {
  switch (key) {
    case K.SP_EL0:
      return CPU_SP_EL0;
    case K.SPSR_EL1:
    case K.ELR_EL1:
    case K.ESR_EL1:
    case K.FAR_EL1:
    case K.CONTEXTIDR_EL1:
    case K.TPIDR_EL1:
    case K.TPIDR_EL0:
    case K.TPIDRRO_EL0:
      return plainStorage(key);
    default:
      return 0;
  }
}

function zeroIs(offset: usize): void {
  get(L_CPU);
  access(W.I32_LOAD, offset);
  byte(W.I32_EQZ);
  leaveUndone();
}
function notZeroIs(offset: usize): void {
  get(L_CPU);
  access(W.I32_LOAD, offset);
  leaveUndone();
}

/** Leaves what is not allowed here, or not that simple, to the interpreter. */
function checkLevel(key: u32, isWrite: bool): void {
  if (key == K.TPIDR_EL0 || (key == K.TPIDRRO_EL0 && !isWrite)) return;
  // SP_EL0 has a name of its own only where SP is another, which is at EL1.
  zeroIs(key == K.SP_EL0 ? CPU_SPSEL : CPU_EL);
}

/** Leaves unmasking to the interpreter where an interrupt or a software step may come of it. */
function checkUnmasking(): void {
  notZeroIs(CPU_IRQ);
  get(L_CPU);
  access(W.I32_LOAD, CPU_MDSCR_EL1);
  i32c(1);
  byte(W.I32_AND);
  leaveUndone();
}

/** MSR DAIFSet and DAIFClr. */
function emitDaifImmediate(w: u32): void {
  const bits = ((w >> 8) & 15) << 6;
  const clears = ((w >> 5) & 7) == 7;
  zeroIs(CPU_EL);
  if (clears) checkUnmasking();
  get(L_CPU);
  get(L_CPU);
  access(W.I32_LOAD, CPU_DAIF);
  i32c(clears ? ~bits : bits);
  byte(clears ? W.I32_AND : W.I32_OR);
  access(W.I32_STORE, CPU_DAIF);
}

/** MRS and MSR of DAIF. */
function emitDaif(slot: u32, isWrite: bool): void {
  zeroIs(CPU_EL);
  if (isWrite) {
    checkUnmasking();
    get(L_CPU);
    readX(slot);
    byte(W.I32_WRAP_I64);
    i32c(0x3c0);
    byte(W.I32_AND);
    access(W.I32_STORE, CPU_DAIF);
    return;
  }
  get(L_CPU);
  access(W.I64_LOAD32_U, CPU_DAIF);
  writeX(slot);
}

/** DC ZVA (ARM ARM C5.3.8): zeroes the 64 bytes around the address. */
function emitZeroBlock(w: u32): void {
  // SCTLR_EL1.DZE, bit 14, allows it at EL0.
  get(L_CPU);
  access(W.I32_LOAD, CPU_SCTLR_EL1);
  i32c(1 << 14);
  byte(W.I32_AND);
  get(L_CPU);
  access(W.I32_LOAD, CPU_EL);
  byte(W.I32_OR);
  byte(W.I32_EQZ);
  leaveUndone();
  readX(sourceSlot(Rt(w)));
  i64c(~63);
  byte(W.I64_AND);
  set(L_VA);
  translate(64, true);
  for (let offset: u32 = 0; offset < 64; offset += 16) {
    get(L_HOST);
    get(L_ZERO);
    accessV(W.V128_STORE, offset);
  }
}

/** Translates `w` if it is one of these; false, with nothing emitted, when its handler is to be called. */
export function emitSystem(w: u32): bool {
  if ((w & 0xffff_f01f) == 0xd503_401f && ((w >> 5) & 7) >= 6) {
    emitDaifImmediate(w);
    return true;
  }
  if ((w & 0xffff_ffe0) == 0xd50b_7420) {
    emitZeroBlock(w);
    return true;
  }
  // MRS, MSR (register).
  if ((w & 0xffd0_0000) != 0xd510_0000) return false;
  const isWrite = (w & (1 << 21)) == 0;
  const key = (w >> 5) & 0xffff;
  const zero: usize = isWrite ? CPU_XZR : CPU_SINK;
  const slot = Rt(w) == 31 ? <u32>zero : Rt(w) << 3;
  if (key == K.DAIF) {
    emitDaif(slot, isWrite);
    return true;
  }
  const offset = storageOf(key);
  if (offset == 0) return false;
  checkLevel(key, isWrite);
  get(L_CPU);
  if (isWrite) {
    readX(slot);
    access(W.I64_STORE, offset);
  } else {
    access(W.I64_LOAD, offset);
    writeX(slot);
  }
  return true;
}
