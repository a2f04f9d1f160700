/** SYS instructions: cache and TLB maintenance, DC ZVA, address translation (ARM ARM C5.3, C5.4, C5.5). */
import { CPU_EL, CPU_PAR_EL1, CPU_SCTLR_EL1 } from "../cpu/state";
import { faulted } from "../cpu/exception";
import { cpuCount } from "../cpu/cpus";
import { cpuBase } from "../cpu/state";
import { writeVa } from "../mmu/access";
import { ACCESS_READ, ACCESS_WRITE, FAULT_EXTERNAL_ON_WALK, ISS_CM, ISS_WNR } from "../mmu/fault";
import { flushAll, flushAsid, flushPage } from "../mmu/maintenance";
import { PAGE_MASK, TLB_ADDEND, TLB_INDEX_MASK, TLB_INDEX_SHIFT, TLB_SET_SHIFT, TLB_WRITE } from "../mmu/tlb";
import { abortData, translatedAddress, translate, translatedAttributes, tryTranslate } from "../mmu/translate";
import { ATTR_MAIR_SHIFT, ATTR_SH_SHIFT } from "../mmu/walk";
import { CPU_MAIR_EL1, CPU_TLB } from "../cpu/state";

const ALLOWED: u32 = 0;
const UNDEFINED: u32 = 1;
const TRAPPED: u32 = 2;

const SCTLR_DZE: u64 = 14;
const SCTLR_UCI: u64 = 26;

/** op0 1 | op1 | CRn | CRm | op2, as keys of system registers are formed. */
const IC_IALLUIS: u32 = 0x4388;
const IC_IALLU: u32 = 0x43a8;
const DC_IVAC: u32 = 0x43b1;
const DC_ISW: u32 = 0x43b2;
const AT_S1E1R: u32 = 0x43c0;
const AT_S1E1W: u32 = 0x43c1;
const AT_S1E0R: u32 = 0x43c2;
const AT_S1E0W: u32 = 0x43c3;
const DC_CSW: u32 = 0x43d2;
const DC_CISW: u32 = 0x43f2;
const DC_ZVA: u32 = 0x5ba1;
const IC_IVAU: u32 = 0x5ba9;
const DC_CVAC: u32 = 0x5bd1;
const DC_CVAU: u32 = 0x5bd9;
const DC_CIVAC: u32 = 0x5bf1;
/** TLBI: op1 0, CRn 8; CRm 3 for the inner shareable domain, 7 for this CPU. */
const TLBI_IS: u32 = 0x4418;
const TLBI_LOCAL: u32 = 0x4438;

/** Executes the instruction `key` with operand `value`; returns ALLOWED, UNDEFINED or TRAPPED. */
export function systemInstruction(cpu: usize, key: u32, value: u64): u32 {
  const user = load<u32>(cpu, CPU_EL) == 0;
  switch (key) {
    case DC_ZVA:
      if (user && !sctlrBit(cpu, SCTLR_DZE)) return TRAPPED;
      zeroBlock(cpu, value);
      return ALLOWED;
    // Caches do not exist: data is always coherent, and stores to code are seen by the code frames.
    case IC_IVAU:
    case DC_CVAC:
    case DC_CVAU:
    case DC_CIVAC:
      return user && !sctlrBit(cpu, SCTLR_UCI) ? TRAPPED : ALLOWED;
    default:
  }
  if (user) return UNDEFINED;
  switch (key) {
    case IC_IALLUIS:
    case IC_IALLU:
    case DC_IVAC:
    case DC_ISW:
    case DC_CSW:
    case DC_CISW:
      return ALLOWED;
    case AT_S1E1R:
      return translateAddress(cpu, value, ACCESS_READ, 1);
    case AT_S1E1W:
      return translateAddress(cpu, value, ACCESS_WRITE, 1);
    case AT_S1E0R:
      return translateAddress(cpu, value, ACCESS_READ, 0);
    case AT_S1E0W:
      return translateAddress(cpu, value, ACCESS_WRITE, 0);
    default:
  }
  const group = key & ~7;
  if (group != TLBI_IS && group != TLBI_LOCAL) return UNDEFINED;
  if (group == TLBI_LOCAL) return invalidate(cpu, key & 7, value);
  let outcome = ALLOWED;
  for (let index: u32 = 0; index < cpuCount(); index++) outcome = invalidate(cpuBase(index), key & 7, value);
  return outcome;
}

function sctlrBit(cpu: usize, bit: u64): bool {
  return ((load<u64>(cpu, CPU_SCTLR_EL1) >> bit) & 1) != 0;
}

/** TLBI VMALLE1, VAE1, ASIDE1, VAAE1, VALE1, VAALE1 by op2. */
function invalidate(cpu: usize, op2: u32, value: u64): u32 {
  switch (op2) {
    case 0:
      flushAll(cpu);
      return ALLOWED;
    case 2:
      flushAsid(cpu, <u32>(value >> 48));
      return ALLOWED;
    case 1:
    case 3:
    case 5:
    case 7:
      flushPage(cpu, value);
      return ALLOWED;
    default:
      return UNDEFINED;
  }
}

/** DC ZVA of the 64 bytes around `address`, which is what FAR_EL1 gets when it faults. */
function zeroBlock(cpu: usize, address: u64): void {
  const va = address & ~63;
  const set = cpu + CPU_TLB + ((<usize>load<u32>(cpu, CPU_EL)) << TLB_SET_SHIFT);
  const entry = set + (<usize>(va >> TLB_INDEX_SHIFT) & TLB_INDEX_MASK);
  if (load<u64>(entry, TLB_WRITE) == (va & PAGE_MASK)) {
    memory.fill(<usize>(<u32>va + load<u32>(entry, TLB_WRITE + TLB_ADDEND)), 0, 64);
    return;
  }
  if (!translate(cpu, address, ACCESS_WRITE, load<u32>(cpu, CPU_EL))) return;
  for (let offset: u64 = 0; offset < 64; offset += 8) {
    writeVa<u64>(cpu, va + offset, 0);
    if (faulted(cpu)) return;
  }
}

/** AT: the outcome of a translation into PAR_EL1 (ARM ARM D13, PAR_EL1). */
function translateAddress(cpu: usize, va: u64, access: u32, el: u32): u32 {
  const fault = tryTranslate(cpu, va, access, el);
  const status = fault & 0x3f;
  // What the walk itself cannot read is not an answer but an abort.
  if (fault != 0 && status >= FAULT_EXTERNAL_ON_WALK && status < FAULT_EXTERNAL_ON_WALK + 4) {
    abortData(cpu, va, ISS_CM | ISS_WNR | status);
    return ALLOWED;
  }
  if (fault != 0) {
    store<u64>(cpu, (1 << 11) | <u64>(status << 1) | 1, CPU_PAR_EL1);
    return ALLOWED;
  }
  const attrs = translatedAttributes(cpu);
  // Bit 11 is one in the 64-bit format; NS says that the address is in the Non-secure space, the only one.
  let par: u64 = (translatedAddress(cpu) & 0x0000_ffff_ffff_f000) | (1 << 11) | (1 << 9);
  if ((load<u64>(cpu, CPU_SCTLR_EL1) & 1) != 0) {
    const index = (<u64>((attrs >> ATTR_MAIR_SHIFT) & 7)) << 3;
    const memoryType = (load<u64>(cpu, CPU_MAIR_EL1) >> index) & 0xff;
    par |= (memoryType << 56) | ((<u64>((attrs >> ATTR_SH_SHIFT) & 3)) << 7);
  }
  store<u64>(cpu, par, CPU_PAR_EL1);
  return ALLOWED;
}
