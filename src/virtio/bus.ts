/**
 * The basic facilities of a virtio device (virtio 1.4, chapter 2): status, features, configuration space, queues,
 * notifications, reset. A bus has one slot. A transport is a register face on a bus and adds three things: which
 * interface it speaks, which reserved features it carries, and how it signals.
 */
import type { Chain } from "./chain.ts";
import type { VirtioDevice } from "./device.ts";
import type { Clock, DeviceLog } from "./environment.ts";
import { ErrorTally } from "./error-tally.ts";
import type { Features } from "./features.ts";
import { GuestMemory } from "./guest-memory.ts";
import { type InterfaceMode, Negotiation } from "./negotiation.ts";
import { DeviceOptionError } from "./properties.ts";
import { describeRingError, type RingEngine } from "./ring-engine.ts";
import {
  VIRTIO_F_EVENT_IDX,
  VIRTIO_F_IN_ORDER,
  VIRTIO_F_INDIRECT_DESC,
  VIRTIO_F_NOTIFICATION_DATA,
  VIRTIO_F_NOTIFY_ON_EMPTY,
  VIRTIO_F_RING_PACKED,
} from "./spec/features.ts";
import { VIRTIO_ID_NONE } from "./spec/ids.ts";
import { STATUS_DEVICE_NEEDS_RESET, STATUS_DRIVER_OK, STATUS_FAILED, STATUS_FEATURES_OK } from "./spec/status.ts";
import { VQ_FLAG_EVENT_IDX, VQ_FLAG_INDIRECT, VQ_FLAG_NOTIFY_ON_EMPTY, VQ_FLAG_PACKED } from "./spec/walker.ts";
import { type SavedState, StateReader } from "./state.ts";
import { type QueueHost, Virtqueue, type VirtqueueState } from "./virtqueue.ts";

/** What a bus is built on. */
export interface BusEnvironment {
  readonly engine: RingEngine;
  readonly log: DeviceLog;
  /** Without one nothing tells how long requests take. */
  readonly clock?: Clock;
}

/** A saved bus with everything on it; DEV_FEATURES, DRV_FEATURES, DEVICE_STATUS are the specification's device parts. */
export interface BusState extends SavedState {
  readonly device: string;
  readonly deviceFeatures: readonly number[];
  readonly driverFeatures: readonly number[];
  readonly status: number;
  readonly configGeneration: number;
  readonly configRead: boolean;
  readonly configPending: boolean;
  readonly brokenBy: string | null;
  readonly config: readonly number[];
  readonly queues: readonly VirtqueueState[];
  readonly deviceState: unknown;
}

const STATE_NAME = "virtio-bus";
const STATE_VERSION = 1;

export abstract class VirtioBus implements QueueHost {
  readonly engine: RingEngine;
  readonly memory: GuestMemory;
  readonly log: ErrorTally;
  /** Interrupts for a change of the configuration or a needed reset, and device resets, since the machine was made. */
  configInterrupts = 0;
  resets = 0;
  private readonly clock: Clock | null;
  private slot: VirtioDevice | null = null;
  private plugging = false;
  private statusBits = 0;
  /** What is offered, and what the driver made of it. */
  readonly features = new Negotiation();
  private queueList: readonly Virtqueue[] = [];
  private generation = 0;
  /** The driver has looked at the configuration since `generation` changed last. */
  private configRead = false;
  /** A configuration change notification waits for DRIVER_OK. */
  private configPending = false;
  private broken: string | null = null;
  /** Feature bits that the user turned off. */
  private withheld: readonly number[] = [];
  /** The device may touch memory. */
  private dma = true;
  /** Chains of a loaded state that the device has still to serve. */
  private restored: readonly Chain[] = [];

  /** Which interface the driver speaks (transitional transports may switch). */
  abstract readonly mode: InterfaceMode;
  /** The reserved feature bits that this transport carries. */
  abstract readonly transportFeatures: Features;
  /** Notifies the driver of a used buffer on `queue`, or of a configuration change (null). */
  protected abstract signal(queue: Virtqueue | null): void;

  constructor(environment: BusEnvironment) {
    this.engine = environment.engine;
    this.log = new ErrorTally(environment.log);
    this.clock = environment.clock ?? null;
    this.memory = new GuestMemory(environment.engine);
  }

  /** The device in the slot, or null. */
  get device(): VirtioDevice | null {
    return this.slot;
  }

  /** Device ID as transports show it; 0 without a device. */
  get deviceId(): number {
    return this.slot?.id ?? VIRTIO_ID_NONE;
  }

  get queues(): readonly Virtqueue[] {
    return this.queueList;
  }

  /** True only while `plug` makes the device. */
  get isPlugging(): boolean {
    return this.plugging;
  }

  /** Where log lines come from. */
  get place(): string {
    return this.slot?.name ?? "virtio";
  }

  /**
   * Makes a device in the slot. `withheld` are feature bits that the user turned off. Throws when the slot is taken or
   * a modern-only device meets the legacy interface: both are errors of whoever configures the machine.
   */
  plug<T extends VirtioDevice>(make: (bus: VirtioBus) => T, withheld: readonly number[] = []): T {
    if (this.slot !== null) throw new Error(`the virtio bus has a device already: ${this.slot.name}`);
    this.plugging = true;
    let device: T;
    try {
      device = make(this);
    } finally {
      this.plugging = false;
    }
    const refusal = this.refusal(device);
    if (refusal !== null) throw new DeviceOptionError(`${device.name} ${refusal}.`);
    this.withheld = withheld;
    this.queueList = device.queues.map((spec, index) => new Virtqueue(this, index, spec));
    this.slot = device;
    this.offer();
    this.onPlugged();
    return device;
  }

  /** Resets and removes the device. */
  unplug(): void {
    this.reset();
    for (const queue of this.queueList) queue.dispose();
    this.queueList = [];
    this.features.withdraw();
    this.slot = null;
  }

  /** Offers the device's features on the interface that `mode` names: at the plug, and when a transitional transport switches. */
  protected offer(): void {
    if (this.slot === null) return;
    const { mode, transportFeatures: transport, withheld } = this;
    this.features.offer({ mode, transport, device: this.slot.features, withheld });
  }

  /**
   * Whether the device may touch memory (the Bus Master bit of a PCI function). Without it no ring is touched. A device
   * that loses it while it runs has to be reset: DRIVER_OK is taken back, as in QEMU, and what was in flight is dead.
   */
  setDma(allowed: boolean): void {
    if (this.dma === allowed) return;
    this.dma = allowed;
    if (!allowed) {
      this.statusBits &= ~STATUS_DRIVER_OK;
      for (const queue of this.queueList) queue.stop();
      return;
    }
    if (this.live && (this.statusBits & STATUS_DRIVER_OK) !== 0) this.slot?.onDriverOk();
    this.serveQueues();
  }

  /** Why a device cannot be on this transport, in words that follow its name; null when it can. */
  protected refusal(device: VirtioDevice): string | null {
    const mismatch = this.mode === "legacy" && !device.legacy;
    return mismatch ? "has no legacy interface; it needs a modern transport" : null;
  }

  /** The device is in its slot: a transport lays itself out. */
  protected onPlugged(): void {}

  /** The common state is reset: a transport clears its own. */
  protected onReset(): void {}

  // ---- What register faces call ----

  /** Offered feature bits 32*word to 32*word+31. */
  deviceFeatures(word: number): number {
    return this.features.offered.word(word);
  }

  /** Feature bits 32*word to 32*word+31 as the driver wrote them. */
  driverFeatures(word: number): number {
    return this.features.driver.word(word);
  }

  /** Stores acknowledged feature bits as written; FEATURES_OK decides about them. */
  setDriverFeatures(word: number, bits: number): void {
    if ((this.statusBits & STATUS_FEATURES_OK) !== 0) {
      this.log.guestError(`${this.place}: features written after FEATURES_OK`, `word ${word}: 0x${bits.toString(16)}`);
      return;
    }
    this.features.driver.setWord(word, bits);
    if (this.mode === "legacy") this.negotiate();
  }

  private negotiate(): void {
    this.features.conclude();
    for (const queue of this.queueList) queue.refreshFlags();
    this.slot?.onFeatures();
  }

  get status(): number {
    return this.statusBits;
  }

  /** The device status register (2.1, 3.1): bits are only added; 0 resets. */
  writeStatus(value: number): void {
    if (value === 0) {
      this.reset();
      return;
    }
    if ((this.statusBits & ~STATUS_DEVICE_NEEDS_RESET & ~value) !== 0) {
      this.log.guestError(`${this.place}: status bits cleared without a reset`, `0x${value.toString(16)}`);
    }
    let rising = value & ~this.statusBits & ~STATUS_DEVICE_NEEDS_RESET;
    if ((rising & STATUS_FEATURES_OK) !== 0) {
      if (this.acceptFeatures()) this.statusBits |= STATUS_FEATURES_OK;
      rising &= ~STATUS_FEATURES_OK;
    }
    this.statusBits |= rising;
    if ((rising & STATUS_DRIVER_OK) !== 0) this.driverOk();
  }

  private acceptFeatures(): boolean {
    // The bit has no meaning on the legacy interface: there is nothing to refuse.
    if (this.mode === "legacy") return true;
    const refusal = this.refuseFeatures();
    if (refusal !== null) {
      this.features.negotiated.clear();
      this.log.guestError(`${this.place}: FEATURES_OK refused`, refusal);
      return false;
    }
    return true;
  }

  /** Negotiates; returns why the driver's choice cannot be, or null. */
  private refuseFeatures(): string | null {
    const refusal = this.features.refusal();
    if (refusal !== null) return refusal;
    this.negotiate();
    return this.slot?.accept() ?? null;
  }

  private driverOk(): void {
    if (this.mode === "modern" && (this.statusBits & STATUS_FEATURES_OK) === 0) {
      this.needsReset("DRIVER_OK without FEATURES_OK");
      return;
    }
    if (this.live) this.slot?.onDriverOk();
    // Buffers may have been made available before; this also heals a notification that came too early.
    this.serveQueues();
    if (this.configPending) {
      this.configPending = false;
      this.signalConfig();
    }
  }

  /** Whether queues are served. A legacy driver need not write the status at all (2.1.2: "must work before DRIVER_OK"). */
  get live(): boolean {
    if (!this.dma || this.broken !== null || (this.statusBits & STATUS_FAILED) !== 0) return false;
    const both = STATUS_DRIVER_OK | STATUS_FEATURES_OK;
    return this.mode === "legacy" || (this.statusBits & both) === both;
  }

  /** The queue of that number, or null: then all its registers read 0 and ignore writes. */
  queue(index: number): Virtqueue | null {
    return this.queueList[index] ?? null;
  }

  /** Starts a queue on the addresses it has. A refusal leaves it not ready, which the driver can read back. */
  enableQueue(queue: Virtqueue): void {
    const refusal = queue.enable();
    if (refusal === 0) return;
    const { desc, driver, device } = queue;
    const where = [desc, driver, device].map(({ low, high }) => `0x${(high * 2 ** 32 + low).toString(16)}`).join(" ");
    this.log.guestError(
      `${this.place}: queue refused`,
      `${queue.name} (${queue.index}), ${queue.size} descriptors at ${where}: ${describeRingError(refusal)}`,
    );
  }

  /** Stops a queue: the device does not touch its rings after this. */
  disableQueue(queue: Virtqueue): void {
    queue.disable();
    this.slot?.onQueueStopped(queue);
  }

  /** Queue reset (2.6.1): the queue is as after a device reset. */
  resetQueue(queue: Virtqueue): void {
    queue.reset();
    this.slot?.onQueueStopped(queue);
  }

  /**
   * An available buffer notification: the queue's number, with VIRTIO_F_NOTIFICATION_DATA below how far the driver is
   * (2.9), which the ring tells as well.
   */
  notify(value: number): void {
    const index = this.has(VIRTIO_F_NOTIFICATION_DATA) ? value & 0xffff : value;
    const queue = this.queueList[index];
    if (queue === undefined || !queue.ready || !this.live) {
      this.log.guestError(
        `${this.place}: notification ignored`,
        `queue ${index}, status 0x${this.statusBits.toString(16)}${this.broken === null ? "" : `, ${this.broken}`}`,
      );
      return;
    }
    queue.counters.notifications += 1;
    this.slot?.onQueue(queue);
  }

  /** Changes whenever the driver could otherwise mix old and new configuration (2.5.3.1). */
  get configGeneration(): number {
    return this.generation;
  }

  readConfig(offset: number, size: number): number {
    this.configRead = true;
    return this.slot?.config.read(offset, size, this.features.offered) ?? 0;
  }

  writeConfig(offset: number, size: number, value: number): void {
    if (this.slot === null) return;
    const { writes, refused } = this.slot.config.write(offset, size, value, this.features.offered);
    if (refused) {
      this.log.guestError(
        `${this.place}: read-only configuration written`,
        `${size} bytes at 0x${offset.toString(16)}`,
      );
    }
    for (const write of writes) this.slot.onConfigWrite(write);
  }

  /** Device reset (2.4). Late completions find their chains dead. Link state, sizes and the generation stay. */
  reset(): void {
    this.resets += 1;
    this.statusBits = 0;
    this.features.reset();
    this.broken = null;
    this.configPending = false;
    this.restored = [];
    for (const queue of this.queueList) queue.reset();
    this.onReset();
    this.slot?.onReset();
  }

  /** Stops the device between requests, so that a state can be saved; resolves when nothing is in flight. */
  async quiesce(): Promise<void> {
    await this.slot?.quiesce();
  }

  /** Goes on after `quiesce` or `load`: serves what was in flight, then whatever the queues hold. */
  resume(): void {
    this.slot?.resume();
    const restored = this.restored;
    this.restored = [];
    for (const chain of restored) if (chain.live) this.slot?.serveRestored(chain);
    this.serveQueues();
  }

  private serveQueues(): void {
    for (const queue of this.queueList) if (this.live && queue.ready) this.slot?.onQueue(queue);
  }

  // ---- What devices call ----

  private signalConfig(): void {
    this.configInterrupts += 1;
    this.signal(null);
  }

  /** Whether a feature was negotiated. */
  has(bit: number): boolean {
    return this.features.negotiated.has(bit);
  }

  /** Whether a feature was offered. */
  offers(bit: number): boolean {
    return this.features.offered.has(bit);
  }

  /** The configuration has changed: the driver is notified, at once or when it is ready. */
  configChanged(): void {
    if (this.configRead) {
      this.generation = (this.generation + 1) >>> 0;
      this.configRead = false;
    }
    if ((this.statusBits & STATUS_DRIVER_OK) !== 0) this.signalConfig();
    else if (this.statusBits !== 0) this.configPending = true;
  }

  /** The device cannot go on (2.1.2): it touches no ring until it is reset. */
  needsReset(why: string): void {
    if (this.broken !== null) return;
    this.broken = why;
    this.log.guestError(`${this.place}: needs a reset`, why);
    for (const queue of this.queueList) queue.stop();
    if (this.mode === "legacy") return;
    this.statusBits |= STATUS_DEVICE_NEEDS_RESET;
    if ((this.statusBits & STATUS_DRIVER_OK) !== 0) this.signalConfig();
    else this.configPending = true;
  }

  /** Why the device needs a reset, or null. */
  get brokenBy(): string | null {
    return this.broken;
  }

  // ---- What queues call ----

  ringFlags(): number {
    return (
      (this.has(VIRTIO_F_EVENT_IDX) ? VQ_FLAG_EVENT_IDX : 0) |
      (this.has(VIRTIO_F_INDIRECT_DESC) ? VQ_FLAG_INDIRECT : 0) |
      (this.has(VIRTIO_F_NOTIFY_ON_EMPTY) ? VQ_FLAG_NOTIFY_ON_EMPTY : 0) |
      (this.has(VIRTIO_F_RING_PACKED) ? VQ_FLAG_PACKED : 0)
    );
  }

  get inOrder(): boolean {
    return this.has(VIRTIO_F_IN_ORDER);
  }

  nowMs(): number {
    return this.clock?.nowMs() ?? Number.NaN;
  }

  usedBuffer(queue: Virtqueue): void {
    this.signal(queue);
  }

  ringViolation(queue: Virtqueue, error: number): void {
    this.needsReset(`${queue.name} (${queue.index}): ${describeRingError(error)}`);
  }

  // ---- Saved states ----

  save(): BusState {
    return {
      name: STATE_NAME,
      version: STATE_VERSION,
      device: this.slot?.name ?? "",
      deviceFeatures: this.features.offered.toArray(),
      driverFeatures: this.features.driver.toArray(),
      status: this.statusBits,
      configGeneration: this.generation,
      configRead: this.configRead,
      configPending: this.configPending,
      brokenBy: this.broken,
      config: this.slot?.config.save() ?? [],
      queues: this.queueList.map((queue) => queue.save()),
      deviceState: this.slot?.save() ?? null,
    };
  }

  /**
   * Takes a saved state into a freshly built bus with the same device; guest RAM is restored already. Throws a
   * StateError when it does not fit; then the machine that was being built is to be dropped. The device stands still until `resume`.
   */
  load(value: unknown): void {
    const state = StateReader.open(value, STATE_NAME, STATE_VERSION);
    if (state.text("device") !== (this.slot?.name ?? "")) {
      throw state.error(
        `it has ${String(state.raw("device"))} where this machine has ${this.slot?.name ?? "no device"}`,
      );
    }
    this.reset();
    this.features.load(state);
    this.loadStatus(state);
    this.slot?.config.load(state.integers("config", -1, 0xff));
    const queues = state.list("queues");
    if (queues.length !== this.queueList.length) throw state.error("the device had other queues");
    this.queueList.forEach((queue, index) => queue.load(queues[index] as StateReader));
    if (this.broken !== null) for (const queue of this.queueList) queue.stop();
    this.slot?.load(state.raw("deviceState"));
    this.restored = this.queueList.flatMap((queue) => Array.from(queue.inFlight));
  }

  private loadStatus(state: StateReader): void {
    const status = state.integer("status", 0, 0xff);
    const featuresOk = (status & STATUS_FEATURES_OK) !== 0;
    if (this.mode === "legacy") this.negotiate();
    else if (featuresOk) {
      const refusal = this.refuseFeatures();
      if (refusal !== null) throw state.error(refusal);
    }
    this.statusBits = status;
    this.generation = state.integer("configGeneration", 0, 0xffff_ffff);
    this.configRead = state.boolean("configRead");
    this.configPending = state.boolean("configPending");
    this.broken = state.text("brokenBy");
  }
}
