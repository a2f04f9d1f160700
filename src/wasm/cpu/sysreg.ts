/** MRS and MSR of EL0 and EL1 system registers (ARM ARM C5, D13). */
import { undefinedInstruction } from "./exception";
import { CCSIDR_EL1, CLIDR_EL1 } from "./sysreg-keys";
import * as K from "./sysreg-keys";
import { CLIDR_VALUE, CTR_VALUE, DCZID_BLOCK, MIDR_VALUE, cacheSize, idRegister } from "./id-registers";
import {
  PSTATE_DAIF,
  PSTATE_F,
  PSTATE_I,
  readBankedSp,
  setMode,
  softwareStepActive,
  updateFpTrap,
  writeBankedSp,
} from "./pstate";
import { timerContains, timerExists, timerRead, timerReset, timerWrite } from "../timer/generic-timer";
import { pmExists, pmRead, pmReset, pmWrite } from "./performance-monitor";
import { iccExists, iccRead, iccWrite } from "../gic/icc";
import { contextChanged, translationChanged } from "../mmu/maintenance";
import { GUEST_ERROR_SYSREG } from "../lib/guest-error";
import { reportGuestError } from "../lib/report-guest-error";
import { cpuCount } from "./cpus";
import { debugStorage } from "./debug-registers";
import {
  CPU_ACTLR_EL1,
  CPU_AFSR0_EL1,
  CPU_AFSR1_EL1,
  CPU_AMAIR_EL1,
  CPU_CONTEXTIDR_EL1,
  CPU_CPACR_EL1,
  CPU_CSSELR_EL1,
  CPU_DAIF,
  CPU_EL,
  CPU_ELR_EL1,
  CPU_ESR_EL1,
  CPU_FAR_EL1,
  CPU_FPCR,
  CPU_FPSR,
  CPU_INDEX,
  CPU_IRQ,
  CPU_MAIR_EL1,
  CPU_MDSCR_EL1,
  CPU_NZCV,
  CPU_OSLSR,
  CPU_PAR_EL1,
  CPU_SCTLR_EL1,
  CPU_SPSEL,
  CPU_SPSR_EL1,
  CPU_SP_EL0,
  CPU_TCR_EL1,
  CPU_TPIDRRO_EL0,
  CPU_TPIDR_EL0,
  CPU_TPIDR_EL1,
  CPU_TTBR0_EL1,
  CPU_TTBR1_EL1,
  CPU_VBAR_EL1,
  IRQ_LINE,
  FIQ_LINE,
  requestLeave,
} from "./state";
import { FPModeChanged } from "../lib/softfloat/host-limits";

/** SCTLR_EL1 of a Cortex-A57 out of reset. */
const SCTLR_RESET: u64 = 0x00c5_0838;
/** All but the bits of memory tagging. */
const SCTLR_BITS: u64 = 0xffff_f01f_ffff_ffff;
/** AHP, DN, FZ, RMode, and Stride and Len, which do nothing here; QC, and the cumulative flags; NZCV of AArch32 is in FPSR too. */
const FPCR_MASK: u32 = 0x07f7_0000;
const FPSR_MASK: u32 = 0xf800_009f;
/** CBAR_EL1: where the private peripherals are, the GIC distributor's address. */
const PERIPHERAL_BASE: u64 = 0x0800_0000;

/** Values that registers have after reset, everything else being 0. */
export function resetSystemRegisters(cpu: usize, index: u32): void {
  store<u64>(cpu, SCTLR_RESET, CPU_SCTLR_EL1);
  // The OS lock is locked out of reset.
  store<u64>(cpu, 0xa, CPU_OSLSR);
  timerReset(cpu);
  pmReset(cpu);
}

/** Offset of a register that just keeps what is written, 0 for all others. */
export function plainStorage(key: u32): usize {
  switch (key) {
    case K.ACTLR_EL1:
      return CPU_ACTLR_EL1;
    case K.SPSR_EL1:
      return CPU_SPSR_EL1;
    case K.ELR_EL1:
      return CPU_ELR_EL1;
    case K.AFSR0_EL1:
      return CPU_AFSR0_EL1;
    case K.AFSR1_EL1:
      return CPU_AFSR1_EL1;
    case K.ESR_EL1:
      return CPU_ESR_EL1;
    case K.FAR_EL1:
      return CPU_FAR_EL1;
    case K.PAR_EL1:
      return CPU_PAR_EL1;
    case K.MAIR_EL1:
      return CPU_MAIR_EL1;
    case K.AMAIR_EL1:
      return CPU_AMAIR_EL1;
    case K.VBAR_EL1:
      return CPU_VBAR_EL1;
    case K.CONTEXTIDR_EL1:
      return CPU_CONTEXTIDR_EL1;
    case K.TPIDR_EL1:
      return CPU_TPIDR_EL1;
    case K.TPIDR_EL0:
      return CPU_TPIDR_EL0;
    case K.TPIDRRO_EL0:
      return CPU_TPIDRRO_EL0;
    case K.CSSELR_EL1:
      return CPU_CSSELR_EL1;
    case K.SCTLR_EL1:
      return CPU_SCTLR_EL1;
    case K.CPACR_EL1:
      return CPU_CPACR_EL1;
    case K.TTBR0_EL1:
      return CPU_TTBR0_EL1;
    case K.TTBR1_EL1:
      return CPU_TTBR1_EL1;
    case K.TCR_EL1:
      return CPU_TCR_EL1;
    case K.MDSCR_EL1:
      return CPU_MDSCR_EL1;
    default:
      return 0;
  }
}

/** Value of a register; access rights have been checked. Raises UNDEFINED when it does not exist or cannot be read. */
export function readSysreg(cpu: usize, key: u32): u64 {
  const plain = plainStorage(key);
  if (plain != 0) return load<u64>(cpu + plain);
  if (key >= K.ID_FIRST && key <= K.ID_LAST) return idRegister(key - K.MIDR_EL1);
  if (timerContains(key)) return timerRead(cpu, key);
  if (iccExists(key, false)) return iccRead(cpu, key);
  if (pmExists(key, false)) return pmRead(cpu, key);
  switch (key) {
    case K.MIDR_EL1:
      return MIDR_VALUE;
    case K.MPIDR_EL1:
      return 0x8000_0000 | <u64>load<u32>(cpu, CPU_INDEX);
    case K.REVIDR_EL1:
    case K.AIDR_EL1:
    case K.RVBAR_EL1:
      return 0;
    case K.CTR_EL0:
      return CTR_VALUE;
    case K.DCZID_EL0:
      return DCZID_BLOCK | (zvaProhibited(cpu) ? 1 << 4 : 0);
    case CCSIDR_EL1:
      return cacheSize(<u32>load<u64>(cpu, CPU_CSSELR_EL1) & 15);
    case CLIDR_EL1:
      return CLIDR_VALUE;
    case K.NZCV:
      return (<u64>load<u32>(cpu, CPU_NZCV)) << 28;
    case K.DAIF:
      return <u64>load<u32>(cpu, CPU_DAIF);
    case K.FPCR:
      return <u64>load<u32>(cpu, CPU_FPCR);
    case K.FPSR:
      return <u64>load<u32>(cpu, CPU_FPSR);
    case K.CURRENT_EL:
      return <u64>(load<u32>(cpu, CPU_EL) << 2);
    case K.SPSEL:
      return <u64>load<u32>(cpu, CPU_SPSEL);
    case K.SP_EL0:
      if (load<u32>(cpu, CPU_SPSEL) == 0) return spInUse(cpu);
      return readBankedSp(cpu, CPU_SP_EL0);
    case K.ISR_EL1:
      return interruptStatus(cpu);
    case K.OSLSR_EL1:
      return load<u64>(cpu, CPU_OSLSR);
    case K.L2CTLR_EL1:
      return (<u64>(cpuCount() - 1)) << 24;
    case K.L2ECTLR_EL1:
    case K.CPUACTLR_EL1:
    case K.CPUECTLR_EL1:
    case K.CPUMERRSR_EL1:
    case K.L2MERRSR_EL1:
    case K.L2ACTLR_EL1:
    case K.MDRAR_EL1:
    case K.MDCCSR_EL0:
    case K.MDCCINT_EL1:
      return 0;
    case K.CBAR_EL1:
      return PERIPHERAL_BASE;
    default: {
      const kept = debugStorage(key);
      if (kept != 0) return load<u64>(cpu + kept);
      noSuchRegister(cpu, key);
      return 0;
    }
  }
}

/** ISR_EL1: pending interrupts, masked or not. */
function interruptStatus(cpu: usize): u64 {
  const lines = load<u32>(cpu, CPU_IRQ);
  return ((lines & IRQ_LINE) != 0 ? <u64>PSTATE_I : 0) | ((lines & FIQ_LINE) != 0 ? <u64>PSTATE_F : 0);
}

/** SP_EL0 is UNDEFINED as a register while it is SP. */
function spInUse(cpu: usize): u64 {
  undefinedInstruction(cpu);
  return 0;
}

function zvaProhibited(cpu: usize): bool {
  return load<u32>(cpu, CPU_EL) == 0 && ((load<u64>(cpu, CPU_SCTLR_EL1) >> 14) & 1) == 0;
}

/** Writes a register; access rights have been checked. Raises UNDEFINED when it does not exist or is read-only. */
export function writeSysreg(cpu: usize, key: u32, value: u64): void {
  if (writeTranslationRegister(cpu, key, value)) return;
  const plain = plainStorage(key);
  if (plain != 0) {
    store<u64>(cpu + plain, value & writableBits(key));
    return;
  }
  if (timerContains(key) && timerExists(key, true, load<u32>(cpu, CPU_EL))) return timerWrite(cpu, key, value);
  if (iccExists(key, true)) return iccWrite(cpu, key, value);
  if (pmExists(key, true)) return pmWrite(cpu, key, value);
  switch (key) {
    case K.NZCV:
      store<u32>(cpu, <u32>(value >> 28) & 15, CPU_NZCV);
      return;
    case K.DAIF:
      writeDaif(cpu, <u32>value & PSTATE_DAIF);
      return;
    case K.FPCR:
      store<u32>(cpu, <u32>value & FPCR_MASK, CPU_FPCR);
      FPModeChanged(cpu);
      return;
    case K.FPSR:
      store<u32>(cpu, <u32>value & FPSR_MASK, CPU_FPSR);
      FPModeChanged(cpu);
      return;
    case K.SPSEL:
      setMode(cpu, load<u32>(cpu, CPU_EL), <u32>value & 1);
      return;
    case K.SP_EL0:
      if (load<u32>(cpu, CPU_SPSEL) == 0) {
        spInUse(cpu);
        return;
      }
      writeBankedSp(cpu, CPU_SP_EL0, value);
      return;
    case K.OSLAR_EL1:
      store<u64>(cpu, 8 | ((value & 1) << 1), CPU_OSLSR);
      return;
    case K.L2CTLR_EL1:
    case K.L2ECTLR_EL1:
    case K.CPUACTLR_EL1:
    case K.CPUECTLR_EL1:
    case K.CPUMERRSR_EL1:
    case K.L2MERRSR_EL1:
    case K.L2ACTLR_EL1:
    case K.MDCCINT_EL1:
      return;
    default: {
      const kept = debugStorage(key);
      if (kept != 0) store<u64>(cpu + kept, value & writableBits(key));
      else noSuchRegister(cpu, key);
    }
  }
}

function noSuchRegister(cpu: usize, key: u32): void {
  reportGuestError(GUEST_ERROR_SYSREG, key);
  undefinedInstruction(cpu);
}

/** DBGWVR<n>_EL1: op0 2, op1 0, CRn 0, CRm n, op2 6. */
function isWatchpointValue(key: u32): bool {
  return (key & 0xff87) == 0x8006;
}

/** Registers of which some bits do not exist, in what QEMU's Cortex-A57 keeps of them. */
function writableBits(key: u32): u64 {
  if (isWatchpointValue(key)) return ~3;
  switch (key) {
    case K.VBAR_EL1:
      return ~0x1f;
    case K.CSSELR_EL1:
      return 0xf;
    case K.OSDLR_EL1:
      return 1;
    case K.ACTLR_EL1:
    case K.AFSR0_EL1:
    case K.AFSR1_EL1:
    case K.AMAIR_EL1:
      return 0;
    default:
      return 0xffff_ffff_ffff_ffff;
  }
}

/** Registers that change how addresses are translated or what traps; true when `key` is one. */
function writeTranslationRegister(cpu: usize, key: u32, value: u64): bool {
  switch (key) {
    case K.SCTLR_EL1:
      store<u64>(cpu, value & SCTLR_BITS, CPU_SCTLR_EL1);
      translationChanged(cpu);
      return true;
    case K.TCR_EL1:
      store<u64>(cpu, value, CPU_TCR_EL1);
      translationChanged(cpu);
      return true;
    case K.MAIR_EL1:
      store<u64>(cpu, value, CPU_MAIR_EL1);
      return true;
    case K.TTBR0_EL1:
      if (load<u64>(cpu, CPU_TTBR0_EL1) == value) return true;
      store<u64>(cpu, value, CPU_TTBR0_EL1);
      contextChanged(cpu);
      return true;
    case K.TTBR1_EL1:
      if (load<u64>(cpu, CPU_TTBR1_EL1) == value) return true;
      store<u64>(cpu, value, CPU_TTBR1_EL1);
      contextChanged(cpu);
      return true;
    case K.CPACR_EL1:
      store<u64>(cpu, value, CPU_CPACR_EL1);
      updateFpTrap(cpu);
      return true;
    default:
      return false;
  }
}

/** PSTATE.DAIF = value; an interrupt or a software step that this unmasks is taken at once. */
export function writeDaif(cpu: usize, value: u32): void {
  store<u32>(cpu, value, CPU_DAIF);
  if (load<u32>(cpu, CPU_IRQ) != 0 || softwareStepActive(cpu)) requestLeave(cpu);
}
