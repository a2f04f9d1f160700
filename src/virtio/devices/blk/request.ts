/** A block request, parsed from its chain to a value before anything is done about it. */
import type { Chain, ChainReader } from "../../chain.ts";
import * as B from "../../spec/blk.ts";

/** A range of a discard or write-zeroes request, in bytes. */
export interface BlkRange {
  readonly offset: number;
  readonly length: number;
  readonly unmap: boolean;
}

/** What the guest asks for. Offsets and lengths in bytes, checked against the disk. */
export type BlkRequest =
  | { readonly kind: "in"; readonly offset: number; readonly length: number }
  | { readonly kind: "out"; readonly offset: number; readonly length: number; readonly data: ChainReader }
  | { readonly kind: "flush" }
  | { readonly kind: "get-id" }
  | { readonly kind: "discard" | "write-zeroes"; readonly ranges: readonly BlkRange[] }
  | { readonly kind: "refused"; readonly status: number; readonly reason: string };

/** What a request is checked against. */
export interface BlkLimits {
  readonly capacityBytes: number;
  readonly logicalBlockSize: number;
  readonly readOnly: boolean;
  readonly discard: boolean;
  readonly writeZeroes: boolean;
  readonly maxRanges: number;
  /** Most sectors in one range. */
  readonly maxRangeSectors: { readonly discard: number; readonly writeZeroes: number };
}

function refused(status: number, reason: string): BlkRequest {
  return { kind: "refused", status, reason };
}

const ioError = (reason: string): BlkRequest => refused(B.VIRTIO_BLK_S_IOERR, reason);
const unsupported = (reason: string): BlkRequest => refused(B.VIRTIO_BLK_S_UNSUPP, reason);

/** A little-endian u64; above 2^53 the low digits are lost, which no disk reaches. */
function sectorAt(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * 2 ** 32 + view.getUint32(offset, true);
}

/**
 * Parses the chain, or returns null when it cannot be answered at all: no complete header, or no byte for the status.
 */
export function parseBlkRequest(chain: Chain, limits: BlkLimits): BlkRequest | null {
  if (chain.readableBytes < B.BLK_REQ_HEADER_SIZE || chain.writableBytes < B.BLK_REQ_STATUS_SIZE) return null;
  const data = chain.reader();
  const header = new DataView(data.take(B.BLK_REQ_HEADER_SIZE).buffer);
  const type = (header.getUint32(0, true) & ~B.VIRTIO_BLK_T_BARRIER) >>> 0;
  const offset = sectorAt(header, 8) * B.SECTOR_SIZE;
  switch (type) {
    case B.VIRTIO_BLK_T_IN: {
      const length = chain.writableBytes - B.BLK_REQ_STATUS_SIZE;
      return outside(offset, length, limits) ?? { kind: "in", offset, length };
    }
    case B.VIRTIO_BLK_T_OUT: {
      if (limits.readOnly) return ioError("write to a read-only disk");
      const length = data.remaining;
      return outside(offset, length, limits) ?? { kind: "out", offset, length, data };
    }
    case B.VIRTIO_BLK_T_FLUSH:
      return { kind: "flush" };
    case B.VIRTIO_BLK_T_GET_ID:
      return { kind: "get-id" };
    case B.VIRTIO_BLK_T_DISCARD:
      if (limits.readOnly) return ioError("discard on a read-only disk");
      return limits.discard ? parseRanges("discard", data, limits) : unsupported("discard was not offered");
    case B.VIRTIO_BLK_T_WRITE_ZEROES:
      if (limits.readOnly) return ioError("write zeroes to a read-only disk");
      return limits.writeZeroes
        ? parseRanges("write-zeroes", data, limits)
        : unsupported("write zeroes was not offered");
    default:
      return unsupported(`request type ${type}`);
  }
}

/** The refusal of a range that is not whole blocks of the disk, or null. */
function outside(offset: number, length: number, limits: BlkLimits): BlkRequest | null {
  if (offset % limits.logicalBlockSize !== 0 || length % limits.logicalBlockSize !== 0) {
    return ioError(`${length} bytes at ${offset} are not whole blocks of ${limits.logicalBlockSize}`);
  }
  if (offset + length > limits.capacityBytes) {
    return ioError(`${length} bytes at ${offset} are beyond the end, ${limits.capacityBytes}`);
  }
  return null;
}

function parseRanges(kind: "discard" | "write-zeroes", data: ChainReader, limits: BlkLimits): BlkRequest {
  const count = data.remaining / B.BLK_RANGE_SIZE;
  if (!Number.isInteger(count) || count === 0) return ioError(`${kind}: ${data.remaining} bytes of ranges`);
  if (count > limits.maxRanges) return ioError(`${kind}: ${count} ranges`);
  const view = new DataView(data.take(data.remaining).buffer);
  const ranges: BlkRange[] = [];
  for (let at = 0; at < view.byteLength; at += B.BLK_RANGE_SIZE) {
    const sectors = view.getUint32(at + 8, true);
    const flags = view.getUint32(at + 12, true);
    const allowed = kind === "discard" ? 0 : B.BLK_RANGE_FLAG_UNMAP;
    if ((flags & ~allowed) !== 0) return unsupported(`${kind}: flags 0x${flags.toString(16)}`);
    const most = kind === "discard" ? limits.maxRangeSectors.discard : limits.maxRangeSectors.writeZeroes;
    if (sectors > most) return ioError(`${kind}: ${sectors} sectors in one range`);
    const offset = sectorAt(view, at) * B.SECTOR_SIZE;
    const length = sectors * B.SECTOR_SIZE;
    const refusal = outside(offset, length, limits);
    if (refusal !== null) return refusal;
    ranges.push({ offset, length, unmap: (flags & B.BLK_RANGE_FLAG_UNMAP) !== 0 });
  }
  return { kind, ranges };
}
