/** From packets to chains of the receive queue. */
import type { NetPacket } from "../../backends.ts";
import type { Chain } from "../../chain.ts";
import { isSound, payloadBytes, segmentHeaderBytes, wireFrames, wirePacket } from "../../net-packet.ts";
import * as N from "../../spec/net.ts";
import type { Virtqueue } from "../../virtqueue.ts";
import { SEGMENTS } from "./features.ts";

/** What waits for buffers of the guest: so many packets and bytes; then the oldest are dropped. */
const BACKLOG_PACKETS = 1024;
const BACKLOG_BYTES = 4 * 1024 * 1024;

/** Whether the guest takes what is left to do of a packet; `has` tells its GUEST_* offloads. */
function takesAsIs({ checksum, segmentation }: NetPacket, has: (bit: number) => boolean): boolean {
  if (checksum !== null && !has(N.VIRTIO_NET_F_GUEST_CSUM)) return false;
  if (segmentation === null) return true;
  if (segmentation.ecn && !has(N.VIRTIO_NET_F_GUEST_ECN)) return false;
  return SEGMENTS.some(({ kind, guest }) => kind === segmentation.kind && has(guest));
}

/** What the guest takes. */
export interface RxLimits {
  /** Its GUEST_* offloads. */
  has(bit: number): boolean;
  /** The longest IP packet that is no segment (5.1.4.1); infinite where no MTU was negotiated. */
  readonly mtu: number;
}

/** The packet in pieces that the guest takes; none of a packet that is not sound, or too long for it. */
export function packetsFor(packet: NetPacket, { has, mtu }: RxLimits): readonly NetPacket[] {
  if (!isSound(packet)) return [];
  const pieces = takesAsIs(packet, has) ? [packet] : wireFrames(packet).map(wirePacket);
  return pieces.filter(({ bytes, segmentation }) => segmentation !== null || payloadBytes(bytes) <= mtu);
}

function header(packet: NetPacket, headerBytes: number, buffers: number): Uint8Array {
  const bytes = new Uint8Array(headerBytes);
  const view = new DataView(bytes.buffer);
  const { checksum, segmentation } = packet;
  if (checksum !== null) {
    view.setUint8(N.NET_HDR_FLAGS, N.VIRTIO_NET_HDR_F_NEEDS_CSUM);
    view.setUint16(N.NET_HDR_CSUM_START, checksum.start, true);
    view.setUint16(N.NET_HDR_CSUM_OFFSET, checksum.offset, true);
  }
  if (segmentation !== null) {
    const type = SEGMENTS.find(({ kind }) => kind === segmentation.kind)?.gsoType ?? N.VIRTIO_NET_HDR_GSO_NONE;
    view.setUint8(N.NET_HDR_GSO_TYPE, type | (segmentation.ecn ? N.VIRTIO_NET_HDR_GSO_ECN : 0));
    view.setUint16(N.NET_HDR_HDR_LEN, segmentHeaderBytes(packet), true);
    view.setUint16(N.NET_HDR_GSO_SIZE, segmentation.sizeBytes, true);
  }
  if (headerBytes > N.NET_HDR_NUM_BUFFERS) view.setUint16(N.NET_HDR_NUM_BUFFERS, buffers, true);
  return bytes;
}

/** How the driver wants packets. */
export interface RxFormat {
  readonly headerBytes: number;
  /** A packet may lie in several chains. */
  readonly mergeable: boolean;
}

export class Receiver {
  /** Packets that were lost because the guest gave no buffers in time, or none that were large enough. */
  dropped = 0;
  private readonly waiting: NetPacket[] = [];
  private waitingBytes = 0;

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  push(packet: NetPacket): void {
    this.waiting.push(packet);
    this.waitingBytes += packet.bytes.length;
    while (this.waiting.length > BACKLOG_PACKETS || this.waitingBytes > BACKLOG_BYTES) {
      this.shift();
      this.dropped += 1;
    }
  }

  private shift(): void {
    this.waitingBytes -= this.waiting.shift()?.bytes.length ?? 0;
  }

  clear(): void {
    this.waiting.length = 0;
    this.waitingBytes = 0;
  }

  /** Moves what waits to the guest's buffers. `onBadBuffer` hears of buffers that no packet fits into. */
  deliver(queue: Virtqueue, format: RxFormat, onBadBuffer: (detail: string) => void): void {
    for (let packet = this.waiting[0]; packet !== undefined; packet = this.waiting[0]) {
      const outcome = place(queue, packet, format);
      if (outcome === "wait") break;
      if (outcome !== "done") {
        this.dropped += 1;
        onBadBuffer(outcome.problem);
      }
      this.shift();
    }
    queue.flush();
  }
}

type Outcome = "done" | "wait" | { readonly problem: string };

/** Pops one chain, asking for a notification when there is none. */
function take(queue: Virtqueue): Chain | null {
  return queue.pop() ?? (queue.arm() ? queue.pop() : null);
}

function place(queue: Virtqueue, packet: NetPacket, format: RxFormat): Outcome {
  const needed = format.headerBytes + packet.bytes.length;
  const chains: Chain[] = [];
  let room = 0;
  while (room < needed) {
    const chain = take(queue);
    if (chain === null) {
      putBack(queue, chains);
      return "wait";
    }
    chains.push(chain);
    room += chain.writableBytes;
    const isTooSmall = chain.writableBytes < (chains.length === 1 ? format.headerBytes : 1);
    if (isTooSmall || chains.length > queue.size || (!format.mergeable && room < needed)) {
      return refuse(queue, chains, `${chain.writableBytes} bytes, where ${needed} are needed`);
    }
  }
  fill(queue, chains, packet, format.headerBytes);
  return "done";
}

function putBack(queue: Virtqueue, chains: readonly Chain[]): void {
  for (const chain of chains.toReversed()) queue.unpop(chain);
}

/** Returns the last chain empty: kept in the ring, it would stop every packet after this one. */
function refuse(queue: Virtqueue, chains: readonly Chain[], problem: string): Outcome {
  for (const chain of chains) queue.push(chain, 0);
  return { problem };
}

function fill(queue: Virtqueue, chains: readonly Chain[], packet: NetPacket, headerBytes: number): void {
  let at = 0;
  for (const [index, chain] of chains.entries()) {
    const writer = chain.writer();
    if (index === 0) writer.write(header(packet, headerBytes, chains.length));
    at += writer.write(packet.bytes.subarray(at));
    queue.push(chain, writer.written);
  }
}
