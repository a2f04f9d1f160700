/** Kernels made up for tests: just enough of each format, filled with bytes that can be recognised. */

/** `sizeBytes` bytes that do not repeat soon, and compress about as a program does. */
export function pattern(sizeBytes: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  let state = seed;
  for (let at = 0; at < sizeBytes; at++) {
    // Xorshift, and every other 256 bytes something regular.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = at & 0x100 ? state >>> 24 : (at >> 3) & 0x3f;
  }
  return bytes;
}

/** An arm64 Image with this header (Documentation/arm64/booting.rst). */
export function arm64Image(sizeBytes: number, textOffset: number, imageSize: number): Uint8Array<ArrayBuffer> {
  const bytes = pattern(sizeBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x1400_0010, true);
  view.setUint32(4, 0, true);
  view.setBigUint64(8, BigInt(textOffset), true);
  view.setBigUint64(16, BigInt(imageSize), true);
  view.setBigUint64(24, 0xan, true);
  bytes.fill(0, 32, 56);
  view.setUint32(56, 0x644d_5241, true);
  view.setUint32(60, 0, true);
  return bytes;
}

/** A program header of `elf64`. */
export interface SampleSegment {
  physical: number;
  virtual: number;
  bytes: Uint8Array;
  memorySize: number;
  /** PF_X 1, PF_W 2, PF_R 4. */
  flags: number;
}

/** An ELF64 executable; `changes` are bytes of the header to set to something else. */
export function elf64(
  entry: number,
  segments: SampleSegment[],
  changes: Record<number, number> = {},
): Uint8Array<ArrayBuffer> {
  const dataOffset = 64 + segments.length * 56;
  const file = new Uint8Array(dataOffset + segments.reduce((sum, segment) => sum + segment.bytes.length, 0));
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 183, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(entry), true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, segments.length, true);
  let at = dataOffset;
  segments.forEach((segment, index) => {
    const header = 64 + index * 56;
    view.setUint32(header, 1, true);
    view.setUint32(header + 4, segment.flags, true);
    view.setBigUint64(header + 8, BigInt(at), true);
    view.setBigUint64(header + 16, BigInt(segment.virtual), true);
    view.setBigUint64(header + 24, BigInt(segment.physical), true);
    view.setBigUint64(header + 32, BigInt(segment.bytes.length), true);
    view.setBigUint64(header + 40, BigInt(segment.memorySize), true);
    file.set(segment.bytes, at);
    at += segment.bytes.length;
  });
  for (const [offset, value] of Object.entries(changes)) file[Number(offset)] = value;
  return file;
}
