/** Builds the chain record: the segments of one descriptor chain, checked as they come. */
import {
  CHAIN_GENERATION,
  CHAIN_HEAD,
  CHAIN_PACKED,
  CHAIN_READABLE,
  CHAIN_READABLE_BYTES,
  CHAIN_SEGMENT_SIZE,
  CHAIN_SEGMENTS,
  CHAIN_WRITABLE,
  CHAIN_WRITABLE_BYTES,
  VQ_ERROR_BUFFER,
  VQ_ERROR_ORDER,
  VQ_ERROR_TOTAL,
} from "../../virtio/spec/walker";
import { hostAddress } from "../mmu/ram";
import { CHAIN_RECORD, SLOT_GENERATION } from "./slot";

/** Whether a device-writable descriptor was seen in this chain, even an empty one. */
let writableSeen: bool = false;

/** Starts the record of the chain at `head`. */
export function beginChain(slot: usize, head: u32): void {
  writableSeen = false;
  store<u32>(CHAIN_RECORD, load<u32>(slot, SLOT_GENERATION), CHAIN_GENERATION);
  store<u32>(CHAIN_RECORD, head, CHAIN_HEAD);
  store<u32>(CHAIN_RECORD, 0, CHAIN_PACKED);
  store<u32>(CHAIN_RECORD, 0, CHAIN_READABLE);
  store<u32>(CHAIN_RECORD, 0, CHAIN_WRITABLE);
  store<u32>(CHAIN_RECORD, 0, CHAIN_READABLE_BYTES);
  store<u32>(CHAIN_RECORD, 0, CHAIN_WRITABLE_BYTES);
}

/**
 * Appends one buffer. Returns 0, or the violation: not all of it is RAM, more than 2^32 - 1 bytes in the chain, or
 * a device-readable buffer after a device-writable one (2.7.4.2, 2.7.5.3.1). Empty buffers are legal and contribute
 * nothing, wherever they point.
 */
export function addSegment(address: u64, length: u32, writable: bool): i32 {
  if (writableSeen && !writable) return VQ_ERROR_ORDER;
  writableSeen = writable;
  if (length == 0) return 0;
  const host = hostAddress(address, <u64>length);
  if (host == 0) return VQ_ERROR_BUFFER;
  const readable = load<u32>(CHAIN_RECORD, CHAIN_READABLE);
  const writables = load<u32>(CHAIN_RECORD, CHAIN_WRITABLE);
  const readableBytes = load<u32>(CHAIN_RECORD, CHAIN_READABLE_BYTES);
  const writableBytes = load<u32>(CHAIN_RECORD, CHAIN_WRITABLE_BYTES);
  if (<u64>readableBytes + <u64>writableBytes + <u64>length > 0xffff_ffff) return VQ_ERROR_TOTAL;
  const segment = CHAIN_RECORD + <usize>(readable + writables) * CHAIN_SEGMENT_SIZE;
  store<u32>(segment, <u32>host, CHAIN_SEGMENTS);
  store<u32>(segment, length, CHAIN_SEGMENTS + 4);
  if (writable) {
    store<u32>(CHAIN_RECORD, writables + 1, CHAIN_WRITABLE);
    store<u32>(CHAIN_RECORD, writableBytes + length, CHAIN_WRITABLE_BYTES);
  } else {
    store<u32>(CHAIN_RECORD, readable + 1, CHAIN_READABLE);
    store<u32>(CHAIN_RECORD, readableBytes + length, CHAIN_READABLE_BYTES);
  }
  return 0;
}
