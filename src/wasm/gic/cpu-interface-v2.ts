/**
 * GICv2 CPU interface (IHI 0048B 4.4) with one Security state and 8 bits of priority.
 *
 * As QEMU has it there are no GICC_AIAR, AEOIR and AHPPIR: Group 1 interrupts are acknowledged through
 * GICC_IAR with GICC_CTLR.AckCtl set. Accesses of 1 and 2 bytes act on the whole register.
 */
import { guest_error } from "../host";
import { GUEST_ERROR_GIC_NOT_ACTIVE, GUEST_ERROR_GIC_READ, GUEST_ERROR_GIC_WRITE } from "../lib/guest-error";
import {
  IF_ABPR,
  IF_ACTIVE,
  IF_APR,
  IF_BPR,
  IF_CTLR,
  IF_CURRENT_PENDING,
  IF_NSAPR,
  IF_PENDING,
  IF_PMR,
  IF_RUNNING_PRIORITY,
  IF_SGI_SOURCES,
  INTID_GROUP1,
  INTID_SPURIOUS,
  interfaceBase,
  interfaceRow,
  NUM_IRQ,
  NUM_SGI,
  PRIORITY_IDLE,
  priorityAddress,
  replaceBits,
} from "./layout";
import {
  CTLR_ENABLE_GRP0,
  CTLR_ENABLE_GRP1,
  GICC_ABPR,
  GICC_APR,
  GICC_BASE,
  GICC_BPR,
  GICC_CTLR,
  GICC_CTLR_ACK_CTL,
  GICC_CTLR_CBPR,
  GICC_CTLR_EOIMODE,
  GICC_CTLR_FIQ_EN,
  GICC_DIR,
  GICC_EOIR,
  GICC_HPPIR,
  GICC_IAR,
  GICC_IIDR,
  GICC_NSAPR,
  GICC_PMR,
  GICC_RPR,
} from "./registers";
import { isGroup1, updateV2 } from "./select-v2";

/** Arm, architecture version 2. */
const GICC_IIDR_VALUE: u32 = 0x0002_043b;
const CTLR_MASK: u32 =
  CTLR_ENABLE_GRP0 | CTLR_ENABLE_GRP1 | GICC_CTLR_ACK_CTL | GICC_CTLR_FIQ_EN | GICC_CTLR_CBPR | GICC_CTLR_EOIMODE;
/** Registers of active priorities a group: 8 bits of priority are 128 preemption levels. */
const APR_COUNT: u32 = 4;

function aprAddress(index: u32, group1: bool, register: u32): usize {
  return interfaceBase(index) + (group1 ? IF_NSAPR : IF_APR) + ((<usize>register) << 2);
}

/** Running priority that the active priority registers say. */
function priorityFromAprs(index: u32): u32 {
  for (let i: u32 = 0; i < APR_COUNT; i++) {
    const bits = load<u32>(aprAddress(index, false, i)) | load<u32>(aprAddress(index, true, i));
    if (bits != 0) return (i * 32 + <u32>ctz(bits)) << 1;
  }
  return PRIORITY_IDLE;
}

/** What GICC_HPPIR shows: a Group 1 interrupt is hidden without AckCtl. */
function visiblePending(index: u32): u32 {
  const block = interfaceBase(index);
  const intid = load<u32>(block, IF_CURRENT_PENDING);
  if (intid >= NUM_IRQ || !isGroup1(index, intid)) return intid;
  return (load<u32>(block, IF_CTLR) & GICC_CTLR_ACK_CTL) != 0 ? intid : INTID_GROUP1;
}

/** Priority of an interrupt without its subpriority (IHI 0048B 3.3.3). */
function groupPriority(index: u32, intid: u32): u32 {
  const block = interfaceBase(index);
  let binaryPoint = load<u32>(block, IF_BPR);
  if (isGroup1(index, intid) && (load<u32>(block, IF_CTLR) & GICC_CTLR_CBPR) == 0) {
    binaryPoint = load<u32>(block, IF_ABPR) - 1;
  }
  return <u32>load<u8>(priorityAddress(index, intid)) & ((<u32>-2) << binaryPoint);
}

/** Takes one source CPU off a pending SGI; returns it. The SGI stays pending while others are left. */
function takeSgiSource(index: u32, sgi: u32): u32 {
  const block = interfaceBase(index);
  const address = block + IF_SGI_SOURCES + <usize>sgi;
  const sources = <u32>load<u8>(address);
  const left = sources & (sources - 1);
  store<u8>(address, left);
  if (left == 0) replaceBits(block + IF_PENDING, 1 << sgi, 0);
  return <u32>ctz(sources) & 7;
}

function acknowledge(index: u32): u32 {
  const block = interfaceBase(index);
  const intid = visiblePending(index);
  if (intid >= NUM_IRQ) return intid;
  if (<u32>load<u8>(priorityAddress(index, intid)) >= load<u32>(block, IF_RUNNING_PRIORITY)) return INTID_SPURIOUS;

  const priority = groupPriority(index, intid);
  const level = priority >> 1;
  const apr = aprAddress(index, isGroup1(index, intid), level >> 5);
  store<u32>(apr, load<u32>(apr) | (1 << (level & 31)));
  store<u32>(block, priority, IF_RUNNING_PRIORITY);

  const bit: u32 = 1 << (intid & 31);
  replaceBits(interfaceRow(index, IF_ACTIVE, intid >> 5), bit, bit);
  let value = intid;
  if (intid < NUM_SGI) {
    value |= takeSgiSource(index, intid) << 10;
  } else {
    replaceBits(interfaceRow(index, IF_PENDING, intid >> 5), bit, 0);
  }
  updateV2(index);
  return value;
}

function deactivate(index: u32, intid: u32): void {
  replaceBits(interfaceRow(index, IF_ACTIVE, intid >> 5), 1 << (intid & 31), 0);
}

function splitsEoi(index: u32): bool {
  return (load<u32>(interfaceBase(index), IF_CTLR) & GICC_CTLR_EOIMODE) != 0;
}

function endOfInterrupt(index: u32, intid: u32): void {
  const block = interfaceBase(index);
  if (intid >= NUM_IRQ) return;
  if (load<u32>(block, IF_RUNNING_PRIORITY) == PRIORITY_IDLE) {
    guest_error(GUEST_ERROR_GIC_NOT_ACTIVE, intid, index);
    return;
  }
  // The interrupt that ends is taken to be the last acknowledged one: that with the lowest bit.
  const group1 = isGroup1(index, intid);
  for (let i: u32 = 0; i < APR_COUNT; i++) {
    const apr = aprAddress(index, group1, i);
    const bits = load<u32>(apr);
    if (bits == 0) continue;
    store<u32>(apr, bits & (bits - 1));
    break;
  }
  store<u32>(block, priorityFromAprs(index), IF_RUNNING_PRIORITY);
  if (!splitsEoi(index)) deactivate(index, intid);
  updateV2(index);
}

/** Load at `offset` by CPU `index`; reading GICC_IAR acknowledges. */
export function giccRead(index: u32, offset: u32): u32 {
  const block = interfaceBase(index);
  switch (offset) {
    case GICC_CTLR:
      return load<u32>(block, IF_CTLR);
    case GICC_PMR:
      return load<u32>(block, IF_PMR);
    case GICC_BPR:
      return load<u32>(block, IF_BPR);
    case GICC_IAR:
      return acknowledge(index);
    case GICC_RPR: {
      const priority = load<u32>(block, IF_RUNNING_PRIORITY);
      return priority == PRIORITY_IDLE ? 0xff : priority;
    }
    case GICC_HPPIR:
      return visiblePending(index);
    case GICC_ABPR:
      return load<u32>(block, IF_ABPR);
    case GICC_IIDR:
      return GICC_IIDR_VALUE;
    default:
      break;
  }
  if (offset >= GICC_APR && offset < GICC_NSAPR + 16 && (offset & 3) == 0) {
    return load<u32>(aprAddress(index, offset >= GICC_NSAPR, (offset & 15) >> 2));
  }
  guest_error(GUEST_ERROR_GIC_READ, <u32>GICC_BASE + offset, 4);
  return 0;
}

/** Store at `offset` by CPU `index`. */
export function giccWrite(index: u32, offset: u32, value: u32): void {
  const block = interfaceBase(index);
  switch (offset) {
    case GICC_CTLR:
      store<u32>(block, value & CTLR_MASK, IF_CTLR);
      break;
    case GICC_PMR:
      store<u32>(block, value & 0xff, IF_PMR);
      break;
    case GICC_BPR:
      store<u32>(block, value & 7, IF_BPR);
      break;
    case GICC_ABPR:
      store<u32>(block, max<u32>(value & 7, 1), IF_ABPR);
      break;
    case GICC_EOIR:
      endOfInterrupt(index, value & 0x3ff);
      return;
    case GICC_DIR: {
      const intid = value & 0x3ff;
      if (intid >= NUM_IRQ) return;
      if (splitsEoi(index)) deactivate(index, intid);
      else guest_error(GUEST_ERROR_GIC_NOT_ACTIVE, intid, index);
      break;
    }
    default:
      if (offset >= GICC_APR && offset < GICC_NSAPR + 16 && (offset & 3) == 0) {
        store<u32>(aprAddress(index, offset >= GICC_NSAPR, (offset & 15) >> 2), value);
        store<u32>(block, priorityFromAprs(index), IF_RUNNING_PRIORITY);
        break;
      }
      guest_error(GUEST_ERROR_GIC_WRITE, <u32>GICC_BASE + offset, value);
      return;
  }
  updateV2(index);
}
