/** From a chain of the transmit queue to a packet. */
import type { NetPacket, NetSegmentation } from "../../backends.ts";
import type { Chain } from "../../chain.ts";
import { isSound, MAX_PACKET_BYTES } from "../../net-packet.ts";
import * as N from "../../spec/net.ts";
import { SEGMENTS } from "./features.ts";

/** The packet in a chain, or a reason why there is none. `has` tells the negotiated features. */
export function readPacket(chain: Chain, headerBytes: number, has: (bit: number) => boolean): NetPacket | string {
  const length = chain.readableBytes - headerBytes;
  if (length < 0) return `${chain.readableBytes} bytes are no header`;
  if (length > MAX_PACKET_BYTES) return `${length} bytes are no packet`;
  const reader = chain.reader();
  const header = new DataView(reader.take(headerBytes).buffer);
  const bytes = reader.take(length);
  const segmentation = segmentationOf(header, has);
  if (typeof segmentation === "string") return segmentation;
  const flags = header.getUint8(N.NET_HDR_FLAGS);
  const isPartial = (flags & N.VIRTIO_NET_HDR_F_NEEDS_CSUM) !== 0;
  if (isPartial && !has(N.VIRTIO_NET_F_CSUM)) return "a partial checksum without VIRTIO_NET_F_CSUM";
  if (segmentation !== null && !isPartial) return "a segment without a partial checksum";
  const checksum = isPartial
    ? {
        start: header.getUint16(N.NET_HDR_CSUM_START, true),
        offset: header.getUint16(N.NET_HDR_CSUM_OFFSET, true),
      }
    : null;
  const packet: NetPacket = { bytes, checksum, segmentation };
  return isSound(packet) ? packet : `a header that does not fit the packet of ${length} bytes`;
}

function segmentationOf(header: DataView, has: (bit: number) => boolean): NetSegmentation | string | null {
  const type = header.getUint8(N.NET_HDR_GSO_TYPE);
  const ecn = (type & N.VIRTIO_NET_HDR_GSO_ECN) !== 0;
  const sizeBytes = header.getUint16(N.NET_HDR_GSO_SIZE, true);
  const refusal = `gso_type 0x${type.toString(16)}, which was not negotiated`;
  if (ecn && !has(N.VIRTIO_NET_F_HOST_ECN)) return refusal;
  const kind = type & ~N.VIRTIO_NET_HDR_GSO_ECN;
  if (kind === N.VIRTIO_NET_HDR_GSO_NONE) return null;
  const segment = SEGMENTS.find(({ gsoType }) => gsoType === kind);
  // Congestion notification is TCP's.
  if (ecn && segment?.kind === "udp") return refusal;
  return segment !== undefined && has(segment.host) ? { kind: segment.kind, sizeBytes, ecn } : refusal;
}
