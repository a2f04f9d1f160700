/**
 * Load/store exclusive and load-acquire/store-release (ARM ARM C3.2.12 to C3.2.14). The monitor keeps the address and the
 * value that was loaded; a store exclusive succeeds while memory still holds that value.
 */
import { raiseWithAddress, EC_DABT_LOWER, faulted } from "../cpu/exception";
import { CPU_EL, CPU_EXCL_ADDR, CPU_EXCL_HIGH, CPU_EXCL_LOW, CPU_EXCL_SIZE, EXCLUSIVE_NONE } from "../cpu/state";
import { readVa, writeVa } from "../mmu/access";
import { FAULT_ALIGNMENT, ISS_WNR } from "../mmu/fault";
import { ACCESS_WRITE } from "../mmu/fault";
import { translate } from "../mmu/translate";
import { Rn, Rs, Rt, Rt2, bits, getX, getXSP, setX } from "./fields";

/** Exclusives and acquire/release must be aligned to their whole size. */
function aligned(cpu: usize, va: u64, size: u32, isWrite: bool): bool {
  if ((va & <u64>(size - 1)) == 0) return true;
  raiseWithAddress(cpu, EC_DABT_LOWER + load<u32>(cpu, CPU_EL), FAULT_ALIGNMENT | (isWrite ? ISS_WNR : 0), va);
  return false;
}

function loadSized(cpu: usize, va: u64, size: u32): u64 {
  switch (size) {
    case 1:
      return <u64>readVa<u8>(cpu, va);
    case 2:
      return <u64>readVa<u16>(cpu, va);
    case 4:
      return <u64>readVa<u32>(cpu, va);
    default:
      return readVa<u64>(cpu, va);
  }
}

function storeSized(cpu: usize, va: u64, value: u64, size: u32): void {
  switch (size) {
    case 1:
      writeVa<u8>(cpu, va, <u8>value);
      break;
    case 2:
      writeVa<u16>(cpu, va, <u16>value);
      break;
    case 4:
      writeVa<u32>(cpu, va, <u32>value);
      break;
    default:
      writeVa<u64>(cpu, va, value);
  }
}

function watch(cpu: usize, va: u64, size: u32, low: u64, high: u64): void {
  store<u64>(cpu, va, CPU_EXCL_ADDR);
  store<u32>(cpu, size, CPU_EXCL_SIZE);
  store<u64>(cpu, low, CPU_EXCL_LOW);
  store<u64>(cpu, high, CPU_EXCL_HIGH);
}

export function LDXR(cpu: usize, insn: u32): void {
  const size: u32 = 1 << (insn >> 30);
  const va = getXSP(cpu, Rn(insn));
  if (!aligned(cpu, va, size, false)) return;
  const value = loadSized(cpu, va, size);
  if (faulted(cpu)) return;
  watch(cpu, va, size, value, 0);
  setX(cpu, Rt(insn), value);
}

export function LDXP(cpu: usize, insn: u32): void {
  const size: u32 = bits(insn, 30, 1) != 0 ? 8 : 4;
  const va = getXSP(cpu, Rn(insn));
  if (!aligned(cpu, va, size << 1, false)) return;
  const low = loadSized(cpu, va, size);
  if (faulted(cpu)) return;
  const high = loadSized(cpu, va + <u64>size, size);
  if (faulted(cpu)) return;
  watch(cpu, va, size << 1, low, high);
  setX(cpu, Rt(insn), low);
  setX(cpu, Rt2(insn), high);
}

/** True when the monitor still watches [va, va + size); the permission to store is checked either way. */
function mayStore(cpu: usize, va: u64, size: u32): bool {
  return load<u64>(cpu, CPU_EXCL_ADDR) == va && load<u32>(cpu, CPU_EXCL_SIZE) == size;
}

export function STXR(cpu: usize, insn: u32): void {
  const size: u32 = 1 << (insn >> 30);
  const va = getXSP(cpu, Rn(insn));
  let failed: u64 = 1;
  if (mayStore(cpu, va, size)) {
    if (!aligned(cpu, va, size, true)) return;
    if (!translate(cpu, va, ACCESS_WRITE, load<u32>(cpu, CPU_EL))) return;
    const now = loadSized(cpu, va, size);
    if (faulted(cpu)) return;
    if (now == load<u64>(cpu, CPU_EXCL_LOW)) {
      storeSized(cpu, va, getX(cpu, Rt(insn)), size);
      if (faulted(cpu)) return;
      failed = 0;
    }
  }
  store<u64>(cpu, EXCLUSIVE_NONE, CPU_EXCL_ADDR);
  setX(cpu, Rs(insn), failed);
}

export function STXP(cpu: usize, insn: u32): void {
  const size: u32 = bits(insn, 30, 1) != 0 ? 8 : 4;
  const va = getXSP(cpu, Rn(insn));
  let failed: u64 = 1;
  if (mayStore(cpu, va, size << 1)) {
    if (!aligned(cpu, va, size << 1, true)) return;
    if (!translate(cpu, va, ACCESS_WRITE, load<u32>(cpu, CPU_EL))) return;
    const low = loadSized(cpu, va, size);
    if (faulted(cpu)) return;
    const high = loadSized(cpu, va + <u64>size, size);
    if (low == load<u64>(cpu, CPU_EXCL_LOW) && high == load<u64>(cpu, CPU_EXCL_HIGH)) {
      storeSized(cpu, va, getX(cpu, Rt(insn)), size);
      if (faulted(cpu)) return;
      storeSized(cpu, va + <u64>size, getX(cpu, Rt2(insn)), size);
      failed = 0;
    }
  }
  store<u64>(cpu, EXCLUSIVE_NONE, CPU_EXCL_ADDR);
  setX(cpu, Rs(insn), failed);
}

export function LDAR(cpu: usize, insn: u32): void {
  const size: u32 = 1 << (insn >> 30);
  const va = getXSP(cpu, Rn(insn));
  if (!aligned(cpu, va, size, false)) return;
  const value = loadSized(cpu, va, size);
  if (!faulted(cpu)) setX(cpu, Rt(insn), value);
}

export function STLR(cpu: usize, insn: u32): void {
  const size: u32 = 1 << (insn >> 30);
  const va = getXSP(cpu, Rn(insn));
  if (aligned(cpu, va, size, true)) storeSized(cpu, va, getX(cpu, Rt(insn)), size);
}
