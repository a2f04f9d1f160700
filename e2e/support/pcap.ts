/** A reader of libpcap's files as draft-ietf-opsawg-pcap has them, in either byte order. */

export interface CapturedFrame {
  readonly seconds: number;
  /** Bytes that the frame had; what is in `bytes` may be less. */
  readonly length: number;
  readonly bytes: Buffer;
}

export interface CaptureFile {
  readonly snapLength: number;
  readonly linkType: number;
  readonly frames: readonly CapturedFrame[];
}

/** Throws where a file is not whole, or none of the kind. */
export function readPcap(file: Buffer): CaptureFile {
  const isLittle = file.readUInt32LE(0) === 0xa1b2c3d4;
  if (!isLittle && file.readUInt32BE(0) !== 0xa1b2c3d4) throw new Error("no capture");
  const word = (at: number): number => (isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const half = (at: number): number => (isLittle ? file.readUInt16LE(at) : file.readUInt16BE(at));
  if (half(4) !== 2 || half(6) !== 4) throw new Error("another version");
  const frames: CapturedFrame[] = [];
  let at = 24;
  while (at < file.length) {
    const captured = word(at + 8);
    if (at + 16 + captured > file.length) throw new Error("the last frame is cut off");
    const seconds = word(at) + word(at + 4) / 1e6;
    frames.push({ seconds, length: word(at + 12), bytes: file.subarray(at + 16, at + 16 + captured) });
    at += 16 + captured;
  }
  return { snapLength: word(16), linkType: word(20), frames };
}

/** The Internet checksum over bytes: 0 where one inside them is right (RFC 1071). */
export function internetChecksum(bytes: Buffer, start = 0): number {
  let sum = start;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return ~sum & 0xffff;
}
