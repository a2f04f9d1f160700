/** What LD1-LD4, ST1-ST4 and LD1R-LD4R do, by the number of registers or of elements in a structure. */
import { faulted } from "../cpu/exception";
import { CPU_SIMD_SCRATCH } from "../cpu/state";
import { readVa, writeVa } from "../mmu/access";
import { alignmentChecked } from "../mmu/slow";
import { Rm, Rn, Rt, bits, getX, getXSP, setXSP, vreg } from "./fields";
import { hostForLoad, hostForStore } from "./simd-access";

/** The widest access to make of `rest` bytes: SCTLR_EL1.A looks at elements of `1 << scale` bytes, not at doublewords. */
function partOf(cpu: usize, rest: u32, scale: u32): u32 {
  if (alignmentChecked(cpu)) return 1 << scale;
  return rest >= 8 ? 8 : rest >= 4 ? 4 : rest >= 2 ? 2 : 1;
}

/**
 * Structures of elements of `1 << scale` bytes are at most four registers: the size of CPU_SIMD_SCRATCH, through which accesses
 * go that are not one host range. Reads into it and returns its address, 0 after a fault.
 */
function gather(cpu: usize, va: u64, length: u32, scale: u32): usize {
  const scratch = cpu + CPU_SIMD_SCRATCH;
  let at: u32 = 0;
  while (at < length) {
    const part = partOf(cpu, length - at, scale);
    const to = scratch + <usize>at;
    const from = va + <u64>at;
    if (part == 8) store<u64>(to, readVa<u64>(cpu, from));
    else if (part == 4) store<u32>(to, readVa<u32>(cpu, from));
    else if (part == 2) store<u16>(to, readVa<u16>(cpu, from));
    else store<u8>(to, readVa<u8>(cpu, from));
    if (faulted(cpu)) return 0;
    at += part;
  }
  return scratch;
}

/** Writes CPU_SIMD_SCRATCH to guest memory; false after a fault. */
function scatter(cpu: usize, va: u64, length: u32, scale: u32): bool {
  const scratch = cpu + CPU_SIMD_SCRATCH;
  let at: u32 = 0;
  while (at < length) {
    const part = partOf(cpu, length - at, scale);
    const from = scratch + <usize>at;
    const to = va + <u64>at;
    if (part == 8) writeVa<u64>(cpu, to, load<u64>(from));
    else if (part == 4) writeVa<u32>(cpu, to, load<u32>(from));
    else if (part == 2) writeVa<u16>(cpu, to, load<u16>(from));
    else writeVa<u8>(cpu, to, load<u8>(from));
    if (faulted(cpu)) return false;
    at += part;
  }
  return true;
}

/** Post-index: X[Rm], or the number of bytes for Rm == 31. Bit 23 is set in the post-indexed encodings. */
function writeBack(cpu: usize, insn: u32, length: u32): void {
  if (bits(insn, 23, 1) == 0) return;
  const offset = Rm(insn) == 31 ? <u64>length : getX(cpu, Rm(insn));
  setXSP(cpu, Rn(insn), getXSP(cpu, Rn(insn)) + offset);
}

/** Registers follow each other modulo 32. */
function structureReg(cpu: usize, insn: u32, index: u32): usize {
  return vreg(cpu, (Rt(insn) + index) & 31);
}

function deinterleave<T>(cpu: usize, insn: u32, selem: u32, host: usize): void {
  const end: usize = 8 << (<usize>bits(insn, 30, 1));
  for (let s: u32 = 0; s < selem; s++) {
    const to = structureReg(cpu, insn, s);
    let from = host + <usize>s * sizeof<T>();
    store<u64>(to, 0, 8);
    for (let at: usize = 0; at < end; at += sizeof<T>()) {
      store<T>(to + at, load<T>(from));
      from += <usize>selem * sizeof<T>();
    }
  }
}

function interleave<T>(cpu: usize, insn: u32, selem: u32, host: usize): void {
  const end: usize = 8 << (<usize>bits(insn, 30, 1));
  for (let s: u32 = 0; s < selem; s++) {
    const from = structureReg(cpu, insn, s);
    let to = host + <usize>s * sizeof<T>();
    for (let at: usize = 0; at < end; at += sizeof<T>()) {
      store<T>(to, load<T>(from + at));
      to += <usize>selem * sizeof<T>();
    }
  }
}

/** LD1: `rpt` registers one after the other. */
export function loadRegisters(cpu: usize, insn: u32, rpt: u32): void {
  const va = getXSP(cpu, Rn(insn));
  const q = bits(insn, 30, 1);
  const length = (rpt * 8) << q;
  let host = hostForLoad(cpu, va, length);
  if (host == 0) host = gather(cpu, va, length, bits(insn, 10, 2));
  if (host == 0) return;
  for (let r: u32 = 0; r < rpt; r++) {
    const value = q != 0 ? v128.load(host + ((<usize>r) << 4)) : v128.load64_zero(host + ((<usize>r) << 3));
    v128.store(structureReg(cpu, insn, r), value);
  }
  writeBack(cpu, insn, length);
}

/** ST1: `rpt` registers one after the other. */
export function storeRegisters(cpu: usize, insn: u32, rpt: u32): void {
  const va = getXSP(cpu, Rn(insn));
  const q = bits(insn, 30, 1);
  const length = (rpt * 8) << q;
  const host = hostForStore(cpu, va, length);
  const to = host != 0 ? host : cpu + CPU_SIMD_SCRATCH;
  for (let r: u32 = 0; r < rpt; r++) {
    const value = v128.load(structureReg(cpu, insn, r));
    if (q != 0) v128.store(to + ((<usize>r) << 4), value);
    else v128.store64_lane(to + ((<usize>r) << 3), value, 0);
  }
  if (host == 0 && !scatter(cpu, va, length, bits(insn, 10, 2))) return;
  writeBack(cpu, insn, length);
}

/** LD2, LD3, LD4 (multiple structures). */
export function loadStructures(cpu: usize, insn: u32, selem: u32): void {
  const va = getXSP(cpu, Rn(insn));
  const length = (selem * 8) << bits(insn, 30, 1);
  let host = hostForLoad(cpu, va, length);
  if (host == 0) host = gather(cpu, va, length, bits(insn, 10, 2));
  if (host == 0) return;
  switch (bits(insn, 10, 2)) {
    case 0:
      deinterleave<u8>(cpu, insn, selem, host);
      break;
    case 1:
      deinterleave<u16>(cpu, insn, selem, host);
      break;
    case 2:
      deinterleave<u32>(cpu, insn, selem, host);
      break;
    default:
      deinterleave<u64>(cpu, insn, selem, host);
  }
  writeBack(cpu, insn, length);
}

/** ST2, ST3, ST4 (multiple structures). */
export function storeStructures(cpu: usize, insn: u32, selem: u32): void {
  const va = getXSP(cpu, Rn(insn));
  const length = (selem * 8) << bits(insn, 30, 1);
  const host = hostForStore(cpu, va, length);
  const to = host != 0 ? host : cpu + CPU_SIMD_SCRATCH;
  switch (bits(insn, 10, 2)) {
    case 0:
      interleave<u8>(cpu, insn, selem, to);
      break;
    case 1:
      interleave<u16>(cpu, insn, selem, to);
      break;
    case 2:
      interleave<u32>(cpu, insn, selem, to);
      break;
    default:
      interleave<u64>(cpu, insn, selem, to);
  }
  if (host == 0 && !scatter(cpu, va, length, bits(insn, 10, 2))) return;
  writeBack(cpu, insn, length);
}

/** log2 of the element size of a single structure: opcode<2:1>, with size<0> telling D from S. */
function elementScale(insn: u32): u32 {
  const scale = bits(insn, 14, 2);
  return scale == 2 ? 2 + bits(insn, 10, 1) : scale;
}

/** Byte offset of the element in its register: Q:S:size is the index of a byte, of which larger elements drop low bits. */
function elementOffset(insn: u32, scale: u32): usize {
  const index = (bits(insn, 30, 1) << 3) | bits(insn, 10, 3);
  return <usize>(index & ~((1 << scale) - 1));
}

function copyElement(to: usize, from: usize, scale: u32): void {
  switch (scale) {
    case 0:
      store<u8>(to, load<u8>(from));
      break;
    case 1:
      store<u16>(to, load<u16>(from));
      break;
    case 2:
      store<u32>(to, load<u32>(from));
      break;
    default:
      store<u64>(to, load<u64>(from));
  }
}

/** LD1-LD4 (single structure). */
export function loadLanes(cpu: usize, insn: u32, selem: u32): void {
  const va = getXSP(cpu, Rn(insn));
  const scale = elementScale(insn);
  const length = selem << scale;
  let host = hostForLoad(cpu, va, length);
  if (host == 0) host = gather(cpu, va, length, scale);
  if (host == 0) return;
  const offset = elementOffset(insn, scale);
  for (let s: u32 = 0; s < selem; s++) {
    copyElement(structureReg(cpu, insn, s) + offset, host + <usize>(s << scale), scale);
  }
  writeBack(cpu, insn, length);
}

/** ST1-ST4 (single structure). */
export function storeLanes(cpu: usize, insn: u32, selem: u32): void {
  const va = getXSP(cpu, Rn(insn));
  const scale = elementScale(insn);
  const length = selem << scale;
  const host = hostForStore(cpu, va, length);
  const to = host != 0 ? host : cpu + CPU_SIMD_SCRATCH;
  const offset = elementOffset(insn, scale);
  for (let s: u32 = 0; s < selem; s++) {
    copyElement(to + <usize>(s << scale), structureReg(cpu, insn, s) + offset, scale);
  }
  if (host == 0 && !scatter(cpu, va, length, scale)) return;
  writeBack(cpu, insn, length);
}

function splatElement(from: usize, scale: u32): v128 {
  switch (scale) {
    case 0:
      return v128.load8_splat(from);
    case 1:
      return v128.load16_splat(from);
    case 2:
      return v128.load32_splat(from);
    default:
      return v128.load64_splat(from);
  }
}

/** LD1R-LD4R. */
export function loadReplicate(cpu: usize, insn: u32, selem: u32): void {
  const va = getXSP(cpu, Rn(insn));
  const scale = bits(insn, 10, 2);
  const length = selem << scale;
  let host = hostForLoad(cpu, va, length);
  if (host == 0) host = gather(cpu, va, length, scale);
  if (host == 0) return;
  const q = bits(insn, 30, 1) != 0;
  for (let s: u32 = 0; s < selem; s++) {
    const value = splatElement(host + <usize>(s << scale), scale);
    v128.store(structureReg(cpu, insn, s), q ? value : i64x2.replace_lane(value, 1, 0));
  }
  writeBack(cpu, insn, length);
}
