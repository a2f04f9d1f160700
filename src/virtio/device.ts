/** A virtio device: what it is, never where it is. It knows its bus and nothing of registers, addresses or vectors. */
import type { VirtioBus } from "./bus.ts";
import type { Chain } from "./chain.ts";
import type { FeatureRow } from "./features.ts";
import type { Fact } from "./inspection.ts";
import type { ConfigBytes, ConfigWrite } from "./layout.ts";
import type { QueueSpec, Virtqueue } from "./virtqueue.ts";

/**
 * A shared memory region (virtio 1.4, 2.10): memory of the device that the driver reaches where the transport has put it.
 * Accesses are inside of it, of 1, 2 or 4 bytes, little-endian.
 */
export interface SharedMemory {
  /** shmid, 0 to 255. */
  readonly id: number;
  readonly sizeBytes: number;
  read(offset: number, size: 1 | 2 | 4): number;
  write(offset: number, size: 1 | 2 | 4, value: number): void;
}

/**
 * Made only by `VirtioBus.plug`, so an unplugged device cannot exist. Callbacks run on the CPU thread, inside the
 * guest's register write; they must not wait, and must not throw for anything that the guest or the host did.
 */
export abstract class VirtioDevice {
  protected readonly bus: VirtioBus;
  /** The specification's device ID. */
  abstract readonly id: number;
  /** Name of the device in command lines and saved states, without a transport: "virtio-blk". */
  abstract readonly name: string;
  /** Whether the device existed before version 1.0, so that the legacy interface may show it. */
  abstract readonly legacy: boolean;
  /** The device-specific feature bits that this instance offers. */
  abstract readonly features: readonly FeatureRow[];
  abstract readonly config: ConfigBytes;
  abstract readonly queues: readonly QueueSpec[];

  constructor(bus: VirtioBus) {
    if (!bus.isPlugging) throw new Error("a virtio device is made by plugging it into a bus");
    this.bus = bus;
  }

  /** The shared memory regions; on a transport that has no place for them the driver sees none. */
  get sharedMemory(): readonly SharedMemory[] {
    return [];
  }

  /** A reason why the negotiated features are not acceptable, or null. */
  accept(): string | null {
    return null;
  }

  /** Features are negotiated: FEATURES_OK, or any write of a legacy driver. */
  onFeatures(): void {}

  /** The driver is ready. Every queue that is ready gets `onQueue` afterwards. */
  onDriverOk(): void {}

  /** There may be available buffers on a queue. */
  abstract onQueue(queue: Virtqueue): void;

  /** The driver has disabled or reset one queue: its chains are dead. */
  onQueueStopped(_queue: Virtqueue): void {}

  /** The driver has written configuration bytes, which are stored already. */
  onConfigWrite(_write: ConfigWrite): void {}

  /** All queues are reset and their chains dead: forget what was in flight. */
  onReset(): void {}

  /** What only this kind of device has to show: for people who look at it. */
  inspect(): readonly Fact[] {
    return [];
  }

  /** Stops taking requests and waits until none is in flight; `resume` ends that. */
  quiesce(): Promise<void> {
    return Promise.resolve();
  }

  resume(): void {}

  /** The device's own part of a saved state, beyond bus, configuration space and queues. */
  abstract save(): unknown;

  /** Takes a saved part. Chains that it had taken follow with `serveRestored` when the machine goes on. */
  abstract load(state: unknown): void;

  /** Serves a chain that was in flight when the state was saved. */
  abstract serveRestored(chain: Chain): void;
}
