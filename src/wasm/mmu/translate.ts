/** AArch64.FullTranslate for one page: TLB, walk, permissions, and the aborts when it fails. */
import { EC_DABT_LOWER, EC_IABT_LOWER, raiseWithAddress } from "../cpu/exception";
import { CPU_EL, CPU_SCTLR_EL1, CPU_XLAT_ATTRS, CPU_XLAT_PA } from "../cpu/state";
import { ACCESS_FETCH, ACCESS_WRITE, FAULT_ADDRESS_SIZE, FAULT_PERMISSION, ISS_WNR } from "./fault";
import { tlb2Address, tlb2Attributes, tlb2Fill, tlb2Find } from "./tlb2";
import {
  ATTR_LEVEL_SHIFT,
  ATTR_R0,
  ATTR_R1,
  ATTR_W0,
  ATTR_W1,
  ATTR_X0,
  ATTR_X1,
  walk,
  walkedAddress,
  walkedAttributes,
  walkedFault,
  withoutTag,
} from "./walk";

/** All permissions, for the time that SCTLR_EL1.M is 0. */
const FLAT_ATTRS: u32 = ATTR_R1 | ATTR_W1 | ATTR_X1 | ATTR_R0 | ATTR_W0 | ATTR_X0;
/** Physical addresses have 44 bits (ID_AA64MMFR0_EL1.PARange). */
const PA_BITS: u64 = 44;

/** Physical address of the last successful translate(). */
export function translatedAddress(cpu: usize): u64 {
  return load<u64>(cpu, CPU_XLAT_PA);
}

/** Its attributes (walk.ts). */
export function translatedAttributes(cpu: usize): u32 {
  return load<u32>(cpu, CPU_XLAT_ATTRS);
}

/** Which ATTR_* bit an access needs. */
function neededPermission(access: u32, el: u32): u32 {
  if (access == ACCESS_FETCH) return el != 0 ? ATTR_X1 : ATTR_X0;
  if (access == ACCESS_WRITE) return el != 0 ? ATTR_W1 : ATTR_W0;
  return el != 0 ? ATTR_R1 : ATTR_R0;
}

/** translate() without raising: 0, or 0x40 | status code. */
export function tryTranslate(cpu: usize, va: u64, access: u32, el: u32): u32 {
  if ((load<u64>(cpu, CPU_SCTLR_EL1) & 1) == 0) {
    const pa = withoutTag(cpu, va);
    if (pa >> PA_BITS != 0) return 0x40 | FAULT_ADDRESS_SIZE;
    store<u64>(cpu, pa, CPU_XLAT_PA);
    store<u32>(cpu, FLAT_ATTRS, CPU_XLAT_ATTRS);
    return 0;
  }
  const address = withoutTag(cpu, va);
  const needed = neededPermission(access, el);
  const entry = tlb2Find(cpu, address);
  if (entry != 0 && (tlb2Attributes(entry) & needed) != 0) {
    store<u64>(cpu, tlb2Address(entry) | (address & 0xfff), CPU_XLAT_PA);
    store<u32>(cpu, tlb2Attributes(entry), CPU_XLAT_ATTRS);
    return 0;
  }
  if (!walk(cpu, address)) return 0x40 | walkedFault();
  const attrs = walkedAttributes();
  tlb2Fill(cpu, address, walkedAddress(), attrs);
  if ((attrs & needed) == 0) return 0x40 | FAULT_PERMISSION | ((attrs >> ATTR_LEVEL_SHIFT) & 3);
  store<u64>(cpu, walkedAddress() | (address & 0xfff), CPU_XLAT_PA);
  store<u32>(cpu, attrs, CPU_XLAT_ATTRS);
  return 0;
}

/** Translates `va` for an access (ACCESS_*) with the permissions of `el`; false with the abort raised. */
export function translate(cpu: usize, va: u64, access: u32, el: u32): bool {
  const fault = tryTranslate(cpu, va, access, el);
  if (fault == 0) return true;
  if (access == ACCESS_FETCH) abortInstruction(cpu, va, fault & 0x3f);
  else abortData(cpu, va, (fault & 0x3f) | (access == ACCESS_WRITE ? ISS_WNR : 0));
  return false;
}

/** Raises an instruction abort at the current EL. */
export function abortInstruction(cpu: usize, va: u64, status: u32): void {
  raiseWithAddress(cpu, EC_IABT_LOWER + load<u32>(cpu, CPU_EL), status, va);
}

/** Raises a data abort at the current EL; `iss` has the status code, WnR and CM. */
export function abortData(cpu: usize, va: u64, iss: u32): void {
  raiseWithAddress(cpu, EC_DABT_LOWER + load<u32>(cpu, CPU_EL), iss, va);
}
