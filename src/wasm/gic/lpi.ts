/**
 * GICv3: LPIs at the redistributor (IHI 0069 chapter 5.1): configuration and pending tables are in guest memory.
 * Without an ITS an LPI becomes pending only through the pending table that software hands over when it enables LPIs.
 */
import { invalidateCode } from "../cpu/code-frame";
import { hostAddress } from "../mmu/ram";
import {
  FIRST_LPI,
  IF_GICR_CTLR,
  IF_LPI_INTID,
  IF_LPI_PRIORITY,
  IF_PENDBASER,
  IF_PROPBASER,
  interfaceBase,
  PRIORITY_IDLE,
} from "./layout";
import { GICR_CTLR_ENABLE_LPIS } from "./registers";

/** GICD_TYPER.IDbits: INTIDs have at most 16 bits. */
const MAX_IDBITS: u64 = 15;
const PROPBASER_IDBITS: u64 = 0x1f;
const PROPBASER_ADDRESS: u64 = 0x000f_ffff_ffff_f000;
const PENDBASER_ADDRESS: u64 = 0x000f_ffff_ffff_0000;

/** Entry of the configuration table. */
const LPI_ENABLED: u32 = 1;
const LPI_PRIORITY: u32 = 0xfc;

/** A byte of guest RAM; what is not RAM reads as zero. */
function guestByte(pa: u64): u32 {
  const host = hostAddress(pa, 1);
  return host == 0 ? 0 : load<u8>(host);
}

/** Finds the best LPI that is pending and enabled for CPU `index`; the lowest INTID of equal priorities. */
export function updateLpis(index: u32): void {
  const block = interfaceBase(index);
  store<u32>(block, PRIORITY_IDLE, IF_LPI_PRIORITY);
  if ((load<u32>(block, IF_GICR_CTLR) & GICR_CTLR_ENABLE_LPIS) == 0) return;
  const propbaser = load<u64>(block, IF_PROPBASER);
  const configuration = propbaser & PROPBASER_ADDRESS;
  const pending = load<u64>(block, IF_PENDBASER) & PENDBASER_ADDRESS;
  const bytes = <u32>(((<u64>2) << min<u64>(propbaser & PROPBASER_IDBITS, MAX_IDBITS)) >> 3);
  for (let i = FIRST_LPI >> 3; i < bytes; i++) {
    let bits = guestByte(pending + i);
    while (bits != 0) {
      const intid = (i << 3) + <u32>ctz(bits);
      const entry = guestByte(configuration + (intid - FIRST_LPI));
      if ((entry & LPI_ENABLED) != 0 && (entry & LPI_PRIORITY) < load<u32>(block, IF_LPI_PRIORITY)) {
        store<u32>(block, intid, IF_LPI_INTID);
        store<u32>(block, entry & LPI_PRIORITY, IF_LPI_PRIORITY);
      }
      bits &= bits - 1;
    }
  }
}

/** Takes the pending state off an LPI of CPU `index` when it is acknowledged: an LPI has no active state. */
export function acknowledgeLpi(index: u32, intid: u32): void {
  const pending = load<u64>(interfaceBase(index), IF_PENDBASER) & PENDBASER_ADDRESS;
  const host = hostAddress(pending + (intid >> 3), 1);
  if (host != 0) {
    store<u8>(host, <u32>load<u8>(host) & ~(1 << (intid & 7)));
    invalidateCode(host, 1);
  }
  updateLpis(index);
}
