/** GICv2: changes of the lines that come in (IHI 0048B 3.2.4). */
import {
  DIST_EDGE,
  DIST_LEVEL,
  distRow,
  IF_LEVEL,
  IF_PENDING,
  IF_TARGETED,
  interfaceBase,
  interfaceRow,
  MAX_INTERFACES,
  replaceBits,
} from "./layout";
import { updateAllV2, updateV2 } from "./select-v2";

/** Line of an SPI. A rising edge of an edge-triggered one latches for every CPU that it targets. */
export function setSpiV2(intid: u32, level: u32): void {
  const word = intid >> 5;
  const bit: u32 = 1 << (intid & 31);
  const row = distRow(DIST_LEVEL, word);
  const now: u32 = level != 0 ? bit : 0;
  if ((load<u32>(row) & bit) == now) return;
  replaceBits(row, bit, now);
  if (now != 0 && (load<u32>(distRow(DIST_EDGE, word)) & bit) != 0) {
    for (let cpu: u32 = 0; cpu < MAX_INTERFACES; cpu++) {
      const targeted = bit & load<u32>(interfaceRow(cpu, IF_TARGETED, word));
      replaceBits(interfaceRow(cpu, IF_PENDING, word), targeted, targeted);
    }
  }
  updateAllV2();
}

/** Line of a PPI of CPU `index`. */
export function setPpiV2(index: u32, intid: u32, level: u32): void {
  const block = interfaceBase(index);
  const bit: u32 = 1 << intid;
  const now: u32 = level != 0 ? bit : 0;
  if ((load<u32>(block, IF_LEVEL) & bit) == now) return;
  replaceBits(block + IF_LEVEL, bit, now);
  if (now != 0 && (load<u32>(distRow(DIST_EDGE, 0)) & bit) != 0) replaceBits(block + IF_PENDING, bit, bit);
  updateV2(index);
}
