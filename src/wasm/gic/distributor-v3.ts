/**
 * GICv3 distributor (IHI 0069 12.9): affinity routing always on, one Security state, no message-based SPIs.
 * What a private interrupt would have here is in its redistributor: those bits read as zero.
 */
import { guest_error } from "../host";
import { GUEST_ERROR_GIC_READ, GUEST_ERROR_GIC_WRITE } from "../lib/guest-error";
import { GIC_BASE } from "../layout";
import { compressOddBits, spreadToOddBits } from "./bits";
import { GIC_IIDR_V3, idByteV3 } from "./ids-v3";
import {
  DIST_ACTIVE,
  DIST_CPUS,
  DIST_CTLR,
  DIST_EDGE,
  DIST_ENABLED,
  DIST_GROUP,
  DIST_IROUTER,
  DIST_PENDING,
  DIST_PRIORITY,
  distRow,
  distWord,
  FIRST_SPI,
  IF_TARGETED,
  interfaceRow,
  MAX_INTERFACES,
  NUM_IRQ,
  replaceBits,
  WORDS,
} from "./layout";
import {
  CTLR_ENABLE_GRP0,
  CTLR_ENABLE_GRP1,
  GIC_ID_V3,
  GICD_BASE,
  GICD_CPENDSGIR,
  GICD_CTLR,
  GICD_ICENABLER,
  GICD_ICFGR,
  GICD_ICPENDR,
  GICD_IGROUPR,
  GICD_IGRPMODR,
  GICD_IIDR,
  GICD_IPRIORITYR,
  GICD_IROUTER,
  GICD_IROUTER_END,
  GICD_ISACTIVER,
  GICD_ISENABLER,
  GICD_ISPENDR,
  GICD_ITARGETSR,
  GICD_SGIR,
  GICD_STATUSR,
  GICD_TYPER,
} from "./registers";
import { sharedPending, updateAllV3 } from "./select-v3";

/** No1N, A3V, 16 bits of INTID, LPIS, 256 SPIs; no extra Security state. */
const TYPER_VALUE: u32 = (1 << 25) | (1 << 24) | (0xf << 19) | (1 << 17) | (WORDS - 2);
/** PIDR0 of GIC-500's distributor. */
const PIDR0_DIST: u32 = 0x92;

function irouterAddress(intid: u32): usize {
  return GIC_BASE + DIST_IROUTER + ((<usize>intid) << 3);
}

/** Sends an SPI to the CPU of its GICD_IROUTER, or to none when there is no such CPU. */
export function routeSpi(intid: u32): void {
  const router = load<u64>(irouterAddress(intid));
  const affinity = ((<u32>(router >> 32)) << 24) | (<u32>router & 0xff_ffff);
  const bit: u32 = 1 << (intid & 31);
  const cpus = distWord(DIST_CPUS);
  for (let cpu: u32 = 0; cpu < MAX_INTERFACES; cpu++) {
    replaceBits(interfaceRow(cpu, IF_TARGETED, intid >> 5), bit, cpu < cpus && affinity == cpu ? bit : 0);
  }
}

/** True when [offset] is in the array of `bytes` bytes from `first`. */
function within(offset: u32, first: u32, bytes: u32): bool {
  return offset >= first && offset < first + bytes;
}

/** True for registers that affinity routing, or a missing optional feature, makes read as zero and ignore writes. */
function isReserved(offset: u32): bool {
  return (
    offset == GICD_STATUSR ||
    within(offset, GICD_ITARGETSR, 0x400) ||
    within(offset, GICD_IGRPMODR, 0x200) ||
    within(offset, GICD_CPENDSGIR, 0x20)
  );
}

function readBitmap(offset: u32): u32 {
  const word = (offset & 0x7f) >> 2;
  if (word == 0 || word >= WORDS) return 0;
  switch (offset & ~0x7f) {
    case GICD_IGROUPR:
      return load<u32>(distRow(DIST_GROUP, word));
    case GICD_ISENABLER:
    case GICD_ICENABLER:
      return load<u32>(distRow(DIST_ENABLED, word));
    case GICD_ISPENDR:
    case GICD_ICPENDR:
      return sharedPending(word);
    default:
      return load<u32>(distRow(DIST_ACTIVE, word));
  }
}

function readWord(offset: u32): u32 {
  if (offset == GICD_CTLR) return distWord(DIST_CTLR);
  if (offset == GICD_TYPER) return TYPER_VALUE;
  if (offset == GICD_IIDR) return GIC_IIDR_V3;
  if (within(offset, GICD_IGROUPR, GICD_IPRIORITYR - GICD_IGROUPR)) return readBitmap(offset);
  if (within(offset, GICD_IPRIORITYR, 0x400)) {
    const intid = offset - GICD_IPRIORITYR;
    return intid < FIRST_SPI || intid >= NUM_IRQ ? 0 : load<u32>(GIC_BASE + DIST_PRIORITY + <usize>intid);
  }
  if (within(offset, GICD_ICFGR, 0x100)) {
    const intid = (offset - GICD_ICFGR) << 2;
    if (intid < FIRST_SPI || intid >= NUM_IRQ) return 0;
    return spreadToOddBits((load<u32>(distRow(DIST_EDGE, intid >> 5)) >> (intid & 16)) & 0xffff);
  }
  if (within(offset, GICD_IROUTER, GICD_IROUTER_END - GICD_IROUTER)) {
    const intid = (offset - GICD_IROUTER) >> 3;
    if (intid < FIRST_SPI || intid >= NUM_IRQ) return 0;
    return load<u32>(irouterAddress(intid) + <usize>(offset & 4));
  }
  if (within(offset, GIC_ID_V3, 0x30)) return idByteV3((offset - GIC_ID_V3) >> 2, PIDR0_DIST);
  if (!isReserved(offset)) guest_error(GUEST_ERROR_GIC_READ, <u32>GICD_BASE + offset, 4);
  return 0;
}

/** Load of `size` bytes at `offset`, naturally aligned: bytes of priorities, words, and double words of GICD_IROUTER. */
export function gicdReadV3(offset: u32, size: u32): u64 {
  if (size == 4) return readWord(offset);
  if (size == 1) {
    if (within(offset, GICD_IPRIORITYR, 0x400)) return (readWord(offset & ~3) >> ((offset & 3) << 3)) & 0xff;
    if (within(offset, GICD_ITARGETSR, 0x400) || within(offset, GICD_CPENDSGIR, 0x20)) return 0;
  }
  if (size == 8 && within(offset, GICD_IROUTER, GICD_IROUTER_END - GICD_IROUTER)) {
    return <u64>readWord(offset) | ((<u64>readWord(offset + 4)) << 32);
  }
  guest_error(GUEST_ERROR_GIC_READ, <u32>GICD_BASE + offset, size);
  return 0;
}

function writeBitmap(offset: u32, value: u32): void {
  const word = (offset & 0x7f) >> 2;
  if (word == 0 || word >= WORDS) return;
  switch (offset & ~0x7f) {
    case GICD_IGROUPR:
      store<u32>(distRow(DIST_GROUP, word), value);
      break;
    case GICD_ISENABLER:
      replaceBits(distRow(DIST_ENABLED, word), value, value);
      break;
    case GICD_ICENABLER:
      replaceBits(distRow(DIST_ENABLED, word), value, 0);
      break;
    case GICD_ISPENDR:
      replaceBits(distRow(DIST_PENDING, word), value, value);
      break;
    case GICD_ICPENDR:
      replaceBits(distRow(DIST_PENDING, word), value, 0);
      break;
    case GICD_ISACTIVER:
      replaceBits(distRow(DIST_ACTIVE, word), value, value);
      break;
    default:
      replaceBits(distRow(DIST_ACTIVE, word), value, 0);
      break;
  }
}

/** Writes the bytes of `lanes` of the priorities from `intid` on. */
function writePriorities(intid: u32, value: u32, lanes: u32): void {
  if (intid < FIRST_SPI || intid >= NUM_IRQ) return;
  replaceBits(GIC_BASE + DIST_PRIORITY + <usize>intid, lanes, value);
}

/** Writes a word; false when there is no such register. */
function writeWord(offset: u32, value: u32): bool {
  if (offset == GICD_CTLR) {
    replaceBits(GIC_BASE + DIST_CTLR, CTLR_ENABLE_GRP0 | CTLR_ENABLE_GRP1, value);
  } else if (within(offset, GICD_IGROUPR, GICD_IPRIORITYR - GICD_IGROUPR)) {
    writeBitmap(offset, value);
  } else if (within(offset, GICD_IPRIORITYR, 0x400)) {
    writePriorities(offset - GICD_IPRIORITYR, value, 0xffff_ffff);
  } else if (within(offset, GICD_ICFGR, 0x100)) {
    const intid = (offset - GICD_ICFGR) << 2;
    if (intid < FIRST_SPI || intid >= NUM_IRQ) return true;
    const shift = intid & 16;
    replaceBits(distRow(DIST_EDGE, intid >> 5), (<u32>0xffff) << shift, compressOddBits(value) << shift);
  } else if (within(offset, GICD_IROUTER, GICD_IROUTER_END - GICD_IROUTER)) {
    const intid = (offset - GICD_IROUTER) >> 3;
    if (intid < FIRST_SPI || intid >= NUM_IRQ) return true;
    store<u32>(irouterAddress(intid) + <usize>(offset & 4), value);
    routeSpi(intid);
  } else {
    return isReserved(offset) || offset == GICD_SGIR;
  }
  return true;
}

/** Store of the low `size` bytes of `value` at `offset`, naturally aligned. */
export function gicdWriteV3(offset: u32, size: u32, value: u64): void {
  let known = false;
  if (size == 4) {
    known = writeWord(offset, <u32>value);
  } else if (size == 1 && within(offset, GICD_IPRIORITYR, 0x400)) {
    const shift = (offset & 3) << 3;
    writePriorities((offset & ~3) - GICD_IPRIORITYR, (<u32>value) << shift, (<u32>0xff) << shift);
    known = true;
  } else if (size == 1) {
    known = within(offset, GICD_ITARGETSR, 0x400) || within(offset, GICD_CPENDSGIR, 0x20);
  } else if (size == 8 && within(offset, GICD_IROUTER, GICD_IROUTER_END - GICD_IROUTER)) {
    known = writeWord(offset, <u32>value) && writeWord(offset + 4, <u32>(value >> 32));
  }
  if (known) updateAllV3();
  else guest_error(GUEST_ERROR_GIC_WRITE, <u32>GICD_BASE + offset, <u32>value);
}
