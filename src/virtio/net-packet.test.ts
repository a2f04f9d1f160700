/** UDP datagrams that are cut into fragments, put together again as RFC 791 and RFC 8200 have a receiver do it. */
import { describe, expect, it } from "vitest";
import type { NetPacket } from "./backends.ts";
import { isSound, wireFrames } from "./net-packet.ts";

const word = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/** The ones' complement sum of words: 0xffff where a checksum among them is right. */
function sum(bytes: Uint8Array, start = 0): number {
  let total = start;
  for (let at = 0; at < bytes.length; at += 2) total += word(bytes, at);
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 65536);
  return total;
}

const MACS = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];

/** A datagram of IPv4 with one option or of IPv6, its checksum still to be completed, to be cut into `sizeBytes`. */
function datagram(version: 4 | 6, payloadBytes: number, sizeBytes: number, isTagged = false): NetPacket {
  const length = 8 + payloadBytes;
  const ip =
    version === 4
      ? [0x46, 0, (24 + length) >> 8, (24 + length) & 255, 0x12, 0x34, 0x40, 0, 64, 17, 0, 0]
      : [0x60, 0, 0, 0, length >> 8, length & 255, 17, 64];
  const addresses = Array.from({ length: version === 4 ? 8 : 32 }, (_, index) => index + 1);
  const header = [...ip, ...addresses, ...(version === 4 ? [1, 1, 1, 0] : [])];
  const type = version === 4 ? [0x08, 0x00] : [0x86, 0xdd];
  const ethernet = [...MACS, ...(isTagged ? [0x81, 0x00, 0, 7] : []), ...type];
  const pseudo = sum(Uint8Array.from(addresses), 17 + length);
  const udp = [0x30, 0x39, 0, 53, length >> 8, length & 255, pseudo >> 8, pseudo & 255];
  const payload = Array.from({ length: payloadBytes }, (_, index) => (index * 31) & 255);
  const start = ethernet.length + header.length;
  return {
    bytes: Uint8Array.from([...ethernet, ...header, ...udp, ...payload]),
    checksum: { start, offset: 6 },
    segmentation: { kind: "udp", sizeBytes, ecn: false },
  };
}

/** The datagram in fragments, and whether their headers are in order. */
function reassemble(frames: readonly Uint8Array[], version: 4 | 6, ip: number): Uint8Array {
  const parts: number[] = [];
  const names = new Set<string>();
  for (const [index, frame] of frames.entries()) {
    const isLast = index === frames.length - 1;
    const head = version === 4 ? ip + 24 : ip + 48;
    let offset: number;
    if (version === 4) {
      expect(sum(frame.subarray(ip, head))).toBe(0xffff);
      expect(word(frame, ip + 2)).toBe(frame.length - ip);
      expect(word(frame, ip + 6) & 0xe000).toBe(isLast ? 0 : 0x2000);
      offset = (word(frame, ip + 6) & 0x1fff) * 8;
      names.add(frame.subarray(ip + 4, ip + 6).join());
    } else {
      expect([frame[ip + 6], frame[ip + 40], frame[ip + 41]]).toEqual([44, 17, 0]);
      expect(word(frame, ip + 4)).toBe(frame.length - ip - 40);
      expect(word(frame, ip + 42) & 7).toBe(isLast ? 0 : 1);
      offset = word(frame, ip + 42) & 0xfff8;
      names.add(frame.subarray(ip + 44, ip + 48).join());
    }
    expect(offset).toBe(parts.length);
    parts.push(...frame.subarray(head));
  }
  expect(names.size).toBe(1);
  return Uint8Array.from(parts);
}

describe.each([4, 6] as const)("a UDP datagram over IPv%i", (version) => {
  it.each([
    [5000, 1480, false, 4],
    [5000, 1479, true, 4],
    [1472, 1480, false, 1],
    [65_000, 1480, false, 44],
  ])("of %i bytes in pieces of %i, tagged %s, is %i fragments", (payload, size, isTagged, count) => {
    const packet = datagram(version, payload, size, isTagged);
    expect(isSound(packet)).toBe(true);
    const frames = wireFrames(packet);
    expect(frames).toHaveLength(count);
    const ip = isTagged ? 18 : 14;
    const start = packet.checksum?.start ?? 0;
    const whole = count === 1 ? (frames[0]?.subarray(start) ?? new Uint8Array(0)) : reassemble(frames, version, ip);
    expect(whole.length).toBe(8 + payload);
    expect(whole.subarray(8)).toEqual(packet.bytes.subarray(start + 8));
    const addresses = packet.bytes.subarray(ip + (version === 4 ? 12 : 8), ip + (version === 4 ? 20 : 40));
    expect(sum(whole, sum(addresses, 17 + whole.length))).toBe(0xffff);
  });

  it("that cannot be cut is not sound", () => {
    const good = datagram(version, 3000, 1480);
    const change = (at: number, value: number): NetPacket => {
      const bytes = good.bytes.slice();
      bytes[at] = value;
      return { ...good, bytes };
    };
    expect(isSound(change(version === 4 ? 23 : 20, 6))).toBe(false);
    expect(isSound(change(14, 0x50))).toBe(false);
    expect(isSound(datagram(version, 3000, 7))).toBe(false);
    expect(isSound(datagram(version, 65_000, 8))).toBe(false);
    expect(isSound({ ...good, bytes: good.bytes.subarray(0, 40), checksum: null })).toBe(false);
    // A fragment already.
    if (version === 4) expect(isSound(change(20, 0x20))).toBe(false);
  });
});
