/** Ethernet, IPv4, UDP and ICMP as bytes. Everything that is read here may come from a hostile guest. */
import { addWords, foldChecksum, get16, set16 } from "../../virtio/net-packet.ts";

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;

const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const UDP_BYTES = 8;
/** Fragment offset and "more fragments". */
const FRAGMENT = 0x3fff;

/** An IPv4 address as a number, 10.0.2.2 is 0x0a000202. */
export type Ipv4Address = number;

export interface Ipv4Packet {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  /** The whole packet, header included, without Ethernet's padding. */
  readonly bytes: Uint8Array;
  readonly payload: Uint8Array;
}

export interface UdpDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

export function get32(bytes: Uint8Array, at: number): number {
  return get16(bytes, at) * 0x1_0000 + get16(bytes, at + 2);
}

export function set32(bytes: Uint8Array, at: number, value: number): void {
  set16(bytes, at, Math.floor(value / 0x1_0000));
  set16(bytes, at + 2, value & 0xffff);
}

export function formatIpv4(address: Ipv4Address): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

/** An Ethernet frame. */
export function ethernet(to: Uint8Array, from: Uint8Array, type: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(ETHERNET_BYTES + payload.length);
  frame.set(to);
  frame.set(from, 6);
  set16(frame, 12, type);
  frame.set(payload, ETHERNET_BYTES);
  return frame;
}

/** The packet in an Ethernet frame's payload; null for none that is whole, has a right checksum and is no fragment. */
export function readIpv4(bytes: Uint8Array): Ipv4Packet | null {
  if (bytes.length < IPV4_BYTES) return null;
  const first = bytes[0] as number;
  const header = (first & 15) * 4;
  const total = get16(bytes, 2);
  if (first >>> 4 !== 4 || header < IPV4_BYTES || total < header || total > bytes.length) return null;
  if (foldChecksum(addWords(0, bytes.subarray(0, header))) !== 0 || (get16(bytes, 6) & FRAGMENT) !== 0) return null;
  return {
    source: get32(bytes, 12),
    destination: get32(bytes, 16),
    protocol: bytes[9] as number,
    bytes: bytes.subarray(0, total),
    payload: bytes.subarray(header, total),
  };
}

/** An IPv4 packet. */
export function ipv4(source: Ipv4Address, destination: Ipv4Address, protocol: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(IPV4_BYTES + payload.length);
  bytes[0] = 0x45;
  set16(bytes, 2, bytes.length);
  bytes[8] = 64;
  bytes[9] = protocol;
  set32(bytes, 12, source);
  set32(bytes, 16, destination);
  set16(bytes, 10, foldChecksum(addWords(0, bytes.subarray(0, IPV4_BYTES))));
  bytes.set(payload, IPV4_BYTES);
  return bytes;
}

/** The sum of a pseudo-header. */
function pseudoSum(source: Ipv4Address, destination: Ipv4Address, protocol: number, length: number): number {
  const words = new Uint8Array(8);
  set32(words, 0, source);
  set32(words, 4, destination);
  return addWords(protocol + length, words);
}

/** The datagram in a packet; null for none that is whole and has a right checksum, or none at all. */
export function readUdp({ source, destination, payload }: Ipv4Packet): UdpDatagram | null {
  const length = get16(payload, 4);
  if (payload.length < UDP_BYTES || length < UDP_BYTES || length > payload.length) return null;
  const datagram = payload.subarray(0, length);
  const sum = addWords(pseudoSum(source, destination, PROTOCOL_UDP, length), datagram);
  if (get16(payload, 6) !== 0 && foldChecksum(sum) !== 0) return null;
  return {
    sourcePort: get16(payload, 0),
    destinationPort: get16(payload, 2),
    payload: datagram.subarray(UDP_BYTES),
  };
}

/** A UDP datagram between two addresses, as the payload of an IPv4 packet. */
export function udp(source: Ipv4Address, destination: Ipv4Address, datagram: UdpDatagram): Uint8Array {
  const bytes = new Uint8Array(UDP_BYTES + datagram.payload.length);
  set16(bytes, 0, datagram.sourcePort);
  set16(bytes, 2, datagram.destinationPort);
  set16(bytes, 4, bytes.length);
  bytes.set(datagram.payload, UDP_BYTES);
  const sum = foldChecksum(addWords(pseudoSum(source, destination, PROTOCOL_UDP, bytes.length), bytes));
  set16(bytes, 6, sum === 0 ? 0xffff : sum);
  return bytes;
}

/** An ICMP message: its type and code, the four bytes after the checksum, and what follows. */
export function icmp(type: number, code: number, rest: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + data.length);
  bytes[0] = type;
  bytes[1] = code;
  set32(bytes, 4, rest);
  bytes.set(data, 8);
  set16(bytes, 2, foldChecksum(addWords(0, bytes)));
  return bytes;
}

/** A TCP segment without data that refuses `segment` (RFC 9293, 3.10.7.1); null where there is nothing to refuse. */
export function tcpReset({ source, destination, payload }: Ipv4Packet): Uint8Array | null {
  const header = ((payload[12] ?? 0) >>> 4) * 4;
  const flags = payload[13] ?? 0;
  if (payload.length < 20 || header < 20 || header > payload.length || (flags & 4) !== 0) return null;
  const bytes = new Uint8Array(20);
  set16(bytes, 0, get16(payload, 2));
  set16(bytes, 2, get16(payload, 0));
  bytes[12] = 0x50;
  if ((flags & 0x10) !== 0) {
    set32(bytes, 4, get32(payload, 8));
    bytes[13] = 4;
  } else {
    const length = payload.length - header + (flags & 1) + ((flags >>> 1) & 1);
    set32(bytes, 8, (get32(payload, 4) + length) % 2 ** 32);
    bytes[13] = 0x14;
  }
  set16(bytes, 16, foldChecksum(addWords(pseudoSum(destination, source, PROTOCOL_TCP, 20), bytes)));
  return bytes;
}
