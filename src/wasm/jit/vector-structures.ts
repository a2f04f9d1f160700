/** LD2 LD3 LD4 ST2 ST3 ST4 of multiple structures: elements change places between registers and the order of memory. */
import { Rt, bits } from "../a64/fields";
import { L_HOST, readV, writeV } from "./locals";
import * as W from "./opcodes";
import { clearUpper, setByte, shuffle } from "./simd-emit";
import { accessV, byte, get } from "./writer";

/** 16 bytes: which source (bits 5:4) and which byte of it (3:0) each byte of a result is. */
const wanted = memory.data(16);

/** The instruction: its first register, registers of a structure, log2 of an element's bytes, bytes of a register. */
let first: u32 = 0;
let count: u32 = 0;
let size: u32 = 0;
let length: u32 = 0;
let isLoad: bool = false;

/** Pushes source `k`: 16 bytes of memory, fewer at the end of the range, or a register. */
function pushSource(k: u32): void {
  if (!isLoad) {
    readV((first + k) & 31);
    return;
  }
  get(L_HOST);
  const offset = k << 4;
  accessV(offset + 16 <= count * length ? W.V128_LOAD : W.V128_LOAD64_ZERO, offset);
}

function shuffleWanted(firstSource: u32): void {
  for (let i: u32 = 0; i < 16; i++) {
    const from = <u32>load<u8>(wanted + i);
    setByte(i, from >> 5 == firstSource >> 1 ? from & 31 : 0);
  }
  shuffle();
}
/** Pushes the bytes wanted of up to four sources. */
function pushWanted(sources: u32): void {
  pushSource(0);
  pushSource(sources > 1 ? 1 : 0);
  shuffleWanted(0);
  if (sources < 3) return;
  pushSource(2);
  if (sources > 3) {
    pushSource(3);
    shuffleWanted(2);
  }
  for (let i: u32 = 0; i < 16; i++) {
    const from = <u32>load<u8>(wanted + i);
    setByte(i, from < 32 ? i : 16 + (sources > 3 ? i : from & 15));
  }
  shuffle();
}

function loadStructures(): void {
  const sources = (count * length + 15) >> 4;
  for (let j: u32 = 0; j < count; j++) {
    for (let i: u32 = 0; i < 16; i++) {
      const structure = (i & (length - 1)) >> size;
      store<u8>(wanted + i, <u8>(((structure * count + j) << size) + (i & ((1 << size) - 1))));
    }
    pushWanted(sources);
    if (length == 8) clearUpper();
    writeV((first + j) & 31);
  }
}

function storeStructures(): void {
  const bytes = count * length;
  for (let offset: u32 = 0; offset < bytes; offset += 16) {
    for (let i: u32 = 0; i < 16; i++) {
      const element = (offset + i) >> size;
      const place = ((element / count) << size) + (i & ((1 << size) - 1));
      store<u8>(wanted + i, <u8>(((element % count) << 4) | (place & 15)));
    }
    get(L_HOST);
    pushWanted(count);
    if (offset + 16 <= bytes) accessV(W.V128_STORE, offset);
    else {
      accessV(W.V128_STORE64_LANE, offset);
      byte(0);
    }
  }
}

/** Registers of a structure, 0 when `w` is LD1 or ST1. */
export function structureRegisters(w: u32): u32 {
  switch (bits(w, 12, 4)) {
    case 0:
      return 4;
    case 4:
      return 3;
    case 8:
      return 2;
    default:
      return 0;
  }
}

/** Transfers the registers at L_HOST, which is checked. */
export function transferStructures(w: u32): void {
  first = Rt(w);
  count = structureRegisters(w);
  size = bits(w, 10, 2);
  length = bits(w, 30, 1) != 0 ? 16 : 8;
  isLoad = bits(w, 22, 1) != 0;
  if (isLoad) loadStructures();
  else storeStructures();
}
