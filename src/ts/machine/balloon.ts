/** The memory balloon as people speak of it: by the memory that is left to the guest. */
import { VirtioBalloon } from "../../virtio/devices/balloon/device.ts";
import type { VirtioDevice } from "../../virtio/device.ts";
import type { BalloonStatus } from "../protocol/inspection.ts";

/** The machine's balloon: the first one, as QEMU has no more; null without one. */
export function findBalloon(devices: Iterable<{ readonly device: VirtioDevice }>): VirtioBalloon | null {
  for (const { device } of devices) if (device instanceof VirtioBalloon) return device;
  return null;
}

/** Its state in a machine with `totalBytes` of memory. */
export function balloonStatus(balloon: VirtioBalloon, totalBytes: number): BalloonStatus {
  const { targetBytes, actualBytes, stats } = balloon;
  return {
    totalBytes,
    targetBytes: totalBytes - targetBytes,
    // The guest says it, so it may be more than there is.
    actualBytes: Math.max(0, totalBytes - actualBytes),
    stats: { ...stats },
  };
}

/** Asks the guest to make do with `memoryBytes`, or as much of it as there is. */
export function setBalloonMemory(balloon: VirtioBalloon, totalBytes: number, memoryBytes: number): void {
  balloon.setTarget(totalBytes - Math.min(totalBytes, memoryBytes));
}
