/** A device as it stands, as plain data: what a ring inspector shows. Sizes and addresses are numbers of bytes. */
import type { ErrorRecord } from "./error-tally.ts";
import type { ConfigFieldValue } from "./layout.ts";
import type { InterfaceMode } from "./negotiation.ts";

/** Something to show that only one kind of transport or device has. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** A feature bit that one side knows. */
export interface FeatureInspection {
  readonly bit: number;
  /** The specification's name; null for a bit that the device never offered. */
  readonly name: string | null;
  readonly offered: boolean;
  /** The driver wrote it. */
  readonly accepted: boolean;
  readonly negotiated: boolean;
}

/** A buffer of a chain. */
export interface SegmentInspection {
  /** Guest physical address. */
  readonly address: number;
  readonly sizeBytes: number;
  /** The device writes it; otherwise it reads it. */
  readonly writable: boolean;
}

/** A descriptor chain that the device has, or had. */
export interface ChainInspection {
  /** Index of its first descriptor; on a packed ring the buffer id. */
  readonly head: number;
  readonly readableBytes: number;
  readonly writableBytes: number;
  /** The first buffers of the chain, and how many there are. */
  readonly segments: readonly SegmentInspection[];
  readonly segmentCount: number;
  /** In flight: how long the device has had it. Returned: how long it had it. null where that is not known. */
  readonly heldMs: number | null;
  /** Returned: the length in its used entry; null in flight. */
  readonly usedBytes: number | null;
}

/** Whether one side wants to be notified by the other (2.7.7, 2.7.10, 2.8.10). */
export interface EventSuppression {
  /** `at`: once the ring gets past `index`. */
  readonly wanted: "always" | "never" | "at";
  readonly index: number | null;
  /** Wrap counter that belongs to `index`, on a packed ring. */
  readonly wrap: boolean | null;
}

/** A position in a ring: an index modulo 2^16 on a split ring, an offset with its wrap counter on a packed one. */
export interface RingPosition {
  readonly index: number;
  readonly wrap: boolean | null;
}

/** The ring of a queue that is ready. */
export interface RingInspection {
  readonly kind: "split" | "packed";
  /** The driver's available index; null on a packed ring, which has none. */
  readonly available: RingPosition | null;
  /** Where the device takes the next chain, and where it returns the next one. */
  readonly nextAvailable: RingPosition;
  readonly nextUsed: RingPosition;
  /** Chains that wait to be taken; on a packed ring 1 for any. */
  readonly pending: number;
  /** What the driver wants to hear of used buffers, and the device of available ones. null where memory is not RAM. */
  readonly interrupts: EventSuppression | null;
  readonly notifications: EventSuppression | null;
}

/** Counted since the machine was made. */
export interface QueueCounts {
  readonly notifications: number;
  readonly chainsTaken: number;
  readonly chainsReturned: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly interruptsSent: number;
  /** Used buffers of which the driver did not want to hear. */
  readonly interruptsSuppressed: number;
}

/** How long the device had the chains that it returned. */
export interface LatencyInspection {
  readonly count: number;
  readonly meanMs: number;
  readonly maxMs: number;
  /** Chains in each bucket; bucket i ends before `firstMs` * 2^i, the last one does not end. */
  readonly buckets: readonly number[];
  readonly firstMs: number;
}

export interface QueueInspection {
  readonly index: number;
  /** The specification's name. */
  readonly name: string;
  readonly sizeMax: number;
  readonly size: number;
  readonly ready: boolean;
  /** Guest physical addresses of the three areas. */
  readonly desc: number;
  readonly driver: number;
  readonly device: number;
  /** null while the queue is not ready. */
  readonly ring: RingInspection | null;
  /** Chains that the device has: how many, and the oldest of them. */
  readonly inFlightCount: number;
  readonly inFlight: readonly ChainInspection[];
  /** The last chains that went back, the newest first. */
  readonly recent: readonly ChainInspection[];
  readonly counts: QueueCounts;
  readonly latency: LatencyInspection;
}

export interface DeviceInspection {
  /** The user's id; "" for none. */
  readonly id: string;
  /** The name that it was made by: "virtio-blk-pci". */
  readonly name: string;
  /** The kind of device: "virtio-blk", and its device ID. */
  readonly device: string;
  readonly deviceId: number;
  /** Kind of its transport, which interface the driver speaks on it, and the registers that tell something. */
  readonly transport: string;
  readonly mode: InterfaceMode;
  readonly transportFacts: readonly Fact[];
  /** Device status register: STATUS_* bits. */
  readonly status: number;
  /** Why the device needs a reset; null while it does not. */
  readonly needsReset: string | null;
  readonly features: readonly FeatureInspection[];
  readonly configGeneration: number;
  readonly config: readonly ConfigFieldValue[];
  readonly queues: readonly QueueInspection[];
  readonly configInterrupts: number;
  readonly resets: number;
  readonly errors: readonly ErrorRecord[];
  readonly deviceFacts: readonly Fact[];
}
