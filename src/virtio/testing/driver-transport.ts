/** A transport from the driver's side: what a guest's bus driver does, one interface over every transport. */
import type { Features } from "../features.ts";
import type { GuestRam } from "./guest-ram.ts";
import type { RingPlace } from "./driver-ring.ts";

/** What happened since the last look; looking acknowledges it. */
export interface Interrupts {
  readonly used: boolean;
  readonly config: boolean;
}

/** Where a queue is and how large it became; null when the device refused it. */
export interface QueueSetup {
  readonly size: number;
  readonly place: RingPlace;
}

export interface DriverTransport {
  readonly name: string;
  /** The legacy interface: no FEATURES_OK, 32 feature bits. */
  readonly legacy: boolean;
  /** Interrupts are messages: one that was delivered cannot be taken back. */
  readonly messages: boolean;
  readonly ram: GuestRam;
  deviceId(): number;
  /** Writes status 0 and waits until the device has followed. */
  reset(): void;
  status(): number;
  /** Writes the status as it is given, without checking. */
  setStatus(value: number): void;
  deviceFeatures(): Features;
  setDriverFeatures(features: Features): void;
  /** Little-endian value of 1, 2 or 4 bytes. */
  readConfig(offset: number, size: 1 | 2 | 4): number;
  writeConfig(offset: number, size: 1 | 2 | 4, value: number): void;
  queueSizeMax(index: number): number;
  /** Puts a queue of up to `size` descriptors into fresh memory and starts it. */
  setupQueue(index: number, size: number): QueueSetup | null;
  /** `position` says how far the driver is, for VIRTIO_F_NOTIFICATION_DATA; without it the notification has none. */
  notify(index: number, position?: number): void;
  /** Level of the interrupt, and which kinds are pending; acknowledges them. */
  takeInterrupts(): Interrupts;
}

/** Bytes of the three areas of a ring of `size` descriptors (2.7). */
export const ringBytes = {
  desc: (size: number): number => 16 * size,
  driver: (size: number): number => 6 + 2 * size,
  device: (size: number): number => 6 + 8 * size,
};

/** The legacy layout of a ring at `base`: the used ring follows at the next multiple of `align` (2.7.2). */
export function legacyPlace(base: number, size: number, align: number): RingPlace {
  const driver = base + ringBytes.desc(size);
  return { desc: base, driver, device: Math.ceil((driver + ringBytes.driver(size)) / align) * align };
}

/** What a notification says (2.9): the queue's number, and above it how far the driver is. */
export function notificationOf(index: number, position = 0): number {
  return ((position << 16) | index) >>> 0;
}
