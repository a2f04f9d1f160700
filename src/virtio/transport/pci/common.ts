/** The common configuration structure (virtio 1.4, 4.1.4.3). */
import { VIRTIO_F_RING_RESET } from "../../spec/features.ts";
import * as P from "../../spec/pci.ts";
import type { StateReader } from "../../state.ts";
import type { Address, Virtqueue } from "../../virtqueue.ts";
import type { VirtioPci } from "./pci.ts";

/** Width of the register at each offset; 64-bit ones are two of 32. */
const WIDTHS: ReadonlyMap<number, number> = new Map([
  [P.COMMON_DEVICE_FEATURE_SELECT, 4],
  [P.COMMON_DEVICE_FEATURE, 4],
  [P.COMMON_DRIVER_FEATURE_SELECT, 4],
  [P.COMMON_DRIVER_FEATURE, 4],
  [P.COMMON_CONFIG_MSIX_VECTOR, 2],
  [P.COMMON_NUM_QUEUES, 2],
  [P.COMMON_DEVICE_STATUS, 1],
  [P.COMMON_CONFIG_GENERATION, 1],
  [P.COMMON_QUEUE_SELECT, 2],
  [P.COMMON_QUEUE_SIZE, 2],
  [P.COMMON_QUEUE_MSIX_VECTOR, 2],
  [P.COMMON_QUEUE_ENABLE, 2],
  [P.COMMON_QUEUE_NOTIFY_OFF, 2],
  [P.COMMON_QUEUE_DESC, 4],
  [P.COMMON_QUEUE_DESC + 4, 4],
  [P.COMMON_QUEUE_DRIVER, 4],
  [P.COMMON_QUEUE_DRIVER + 4, 4],
  [P.COMMON_QUEUE_DEVICE, 4],
  [P.COMMON_QUEUE_DEVICE + 4, 4],
  [P.COMMON_QUEUE_NOTIF_CONFIG_DATA, 2],
  [P.COMMON_QUEUE_RESET, 2],
]);

export class CommonConfig {
  private readonly transport: VirtioPci;
  private deviceFeatureSelect = 0;
  private driverFeatureSelect = 0;
  private queueSelect = 0;

  constructor(transport: VirtioPci) {
    this.transport = transport;
  }

  /** Reads have no effects, so a narrower one than the register, or one of several registers, gives their bytes. */
  read(offset: number, size: number): number {
    if (WIDTHS.get(offset) === size) return this.readRegister(offset) >>> 0;
    let value = 0;
    for (let index = size - 1; index >= 0; --index) value = (value << 8) | this.readByte(offset + index);
    return value >>> 0;
  }

  private readByte(offset: number): number {
    for (let back = 0; back < 4; ++back) {
      const width = WIDTHS.get(offset - back);
      if (width !== undefined) return back < width ? (this.readRegister(offset - back) >>> (8 * back)) & 0xff : 0;
    }
    return 0;
  }

  private readRegister(offset: number): number {
    const { bus } = this.transport;
    const { queue } = this;
    switch (offset) {
      case P.COMMON_DEVICE_FEATURE_SELECT:
        return this.deviceFeatureSelect;
      case P.COMMON_DEVICE_FEATURE:
        return bus.deviceFeatures(this.deviceFeatureSelect);
      case P.COMMON_DRIVER_FEATURE_SELECT:
        return this.driverFeatureSelect;
      case P.COMMON_DRIVER_FEATURE:
        return bus.driverFeatures(this.driverFeatureSelect);
      case P.COMMON_CONFIG_MSIX_VECTOR:
        return this.transport.interrupts.configVector;
      case P.COMMON_NUM_QUEUES:
        return bus.queues.length;
      case P.COMMON_DEVICE_STATUS:
        return bus.status;
      case P.COMMON_CONFIG_GENERATION:
        return bus.configGeneration & 0xff;
      case P.COMMON_QUEUE_SELECT:
        return this.queueSelect;
      default:
        return queue === null ? this.absentQueue(offset) : this.readQueue(queue, offset);
    }
  }

  /** Size 0 says that there is no such queue (4.1.4.3.1). */
  private absentQueue(offset: number): number {
    return offset === P.COMMON_QUEUE_MSIX_VECTOR ? P.VIRTIO_MSI_NO_VECTOR : 0;
  }

  private readQueue(queue: Virtqueue, offset: number): number {
    switch (offset) {
      case P.COMMON_QUEUE_SIZE:
        return queue.size;
      case P.COMMON_QUEUE_MSIX_VECTOR:
        return this.transport.interrupts.queueVector(queue);
      case P.COMMON_QUEUE_ENABLE:
        return queue.ready ? 1 : 0;
      case P.COMMON_QUEUE_NOTIFY_OFF:
      case P.COMMON_QUEUE_NOTIF_CONFIG_DATA:
        return queue.index;
      case P.COMMON_QUEUE_RESET:
        // A reset is complete when the write that asked for it returns.
        return 0;
      default: {
        const area = addressOf(queue, offset);
        return (offset & 4) === 0 ? area.low : area.high;
      }
    }
  }

  write(offset: number, size: number, value: number): void {
    const { bus } = this.transport;
    if (WIDTHS.get(offset) !== size) {
      bus.log.guestError(
        "virtio-pci: common configuration written with another width",
        `${size} bytes at ${hex(offset)} = ${hex(value >>> 0)}`,
      );
      return;
    }
    switch (offset) {
      case P.COMMON_DEVICE_FEATURE_SELECT:
        this.deviceFeatureSelect = value;
        break;
      case P.COMMON_DRIVER_FEATURE_SELECT:
        this.driverFeatureSelect = value;
        break;
      case P.COMMON_DRIVER_FEATURE:
        bus.setDriverFeatures(this.driverFeatureSelect, value);
        break;
      case P.COMMON_CONFIG_MSIX_VECTOR:
        this.transport.interrupts.configVector = value;
        break;
      case P.COMMON_DEVICE_STATUS:
        bus.writeStatus(value);
        break;
      case P.COMMON_QUEUE_SELECT:
        this.queueSelect = value;
        break;
      default:
        this.writeQueueRegister(offset, value);
    }
  }

  private writeQueueRegister(offset: number, value: number): void {
    const { queue, transport } = this;
    if (queue === null) return this.ignored(offset, value);
    switch (offset) {
      case P.COMMON_QUEUE_MSIX_VECTOR:
        transport.interrupts.setQueueVector(queue, value);
        break;
      case P.COMMON_QUEUE_ENABLE:
        // Only a reset disables a queue (4.1.4.3.2).
        if (value === 1 && !queue.ready) transport.bus.enableQueue(queue);
        else if (value !== 1) this.ignored(offset, value);
        break;
      case P.COMMON_QUEUE_RESET:
        if (value === 1 && transport.bus.has(VIRTIO_F_RING_RESET)) transport.resetQueue(queue);
        else this.ignored(offset, value);
        break;
      case P.COMMON_QUEUE_SIZE:
        if (queue.ready) this.ignored(offset, value);
        else queue.size = value;
        break;
      case P.COMMON_QUEUE_DESC:
      case P.COMMON_QUEUE_DESC + 4:
      case P.COMMON_QUEUE_DRIVER:
      case P.COMMON_QUEUE_DRIVER + 4:
      case P.COMMON_QUEUE_DEVICE:
      case P.COMMON_QUEUE_DEVICE + 4:
        if (queue.ready) this.ignored(offset, value);
        else if ((offset & 4) === 0) addressOf(queue, offset).low = value;
        else addressOf(queue, offset).high = value;
        break;
      default:
        this.ignored(offset, value);
    }
  }

  private ignored(offset: number, value: number): void {
    const { bus } = this.transport;
    const what = `${hex(offset)} = ${hex(value >>> 0)}, queue ${this.queueSelect}`;
    bus.log.guestError(`${bus.place}: queue register ignored`, what);
  }

  private get queue(): Virtqueue | null {
    return this.transport.bus.queue(this.queueSelect);
  }

  reset(): void {
    this.deviceFeatureSelect = 0;
    this.driverFeatureSelect = 0;
    this.queueSelect = 0;
  }

  save(): unknown {
    const { deviceFeatureSelect, driverFeatureSelect, queueSelect } = this;
    return { deviceFeatureSelect, driverFeatureSelect, queueSelect };
  }

  load(state: StateReader): void {
    this.deviceFeatureSelect = state.integer("deviceFeatureSelect", 0, 0xffff_ffff);
    this.driverFeatureSelect = state.integer("driverFeatureSelect", 0, 0xffff_ffff);
    this.queueSelect = state.integer("queueSelect", 0, 0xffff);
  }
}

function addressOf(queue: Virtqueue, offset: number): Address {
  if (offset < P.COMMON_QUEUE_DRIVER) return queue.desc;
  return offset < P.COMMON_QUEUE_DEVICE ? queue.driver : queue.device;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
