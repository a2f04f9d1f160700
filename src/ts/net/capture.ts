/** A capture of what passes on a cable (-object filter-dump). */
import type { NetPacket } from "../../virtio/backends.ts";
import { wireFrames } from "../../virtio/net-packet.ts";
import type { CaptureConfig } from "../config/machine-config.ts";
import type { Direction, Tap } from "./cable.ts";
import type { CaptureSink } from "./network.ts";
import { pcapHeader, pcapRecord } from "./pcap.ts";

/** QEMU's queues are the network's: what it receives is what the guest has sent. */
const QUEUE_DIRECTIONS = {
  all: ["sent", "received"],
  rx: ["sent"],
  tx: ["received"],
} as const satisfies Record<CaptureConfig["queue"], readonly Direction[]>;

/**
 * Writes what it is shown as frames on a wire would be: segments cut, checksums in place. It ends with the first write
 * that the sink refuses.
 */
export function captureTap(config: CaptureConfig, sink: CaptureSink, wallMs: () => number): Tap {
  const { queue, maxBytes } = config;
  const directions: readonly Direction[] = QUEUE_DIRECTIONS[queue];
  let takes = sink.write(pcapHeader(maxBytes));
  return (packet: NetPacket, direction: Direction): void => {
    if (!takes || !directions.includes(direction)) return;
    const now = wallMs();
    for (const frame of wireFrames(packet)) takes &&= sink.write(pcapRecord(frame, now, maxBytes));
  };
}
