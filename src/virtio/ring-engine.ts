/** The ring walker as TypeScript sees it, and what its error codes mean. */
import {
  VQ_ERROR_ALIGNMENT,
  VQ_ERROR_AVAIL_IDX,
  VQ_ERROR_BUFFER,
  VQ_ERROR_DUPLICATE,
  VQ_ERROR_ENDLESS,
  VQ_ERROR_HEAD,
  VQ_ERROR_INDIRECT_FEATURE,
  VQ_ERROR_INDIRECT_NESTED,
  VQ_ERROR_INDIRECT_NEXT,
  VQ_ERROR_INDIRECT_SIZE,
  VQ_ERROR_INDIRECT_TABLE,
  VQ_ERROR_LOOP,
  VQ_ERROR_NEXT,
  VQ_ERROR_NOT_RAM,
  VQ_ERROR_ORDER,
  VQ_ERROR_OVERLAP,
  VQ_ERROR_SIZE,
  VQ_ERROR_TOTAL,
  VQ_ERROR_UNAVAILABLE,
} from "./spec/walker.ts";

/** The vq_* exports of the engine (src/wasm/virtqueue/abi.ts) and the memory that guest RAM is a part of. */
export interface RingEngine {
  /** Linear memory; it never grows, so its buffer stays the same. */
  readonly memory: { readonly buffer: ArrayBufferLike };
  vq_open(): number;
  vq_close(queue: number): void;
  vq_set_area(queue: number, area: number, addressLow: number, addressHigh: number): void;
  vq_enable(queue: number, size: number, flags: number): number;
  vq_set_flags(queue: number, flags: number): void;
  vq_disable(queue: number): void;
  vq_stop(queue: number): void;
  vq_generation(queue: number): number;
  vq_pop(queue: number): number;
  vq_push(queue: number, generation: number, head: number, written: number, packed: number): number;
  vq_unpop(queue: number, generation: number, head: number, packed: number): number;
  vq_flush(queue: number): number;
  vq_arm(queue: number): number;
  vq_disarm(queue: number): void;
  vq_pending(queue: number): number;
  vq_get(queue: number, field: number): number;
  vq_restore(queue: number, lastAvail: number, usedIdx: number, signalledUsed: number, signalledValid: number): number;
  vq_hold(queue: number, head: number, packed: number): number;
  vq_ram_base(): number;
  vq_ram_size(): number;
  vq_host(addressLow: number, addressHigh: number, length: number): number;
  vq_written(host: number, length: number): void;
}

const RING_ERRORS: ReadonlyMap<number, string> = new Map([
  [VQ_ERROR_SIZE, "the queue size is 0, larger than the maximum, or (split ring) not a power of two"],
  [
    VQ_ERROR_ALIGNMENT,
    "a ring area is not aligned (descriptors 16, driver area 2, packed ring 4, device area 4 bytes)",
  ],
  [VQ_ERROR_NOT_RAM, "a ring area is not in RAM"],
  [VQ_ERROR_OVERLAP, "the ring areas overlap"],
  [VQ_ERROR_AVAIL_IDX, "more descriptors are available than the queue has"],
  [VQ_ERROR_HEAD, "an available entry names a descriptor outside the table"],
  [VQ_ERROR_NEXT, "a descriptor's next field is outside the table"],
  [VQ_ERROR_LOOP, "a descriptor chain is longer than its table: it has a loop"],
  [VQ_ERROR_INDIRECT_FEATURE, "an indirect descriptor without VIRTIO_F_INDIRECT_DESC"],
  [VQ_ERROR_INDIRECT_NESTED, "an indirect descriptor inside an indirect table"],
  [VQ_ERROR_INDIRECT_NEXT, "an indirect descriptor with a next one"],
  [VQ_ERROR_INDIRECT_SIZE, "an indirect table is empty, not a multiple of 16 bytes, or too long"],
  [VQ_ERROR_INDIRECT_TABLE, "an indirect table is not in RAM"],
  [VQ_ERROR_BUFFER, "a buffer is not in RAM"],
  [VQ_ERROR_TOTAL, "a descriptor chain has 2^32 bytes or more"],
  [VQ_ERROR_ORDER, "a device-readable descriptor after a device-writable one"],
  [VQ_ERROR_DUPLICATE, "a chain was made available again while the device had it"],
  [VQ_ERROR_ENDLESS, "the device's own writes made chains available: buffers overlap the ring"],
  [VQ_ERROR_UNAVAILABLE, "a later descriptor of a chain was not made available"],
]);

/** The sentence for a VQ_ERROR_* code. */
export function describeRingError(code: number): string {
  return RING_ERRORS.get(code) ?? `ring error ${code}`;
}
