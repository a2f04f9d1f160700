/** Outlined handlers of system.decode: exception generation, hints, PSTATE, system instructions and registers. */
import {
  EC_BRK64,
  EC_SVC64,
  EC_SYSTEM,
  EC_WFX,
  faulted,
  fpTrapped,
  raise,
  undefinedInstruction,
} from "../cpu/exception";
import { debugStorage } from "../cpu/debug-registers";
import { pmContains, pmExists } from "../cpu/performance-monitor";
import { psciCall } from "../cpu/psci";
import { setMode } from "../cpu/pstate";
import {
  CPU_CODE_RELEASED,
  CPU_DAIF,
  CPU_EL,
  CPU_EVENT,
  CPU_PC,
  CPU_POWER,
  CPU_SCTLR_EL1,
  POWER_WFI,
  requestJump,
  requestLeave,
} from "../cpu/state";
import { readSysreg, writeDaif, writeSysreg } from "../cpu/sysreg";
import * as K from "../cpu/sysreg-keys";
import { exceptionReturn } from "../cpu/take";
import { timerAccessAllowed, timerContains, timerExists } from "../timer/generic-timer";
import { Rt, bits, getX, setX } from "./fields";
import { systemInstruction } from "./system-instructions";

/** Bits of SCTLR_EL1 that decide what EL0 may do. */
const SCTLR_UMA: u64 = 9;
const SCTLR_UCT: u64 = 15;
const SCTLR_NTWI: u64 = 16;

function sctlrBit(cpu: usize, bit: u64): bool {
  return ((load<u64>(cpu, CPU_SCTLR_EL1) >> bit) & 1) != 0;
}

function atEl0(cpu: usize): bool {
  return load<u32>(cpu, CPU_EL) == 0;
}

/** The encoding of the register that an MRS, MSR, SYS or SYSL names. */
function keyOf(insn: u32): u32 {
  return (insn >> 5) & 0xffff;
}

/** Raises the trap of a system access that EL1 does not allow EL0 (ESR_EL1 ISS for EC 0x18). */
export function trapSystemAccess(cpu: usize, insn: u32): void {
  const key = keyOf(insn);
  const op0 = key >> 14;
  const iss =
    (op0 << 20) |
    ((key & 7) << 17) |
    (((key >> 11) & 7) << 14) |
    (((key >> 7) & 15) << 10) |
    (Rt(insn) << 5) |
    (((key >> 3) & 15) << 1) |
    bits(insn, 21, 1);
  raise(cpu, EC_SYSTEM, iss);
}

const ALLOWED: u32 = 0;
const UNDEFINED: u32 = 1;
const TRAPPED: u32 = 2;

/** What an access to register `key` from EL0 does. */
function el0Access(cpu: usize, key: u32, isWrite: bool): u32 {
  switch (key) {
    case K.NZCV:
    case K.FPCR:
    case K.FPSR:
    case K.TPIDR_EL0:
    case K.TPIDRRO_EL0:
    case K.DCZID_EL0:
      return ALLOWED;
    case K.DAIF:
      return sctlrBit(cpu, SCTLR_UMA) ? ALLOWED : TRAPPED;
    case K.CTR_EL0:
      return sctlrBit(cpu, SCTLR_UCT) ? ALLOWED : TRAPPED;
    case K.MDCCSR_EL0:
      return ALLOWED;
    default:
  }
  if (timerContains(key)) {
    if (!timerExists(key, isWrite, 0)) return UNDEFINED;
    return timerAccessAllowed(cpu, key, 0) ? ALLOWED : TRAPPED;
  }
  if (pmContains(key) && (key & 0x3800) != 0)
    return pmExists(key, isWrite) ? performanceMonitorAccess(cpu, key) : UNDEFINED;
  return UNDEFINED;
}

/** PMUSERENR_EL0: EN all, SW the software increment, CR the cycle counter, ER the event counters (reads). */
function performanceMonitorAccess(cpu: usize, key: u32): u32 {
  if (key == K.PMUSERENR_EL0) return ALLOWED;
  const enables = load<u64>(cpu + debugStorage(K.PMUSERENR_EL0));
  if ((enables & 1) != 0) return ALLOWED;
  if (key == K.PMSWINC_EL0 && (enables & 2) != 0) return ALLOWED;
  if (key == K.PMCCNTR_EL0 && (enables & 4) != 0) return ALLOWED;
  if ((key == K.PMXEVCNTR_EL0 || key == K.PMSELR_EL0) && (enables & 8) != 0) return ALLOWED;
  return TRAPPED;
}

/** True when the access may go on; otherwise its exception is raised. */
function mayAccess(cpu: usize, insn: u32, isWrite: bool): bool {
  const key = keyOf(insn);
  if ((key == K.FPCR || key == K.FPSR) && fpTrapped(cpu)) return false;
  if (!atEl0(cpu)) return true;
  let access = el0Access(cpu, key, isWrite);
  const readOnly = key == K.TPIDRRO_EL0 || key == K.CTR_EL0 || key == K.DCZID_EL0 || key == K.PMUSERENR_EL0;
  if (isWrite && readOnly) access = UNDEFINED;
  if (access == UNDEFINED) undefinedInstruction(cpu);
  else if (access == TRAPPED) trapSystemAccess(cpu, insn);
  return access == ALLOWED;
}

export function MRS(cpu: usize, insn: u32): void {
  if (!mayAccess(cpu, insn, false)) return;
  const value = readSysreg(cpu, keyOf(insn));
  if (!faulted(cpu)) setX(cpu, Rt(insn), value);
}

export function MSR_reg(cpu: usize, insn: u32): void {
  if (mayAccess(cpu, insn, true)) writeSysreg(cpu, keyOf(insn), getX(cpu, Rt(insn)));
}

/** MSR SPSel, DAIFSet and DAIFClr. */
export function MSR_imm(cpu: usize, insn: u32): void {
  const operand = bits(insn, 8, 4);
  if (bits(insn, 16, 3) == 0) {
    if (atEl0(cpu)) undefinedInstruction(cpu);
    else setMode(cpu, 1, operand & 1);
    return;
  }
  if (atEl0(cpu) && !sctlrBit(cpu, SCTLR_UMA)) {
    trapSystemAccess(cpu, insn);
    return;
  }
  const daif = load<u32>(cpu, CPU_DAIF);
  if (bits(insn, 5, 3) == 6) store<u32>(cpu, daif | (operand << 6), CPU_DAIF);
  else writeDaif(cpu, daif & ~(operand << 6));
}

export function SYS(cpu: usize, insn: u32): void {
  const outcome = systemInstruction(cpu, keyOf(insn), getX(cpu, Rt(insn)));
  if (outcome == UNDEFINED) undefinedInstruction(cpu);
  else if (outcome == TRAPPED) trapSystemAccess(cpu, insn);
}

/** No SYSL instruction is allocated in Armv8.0. */
export function SYSL(cpu: usize, insn: u32): void {
  undefinedInstruction(cpu);
}

/** The return address of an exception-generating instruction is the next one. */
function raiseAfter(cpu: usize, ec: u32, iss: u32): void {
  raise(cpu, ec, iss);
  requestJump(cpu, load<u64>(cpu, CPU_PC) + 4);
}

export function SVC(cpu: usize, insn: u32): void {
  raiseAfter(cpu, EC_SVC64, bits(insn, 5, 16));
}

/** PSCI is what answers HVC, as QEMU's psci-conduit does; any other use is UNDEFINED, there being no EL2. */
export function HVC(cpu: usize, insn: u32): void {
  if (atEl0(cpu)) undefinedInstruction(cpu);
  else psciCall(cpu);
}

export function SMC(cpu: usize, insn: u32): void {
  undefinedInstruction(cpu);
}

export function BRK(cpu: usize, insn: u32): void {
  raise(cpu, EC_BRK64, bits(insn, 5, 16));
}

/** Halting debug is not implemented, so HLT is UNDEFINED. */
export function HLT(cpu: usize, insn: u32): void {
  undefinedInstruction(cpu);
}

export function ERET(cpu: usize, insn: u32): void {
  if (atEl0(cpu)) undefinedInstruction(cpu);
  else exceptionReturn(cpu);
}

/** What follows is fetched again: the frame being executed may be one that was released, which stores do not keep up to date. */
export function ISB(cpu: usize, insn: u32): void {
  if (load<u32>(cpu, CPU_CODE_RELEASED) == 0) return;
  store<u32>(cpu, 0, CPU_CODE_RELEASED);
  requestLeave(cpu);
}

export function WFI(cpu: usize, insn: u32): void {
  if (atEl0(cpu) && !sctlrBit(cpu, SCTLR_NTWI)) {
    raise(cpu, EC_WFX, (1 << 24) | (0xe << 20));
    return;
  }
  store<u32>(cpu, POWER_WFI, CPU_POWER);
  requestLeave(cpu);
}

/**
 * The event register is what other CPUs and the exclusive monitor set; a hint may end at any time. It never waits, so that
 * SCTLR_EL1.nTWE has nothing to trap.
 */
export function WFE(cpu: usize, insn: u32): void {
  store<u32>(cpu, 0, CPU_EVENT);
}

export function SEV(cpu: usize, insn: u32): void {
  store<u32>(cpu, 1, CPU_EVENT);
}

export function SEVL(cpu: usize, insn: u32): void {
  store<u32>(cpu, 1, CPU_EVENT);
}
