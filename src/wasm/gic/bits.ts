/** Between a bit an interrupt and the two-bit fields of GICD_ICFGR, whose upper (odd) bit says edge-triggered. */

/** Bit n of the low half goes to bit 2n + 1. */
export function spreadToOddBits(value: u32): u32 {
  let bits = value & 0xffff;
  bits = (bits | (bits << 8)) & 0x00ff_00ff;
  bits = (bits | (bits << 4)) & 0x0f0f_0f0f;
  bits = (bits | (bits << 2)) & 0x3333_3333;
  bits = (bits | (bits << 1)) & 0x5555_5555;
  return bits << 1;
}

/** Bit 2n + 1 goes to bit n. */
export function compressOddBits(value: u32): u32 {
  let bits = (value >> 1) & 0x5555_5555;
  bits = (bits | (bits >> 1)) & 0x3333_3333;
  bits = (bits | (bits >> 2)) & 0x0f0f_0f0f;
  bits = (bits | (bits >> 4)) & 0x00ff_00ff;
  return (bits | (bits >> 8)) & 0xffff;
}
