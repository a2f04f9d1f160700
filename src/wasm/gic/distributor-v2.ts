/**
 * GICv2 distributor (IHI 0048B 4.3) with one Security state, both interrupt groups.
 *
 * Every register is reached as an aligned word with a lane mask, since QEMU allows accesses of 1, 2 and 4 bytes everywhere.
 */
import { guest_error } from "../host";
import { GUEST_ERROR_GIC_READ, GUEST_ERROR_GIC_WRITE } from "../lib/guest-error";
import { GIC_BASE } from "../layout";
import {
  DIST_CPUS,
  DIST_CTLR,
  DIST_EDGE,
  DIST_ENABLED,
  DIST_GROUP,
  distRow,
  distWord,
  IF_ACTIVE,
  IF_ENABLED,
  IF_GROUP,
  IF_PENDING,
  IF_SGI_SOURCES,
  IF_TARGETED,
  interfaceBase,
  interfaceRow,
  MAX_INTERFACES,
  NUM_IRQ,
  NUM_SGI,
  priorityAddress,
  replaceBits,
  WORDS,
} from "./layout";
import {
  CTLR_ENABLE_GRP0,
  CTLR_ENABLE_GRP1,
  GICD_BASE,
  GICD_CPENDSGIR,
  GICD_CTLR,
  GICD_ICENABLER,
  GICD_ICFGR,
  GICD_ICPENDR,
  GICD_ID_V2,
  GICD_IGROUPR,
  GICD_IIDR,
  GICD_IPRIORITYR,
  GICD_ISACTIVER,
  GICD_ISENABLER,
  GICD_ISPENDR,
  GICD_ITARGETSR,
  GICD_SGIR,
  GICD_SPENDSGIR,
  GICD_TYPER,
} from "./registers";
import { compressOddBits, spreadToOddBits } from "./bits";
import { groupWord, raisedWord, updateAllV2 } from "./select-v2";

/** SGIs are always enabled, and have registers of their own for being pending. */
const SGI_BITS: u32 = 0xffff;

/** PIDR4..7, PIDR0..3, CIDR0..3, one byte a register, as QEMU's GICv2 has them. */
function idByte(register: u32): u32 {
  switch (register) {
    case 0:
      return 0x04;
    case 4:
      return 0x90;
    case 5:
      return 0xb4;
    case 6:
      return 0x2b;
    case 8:
      return 0x0d;
    case 9:
      return 0xf0;
    case 10:
      return 0x05;
    case 11:
      return 0xb1;
    default:
      return 0;
  }
}

/** Word `word` of a row that each CPU interface keeps: the CPU's own bits for private interrupts, any CPU's for SPIs. */
function anyInterface(index: u32, row: usize, word: u32): u32 {
  if (word == 0) return load<u32>(interfaceRow(index, row, 0));
  let bits: u32 = 0;
  for (let i: u32 = 0; i < MAX_INTERFACES; i++) bits |= load<u32>(interfaceRow(i, row, word));
  return bits;
}

function enabledAddress(index: u32, word: u32): usize {
  return word == 0 ? interfaceBase(index) + IF_ENABLED : distRow(DIST_ENABLED, word);
}

function readPending(index: u32, word: u32): u32 {
  return raisedWord(index, word) | anyInterface(index, IF_PENDING, word);
}

/** The four target bytes from `intid`: read-as-zero with one CPU; a private interrupt targets who asks. */
function readTargets(index: u32, intid: u32): u32 {
  if (distWord(DIST_CPUS) == 1) return 0;
  if (intid < 32) return (1 << index) * 0x0101_0101;
  let value: u32 = 0;
  for (let cpu: u32 = 0; cpu < MAX_INTERFACES; cpu++) {
    const bits = load<u32>(interfaceRow(cpu, IF_TARGETED, intid >> 5)) >> (intid & 31);
    for (let i: u32 = 0; i < 4; i++) value |= ((bits >> i) & 1) << ((i << 3) + cpu);
  }
  return value;
}

/** Arm, no product. */
const IIDR_VALUE: u32 = 0x43b;

function readWord(index: u32, offset: u32): u32 {
  if (offset == GICD_CTLR) return distWord(DIST_CTLR);
  if (offset == GICD_TYPER) return (WORDS - 1) | ((distWord(DIST_CPUS) - 1) << 5);
  if (offset == GICD_IIDR) return IIDR_VALUE;
  if (offset >= GICD_IGROUPR && offset < GICD_IPRIORITYR) {
    const word = (offset & 0x7f) >> 2;
    if (word < WORDS) {
      switch (offset & ~0x7f) {
        case GICD_IGROUPR:
          return groupWord(index, word);
        case GICD_ISENABLER:
        case GICD_ICENABLER:
          return load<u32>(enabledAddress(index, word));
        case GICD_ISPENDR:
        case GICD_ICPENDR:
          return readPending(index, word);
        default:
          return anyInterface(index, IF_ACTIVE, word);
      }
    }
  } else if (offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + NUM_IRQ) {
    return load<u32>(priorityAddress(index, offset - GICD_IPRIORITYR));
  } else if (offset >= GICD_ITARGETSR && offset < GICD_ITARGETSR + NUM_IRQ) {
    return readTargets(index, offset - GICD_ITARGETSR);
  } else if (offset >= GICD_ICFGR && offset < GICD_ICFGR + (NUM_IRQ >> 2)) {
    const half = (offset - GICD_ICFGR) >> 2;
    return spreadToOddBits((load<u32>(distRow(DIST_EDGE, half >> 1)) >> ((half & 1) << 4)) & 0xffff);
  } else if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR + NUM_SGI) {
    return load<u32>(interfaceBase(index) + IF_SGI_SOURCES + <usize>(offset & 0xf));
  } else if (offset >= GICD_ID_V2) {
    return idByte((offset - GICD_ID_V2) >> 2);
  }
  guest_error(GUEST_ERROR_GIC_READ, <u32>GICD_BASE + offset, 4);
  return 0;
}

/** Load of `size` (1, 2 or 4) bytes at `offset`, naturally aligned. */
export function gicdReadV2(index: u32, offset: u32, size: u32): u32 {
  const value = readWord(index, offset & ~3) >> ((offset & 3) << 3);
  return size == 4 ? value : value & ((1 << (size << 3)) - 1);
}

/** Software pending goes to every CPU that the interrupt targets, for private interrupts too. */
function setPending(word: u32, bits: u32): void {
  for (let cpu: u32 = 0; cpu < MAX_INTERFACES; cpu++) {
    const targeted = bits & load<u32>(interfaceRow(cpu, IF_TARGETED, word));
    replaceBits(interfaceRow(cpu, IF_PENDING, word), targeted, targeted);
  }
}

function clearPending(word: u32, bits: u32): void {
  for (let cpu: u32 = 0; cpu < MAX_INTERFACES; cpu++) replaceBits(interfaceRow(cpu, IF_PENDING, word), bits, 0);
}

function writeActive(index: u32, word: u32, bits: u32, value: u32): void {
  if (word == 0) {
    replaceBits(interfaceRow(index, IF_ACTIVE, 0), bits, value);
    return;
  }
  for (let cpu: u32 = 0; cpu < MAX_INTERFACES; cpu++) replaceBits(interfaceRow(cpu, IF_ACTIVE, word), bits, value);
}

function writeTargets(intid: u32, value: u32, lanes: u32): void {
  if (distWord(DIST_CPUS) == 1) return;
  for (let i: u32 = 0; i < 4; i++) {
    const shift = i << 3;
    if (((lanes >> shift) & 0xff) == 0) continue;
    // A private interrupt's byte is read-only, but writing it makes software pending reach every CPU, as QEMU's does.
    const targets: u32 = intid < 32 ? 0xff : (value >> shift) & 0xff;
    const bit: u32 = 1 << ((intid + i) & 31);
    for (let cpu: u32 = 0; cpu < MAX_INTERFACES; cpu++) {
      replaceBits(interfaceRow(cpu, IF_TARGETED, intid >> 5), bit, ((targets >> cpu) & 1) != 0 ? bit : 0);
    }
  }
}

function writeBitmap(index: u32, offset: u32, value: u32, lanes: u32): void {
  const word = (offset & 0x7f) >> 2;
  const ones = value & lanes;
  const notSgi = word == 0 ? ones & ~SGI_BITS : ones;
  switch (offset & ~0x7f) {
    case GICD_IGROUPR:
      replaceBits(word == 0 ? interfaceBase(index) + IF_GROUP : distRow(DIST_GROUP, word), lanes, value);
      break;
    case GICD_ISENABLER:
      replaceBits(enabledAddress(index, word), notSgi, notSgi);
      break;
    case GICD_ICENABLER:
      replaceBits(enabledAddress(index, word), notSgi, 0);
      break;
    case GICD_ISPENDR:
      setPending(word, notSgi);
      break;
    case GICD_ICPENDR:
      clearPending(word, notSgi);
      break;
    case GICD_ISACTIVER:
      writeActive(index, word, ones, ones);
      break;
    default:
      writeActive(index, word, ones, 0);
      break;
  }
}

/** GICD_CPENDSGIR and GICD_SPENDSGIR: a byte an SGI, a bit a source CPU. */
function writeSgiPending(index: u32, offset: u32, value: u32, lanes: u32): void {
  const block = interfaceBase(index);
  for (let i: u32 = 0; i < 4; i++) {
    const shift = i << 3;
    if (((lanes >> shift) & 0xff) == 0) continue;
    const sgi = (offset & 0xf) + i;
    const address = block + IF_SGI_SOURCES + <usize>sgi;
    const byte = (value >> shift) & 0xff;
    const sources = <u32>load<u8>(address);
    const left = offset < GICD_SPENDSGIR ? sources & ~byte : sources | byte;
    store<u8>(address, left);
    replaceBits(block + IF_PENDING, 1 << sgi, left != 0 ? 1 << sgi : 0);
  }
}

/** GICD_SGIR: sends an SGI from CPU `index` (IHI 0048B 4.3.15). */
function writeSgir(index: u32, value: u32): void {
  const sgi = value & 0xf;
  let targets: u32 = 0xff;
  switch ((value >> 24) & 3) {
    case 0:
      targets = (value >> 16) & 0xff;
      break;
    case 1:
      targets = 0xff & ~(1 << index);
      break;
    case 2:
      targets = 1 << index;
      break;
    default:
      break;
  }
  for (let cpu: u32 = 0; cpu < MAX_INTERFACES; cpu++) {
    if (((targets >> cpu) & 1) == 0) continue;
    const block = interfaceBase(cpu);
    const sources = block + IF_SGI_SOURCES + <usize>sgi;
    store<u8>(sources, <u32>load<u8>(sources) | (1 << index));
    replaceBits(block + IF_PENDING, 1 << sgi, 1 << sgi);
  }
}

/** Writes a word; false when there is no such register. */
function writeWord(index: u32, offset: u32, value: u32, lanes: u32): bool {
  if (offset == GICD_CTLR) {
    replaceBits(GIC_BASE + DIST_CTLR, lanes & (CTLR_ENABLE_GRP0 | CTLR_ENABLE_GRP1), value);
  } else if (offset >= GICD_IGROUPR && offset < GICD_IPRIORITYR) {
    if ((offset & 0x7f) >> 2 >= WORDS) return false;
    writeBitmap(index, offset, value, lanes);
  } else if (offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + NUM_IRQ) {
    replaceBits(priorityAddress(index, offset - GICD_IPRIORITYR), lanes, value);
  } else if (offset >= GICD_ITARGETSR && offset < GICD_ITARGETSR + NUM_IRQ) {
    writeTargets(offset - GICD_ITARGETSR, value, lanes);
  } else if (offset >= GICD_ICFGR && offset < GICD_ICFGR + (NUM_IRQ >> 2)) {
    const half = (offset - GICD_ICFGR) >> 2;
    if (half == 0) return true;
    const shift = (half & 1) << 4;
    replaceBits(distRow(DIST_EDGE, half >> 1), compressOddBits(lanes) << shift, compressOddBits(value) << shift);
  } else if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR + NUM_SGI) {
    writeSgiPending(index, offset, value, lanes);
  } else {
    return false;
  }
  return true;
}

/** Store of the low `size` (1, 2 or 4) bytes of `value` at `offset`, naturally aligned, by CPU `index`. */
export function gicdWriteV2(index: u32, offset: u32, size: u32, value: u32): void {
  let known = true;
  if (offset == GICD_SGIR && size == 4) {
    writeSgir(index, value);
  } else {
    const shift = (offset & 3) << 3;
    const lanes: u32 = (size == 4 ? 0xffff_ffff : (1 << (size << 3)) - 1) << shift;
    known = writeWord(index, offset & ~3, value << shift, lanes);
  }
  if (known) updateAllV2();
  else guest_error(GUEST_ERROR_GIC_WRITE, <u32>GICD_BASE + offset, value);
}
