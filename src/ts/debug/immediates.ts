/** Immediates that A64 instructions encode (ARM ARM J1: DecodeBitMasks, VFPExpandImm, AdvSIMDExpandImm). */

/** DecodeBitMasks() succeeds for these. */
export function logicalImmValid(N: number, imms: number): boolean {
  const len = 31 - Math.clz32((N << 6) | (~imms & 0x3f));
  if (len < 1) return false;
  const levels = (1 << len) - 1;
  return (imms & levels) !== levels;
}

/** The bitmask immediate of a logical instruction, replicated to `width` (32 or 64) bits. */
export function decodeBitMask(N: number, imms: number, immr: number, width: 32 | 64): bigint {
  const len = 31 - Math.clz32((N << 6) | (~imms & 0x3f));
  const size = 1 << len;
  const ones = (imms & (size - 1)) + 1;
  const rotate = immr & (size - 1);
  const element = (1n << BigInt(ones)) - 1n;
  const rotated = BigInt.asUintN(size, (element >> BigInt(rotate)) | (element << BigInt(size - rotate)));
  let value = 0n;
  for (let bit = 0; bit < width; bit += size) value |= rotated << BigInt(bit);
  return value;
}

/** VFPExpandImm: the number that the eight bits stand for, the same in every format. */
export function floatImmediate(imm8: number): number {
  const exponent = ((imm8 >> 4) & 7) ^ 4;
  const magnitude = (1 + (imm8 & 15) / 16) * 2 ** (exponent - 3);
  return (imm8 & 0x80) !== 0 ? -magnitude : magnitude;
}
