/** GICv3: changes of the lines that come in. */
import {
  DIST_EDGE,
  DIST_LEVEL,
  DIST_PENDING,
  distRow,
  IF_EDGE,
  IF_LEVEL,
  IF_PENDING,
  interfaceBase,
  replaceBits,
} from "./layout";
import { updateAllV3, updateV3 } from "./select-v3";

/** Line of an SPI. A rising edge of an edge-triggered one latches. */
export function setSpiV3(intid: u32, level: u32): void {
  const word = intid >> 5;
  const bit: u32 = 1 << (intid & 31);
  const row = distRow(DIST_LEVEL, word);
  const now: u32 = level != 0 ? bit : 0;
  if ((load<u32>(row) & bit) == now) return;
  replaceBits(row, bit, now);
  if (now != 0 && (load<u32>(distRow(DIST_EDGE, word)) & bit) != 0) replaceBits(distRow(DIST_PENDING, word), bit, bit);
  updateAllV3();
}

/** Line of a PPI of CPU `index`. */
export function setPpiV3(index: u32, intid: u32, level: u32): void {
  const block = interfaceBase(index);
  const bit: u32 = 1 << intid;
  const now: u32 = level != 0 ? bit : 0;
  if ((load<u32>(block, IF_LEVEL) & bit) == now) return;
  replaceBits(block + IF_LEVEL, bit, now);
  if (now != 0 && (load<u32>(block, IF_EDGE) & bit) != 0) replaceBits(block + IF_PENDING, bit, bit);
  updateV3(index);
}
