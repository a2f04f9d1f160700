/** A machine with one virtio transport in a box: real ring walker, real devices, and a driver made by the test. */
import type { BlockBackend, CharBackend, EntropySource, NetBackend } from "../backends.ts";
import type { BusEnvironment } from "../bus.ts";
import type { DeviceDefinition } from "../definition.ts";
import type { Clock, DeviceLog, IrqLine, Timers } from "../environment.ts";
import { Features } from "../features.ts";
import type { FileTree } from "../file-tree.ts";
import type { PropertyValue } from "../properties.ts";
import { type CreatedDevice, createDevice, type DeviceContext } from "../registry.ts";
import type { RingEngine } from "../ring-engine.ts";
import {
  VIRTIO_F_EVENT_IDX,
  VIRTIO_F_IN_ORDER,
  VIRTIO_F_INDIRECT_DESC,
  VIRTIO_F_NOTIFICATION_DATA,
  VIRTIO_F_NOTIFY_ON_EMPTY,
  VIRTIO_F_RING_PACKED,
} from "../spec/features.ts";
import { STATUS_ACKNOWLEDGE, STATUS_DRIVER, STATUS_DRIVER_OK, STATUS_FEATURES_OK } from "../spec/status.ts";
import { VirtioCcw } from "../transport/ccw/ccw.ts";
import { VirtioMmio } from "../transport/mmio.ts";
import { VirtioPci } from "../transport/pci/pci.ts";
import type { VirtioTransport } from "../transport/transport.ts";
import { CcwDriver, TestChannels } from "./ccw-driver.ts";
import { type ChainStyle, type DriverBuffer, DriverRing, type RingDriver, type UsedElement } from "./driver-ring.ts";
import type { DriverTransport } from "./driver-transport.ts";
import { loadRingEngine } from "./engine.ts";
import { GuestRam } from "./guest-ram.ts";
import { type Face, faceOf, noteCell, type RingConfiguration, ringKinds, type TransportName } from "./matrix.ts";
import { MmioDriver } from "./mmio-driver.ts";
import { PackedDriverRing } from "./packed-driver-ring.ts";
import { PciDriver, type PciDriverOptions, TestPci } from "./pci-driver.ts";
import { S390_PAGES, S390Driver, TestHypervisor } from "./s390-driver.ts";

export {
  type Configuration,
  MATRIX,
  PACKED_TRANSPORTS,
  type RingConfiguration,
  type TransportName,
  TRANSPORTS,
} from "./matrix.ts";

export class TestLine implements IrqLine {
  level = false;
  edges = 0;

  set(level: boolean): void {
    if (level && !this.level) this.edges += 1;
    this.level = level;
  }
}

export class TestLog implements DeviceLog {
  readonly guestErrors: string[] = [];
  readonly hostErrors: string[] = [];

  guestError(place: string, detail: string): void {
    this.guestErrors.push(`${place}: ${detail}`);
  }

  hostError(place: string, detail: string): void {
    this.hostErrors.push(`${place}: ${detail}`);
  }
}

/** Time that stands still until the test moves it. */
export class TestClock implements Clock, Timers {
  private now = 0;
  private readonly waiting: { at: number; callback: () => void }[] = [];

  nowMs(): number {
    return this.now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.now + delayMs, callback };
    this.waiting.push(timer);
    return () => {
      const index = this.waiting.indexOf(timer);
      if (index >= 0) this.waiting.splice(index, 1);
    };
  }

  advance(ms: number): void {
    this.now += ms;
    for (const timer of this.waiting.filter(({ at }) => at <= this.now)) {
      this.waiting.splice(this.waiting.indexOf(timer), 1);
      timer.callback();
    }
  }
}

export interface Backends {
  readonly block?: BlockBackend;
  /** Drives by their ids. */
  readonly disks?: Readonly<Record<string, BlockBackend>>;
  readonly char?: Readonly<Record<string, CharBackend>>;
  readonly entropy?: EntropySource;
  readonly net?: NetBackend;
  readonly files?: FileTree;
}

export interface HarnessOptions {
  readonly backends?: Backends;
  readonly ramBytes?: number;
  /** Kinds of devices that the registry does not have. */
  readonly devices?: readonly DeviceDefinition[];
  /** An engine to use instead of a fresh one. */
  readonly engine?: RingEngine;
}

export class Harness {
  readonly engine: RingEngine;
  readonly ram: GuestRam;
  readonly log = new TestLog();
  readonly clock = new TestClock();
  readonly line = new TestLine();
  readonly transport: VirtioTransport;
  /** May be replaced by another one of the same device. */
  driver: DriverTransport;
  readonly created: CreatedDevice;
  readonly context: DeviceContext;
  private readonly rings = new Map<number, RingDriver>();
  private readonly face: TransportName;
  /** Name of the device without a transport. */
  private readonly kind: string;
  /** VIRTIO_F_NOTIFICATION_DATA was taken. */
  private notificationData = false;

  constructor(
    transport: TransportName,
    device: string,
    properties: Readonly<Record<string, PropertyValue>>,
    options: HarnessOptions = {},
  ) {
    this.face = transport;
    this.kind = device;
    this.engine = options.engine ?? loadRingEngine(options.ramBytes ?? 0x40_0000);
    this.ram = new GuestRam(this.engine, S390_PAGES * 4096);
    const backends = options.backends ?? {};
    const pci = new TestPci(this.line);
    let hypervisor: TestHypervisor | null = null;
    let channels: TestChannels | null = null;
    const environment: BusEnvironment = { engine: this.engine, log: this.log, clock: this.clock };
    this.context = {
      machineVersion: "1.0",
      defaultTransport: "mmio",
      clock: this.clock,
      timers: this.clock,
      created: [],
      devices: options.devices ?? [],
      block: (id) => backends.disks?.[id] ?? (id === "disk" ? (backends.block ?? null) : null),
      char: (id) => backends.char?.[id] ?? null,
      entropy: () => backends.entropy ?? null,
      net: (id) => (id === "net" ? (backends.net ?? null) : null),
      files: (id) => (id === "files" ? (backends.files ?? null) : null),
      macAddress: (wanted) => wanted ?? Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56),
      transport: (request) => {
        if (request.kind === "s390") return (hypervisor ??= new TestHypervisor(environment, this.ram)).add();
        if (request.kind === "mmio") return new VirtioMmio({ ...environment, irq: this.line }, request);
        if (request.kind === "ccw") {
          return new VirtioCcw((channels ??= new TestChannels(this.engine)).css, environment, request.options);
        }
        const made = new VirtioPci(environment, request.options);
        pci.bridge.bus.attach(made.function, request.address);
        return made;
      },
    };
    const face = faceOf(transport);
    this.created = createDevice(
      device + face.suffix,
      { ...ringProperties(face), ...face.properties, ...properties },
      this.context,
    );
    this.transport = this.created.transport;
    if (this.transport instanceof VirtioMmio) this.driver = new MmioDriver(this.transport, this.line, this.ram);
    else if (hypervisor !== null) this.driver = new S390Driver(hypervisor, this.ram);
    else if (channels !== null) this.driver = new CcwDriver(channels, this.ram, face.revision ?? 0, this.transport.bus);
    else this.driver = new PciDriver(pci, this.line, this.ram, face.pci as PciDriverOptions);
  }

  /** Features to acknowledge: all that are offered, less the ring features that a configuration leaves out. */
  chooseFeatures(configuration: RingConfiguration, without: readonly number[] = []): Features {
    const features = new Features();
    features.assign(this.driver.deviceFeatures());
    // Linux never takes it, and it would hide what interrupt suppression does.
    features.remove(VIRTIO_F_NOTIFY_ON_EMPTY);
    if (configuration.packed !== true) features.remove(VIRTIO_F_RING_PACKED);
    if (configuration.inOrder !== true) features.remove(VIRTIO_F_IN_ORDER);
    if (configuration.notificationData !== true) features.remove(VIRTIO_F_NOTIFICATION_DATA);
    if (!configuration.eventIdx) features.remove(VIRTIO_F_EVENT_IDX);
    if (configuration.style === "direct") features.remove(VIRTIO_F_INDIRECT_DESC);
    for (const bit of without) features.remove(bit);
    return features;
  }

  /** Brings the device up as 3.1.1 says, with `queues` queues of `size` descriptors each. */
  start(
    configuration: RingConfiguration,
    queues: readonly number[] = [0],
    { size = 32, without = [] }: { size?: number; without?: readonly number[] } = {},
  ): void {
    const { driver } = this;
    noteCell({ device: this.kind, transport: this.face, rings: ringKinds(configuration) });
    driver.reset();
    driver.setStatus(STATUS_ACKNOWLEDGE);
    driver.setStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    const features = this.chooseFeatures(configuration, without);
    driver.setDriverFeatures(features);
    this.notificationData = features.has(VIRTIO_F_NOTIFICATION_DATA);
    let status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    if (!driver.legacy) {
      status |= STATUS_FEATURES_OK;
      driver.setStatus(status);
      if ((driver.status() & STATUS_FEATURES_OK) === 0) throw new Error("the device refused its own features");
    }
    for (const index of queues) this.setup(index, configuration, size);
    driver.setStatus(status | STATUS_DRIVER_OK);
  }

  /** Sets up one queue. */
  setup(index: number, { eventIdx, packed }: Omit<RingConfiguration, "style">, size = 32): RingDriver {
    const setup = this.driver.setupQueue(index, size);
    if (setup === null) throw new Error(`queue ${index} was refused`);
    const Ring = packed === true ? PackedDriverRing : DriverRing;
    const ring = new Ring(this.ram, setup.size, setup.place, eventIdx);
    this.rings.set(index, ring);
    return ring;
  }

  /** The driver's side of a queue that `start` has set up. */
  ring(index = 0): RingDriver {
    const ring = this.rings.get(index);
    if (ring === undefined) throw new Error(`queue ${index} is not set up`);
    return ring;
  }

  /** The same of a queue that is a split ring. */
  splitRing(index = 0): DriverRing {
    const ring = this.ring(index);
    if (!(ring instanceof DriverRing)) throw new Error(`queue ${index} is no split ring`);
    return ring;
  }

  /** Goes on as the driver of `other`, whose guest has moved into this machine. */
  adopt(other: Harness): void {
    this.ram.adopt(other.ram);
    for (const [index, ring] of other.rings) this.rings.set(index, ring.moveTo(this.ram));
  }

  /** Adds a chain and notifies if the device wants that. */
  send(buffers: readonly DriverBuffer[], style: ChainStyle, queue = 0): number {
    const head = this.ring(queue).add(buffers, style);
    if (this.ring(queue).mustKick()) this.kick(queue);
    return head;
  }

  /** Notifies the device, with how far the driver is where that was negotiated. */
  kick(queue = 0): void {
    if (this.notificationData) this.driver.notify(queue, this.ring(queue).position);
    else this.driver.notify(queue);
  }

  /** Lets promises of the backends settle until the ring has a used element. */
  async receive(queue = 0): Promise<UsedElement> {
    for (let turn = 0; turn < 200; ++turn) {
      const element = this.ring(queue).take();
      if (element !== null) return element;
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`nothing came back on queue ${queue}`);
  }

  /** Sends a chain and waits for it. */
  async transact(buffers: readonly DriverBuffer[], style: ChainStyle, queue = 0): Promise<UsedElement> {
    this.send(buffers, style, queue);
    return await this.receive(queue);
  }

  /** A device-readable buffer that holds `bytes`. */
  out(bytes: Uint8Array | readonly number[]): DriverBuffer {
    const content = Uint8Array.from(bytes);
    return { address: this.ram.place(content), length: content.length, write: false };
  }

  /** A device-writable buffer, filled with a pattern so that bytes that were not written show. */
  in(length: number): DriverBuffer {
    const address = this.ram.alloc(Math.max(1, length));
    this.ram.bytes(address, length).fill(0xee);
    return { address, length, write: true };
  }

  /** What is in a buffer. */
  content(buffer: DriverBuffer): Uint8Array {
    return this.ram.bytes(buffer.address, buffer.length).slice();
  }
}

/** Which ways of using rings there are is up to the driver: everything is offered (see chooseFeatures). */
function ringProperties({ modern }: Face): Readonly<Record<string, boolean>> {
  return modern ? { packed: true, in_order: true, notification_data: true } : {};
}
