/** What network offloads leave to do: checksums to complete, TCP segments and UDP datagrams to cut (RFC 1071, 791, 8200, 9293). */
import type { NetPacket, NetSegmentation } from "./backends.ts";

export const ETHERNET_HEADER_BYTES = 14;
/** The longest packet: a TCP segment of the longest IPv6 packet, with two VLAN tags. */
export const MAX_PACKET_BYTES = 65_535 + 40 + ETHERNET_HEADER_BYTES + 8;
/** Pieces that one segment may be cut into: 64 KiB in the smallest pieces that Linux makes come to 1366. */
const MAX_PIECES = 2048;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const VLAN_TAGS = [0x8100, 0x88a8];
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const UDP_HEADER_BYTES = 8;
const TCP_FIN = 0x01;
const TCP_PSH = 0x08;
const TCP_CWR = 0x80;
const TCP_CHECKSUM = 16;

/** A packet with nothing left to do. */
export function wirePacket(bytes: Uint8Array): NetPacket {
  return { bytes, checksum: null, segmentation: null };
}

/** Big-endian 16 bits; 0 past the end. */
export function get16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function set16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** Adds 16-bit words to a ones' complement sum; an odd byte at the end counts as the high half of a word. */
export function addWords(sum: number, bytes: Uint8Array): number {
  let total = sum;
  for (let at = 0; at < bytes.length; at += 2) total += get16(bytes, at);
  return total;
}

/** The Internet checksum of a sum: folded and inverted. */
export function foldChecksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = Math.floor(folded / 0x1_0000) + (folded & 0xffff);
  return ~folded & 0xffff;
}

/** Whether checksum and segmentation of a packet point inside it and fit what it is. */
export function isSound({ bytes, checksum, segmentation }: NetPacket): boolean {
  if (bytes.length < ETHERNET_HEADER_BYTES || bytes.length > MAX_PACKET_BYTES) return false;
  if (checksum !== null && checksum.start + checksum.offset + 2 > bytes.length) return false;
  if (segmentation === null) return true;
  return (segmentation.kind === "udp" ? udpLayout : tcpLayout)(bytes, segmentation) !== null;
}

/** The frame without its Ethernet header and VLAN tags: what an MTU limits. */
export function payloadBytes(frame: Uint8Array): number {
  return frame.length - ipOffset(frame);
}

/** The headers of a sound segment, which every piece of it begins with; 0 of what is no segment. */
export function segmentHeaderBytes({ bytes, segmentation }: NetPacket): number {
  if (segmentation === null) return 0;
  if (segmentation.kind !== "udp") return tcpLayout(bytes, segmentation)?.payload ?? 0;
  const udp = udpLayout(bytes, segmentation)?.udp;
  return udp === undefined ? 0 : udp + UDP_HEADER_BYTES;
}

/** A copy of the frame with its checksum in place. */
function withChecksum({ bytes, checksum }: NetPacket): Uint8Array {
  if (checksum === null) return bytes;
  const frame = bytes.slice();
  // The field holds the sum of the pseudo-header. 0 would mean "no checksum" to UDP.
  const sum = foldChecksum(addWords(0, frame.subarray(checksum.start)));
  set16(frame, checksum.start + checksum.offset, sum === 0 ? 0xffff : sum);
  return frame;
}

/** The frames of a sound packet as they may go on a wire. */
export function wireFrames(packet: NetPacket): Uint8Array[] {
  if (packet.segmentation === null) return [withChecksum(packet)];
  if (packet.segmentation.kind === "udp") {
    const udp = udpLayout(packet.bytes, packet.segmentation);
    return udp === null ? [] : fragments(withChecksum(packet), udp);
  }
  const layout = tcpLayout(packet.bytes, packet.segmentation);
  return layout === null ? [] : cut(packet.bytes, layout, packet.segmentation.sizeBytes);
}

interface TcpLayout {
  readonly ip: number;
  readonly tcp: number;
  readonly payload: number;
  readonly version: 4 | 6;
}

/** Where the IP header begins, behind up to two VLAN tags. */
function ipOffset(bytes: Uint8Array): number {
  let ip = ETHERNET_HEADER_BYTES;
  for (let tags = 0; tags < 2 && VLAN_TAGS.includes(get16(bytes, ip - 2)); ++tags) ip += 4;
  return ip;
}

function tcpLayout(bytes: Uint8Array, { kind, sizeBytes }: NetSegmentation): TcpLayout | null {
  const ip = ipOffset(bytes);
  const tcp = kind === "tcp4" ? insideIpv4(bytes, ip, PROTOCOL_TCP) : tcpInIpv6(bytes, ip);
  if (tcp === null) return null;
  const payload = tcp + ((bytes[tcp + 12] ?? 0) >>> 4) * 4;
  if (payload < tcp + 20 || payload > bytes.length) return null;
  if (sizeBytes <= 0 || Math.ceil((bytes.length - payload) / sizeBytes) > MAX_PIECES) return null;
  if (payload - ip + Math.min(sizeBytes, bytes.length - payload) > 0xffff) return null;
  return { ip, tcp, payload, version: kind === "tcp4" ? 4 : 6 };
}

/** Where the payload of an IPv4 packet of that protocol begins. */
function insideIpv4(bytes: Uint8Array, ip: number, protocol: number): number | null {
  const first = bytes[ip] ?? 0;
  const length = (first & 15) * 4;
  const fits = get16(bytes, ip - 2) === ETHERTYPE_IPV4 && first >>> 4 === 4 && length >= 20;
  return fits && bytes[ip + 9] === protocol ? ip + length : null;
}

/** Headers of options before TCP; a routing header would change the checksum's address, and a fragment is not cut. */
const IPV6_OPTIONS = [0, 60];

function tcpInIpv6(bytes: Uint8Array, ip: number): number | null {
  if (get16(bytes, ip - 2) !== ETHERTYPE_IPV6 || (bytes[ip] ?? 0) >>> 4 !== 6) return null;
  let next = bytes[ip + 6];
  let at = ip + 40;
  while (next !== undefined && IPV6_OPTIONS.includes(next)) {
    next = bytes[at];
    at += ((bytes[at + 1] ?? 0) + 1) * 8;
  }
  return next === PROTOCOL_TCP ? at : null;
}

function cut(bytes: Uint8Array, layout: TcpLayout, sizeBytes: number): Uint8Array[] {
  const { payload } = layout;
  const frames: Uint8Array[] = [];
  let from = payload;
  do {
    const to = Math.min(bytes.length, from + sizeBytes);
    const frame = new Uint8Array(payload + to - from);
    frame.set(bytes.subarray(0, payload));
    frame.set(bytes.subarray(from, to), payload);
    finishPiece(frame, layout, { index: frames.length, offset: from - payload, isLast: to === bytes.length });
    frames.push(frame);
    from = to;
  } while (from < bytes.length);
  return frames;
}

interface Piece {
  readonly index: number;
  /** Payload bytes before it. */
  readonly offset: number;
  readonly isLast: boolean;
}

function finishPiece(frame: Uint8Array, { ip, tcp, version }: TcpLayout, { index, offset, isLast }: Piece): void {
  if (version === 4) {
    set16(frame, ip + 2, frame.length - ip);
    set16(frame, ip + 4, get16(frame, ip + 4) + index);
    set16(frame, ip + 10, 0);
    set16(frame, ip + 10, foldChecksum(addWords(0, frame.subarray(ip, tcp))));
  } else set16(frame, ip + 4, frame.length - ip - 40);
  const view = new DataView(frame.buffer);
  view.setUint32(tcp + 4, view.getUint32(tcp + 4) + offset);
  const flags = frame[tcp + 13] as number;
  frame[tcp + 13] = flags & ~(isLast ? 0 : TCP_FIN | TCP_PSH) & ~(index === 0 ? 0 : TCP_CWR);
  set16(frame, tcp + TCP_CHECKSUM, 0);
  const addresses = version === 4 ? frame.subarray(ip + 12, ip + 20) : frame.subarray(ip + 8, ip + 40);
  const pseudo = addWords(PROTOCOL_TCP + frame.length - tcp, addresses);
  set16(frame, tcp + TCP_CHECKSUM, foldChecksum(addWords(pseudo, frame.subarray(tcp))));
}

interface UdpLayout {
  readonly ip: number;
  readonly udp: number;
  readonly version: 4 | 6;
  /** IP's payload in each fragment but the last: a multiple of eight bytes. */
  readonly pieceBytes: number;
}

/** Datagrams that are fragments already are not cut again; over IPv6 there is nothing between the headers. */
function udpLayout(bytes: Uint8Array, { sizeBytes }: NetSegmentation): UdpLayout | null {
  const ip = ipOffset(bytes);
  const version = get16(bytes, ip - 2) === ETHERTYPE_IPV4 ? 4 : 6;
  const udp = version === 4 ? insideIpv4(bytes, ip, PROTOCOL_UDP) : udpInIpv6(bytes, ip);
  const pieceBytes = sizeBytes & ~7;
  if (udp === null || bytes.length < udp + UDP_HEADER_BYTES || pieceBytes === 0) return null;
  if (version === 4 && (get16(bytes, ip + 6) & IPV4_FRAGMENT) !== 0) return null;
  const length = bytes.length - udp;
  if (udp - ip + length > 0xffff || Math.ceil(length / pieceBytes) > MAX_PIECES) return null;
  return { ip, udp, version, pieceBytes };
}

const IPV4_MORE_FRAGMENTS = 0x2000;
/** More fragments, and the offset of this one. */
const IPV4_FRAGMENT = 0x3fff;
const IPV6_FRAGMENT = 44;
const IPV6_FRAGMENT_BYTES = 8;

function udpInIpv6(bytes: Uint8Array, ip: number): number | null {
  const fits = get16(bytes, ip - 2) === ETHERTYPE_IPV6 && (bytes[ip] ?? 0) >>> 4 === 6;
  return fits && bytes[ip + 6] === PROTOCOL_UDP ? ip + 40 : null;
}

/** A datagram whose checksum is in place, as the fragments of its IP packet; as it is where it is short enough. */
function fragments(bytes: Uint8Array, { ip, udp, version, pieceBytes }: UdpLayout): Uint8Array[] {
  if (bytes.length - udp <= pieceBytes) return [bytes];
  const extra = version === 4 ? 0 : IPV6_FRAGMENT_BYTES;
  const frames: Uint8Array[] = [];
  for (let from = udp; from < bytes.length; from += pieceBytes) {
    const piece = bytes.subarray(from, from + pieceBytes);
    const isLast = from + pieceBytes >= bytes.length;
    const frame = new Uint8Array(udp + extra + piece.length);
    frame.set(bytes.subarray(0, udp));
    frame.set(piece, udp + extra);
    const offset = from - udp;
    if (version === 4) {
      set16(frame, ip + 2, frame.length - ip);
      set16(frame, ip + 6, (offset >>> 3) | (isLast ? 0 : IPV4_MORE_FRAGMENTS));
      set16(frame, ip + 10, 0);
      set16(frame, ip + 10, foldChecksum(addWords(0, frame.subarray(ip, udp))));
    } else {
      set16(frame, ip + 4, frame.length - ip - 40);
      frame[ip + 6] = IPV6_FRAGMENT;
      frame[udp] = PROTOCOL_UDP;
      set16(frame, udp + 2, offset | (isLast ? 0 : 1));
      // Ports and checksum identify the datagram well enough while its fragments are under way.
      frame.set([...bytes.subarray(udp, udp + 2), ...bytes.subarray(udp + 6, udp + 8)], udp + 4);
    }
    frames.push(frame);
  }
  return frames;
}
