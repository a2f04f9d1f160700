/**
 * Packets in one buffer, with what is left to do of each: a TCP segment of 64 KiB crosses from one machine to another as
 * it is, and nobody sums its bytes. Each packet is a head of HEAD_BYTES and its bytes, padded to four:
 * length u32, checksum start and offset u16, segment size u16, kind of segment u8, flags u8; all little-endian.
 */
import type { NetPacket, NetSegmentation } from "../../virtio/backends.ts";
import { isSound, MAX_PACKET_BYTES } from "../../virtio/net-packet.ts";

const HEAD_BYTES = 12;
const KINDS = [null, "tcp4", "tcp6", "udp"] as const satisfies readonly (NetSegmentation["kind"] | null)[];
const FLAG_CHECKSUM = 1;
const FLAG_ECN = 2;

const padded = (length: number): number => (length + 3) & ~3;

/** Bytes that a packet takes in a batch. */
export function batchedBytes(packet: NetPacket): number {
  return HEAD_BYTES + padded(packet.bytes.length);
}

/** All packets in a buffer of their own, of exactly the size that they take. */
export function writeBatch(packets: readonly NetPacket[]): ArrayBuffer {
  const total = packets.reduce((sum, packet) => sum + batchedBytes(packet), 0);
  const buffer = new ArrayBuffer(total);
  const view = new DataView(buffer);
  const target = new Uint8Array(buffer);
  let at = 0;
  for (const packet of packets) {
    const { bytes, checksum, segmentation } = packet;
    view.setUint32(at, bytes.length, true);
    view.setUint16(at + 4, checksum?.start ?? 0, true);
    view.setUint16(at + 6, checksum?.offset ?? 0, true);
    view.setUint16(at + 8, segmentation?.sizeBytes ?? 0, true);
    view.setUint8(at + 10, segmentation === null ? 0 : KINDS.indexOf(segmentation.kind));
    const flags = (checksum === null ? 0 : FLAG_CHECKSUM) | (segmentation?.ecn === true ? FLAG_ECN : 0);
    view.setUint8(at + 11, flags);
    target.set(bytes, at + HEAD_BYTES);
    at += batchedBytes(packet);
  }
  return buffer;
}

/** The packets of a batch, as views of it; those before the first that is cut off or not sound. */
export function readBatch(buffer: ArrayBuffer): NetPacket[] {
  const view = new DataView(buffer);
  const packets: NetPacket[] = [];
  for (let at = 0; at + HEAD_BYTES <= buffer.byteLength; ) {
    const length = view.getUint32(at, true);
    if (length > MAX_PACKET_BYTES || at + HEAD_BYTES + length > buffer.byteLength) break;
    const flags = view.getUint8(at + 11);
    const kind = KINDS[view.getUint8(at + 10)];
    if (kind === undefined) break;
    const packet: NetPacket = {
      bytes: new Uint8Array(buffer, at + HEAD_BYTES, length),
      checksum:
        (flags & FLAG_CHECKSUM) === 0
          ? null
          : { start: view.getUint16(at + 4, true), offset: view.getUint16(at + 6, true) },
      segmentation:
        kind === null ? null : { kind, sizeBytes: view.getUint16(at + 8, true), ecn: (flags & FLAG_ECN) !== 0 },
    };
    if (!isSound(packet)) break;
    packets.push(packet);
    at += batchedBytes(packet);
  }
  return packets;
}
