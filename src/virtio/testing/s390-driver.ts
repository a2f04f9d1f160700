/** The driver's side of the s390 page transport, and the hypervisor calls that connect it. */
import type { BusEnvironment } from "../bus.ts";
import { Features } from "../features.ts";
import { S390DevicePages, type VirtioS390 } from "../transport/s390.ts";
import { type DriverTransport, type Interrupts, legacyPlace, type QueueSetup } from "./driver-transport.ts";
import type { GuestRam } from "./guest-ram.ts";

/** Pages at the end of guest RAM that the devices are described in; 64 queues of 3 pages fit. */
export const S390_PAGES = 224;
const PAGE_SIZE = 4096;

interface External {
  readonly kind: number;
  readonly low: number;
  readonly high: number;
}

/** Carries calls one way and interrupts the other. */
export class TestHypervisor {
  readonly pagesGpa: number;
  readonly interrupts: External[] = [];
  private readonly pages: S390DevicePages;

  constructor(environment: BusEnvironment, ram: GuestRam) {
    this.pagesGpa = ram.end - S390_PAGES * PAGE_SIZE;
    this.pages = new S390DevicePages({
      ...environment,
      pagesGpa: this.pagesGpa,
      pageCount: S390_PAGES,
      raise: (kind, { low, high }) => this.interrupts.push({ kind, low, high }),
    });
  }

  add(): VirtioS390 {
    return this.pages.add();
  }

  call(subcode: number, argument: number): number {
    return this.pages.call(subcode, argument);
  }
}

/** Drives the first device in the pages. */
export class S390Driver implements DriverTransport {
  readonly name = "s390 pages";
  readonly legacy = true;
  readonly messages = true;
  readonly ram: GuestRam;
  readonly hypervisor: TestHypervisor;
  readonly descriptor: number;

  constructor(hypervisor: TestHypervisor, ram: GuestRam) {
    this.hypervisor = hypervisor;
    this.ram = ram;
    this.descriptor = hypervisor.pagesGpa;
    hypervisor.interrupts.length = 0;
  }

  private get queueCount(): number {
    return this.ram.u8(this.descriptor + 1);
  }

  private get featureBytes(): number {
    return this.ram.u8(this.descriptor + 2);
  }

  private queueEntry(index: number): number {
    return this.descriptor + 5 + 24 * index;
  }

  private get features(): number {
    return this.queueEntry(this.queueCount);
  }

  private get config(): number {
    return this.features + 2 * this.featureBytes;
  }

  private call(subcode: number, argument: number): void {
    const result = this.hypervisor.call(subcode, argument);
    if (result !== 0) throw new Error(`hypercall ${subcode} answered ${result}`);
  }

  deviceId(): number {
    return this.ram.u8(this.descriptor);
  }

  reset(): void {
    this.call(1, this.descriptor);
  }

  status(): number {
    return this.ram.u8(this.descriptor + 4);
  }

  setStatus(value: number): void {
    this.ram.setU8(this.descriptor + 4, value);
    this.call(2, this.descriptor);
  }

  deviceFeatures(): Features {
    const features = new Features();
    features.setWord(0, this.ram.u32(this.features));
    return features;
  }

  setDriverFeatures(features: Features): void {
    this.ram.setU32(this.features + this.featureBytes, features.word(0));
  }

  readConfig(offset: number, size: 1 | 2 | 4): number {
    let value = 0;
    for (let index = 0; index < size; ++index) {
      const inside = offset + index < this.ram.u8(this.descriptor + 3);
      if (inside) value += this.ram.u8(this.config + offset + index) * 2 ** (8 * index);
    }
    return value;
  }

  /** Takes effect with the next call; the status as it is makes one. */
  writeConfig(offset: number, size: 1 | 2 | 4, value: number): void {
    for (let index = 0; index < size; ++index)
      this.ram.setU8(this.config + offset + index, (value >>> (8 * index)) & 0xff);
    if (this.status() !== 0) this.call(2, this.descriptor);
  }

  private bigEndian(gpa: number, bytes: number): number {
    let value = 0;
    for (let index = 0; index < bytes; ++index) value = value * 256 + this.ram.u8(gpa + index);
    return value;
  }

  queueSizeMax(index: number): number {
    return index < this.queueCount ? this.bigEndian(this.queueEntry(index) + 16, 2) : 0;
  }

  /** The device has placed and started the rings already; the driver leaves its token. */
  setupQueue(index: number, _size: number): QueueSetup | null {
    const size = this.queueSizeMax(index);
    if (size === 0) return null;
    const entry = this.queueEntry(index);
    this.ram.bytes(entry, 8).set([0xa5, 0, 0, 0, 0, 0, 0x51, index * 2]);
    return { size, place: legacyPlace(this.bigEndian(entry + 8, 8), size, PAGE_SIZE) };
  }

  notify(index: number): void {
    this.call(0, this.bigEndian(this.queueEntry(index) + 8, 8));
  }

  takeInterrupts(): Interrupts {
    const taken = this.hypervisor.interrupts.splice(0);
    for (const { kind, low, high } of taken) {
      const known = kind !== 0 || (high === 0xa500_0000 && low >>> 8 === 0x51);
      if (!known) throw new Error("a ring interrupt without the driver's token");
    }
    return { used: taken.some(({ kind }) => kind === 0), config: taken.some(({ kind }) => kind === 1) };
  }
}
