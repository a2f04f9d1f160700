/** The file format of libpcap (draft-ietf-opsawg-pcap): what tcpdump and Wireshark read. Written little-endian. */

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const LINKTYPE_ETHERNET = 1;

/** The head of a file whose frames are cut at `maxBytes`. */
export function pcapHeader(maxBytes: number): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC_MICROSECONDS, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, maxBytes, true);
  view.setUint32(20, LINKTYPE_ETHERNET, true);
  return bytes;
}

/** A frame at `wallMs`, Unix time in milliseconds. */
export function pcapRecord(frame: Uint8Array, wallMs: number, maxBytes: number): Uint8Array {
  const kept = Math.min(frame.length, maxBytes);
  const bytes = new Uint8Array(16 + kept);
  const view = new DataView(bytes.buffer);
  const seconds = Math.floor(wallMs / 1000);
  view.setUint32(0, seconds, true);
  view.setUint32(4, Math.floor((wallMs - seconds * 1000) * 1000), true);
  view.setUint32(8, kept, true);
  view.setUint32(12, frame.length, true);
  bytes.set(frame.subarray(0, kept), 16);
  return bytes;
}
