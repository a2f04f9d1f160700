/** The driver's side of virtio over PCI: enumeration, then the modern interface, the legacy one, or PCI_CFG alone. */
import { PciHostBridge } from "../../pci/host-bridge.ts";
import { Features } from "../features.ts";
import * as P from "../spec/pci.ts";
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

export const PCI_MEMORY_BASE = 0x1000_0000;
export const PCI_HIGH_MEMORY_BASE = 0x80_0000_0000;
/** The driver's messages: vector n writes MESSAGE_DATA + n here. */
const MESSAGE_ADDRESS = 0x0802_0040;
const MESSAGE_DATA = 80;
const CONFIG_VECTOR = 0;
const QUEUE_VECTOR = 1;

/** A message that arrived. */
interface Message {
  readonly requesterId: number;
  readonly address: number;
  readonly data: number;
}

/** A host bridge with a bus behind it, as a board would wire them. */
export class TestPci {
  readonly bridge: PciHostBridge;
  readonly messages: Message[] = [];
  readonly memory: ReturnType<PciHostBridge["memoryWindow"]>;
  readonly highMemory: ReturnType<PciHostBridge["memoryWindow"]>;

  /** `line` is the wire of the first slot's INTA. */
  constructor(line: TestLine) {
    this.bridge = new PciHostBridge({
      setLine: (number, level) => {
        if (number === 1) line.set(level);
      },
      message: (requesterId, low, high, data) => {
        this.messages.push({ requesterId, address: high * 2 ** 32 + low, data });
      },
    });
    this.memory = this.bridge.memoryWindow(PCI_MEMORY_BASE);
    this.highMemory = this.bridge.memoryWindow(PCI_HIGH_MEMORY_BASE);
  }
}

type Size = 1 | 2 | 4;

/** How a driver goes about it. */
export interface PciDriverOptions {
  readonly legacy: boolean;
  readonly msix: boolean;
  /** Nothing but configuration space is used: the function's windows stay off. */
  readonly configOnly: boolean;
}

/** Where a structure is. */
interface Place {
  readonly bar: number;
  readonly offset: number;
  readonly length: number;
}

export class PciDriver implements DriverTransport {
  readonly name: string;
  readonly legacy: boolean;
  readonly messages: boolean;
  readonly ram: GuestRam;
  readonly pci: TestPci;
  readonly options: PciDriverOptions;
  private readonly line: TestLine;
  private readonly devfn: number;
  private readonly structures = new Map<number, Place>();
  private readonly bars: number[] = [];
  /** Size of the first I/O region. */
  private legacyBytes = 0;
  private msixCapability = 0;
  private notifyMultiplier = 0;
  private configCapability = 0;
  private vectorsSet = false;

  constructor(pci: TestPci, line: TestLine, ram: GuestRam, options: PciDriverOptions) {
    this.pci = pci;
    this.line = line;
    this.ram = ram;
    this.options = options;
    this.legacy = options.legacy;
    this.messages = options.msix;
    this.name = `pci ${options.legacy ? "legacy" : "modern"}`;
    this.devfn = this.find();
    this.assignBars();
    this.readCapabilities();
    // Bus master, and unless the windows are not to be used, memory and I/O.
    this.configWrite(4, 2, options.configOnly ? 4 : 7);
    if (options.msix) this.enableMsix();
  }

  // ---- Configuration space ----

  configRead(offset: number, size: Size): number {
    return this.pci.bridge.ecam.read((this.devfn << 12) + offset, size);
  }

  configWrite(offset: number, size: Size, value: number): void {
    this.pci.bridge.ecam.write((this.devfn << 12) + offset, size, value);
  }

  private find(): number {
    for (let devfn = 0; devfn < 256; ++devfn) {
      if (this.pci.bridge.ecam.read(devfn << 12, 2) === P.VIRTIO_PCI_VENDOR_ID) return devfn;
    }
    throw new Error("no virtio function on the bus");
  }

  /** Sizes every base address register by writing all ones, then gives it an address. */
  private assignBars(): void {
    let [io, memory, high] = [0x1000, PCI_MEMORY_BASE, PCI_HIGH_MEMORY_BASE];
    for (let index = 0; index < 6; ++index) {
      const at = 0x10 + 4 * index;
      this.configWrite(at, 4, 0xffff_ffff);
      const mask = this.configRead(at, 4);
      if (mask === 0) continue;
      const isIo = (mask & 1) === 1;
      const sizeBytes = (~(mask & (isIo ? ~3 : ~15)) >>> 0) + 1;
      const wide = !isIo && (mask & 6) === 4;
      const from = isIo ? io : wide ? high : memory;
      const base = Math.ceil(from / sizeBytes) * sizeBytes;
      if (isIo) io = base + sizeBytes;
      else if (wide) high = base + sizeBytes;
      else memory = base + sizeBytes;
      this.bars[index] = base;
      if (isIo && index === 0) this.legacyBytes = sizeBytes;
      this.configWrite(at, 4, base % 2 ** 32);
      if (wide) this.configWrite(0x10 + 4 * ++index, 4, Math.floor(base / 2 ** 32));
    }
  }

  private readCapabilities(): void {
    if ((this.configRead(6, 2) & 0x10) === 0) return;
    for (let at = this.configRead(0x34, 1); at !== 0; at = this.configRead(at + 1, 1)) {
      const id = this.configRead(at, 1);
      if (id === 0x11) this.msixCapability = at;
      if (id !== 0x09) continue;
      const type = this.configRead(at + P.PCI_CAP_CFG_TYPE, 1);
      const place = {
        bar: this.configRead(at + P.PCI_CAP_BAR, 1),
        offset: this.configRead(at + P.PCI_CAP_OFFSET, 4),
        length: this.configRead(at + P.PCI_CAP_LENGTH, 4),
      };
      if (type === P.VIRTIO_PCI_CAP_PCI_CFG) this.configCapability = at;
      else if (!this.structures.has(type)) {
        // The first of a kind is the preferred one.
        this.structures.set(type, place);
        if (type === P.VIRTIO_PCI_CAP_NOTIFY_CFG)
          this.notifyMultiplier = this.configRead(at + P.PCI_CAP_NOTIFY_OFF_MULTIPLIER, 4);
      }
    }
  }

  private enableMsix(): void {
    const { bar, offset } = this.msixTable();
    for (const vector of [CONFIG_VECTOR, QUEUE_VECTOR]) {
      const entry = offset + 16 * vector;
      this.barWrite(bar, entry, 4, MESSAGE_ADDRESS);
      this.barWrite(bar, entry + 4, 4, 0);
      this.barWrite(bar, entry + 8, 4, MESSAGE_DATA + vector);
      this.barWrite(bar, entry + 12, 4, 0);
    }
    this.setMsixControl(0x8000);
  }

  /** Where the MSI-X table is. */
  msixTable(): { bar: number; offset: number } {
    if (this.msixCapability === 0) throw new Error("the function has no MSI-X");
    const table = this.configRead(this.msixCapability + 4, 4);
    return { bar: table & 7, offset: table & ~7 };
  }

  /** Message Control: bit 15 enable, bit 14 function mask. */
  setMsixControl(value: number): void {
    this.configWrite(this.msixCapability + 2, 2, value);
  }

  // ---- Regions ----

  /** A load from a base address register, by the way that the options say. */
  barRead(bar: number, offset: number, size: Size): number {
    if (this.options.configOnly) return this.pciCfg(bar, offset, size);
    const { region, at } = this.window(bar, offset);
    return region.read(at, size);
  }

  barWrite(bar: number, offset: number, size: Size, value: number): void {
    if (this.options.configOnly) {
      this.pciCfg(bar, offset, size, value);
      return;
    }
    const { region, at } = this.window(bar, offset);
    region.write(at, size, value);
  }

  private window(bar: number, offset: number): { region: TestPci["memory"]; at: number } {
    const base = this.bars[bar];
    if (base === undefined) throw new Error(`the function has no base address register ${bar}`);
    if (base >= PCI_HIGH_MEMORY_BASE) {
      return { region: this.pci.highMemory, at: base - PCI_HIGH_MEMORY_BASE + offset };
    }
    if (base >= PCI_MEMORY_BASE) return { region: this.pci.memory, at: base - PCI_MEMORY_BASE + offset };
    return { region: this.pci.bridge.pio, at: base + offset };
  }

  /** An access through VIRTIO_PCI_CAP_PCI_CFG (4.1.4.9): a load, or with `value` a store. */
  pciCfg(bar: number, offset: number, size: number, value?: number): number {
    const at = this.configCapability;
    this.configWrite(at + P.PCI_CAP_BAR, 1, bar);
    this.configWrite(at + P.PCI_CAP_OFFSET, 4, offset);
    this.configWrite(at + P.PCI_CAP_LENGTH, 4, size);
    const data = at + P.PCI_CAP_PCI_CFG_DATA;
    const width = size === 1 || size === 2 ? size : 4;
    if (value === undefined) return this.configRead(data, width);
    this.configWrite(data, width, value);
    return 0;
  }

  /** The structure of that type. */
  structure(type: number): Place {
    const place = this.structures.get(type);
    if (place === undefined) throw new Error(`the function has no structure ${type}`);
    return place;
  }

  private read(type: number, offset: number, size: Size): number {
    const place = this.structure(type);
    return this.barRead(place.bar, place.offset + offset, size);
  }

  private write(type: number, offset: number, size: Size, value: number): void {
    const place = this.structure(type);
    this.barWrite(place.bar, place.offset + offset, size, value);
  }

  common(offset: number, size: Size): number {
    return this.read(P.VIRTIO_PCI_CAP_COMMON_CFG, offset, size);
  }

  setCommon(offset: number, size: Size, value: number): void {
    this.write(P.VIRTIO_PCI_CAP_COMMON_CFG, offset, size, value);
  }

  /** Registers of the legacy interface. */
  port(offset: number, size: Size): number {
    return this.barRead(0, offset, size);
  }

  setPort(offset: number, size: Size, value: number): void {
    this.barWrite(0, offset, size, value);
  }

  // ---- The driver ----

  deviceId(): number {
    const id = this.configRead(2, 2);
    return id >= P.VIRTIO_PCI_DEVICE_ID_BASE ? id - P.VIRTIO_PCI_DEVICE_ID_BASE : this.configRead(0x2e, 2);
  }

  reset(): void {
    this.writeStatus(0);
    this.vectorsSet = false;
  }

  status(): number {
    return this.legacy ? this.port(P.LEGACY_DEVICE_STATUS, 1) : this.common(P.COMMON_DEVICE_STATUS, 1);
  }

  setStatus(value: number): void {
    if (value !== 0) this.setConfigVector();
    this.writeStatus(value);
  }

  private writeStatus(value: number): void {
    if (this.legacy) this.setPort(P.LEGACY_DEVICE_STATUS, 1, value);
    else this.setCommon(P.COMMON_DEVICE_STATUS, 1, value);
  }

  private setConfigVector(): void {
    if (!this.options.msix || this.vectorsSet) return;
    this.vectorsSet = true;
    if (this.legacy) this.setPort(P.LEGACY_CONFIG_MSIX_VECTOR, 2, CONFIG_VECTOR);
    else this.setCommon(P.COMMON_CONFIG_MSIX_VECTOR, 2, CONFIG_VECTOR);
  }

  deviceFeatures(): Features {
    const features = new Features();
    if (this.legacy) features.setWord(0, this.port(P.LEGACY_DEVICE_FEATURES, 4));
    else
      for (let word = 0; word < 4; ++word) {
        this.setCommon(P.COMMON_DEVICE_FEATURE_SELECT, 4, word);
        features.setWord(word, this.common(P.COMMON_DEVICE_FEATURE, 4));
      }
    return features;
  }

  setDriverFeatures(features: Features): void {
    if (this.legacy) this.setPort(P.LEGACY_DRIVER_FEATURES, 4, features.word(0));
    else
      for (let word = 0; word < 4; ++word) {
        this.setCommon(P.COMMON_DRIVER_FEATURE_SELECT, 4, word);
        this.setCommon(P.COMMON_DRIVER_FEATURE, 4, features.word(word));
      }
  }

  private get legacyConfig(): number {
    return this.options.msix ? P.LEGACY_CONFIG_MSIX : P.LEGACY_CONFIG;
  }

  /** Through PCI_CFG and in I/O space in parts that are aligned. */
  readConfig(offset: number, size: Size): number {
    let value = 0;
    const part = offset % size === 0 ? size : 1;
    for (let index = 0; index < size; index += part) {
      value += this.readConfigPart(offset + index, part) * 2 ** (8 * index);
    }
    return value;
  }

  private readConfigPart(offset: number, size: Size): number {
    if (!this.legacy) return this.read(P.VIRTIO_PCI_CAP_DEVICE_CFG, offset, size);
    // Behind the region nothing of the device answers.
    const inside = this.legacyConfig + offset + size <= this.legacyBytes;
    return inside ? this.port(this.legacyConfig + offset, size) : 0;
  }

  writeConfig(offset: number, size: Size, value: number): void {
    if (this.legacy) this.setPort(this.legacyConfig + offset, size, value);
    else this.write(P.VIRTIO_PCI_CAP_DEVICE_CFG, offset, size, value);
  }

  selectQueue(index: number): void {
    if (this.legacy) this.setPort(P.LEGACY_QUEUE_SELECT, 2, index);
    else this.setCommon(P.COMMON_QUEUE_SELECT, 2, index);
  }

  queueSizeMax(index: number): number {
    this.selectQueue(index);
    return this.legacy ? this.port(P.LEGACY_QUEUE_SIZE, 2) : this.common(P.COMMON_QUEUE_SIZE, 2);
  }

  setupQueue(index: number, size: number): QueueSetup | null {
    const max = this.queueSizeMax(index);
    if (max === 0) return null;
    this.setConfigVector();
    if (this.options.msix) {
      if (this.legacy) this.setPort(P.LEGACY_QUEUE_MSIX_VECTOR, 2, QUEUE_VECTOR);
      else this.setCommon(P.COMMON_QUEUE_MSIX_VECTOR, 2, QUEUE_VECTOR);
    }
    return this.legacy ? this.setupLegacy(max) : this.setupModern(Math.min(size, max));
  }

  private setupModern(size: number): QueueSetup | null {
    const place = {
      desc: this.ram.alloc(ringBytes.desc(size), 16),
      driver: this.ram.alloc(ringBytes.driver(size), 2),
      device: this.ram.alloc(ringBytes.device(size), 4),
    };
    for (const area of ["desc", "driver", "device"] as const) {
      this.ram.bytes(place[area], ringBytes[area](size)).fill(0);
    }
    this.setCommon(P.COMMON_QUEUE_SIZE, 2, size);
    this.setAddresses(place.desc, place.driver, place.device);
    this.setCommon(P.COMMON_QUEUE_ENABLE, 2, 1);
    return this.common(P.COMMON_QUEUE_ENABLE, 2) === 1 ? { size, place } : null;
  }

  /** Writes the three addresses of the selected queue, all below 4 GiB. */
  setAddresses(desc: number, driver: number, device: number): void {
    const areas = [P.COMMON_QUEUE_DESC, P.COMMON_QUEUE_DRIVER, P.COMMON_QUEUE_DEVICE];
    [desc, driver, device].forEach((address, index) => {
      this.setCommon(areas[index] as number, 4, address);
      this.setCommon((areas[index] as number) + 4, 4, 0);
    });
  }

  /** The legacy interface has no way to choose a size. */
  private setupLegacy(size: number): QueueSetup | null {
    const shape = legacyPlace(0, size, P.LEGACY_PAGE_SIZE);
    const length = shape.device + ringBytes.device(size);
    const base = this.ram.alloc(length, P.LEGACY_PAGE_SIZE);
    this.ram.bytes(base, length).fill(0);
    this.setPort(P.LEGACY_QUEUE_ADDRESS, 4, base / P.LEGACY_PAGE_SIZE);
    const started = this.port(P.LEGACY_QUEUE_ADDRESS, 4) === base / P.LEGACY_PAGE_SIZE;
    return started ? { size, place: legacyPlace(base, size, P.LEGACY_PAGE_SIZE) } : null;
  }

  notify(index: number, position?: number): void {
    if (this.legacy) {
      this.setPort(P.LEGACY_QUEUE_NOTIFY, 2, index);
      return;
    }
    this.selectQueue(index);
    // What does not exist has no address; a hostile driver takes the one that it would have.
    const exists = this.common(P.COMMON_QUEUE_SIZE, 2) !== 0;
    const off = exists ? this.common(P.COMMON_QUEUE_NOTIFY_OFF, 2) : index % 1024;
    const at = off * this.notifyMultiplier;
    if (position === undefined) this.write(P.VIRTIO_PCI_CAP_NOTIFY_CFG, at, 2, index & 0xffff);
    else this.write(P.VIRTIO_PCI_CAP_NOTIFY_CFG, at, 4, notificationOf(index, position));
  }

  takeInterrupts(): Interrupts {
    return this.options.msix ? this.takeMessages() : this.takeIsr();
  }

  private takeMessages(): Interrupts {
    if (this.line.level) throw new Error("the interrupt pin is used while MSI-X is on");
    const vectors = this.pci.messages.splice(0).map(({ requesterId, address, data }) => {
      if (requesterId !== this.devfn || address !== MESSAGE_ADDRESS) throw new Error("a message of somebody else");
      return data - MESSAGE_DATA;
    });
    return { used: vectors.includes(QUEUE_VECTOR), config: vectors.includes(CONFIG_VECTOR) };
  }

  private takeIsr(): Interrupts {
    const level = this.line.level;
    const pending = (this.configRead(6, 2) & 8) !== 0;
    const isr = this.legacy ? this.port(P.LEGACY_ISR_STATUS, 1) : this.read(P.VIRTIO_PCI_CAP_ISR_CFG, 0, 1);
    if (level !== (isr !== 0) || pending !== level) throw new Error("the interrupt pin does not follow the ISR status");
    if (this.line.level) throw new Error("the interrupt pin stays up after the ISR status was read");
    return { used: (isr & P.PCI_ISR_QUEUE) !== 0, config: (isr & P.PCI_ISR_CONFIG) !== 0 };
  }
}
