/** Looks at a device without touching it: registers with side effects are not read, rings are not moved. */
import type { VirtioBus } from "./bus.ts";
import type { Chain } from "./chain.ts";
import type { GuestMemory } from "./guest-memory.ts";
import type {
  ChainInspection,
  DeviceInspection,
  EventSuppression,
  FeatureInspection,
  QueueInspection,
  RingInspection,
  RingPosition,
  SegmentInspection,
} from "./inspection.ts";
import { LATENCY_FIRST_MS, type QueueCounters } from "./queue-counters.ts";
import type { CreatedDevice } from "./registry.ts";
import * as R from "./spec/ring.ts";
import { VQ_FIELD_LAST_AVAIL, VQ_FIELD_USED_IDX, VQ_FLAG_EVENT_IDX, VQ_FLAG_PACKED } from "./spec/walker.ts";
import type { Address, Virtqueue } from "./virtqueue.ts";

/** Chains and buffers of a chain that are shown; a guest may have 1024 of each. */
const SHOWN_CHAINS = 32;
const SHOWN_SEGMENTS = 16;

/** A device on its transport. `ramBase` is the guest physical address of RAM. */
export function inspectDevice({ id, name, device, transport }: CreatedDevice, ramBase: number): DeviceInspection {
  const { bus } = transport;
  return {
    id,
    name,
    device: device.name,
    deviceId: device.id,
    transport: transport.kind,
    mode: bus.mode,
    transportFacts: transport.inspect?.() ?? [],
    status: bus.status,
    needsReset: bus.brokenBy,
    features: inspectFeatures(bus),
    configGeneration: bus.configGeneration,
    config: device.config.inspect(bus.features.offered),
    queues: bus.queues.map((queue) => inspectQueue(bus, queue, ramBase)),
    configInterrupts: bus.configInterrupts,
    resets: bus.resets,
    errors: bus.log.records,
    deviceFacts: device.inspect(),
  };
}

function inspectFeatures({ features: { offered, driver, negotiated, rows } }: VirtioBus): FeatureInspection[] {
  const bits = new Set([...offered.bits(), ...driver.bits()]);
  return [...bits]
    .sort((a, b) => a - b)
    .map((bit) => ({
      bit,
      name: rows.find((row) => row.bit === bit)?.name ?? null,
      offered: offered.has(bit),
      accepted: driver.has(bit),
      negotiated: negotiated.has(bit),
    }));
}

function inspectQueue(bus: VirtioBus, queue: Virtqueue, ramBase: number): QueueInspection {
  const nowMs = bus.nowMs();
  const inFlight = [...queue.inFlight];
  return {
    index: queue.index,
    name: queue.name,
    sizeMax: queue.sizeMax,
    size: queue.size,
    ready: queue.ready,
    desc: gpa(queue.desc),
    driver: gpa(queue.driver),
    device: gpa(queue.device),
    ring: queue.ready ? inspectRing(bus, queue) : null,
    inFlightCount: inFlight.length,
    inFlight: inFlight
      .slice(0, SHOWN_CHAINS)
      .map((chain) => inspectChain(chain, ramBase, { heldMs: nowMs - chain.takenMs, usedBytes: null })),
    recent: queue.counters.recent.map((chain) => inspectChain(chain, ramBase, chain)),
    counts: counts(queue.counters),
    latency: latency(queue.counters),
  };
}

const gpa = ({ low, high }: Address): number => high * 2 ** 32 + low;

function counts(counters: QueueCounters): QueueInspection["counts"] {
  const { notifications, chainsTaken, chainsReturned, readBytes, writtenBytes } = counters;
  const { interruptsSent, interruptsSuppressed } = counters;
  return {
    notifications,
    chainsTaken,
    chainsReturned,
    readBytes,
    writtenBytes,
    interruptsSent,
    interruptsSuppressed,
  };
}

function latency({ timedChains, totalMs, maxMs, buckets }: QueueCounters): QueueInspection["latency"] {
  return {
    count: timedChains,
    meanMs: timedChains === 0 ? 0 : totalMs / timedChains,
    maxMs,
    buckets: Array.from(buckets),
    firstMs: LATENCY_FIRST_MS,
  };
}

function inspectChain(
  chain: Chain,
  ramBase: number,
  { heldMs, usedBytes }: { readonly heldMs: number; readonly usedBytes: number | null },
): ChainInspection {
  const segmentCount = chain.segments.length / 2;
  const segments: SegmentInspection[] = [];
  for (let index = 0; index < Math.min(segmentCount, SHOWN_SEGMENTS); index += 1) {
    segments.push({
      address: ramBase + (chain.segments[index * 2] as number) - chain.memory.base,
      sizeBytes: chain.segments[index * 2 + 1] as number,
      writable: index >= chain.readableSegments,
    });
  }
  const { head, readableBytes, writableBytes } = chain;
  return {
    head,
    readableBytes,
    writableBytes,
    segments,
    segmentCount,
    heldMs: heldMs >= 0 ? heldMs : null,
    usedBytes,
  };
}

function inspectRing(bus: VirtioBus, queue: Virtqueue): RingInspection {
  const flags = bus.ringFlags();
  const isPacked = (flags & VQ_FLAG_PACKED) !== 0;
  const position = (field: number): RingPosition => splitPosition(queue.field(field), isPacked);
  const common = {
    nextAvailable: position(VQ_FIELD_LAST_AVAIL),
    nextUsed: position(VQ_FIELD_USED_IDX),
    pending: queue.pending,
  };
  if (isPacked) {
    return {
      ...common,
      kind: "packed",
      available: null,
      interrupts: packedEvents(bus.memory, queue.driver),
      notifications: packedEvents(bus.memory, queue.device),
    };
  }
  const { driver, device, size } = queue;
  const hasEventIndex = (flags & VQ_FLAG_EVENT_IDX) !== 0;
  const available = read16(bus.memory, gpa(driver) + R.AVAIL_IDX);
  const events = (area: Address, flagsAt: number, off: number, eventAt: number): EventSuppression | null => {
    const value = read16(bus.memory, gpa(area) + (hasEventIndex ? eventAt : flagsAt));
    if (value === null) return null;
    if (hasEventIndex) return { wanted: "at", index: value, wrap: null };
    return { wanted: (value & off) === 0 ? "always" : "never", index: null, wrap: null };
  };
  return {
    ...common,
    kind: "split",
    available: available === null ? null : { index: available, wrap: null },
    interrupts: events(driver, R.AVAIL_FLAGS, R.VIRTQ_AVAIL_F_NO_INTERRUPT, R.AVAIL_RING + 2 * size),
    notifications: events(device, R.USED_FLAGS, R.VIRTQ_USED_F_NO_NOTIFY, R.USED_RING + R.USED_ELEM_SIZE * size),
  };
}

/** On a packed ring the wrap counter is bit 15. */
function splitPosition(value: number, isPacked: boolean): RingPosition {
  return isPacked ? { index: value & 0x7fff, wrap: value >>> 15 !== 0 } : { index: value, wrap: null };
}

/** struct pvirtq_event_suppress (2.8.10). */
function packedEvents(memory: GuestMemory, area: Address): EventSuppression | null {
  const at = read16(memory, gpa(area) + R.EVENT_DESC);
  const flags = read16(memory, gpa(area) + R.EVENT_FLAGS);
  if (at === null || flags === null) return null;
  switch (flags & 3) {
    case R.RING_EVENT_FLAGS_DISABLE:
      return { wanted: "never", index: null, wrap: null };
    case R.RING_EVENT_FLAGS_DESC:
      return { wanted: "at", ...splitPosition(at, true) };
    default:
      return { wanted: "always", index: null, wrap: null };
  }
}

/** A little-endian number of guest memory; null where that is not RAM. */
function read16(memory: GuestMemory, address: number): number | null {
  const host = memory.at(address, 2);
  return host === 0 ? null : memory.readU8(host) | (memory.readU8(host + 1) << 8);
}
