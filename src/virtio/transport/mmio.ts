/** Virtio over MMIO (virtio 1.4, 4.2): version 2, and version 1 (legacy, 4.2.4). */
import { type BusEnvironment, VirtioBus } from "../bus.ts";
import type { IrqLine } from "../environment.ts";
import type { Features } from "../features.ts";
import type { Fact } from "../inspection.ts";
import { VIRTIO_F_RING_RESET } from "../spec/features.ts";
import * as R from "../spec/mmio.ts";
import { type SavedState, StateReader } from "../state.ts";
import type { Virtqueue } from "../virtqueue.ts";
import { LegacyRings } from "./legacy-rings.ts";
import { MmioSharedMemory, type PlaceSharedMemory } from "./mmio-shared-memory.ts";
import { ringFeatures } from "./ring-features.ts";
import type { VirtioTransport } from "./transport.ts";

/** VendorID register: QEMU's value, "QEMU", so that guests see the machine that they know. */
const VENDOR_ID = 0x554d_4551;

/** What a window is built with. */
export interface MmioEnvironment extends BusEnvironment {
  readonly irq: IrqLine;
  /** Without it no shared memory region has a place. */
  readonly placeSharedMemory?: PlaceSharedMemory;
}

export interface MmioOptions {
  /** Version 1, the legacy interface. */
  readonly forceLegacy?: boolean;
}

class VirtioMmioBus extends VirtioBus {
  readonly mode: "legacy" | "modern";
  readonly transportFeatures: Features;
  private readonly transport: VirtioMmio;

  constructor(transport: VirtioMmio, environment: BusEnvironment, legacy: boolean) {
    super(environment);
    this.transport = transport;
    this.mode = legacy ? "legacy" : "modern";
    this.transportFeatures = ringFeatures(this.mode);
  }

  protected signal(queue: Virtqueue | null): void {
    this.transport.interrupt(queue === null ? R.MMIO_INT_CONFIG_CHANGE : R.MMIO_INT_USED_BUFFER);
  }

  protected override onPlugged(): void {
    this.transport.onPlugged();
  }

  protected override onReset(): void {
    this.transport.onBusReset();
  }
}

/** Registers as saved: the ones that are not in the bus. */
interface MmioState extends SavedState {
  readonly forceLegacy: boolean;
  readonly interruptStatus: number;
  readonly deviceFeaturesSel: number;
  readonly driverFeaturesSel: number;
  readonly queueSel: number;
  readonly shmSel: number;
  readonly rings: unknown;
  readonly bus: unknown;
}

const STATE_NAME = "virtio-mmio";
const STATE_VERSION = 1;

/**
 * One window of registers. Without a device it is a placeholder: magic and version read as ever, DeviceID 0,
 * everything else 0, writes are ignored (4.2.2.2).
 */
export class VirtioMmio implements VirtioTransport {
  readonly kind = "mmio";
  readonly bus: VirtioBus;
  readonly version: number;
  private readonly irq: IrqLine;
  private readonly rings: LegacyRings | null;
  private readonly sharedMemory = new MmioSharedMemory();
  private readonly placeSharedMemory: PlaceSharedMemory | undefined;
  private interruptStatus = 0;
  private deviceFeaturesSel = 0;
  private driverFeaturesSel = 0;
  private queueSel = 0;

  constructor(environment: MmioEnvironment, options: MmioOptions = {}) {
    const legacy = options.forceLegacy ?? false;
    this.irq = environment.irq;
    this.placeSharedMemory = environment.placeSharedMemory;
    this.version = legacy ? R.MMIO_VERSION_LEGACY : R.MMIO_VERSION_MODERN;
    this.bus = new VirtioMmioBus(this, environment, legacy);
    this.rings = legacy ? new LegacyRings() : null;
  }

  /** Guest load of 1, 2 or 4 bytes at `offset` of the window. */
  read(offset: number, size: 1 | 2 | 4): number {
    if (offset >= R.MMIO_CONFIG) return this.bus.readConfig(offset - R.MMIO_CONFIG, size);
    if (!this.isRegister(offset, size)) return 0;
    if (offset === R.MMIO_MAGIC_VALUE) return R.MMIO_MAGIC;
    if (offset === R.MMIO_VERSION) return this.version;
    if (offset === R.MMIO_VENDOR_ID) return VENDOR_ID;
    if (this.bus.device === null) return 0;
    return this.readRegister(offset) >>> 0;
  }

  /** Guest store of 1, 2 or 4 bytes at `offset` of the window. */
  write(offset: number, size: 1 | 2 | 4, value: number): void {
    if (offset >= R.MMIO_CONFIG) {
      this.bus.writeConfig(offset - R.MMIO_CONFIG, size, value);
      return;
    }
    if (!this.isRegister(offset, size, value) || this.bus.device === null) return;
    this.writeRegister(offset, value >>> 0);
  }

  /** Registers are 32 bits wide and aligned (4.2.2.2). */
  private isRegister(offset: number, size: number, written?: number): boolean {
    if (size === 4 && (offset & 3) === 0) return true;
    const access = `${size} bytes at ${place(offset, written)}`;
    this.bus.log.guestError("virtio-mmio: register access that is not 32 bits wide", access);
    return false;
  }

  private readRegister(offset: number): number {
    switch (offset) {
      case R.MMIO_DEVICE_ID:
        return this.bus.deviceId;
      case R.MMIO_DEVICE_FEATURES:
        return this.bus.deviceFeatures(this.deviceFeaturesSel);
      case R.MMIO_QUEUE_SIZE_MAX:
        return this.queue?.sizeMax ?? 0;
      case R.MMIO_INTERRUPT_STATUS:
        return this.interruptStatus;
      case R.MMIO_STATUS:
        return this.bus.status;
      default:
        return this.rings === null ? this.readModern(offset) : this.readLegacy(this.rings, offset);
    }
  }

  private readModern(offset: number): number {
    switch (offset) {
      case R.MMIO_QUEUE_READY:
        return this.queue?.ready ? 1 : 0;
      case R.MMIO_SHM_LEN_LOW:
      case R.MMIO_SHM_LEN_HIGH:
      case R.MMIO_SHM_BASE_LOW:
      case R.MMIO_SHM_BASE_HIGH:
        return this.sharedMemory.read(offset);
      case R.MMIO_QUEUE_RESET:
        // A reset is complete when the write that asked for it returns.
        return 0;
      case R.MMIO_CONFIG_GENERATION:
        return this.bus.configGeneration;
      default:
        return this.badRegister("read", offset);
    }
  }

  private readLegacy(rings: LegacyRings, offset: number): number {
    if (offset === R.MMIO_QUEUE_PFN) return this.queue === null ? 0 : rings.pfn(this.queue);
    return this.badRegister("read", offset);
  }

  private writeRegister(offset: number, value: number): void {
    switch (offset) {
      case R.MMIO_QUEUE_NOTIFY:
        this.bus.notify(value);
        break;
      case R.MMIO_INTERRUPT_ACK:
        this.acknowledge(value);
        break;
      case R.MMIO_QUEUE_SEL:
        this.queueSel = value;
        break;
      case R.MMIO_QUEUE_SIZE:
        this.setQueue(offset, value, (queue) => {
          queue.size = value;
        });
        break;
      case R.MMIO_STATUS:
        this.bus.writeStatus(value & 0xff);
        break;
      case R.MMIO_DEVICE_FEATURES_SEL:
        this.deviceFeaturesSel = value;
        break;
      case R.MMIO_DRIVER_FEATURES_SEL:
        this.driverFeaturesSel = value;
        break;
      case R.MMIO_DRIVER_FEATURES:
        this.bus.setDriverFeatures(this.driverFeaturesSel, value);
        break;
      default:
        if (this.rings === null) this.writeModern(offset, value);
        else this.writeLegacy(this.rings, offset, value);
    }
  }

  private writeModern(offset: number, value: number): void {
    switch (offset) {
      case R.MMIO_QUEUE_READY:
        this.setReady(value);
        break;
      case R.MMIO_QUEUE_DESC_LOW:
      case R.MMIO_QUEUE_DESC_HIGH:
      case R.MMIO_QUEUE_DRIVER_LOW:
      case R.MMIO_QUEUE_DRIVER_HIGH:
      case R.MMIO_QUEUE_DEVICE_LOW:
      case R.MMIO_QUEUE_DEVICE_HIGH:
        this.setQueue(offset, value, (queue) => setAddress(queue, offset, value));
        break;
      case R.MMIO_SHM_SEL:
        this.sharedMemory.select = value;
        break;
      case R.MMIO_QUEUE_RESET:
        this.resetQueue(value);
        break;
      default:
        this.badRegister("written", offset, value);
    }
  }

  private writeLegacy(rings: LegacyRings, offset: number, value: number): void {
    switch (offset) {
      case R.MMIO_GUEST_PAGE_SIZE:
        rings.setPageSize(value);
        break;
      case R.MMIO_QUEUE_ALIGN:
        this.setQueue(offset, value, (queue) => rings.setAlign(queue, value));
        break;
      case R.MMIO_QUEUE_PFN:
        if (this.queue !== null) rings.setPfn(this.bus, this.queue, value);
        break;
      default:
        this.badRegister("written", offset, value);
    }
  }

  /** The selected queue, or null. */
  private get queue(): Virtqueue | null {
    return this.bus.queue(this.queueSel);
  }

  /** Queue registers are ignored for a queue that does not exist or is in use. */
  private setQueue(offset: number, value: number, set: (queue: Virtqueue) => void): void {
    const { queue, bus } = this;
    if (queue !== null && !queue.ready) set(queue);
    else bus.log.guestError(`${bus.place}: queue register ignored`, `${place(offset, value)}, queue ${this.queueSel}`);
  }

  private setReady(value: number): void {
    const queue = this.queue;
    if (queue === null) return;
    if ((value & 1) === 0) this.bus.disableQueue(queue);
    else if (!queue.ready) this.bus.enableQueue(queue);
  }

  private resetQueue(value: number): void {
    const queue = this.queue;
    if (queue === null || (value & 1) === 0) return;
    if (this.bus.has(VIRTIO_F_RING_RESET)) this.bus.resetQueue(queue);
    else this.bus.log.guestError(`${this.bus.place}: QueueReset without VIRTIO_F_RING_RESET`, `queue ${this.queueSel}`);
  }

  private badRegister(how: string, offset: number, written?: number): 0 {
    const what = `virtio-mmio: register ${how} that version ${this.version} does not have`;
    this.bus.log.guestError(what, place(offset, written));
    return 0;
  }

  inspect(): readonly Fact[] {
    return [
      { name: "Version", value: String(this.version) },
      { name: "InterruptStatus", value: hex(this.interruptStatus) },
      { name: "QueueSel", value: String(this.queueSel) },
    ];
  }

  /** Called by the bus: something happened that the driver wants to hear of. */
  interrupt(bit: number): void {
    this.interruptStatus |= bit;
    this.irq.set(true);
  }

  /**
   * Clears the written bits. Where another one stays, the line goes down and up again: QEMU's device tree calls the
   * interrupt edge-triggered, and then only an edge tells the driver about it.
   */
  private acknowledge(bits: number): void {
    this.interruptStatus &= ~bits;
    this.irq.set(false);
    if (this.interruptStatus !== 0) this.irq.set(true);
  }

  /** Called by the bus: shared memory is of the modern interface. */
  onPlugged(): void {
    const { device } = this.bus;
    if (device !== null && this.rings === null) this.sharedMemory.place(device.sharedMemory, this.placeSharedMemory);
  }

  /** Called by the bus. */
  onBusReset(): void {
    this.interruptStatus = 0;
    this.deviceFeaturesSel = 0;
    this.driverFeaturesSel = 0;
    this.queueSel = 0;
    this.sharedMemory.select = 0;
    this.rings?.reset();
    this.irq.set(false);
  }

  /** Machine reset. */
  reset(): void {
    this.bus.reset();
    this.rings?.powerOn();
  }

  save(): MmioState {
    return {
      name: STATE_NAME,
      version: STATE_VERSION,
      forceLegacy: this.rings !== null,
      interruptStatus: this.interruptStatus,
      deviceFeaturesSel: this.deviceFeaturesSel,
      driverFeaturesSel: this.driverFeaturesSel,
      queueSel: this.queueSel,
      shmSel: this.sharedMemory.select,
      rings: this.rings?.save() ?? null,
      bus: this.bus.save(),
    };
  }

  load(value: unknown): void {
    const state = StateReader.open(value, STATE_NAME, STATE_VERSION);
    if (state.boolean("forceLegacy") !== (this.rings !== null)) throw state.error("it is of the other version");
    this.bus.load(state.raw("bus"));
    this.interruptStatus = state.integer("interruptStatus", 0, 3);
    this.deviceFeaturesSel = state.integer("deviceFeaturesSel", 0, 0xffff_ffff);
    this.driverFeaturesSel = state.integer("driverFeaturesSel", 0, 0xffff_ffff);
    this.queueSel = state.integer("queueSel", 0, 0xffff_ffff);
    this.sharedMemory.select = state.integer("shmSel", 0, 0xffff_ffff);
    this.rings?.load(state.section("rings"));
    this.irq.set(this.interruptStatus !== 0);
  }
}

function setAddress(queue: Virtqueue, offset: number, value: number): void {
  const area =
    offset < R.MMIO_QUEUE_DRIVER_LOW ? queue.desc : offset < R.MMIO_QUEUE_DEVICE_LOW ? queue.driver : queue.device;
  if ((offset & 4) === 0) area.low = value;
  else area.high = value;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** A register for the log, with what was written to it. */
function place(offset: number, written: number | undefined): string {
  return written === undefined ? hex(offset) : `${hex(offset)} = ${hex(written >>> 0)}`;
}
