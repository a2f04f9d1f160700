/** Integer functions of A64 that wasm has no instruction for. */

/** ShiftReg/ExtendReg of a 64-bit operand: `how` is kind << 8 | amount, kind 0..3 LSL LSR ASR ROR, 4..11 UXTB..SXTX then LSL. */
export function shiftX(value: u64, how: u32): u64 {
  const amount = <u64>(how & 63);
  switch (how >> 8) {
    case 0:
      return value << amount;
    case 1:
      return value >> amount;
    case 2:
      return <u64>(<i64>value >> <i64>amount);
    case 3:
      return rotr<u64>(value, amount);
    case 4:
      return (<u64>(<u8>value)) << amount;
    case 5:
      return (<u64>(<u16>value)) << amount;
    case 6:
      return (<u64>(<u32>value)) << amount;
    case 8:
      return (<u64>(<i64>(<i8>value))) << amount;
    case 9:
      return (<u64>(<i64>(<i16>value))) << amount;
    case 10:
      return (<u64>(<i64>(<i32>value))) << amount;
    default:
      return value << amount;
  }
}

/** The same for a 32-bit operation. */
export function shiftW(value: u64, how: u32): u32 {
  const amount = how & 63;
  switch (how >> 8) {
    case 0:
      return (<u32>value) << amount;
    case 1:
      return <u32>value >> amount;
    case 2:
      return <u32>(<i32>value >> <i32>amount);
    case 3:
      return rotr<u32>(<u32>value, amount);
    default:
      return <u32>shiftX(value, how);
  }
}

/** High half of the unsigned 128-bit product. */
export function multiplyHighU(a: u64, b: u64): u64 {
  const aLow = a & 0xffff_ffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffff_ffff;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  const middle2 = aLow * bHigh + (middle & 0xffff_ffff);
  return aHigh * bHigh + (middle >> 32) + (middle2 >> 32);
}

/** High half of the signed 128-bit product. */
export function multiplyHighS(a: u64, b: u64): u64 {
  let high = multiplyHighU(a, b);
  if (<i64>a < 0) high -= b;
  if (<i64>b < 0) high -= a;
  return high;
}

/** RBIT of 64 bits. */
export function reverseBits64(value: u64): u64 {
  let v = bswap<u64>(value);
  v = ((v >> 4) & 0x0f0f_0f0f_0f0f_0f0f) | ((v & 0x0f0f_0f0f_0f0f_0f0f) << 4);
  v = ((v >> 2) & 0x3333_3333_3333_3333) | ((v & 0x3333_3333_3333_3333) << 2);
  return ((v >> 1) & 0x5555_5555_5555_5555) | ((v & 0x5555_5555_5555_5555) << 1);
}

/** REV16 of 64 bits. */
export function swapBytes16(value: u64): u64 {
  return ((value >> 8) & 0x00ff_00ff_00ff_00ff) | ((value & 0x00ff_00ff_00ff_00ff) << 8);
}

/** Ones(count) as 64 bits, count 0..64. */
export function ones(count: u32): u64 {
  return count >= 64 ? 0xffff_ffff_ffff_ffff : ((<u64>1) << (<u64>count)) - 1;
}

/** DecodeBitMasks() for logical immediates: the 64-bit immediate (ARM ARM J1.3.3, shared/functions/system). */
export function logicalImmediate(N: u32, immr: u32, imms: u32): u64 {
  const length = 31 - clz<u32>((N << 6) | (~imms & 0x3f));
  const levels: u32 = (1 << length) - 1;
  const S = imms & levels;
  const R = immr & levels;
  const size: u32 = 1 << length;
  let element = ones(S + 1);
  if (R != 0) element = ((element >> <u64>R) | (element << (<u64>(size - R)))) & ones(size);
  for (let width = size; width < 64; width <<= 1) element |= element << (<u64>width);
  return element;
}
