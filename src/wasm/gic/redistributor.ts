/**
 * GICv3 redistributor of one CPU (IHI 0069 12.10, 12.11): RD_base and SGI_base frames.
 * GICR_PROPBASER and GICR_PENDBASER hold what is written, as QEMU's do.
 */
import { guest_error } from "../host";
import { GUEST_ERROR_GIC_READ, GUEST_ERROR_GIC_WRITE } from "../lib/guest-error";
import { compressOddBits, spreadToOddBits } from "./bits";
import { GIC_IIDR_V3, idByteV3 } from "./ids-v3";
import {
  DIST_CPUS,
  distWord,
  IF_ACTIVE,
  IF_EDGE,
  IF_ENABLED,
  IF_GICR_CTLR,
  IF_GROUP,
  IF_PENDBASER,
  IF_PENDING,
  IF_PRIORITY,
  IF_PROPBASER,
  IF_WAKER,
  interfaceBase,
  replaceBits,
} from "./layout";
import { updateLpis } from "./lpi";
import {
  GIC_ID_V3,
  GICD_ICACTIVER,
  GICD_ICENABLER,
  GICD_ICPENDR,
  GICD_IGROUPR,
  GICD_IGRPMODR,
  GICD_ISACTIVER,
  GICD_ISENABLER,
  GICD_ISPENDR,
  GICD_NSACR,
  GICR_BASE,
  GICR_CTLR,
  GICR_CTLR_CES,
  GICR_CTLR_ENABLE_LPIS,
  GICR_ICFGR0,
  GICR_ICFGR1,
  GICR_IIDR,
  GICR_IPRIORITYR,
  GICR_PENDBASER,
  GICR_PROPBASER,
  GICR_SGI_FRAME,
  GICR_STATUSR,
  GICR_STRIDE,
  GICR_TYPER,
  GICR_WAKER,
  WAKER_CHILDREN_ASLEEP,
  WAKER_PROCESSOR_SLEEP,
} from "./registers";
import { privatePending, updateV3 } from "./select-v3";

/** PIDR0 of GIC-500's redistributor. */
const PIDR0_REDIST: u32 = 0x93;
const PRIVATE_PRIORITIES: u32 = 32;

/** GICR_TYPER: affinity 0.0.0.index, LPI tables common to one Aff3, Processor_Number, Last, PLPIS. */
function typer(index: u32): u64 {
  const last: u64 = index + 1 == distWord(DIST_CPUS) ? 1 << 4 : 0;
  return ((<u64>index) << 32) | (1 << 24) | ((<u64>index) << 8) | last | 1;
}

/** Where an 8-byte register of the RD_base frame is kept, or 0. */
function baserAddress(index: u32, offset: u32): usize {
  if (offset == GICR_PROPBASER) return interfaceBase(index) + IF_PROPBASER;
  if (offset == GICR_PENDBASER) return interfaceBase(index) + IF_PENDBASER;
  return 0;
}

function readWord(index: u32, offset: u32): u32 {
  const block = interfaceBase(index);
  switch (offset) {
    case GICR_CTLR:
      return load<u32>(block, IF_GICR_CTLR) | GICR_CTLR_CES;
    case GICR_STATUSR:
    case GICR_SGI_FRAME + GICD_IGRPMODR:
    case GICR_SGI_FRAME + GICD_NSACR:
      return 0;
    case GICR_IIDR:
      return GIC_IIDR_V3;
    case GICR_TYPER:
      return <u32>typer(index);
    case GICR_TYPER + 4:
      return <u32>(typer(index) >> 32);
    case GICR_WAKER:
      return load<u32>(block, IF_WAKER);
    case GICR_SGI_FRAME + GICD_IGROUPR:
      return load<u32>(block, IF_GROUP);
    case GICR_SGI_FRAME + GICD_ISENABLER:
    case GICR_SGI_FRAME + GICD_ICENABLER:
      return load<u32>(block, IF_ENABLED);
    case GICR_SGI_FRAME + GICD_ISPENDR:
    case GICR_SGI_FRAME + GICD_ICPENDR:
      return privatePending(index);
    case GICR_SGI_FRAME + GICD_ISACTIVER:
    case GICR_SGI_FRAME + GICD_ICACTIVER:
      return load<u32>(block, IF_ACTIVE);
    case GICR_ICFGR0:
      return spreadToOddBits(load<u32>(block, IF_EDGE) & 0xffff);
    case GICR_ICFGR1:
      return spreadToOddBits(load<u32>(block, IF_EDGE) >> 16);
    default:
      break;
  }
  const baser = baserAddress(index, offset & ~4);
  if (baser != 0) return load<u32>(baser + <usize>(offset & 4));
  if (offset >= GICR_IPRIORITYR && offset < GICR_IPRIORITYR + PRIVATE_PRIORITIES) {
    return load<u32>(block + IF_PRIORITY + <usize>(offset - GICR_IPRIORITYR));
  }
  if (offset >= GIC_ID_V3 && offset < GIC_ID_V3 + 0x30) return idByteV3((offset - GIC_ID_V3) >> 2, PIDR0_REDIST);
  guest_error(GUEST_ERROR_GIC_READ, <u32>GICR_BASE + index * <u32>GICR_STRIDE + offset, 4);
  return 0;
}

/** Load of `size` bytes at `offset` in CPU `index`'s frames, naturally aligned: priorities by bytes, words, some double words. */
export function gicrRead(index: u32, offset: u32, size: u32): u64 {
  if (size == 4) return readWord(index, offset);
  if (size == 1 && offset >= GICR_IPRIORITYR && offset < GICR_IPRIORITYR + PRIVATE_PRIORITIES) {
    return load<u8>(interfaceBase(index) + IF_PRIORITY + <usize>(offset - GICR_IPRIORITYR));
  }
  if (size == 8) {
    if (offset == GICR_TYPER) return typer(index);
    const baser = baserAddress(index, offset);
    if (baser != 0) return load<u64>(baser);
  }
  guest_error(GUEST_ERROR_GIC_READ, <u32>GICR_BASE + index * <u32>GICR_STRIDE + offset, size);
  return 0;
}

/** Writes a word; false when there is no such register. */
function writeWord(index: u32, offset: u32, value: u32): bool {
  const block = interfaceBase(index);
  switch (offset) {
    case GICR_CTLR:
      store<u32>(block, value & GICR_CTLR_ENABLE_LPIS, IF_GICR_CTLR);
      updateLpis(index);
      return true;
    case GICR_STATUSR:
    case GICR_ICFGR0:
    case GICR_SGI_FRAME + GICD_IGRPMODR:
    case GICR_SGI_FRAME + GICD_NSACR:
      return true;
    case GICR_WAKER:
      // Nothing to wait for: ChildrenAsleep follows ProcessorSleep at once.
      store<u32>(
        block,
        (value & WAKER_PROCESSOR_SLEEP) != 0 ? WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP : 0,
        IF_WAKER,
      );
      return true;
    case GICR_SGI_FRAME + GICD_IGROUPR:
      store<u32>(block, value, IF_GROUP);
      return true;
    case GICR_SGI_FRAME + GICD_ISENABLER:
      replaceBits(block + IF_ENABLED, value, value);
      return true;
    case GICR_SGI_FRAME + GICD_ICENABLER:
      replaceBits(block + IF_ENABLED, value, 0);
      return true;
    case GICR_SGI_FRAME + GICD_ISPENDR:
      replaceBits(block + IF_PENDING, value, value);
      return true;
    case GICR_SGI_FRAME + GICD_ICPENDR:
      replaceBits(block + IF_PENDING, value, 0);
      return true;
    case GICR_SGI_FRAME + GICD_ISACTIVER:
      replaceBits(block + IF_ACTIVE, value, value);
      return true;
    case GICR_SGI_FRAME + GICD_ICACTIVER:
      replaceBits(block + IF_ACTIVE, value, 0);
      return true;
    case GICR_ICFGR1:
      replaceBits(block + IF_EDGE, 0xffff_0000, compressOddBits(value) << 16);
      return true;
    default:
      break;
  }
  const baser = baserAddress(index, offset & ~4);
  if (baser != 0) {
    store<u32>(baser + <usize>(offset & 4), value);
    return true;
  }
  if (offset >= GICR_IPRIORITYR && offset < GICR_IPRIORITYR + PRIVATE_PRIORITIES) {
    store<u32>(block + IF_PRIORITY + <usize>(offset - GICR_IPRIORITYR), value);
    return true;
  }
  return false;
}

/** Store of the low `size` bytes of `value` at `offset` in CPU `index`'s frames, naturally aligned. */
export function gicrWrite(index: u32, offset: u32, size: u32, value: u64): void {
  let known = false;
  if (size == 4) {
    known = writeWord(index, offset, <u32>value);
  } else if (size == 1 && offset >= GICR_IPRIORITYR && offset < GICR_IPRIORITYR + PRIVATE_PRIORITIES) {
    store<u8>(interfaceBase(index) + IF_PRIORITY + <usize>(offset - GICR_IPRIORITYR), <u8>value);
    known = true;
  } else if (size == 8) {
    const baser = baserAddress(index, offset);
    if (baser != 0) {
      store<u64>(baser, value);
      known = true;
    }
  }
  if (known) updateV3(index);
  else guest_error(GUEST_ERROR_GIC_WRITE, <u32>GICR_BASE + index * <u32>GICR_STRIDE + offset, <u32>value);
}
