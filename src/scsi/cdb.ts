/** Command descriptor blocks: their lengths, and the fields that several commands have in the same place. */

/** Lengths by the group code, the three highest bits of the operation code; 0 for groups without a fixed one. */
const GROUP_LENGTHS = [6, 10, 10, 0, 16, 12, 0, 0] as const;

/** The length of the command that begins with `opcode`; 0 where nothing is known about it. */
export function cdbLength(opcode: number): number {
  return GROUP_LENGTHS[opcode >> 5] ?? 0;
}

export const be16 = (bytes: Uint8Array, at: number): number => ((bytes[at] as number) << 8) | (bytes[at + 1] as number);

export const be24 = (bytes: Uint8Array, at: number): number => ((bytes[at] as number) << 16) | be16(bytes, at + 1);

export const be32 = (bytes: Uint8Array, at: number): number => be16(bytes, at) * 0x1_0000 + be16(bytes, at + 2);

/** Above 2^53 the low digits are lost, which no medium reaches. */
export const be64 = (bytes: Uint8Array, at: number): number => be32(bytes, at) * 2 ** 32 + be32(bytes, at + 4);

/** Puts `value` below 2^53 into `size` bytes, the highest first. */
export function putBe(bytes: Uint8Array, at: number, size: number, value: number): void {
  let rest = value;
  for (let index = size - 1; index >= 0; --index) {
    bytes[at + index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/** Logical blocks that a command is about. */
export interface BlockRange {
  readonly lba: number;
  readonly blocks: number;
}

/** The logical block address and the transfer length of a READ, a WRITE and the like. */
export function blockRange(cdb: Uint8Array): BlockRange {
  switch (cdbLength(cdb[0] as number)) {
    case 6:
      // A transfer length of 0 is 256 blocks here, and nothing in the longer commands.
      return { lba: be24(cdb, 1) & 0x1f_ffff, blocks: cdb[4] === 0 ? 256 : (cdb[4] as number) };
    case 10:
      return { lba: be32(cdb, 2), blocks: be16(cdb, 7) };
    case 12:
      return { lba: be32(cdb, 2), blocks: be32(cdb, 6) };
    default:
      return { lba: be64(cdb, 2), blocks: be32(cdb, 10) };
  }
}
