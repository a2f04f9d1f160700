/** The driver's side of virtio over MMIO, version 2 and version 1. */
import { Features } from "../features.ts";
import * as R from "../spec/mmio.ts";
import type { VirtioMmio } from "../transport/mmio.ts";
import {
  type DriverTransport,
  type Interrupts,
  legacyPlace,
  notificationOf,
  type QueueSetup,
  ringBytes,
} from "./driver-transport.ts";
import type { GuestRam } from "./guest-ram.ts";
import type { TestLine } from "./harness.ts";

const PAGE_SIZE = 4096;

export class MmioDriver implements DriverTransport {
  readonly name: string;
  readonly legacy: boolean;
  readonly messages = false;
  readonly ram: GuestRam;
  readonly window: VirtioMmio;
  private readonly line: TestLine;

  constructor(window: VirtioMmio, line: TestLine, ram: GuestRam) {
    this.window = window;
    this.line = line;
    this.ram = ram;
    if (this.read(R.MMIO_MAGIC_VALUE) !== 0x74726976) throw new Error("no virtio-mmio window");
    this.legacy = this.read(R.MMIO_VERSION) === 1;
    this.name = this.legacy ? "mmio v1" : "mmio v2";
    if (this.legacy) this.write(R.MMIO_GUEST_PAGE_SIZE, PAGE_SIZE);
  }

  read(offset: number): number {
    return this.window.read(offset, 4);
  }

  write(offset: number, value: number): void {
    this.window.write(offset, 4, value);
  }

  deviceId(): number {
    return this.read(R.MMIO_DEVICE_ID);
  }

  /** In Linux's order: the page size comes before the reset. */
  reset(): void {
    if (this.legacy) this.write(R.MMIO_GUEST_PAGE_SIZE, PAGE_SIZE);
    this.write(R.MMIO_STATUS, 0);
  }

  status(): number {
    return this.read(R.MMIO_STATUS);
  }

  setStatus(value: number): void {
    this.write(R.MMIO_STATUS, value);
  }

  deviceFeatures(): Features {
    const features = new Features();
    for (let word = 0; word < (this.legacy ? 1 : 4); ++word) {
      this.write(R.MMIO_DEVICE_FEATURES_SEL, word);
      features.setWord(word, this.read(R.MMIO_DEVICE_FEATURES));
    }
    return features;
  }

  setDriverFeatures(features: Features): void {
    for (let word = 0; word < (this.legacy ? 1 : 4); ++word) {
      this.write(R.MMIO_DRIVER_FEATURES_SEL, word);
      this.write(R.MMIO_DRIVER_FEATURES, features.word(word));
    }
  }

  readConfig(offset: number, size: 1 | 2 | 4): number {
    return this.window.read(R.MMIO_CONFIG + offset, size);
  }

  writeConfig(offset: number, size: 1 | 2 | 4, value: number): void {
    this.window.write(R.MMIO_CONFIG + offset, size, value);
  }

  queueSizeMax(index: number): number {
    this.write(R.MMIO_QUEUE_SEL, index);
    return this.read(R.MMIO_QUEUE_SIZE_MAX);
  }

  setupQueue(index: number, size: number): QueueSetup | null {
    const max = this.queueSizeMax(index);
    if (max === 0) return null;
    const actual = Math.min(size, max);
    this.write(R.MMIO_QUEUE_SIZE, actual);
    if (this.legacy) return this.setupLegacy(actual);
    const place = {
      desc: this.ram.alloc(ringBytes.desc(actual), 16),
      driver: this.ram.alloc(ringBytes.driver(actual), 4),
      device: this.ram.alloc(ringBytes.device(actual), 4),
    };
    for (const area of ["desc", "driver", "device"] as const) {
      this.ram.bytes(place[area], ringBytes[area](actual)).fill(0);
    }
    this.setAddresses(place.desc, place.driver, place.device);
    this.write(R.MMIO_QUEUE_READY, 1);
    return this.read(R.MMIO_QUEUE_READY) === 1 ? { size: actual, place } : null;
  }

  /** Writes the three addresses of the selected queue, all below 4 GiB. */
  setAddresses(desc: number, driver: number, device: number): void {
    this.write(R.MMIO_QUEUE_DESC_LOW, desc);
    this.write(R.MMIO_QUEUE_DESC_HIGH, 0);
    this.write(R.MMIO_QUEUE_DRIVER_LOW, driver);
    this.write(R.MMIO_QUEUE_DRIVER_HIGH, 0);
    this.write(R.MMIO_QUEUE_DEVICE_LOW, device);
    this.write(R.MMIO_QUEUE_DEVICE_HIGH, 0);
  }

  private setupLegacy(size: number): QueueSetup | null {
    const shape = legacyPlace(0, size, PAGE_SIZE);
    const length = shape.device + ringBytes.device(size);
    const base = this.ram.alloc(length, PAGE_SIZE);
    this.ram.bytes(base, length).fill(0);
    this.write(R.MMIO_QUEUE_ALIGN, PAGE_SIZE);
    this.write(R.MMIO_QUEUE_PFN, base / PAGE_SIZE);
    const started = this.read(R.MMIO_QUEUE_PFN) === base / PAGE_SIZE;
    return started ? { size, place: legacyPlace(base, size, PAGE_SIZE) } : null;
  }

  notify(index: number, position?: number): void {
    this.write(R.MMIO_QUEUE_NOTIFY, position === undefined ? index : notificationOf(index, position));
  }

  takeInterrupts(): Interrupts {
    const status = this.read(R.MMIO_INTERRUPT_STATUS);
    if (this.line.level !== (status !== 0)) throw new Error("the interrupt line does not follow InterruptStatus");
    if (status !== 0) this.write(R.MMIO_INTERRUPT_ACK, status);
    if (this.line.level) throw new Error("the interrupt line stays up after the acknowledgement");
    return { used: (status & R.MMIO_INT_USED_BUFFER) !== 0, config: (status & R.MMIO_INT_CONFIG_CHANGE) !== 0 };
  }
}
