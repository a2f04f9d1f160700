/**
 * The s390 page transport: no registers at all. Devices are described in pages of guest memory, where the device side
 * also places the rings; the driver calls the hypervisor, the device answers with an interrupt that carries a token.
 */
import { type BusEnvironment, VirtioBus } from "../bus.ts";
import * as S from "../spec/s390.ts";
import { AVAIL_OVERHEAD, DESC_SIZE, USED_ELEM_SIZE, USED_OVERHEAD } from "../spec/ring.ts";
import { type SavedState, StateReader } from "../state.ts";
import type { Address, Virtqueue } from "../virtqueue.ts";
import { writeConfigDifferences } from "./config-differences.ts";
import { placeLegacyRing } from "./legacy-rings.ts";
import { ringFeatures } from "./ring-features.ts";
import type { VirtioTransport } from "./transport.ts";

/** The external interrupt: a VIRTIO_PARAM_* kind and the 64-bit parameter that the driver chose. */
export type RaiseExternal = (kind: number, parameter: Address) => void;

/** What the device pages are built with. */
export interface S390Environment extends BusEnvironment {
  readonly raise: RaiseExternal;
  /** Guest physical address of the pages, 4 KiB aligned, and how many there are; all of it RAM. */
  readonly pagesGpa: number;
  readonly pageCount: number;
}

/** The pages with all devices of a machine, and the hypervisor's side of the calls. The first page holds descriptors. */
export class S390DevicePages {
  readonly environment: S390Environment;
  private readonly transports: VirtioS390[] = [];
  private nextDescriptor: number;
  private nextRing: number;

  constructor(environment: S390Environment) {
    this.environment = environment;
    this.nextDescriptor = environment.pagesGpa;
    this.nextRing = environment.pagesGpa + S.S390_PAGE_SIZE;
  }

  /** A transport for one device; its descriptor appears when the device is plugged. */
  add(): VirtioS390 {
    const transport = new VirtioS390(this);
    this.transports.push(transport);
    return transport;
  }

  /** Takes `length` bytes of the descriptor page. */
  allocateDescriptor(length: number): number {
    const gpa = this.nextDescriptor;
    this.nextDescriptor += length;
    // One zero byte has to follow the last descriptor.
    if (this.nextDescriptor >= this.environment.pagesGpa + S.S390_PAGE_SIZE) {
      throw new Error("the s390 descriptor page is full");
    }
    return gpa;
  }

  /** Takes whole pages for a ring of `length` bytes. */
  allocateRing(length: number): number {
    const gpa = this.nextRing;
    this.nextRing += Math.ceil(length / S.S390_PAGE_SIZE) * S.S390_PAGE_SIZE;
    if (this.nextRing > this.environment.pagesGpa + this.environment.pageCount * S.S390_PAGE_SIZE) {
      throw new Error("the s390 device pages are full");
    }
    return gpa;
  }

  /** The hypercall (diagnose 500): returns 0, or -22 (EINVAL) for a call or an address that does not exist. */
  call(subcode: number, argument: number): number {
    for (const transport of this.transports) if (transport.call(subcode, argument)) return 0;
    this.environment.log.guestError("virtio-s390: hypercall refused", `${subcode} with 0x${argument.toString(16)}`);
    return -22;
  }
}

class VirtioS390Bus extends VirtioBus {
  readonly mode = "legacy";
  readonly transportFeatures = ringFeatures("legacy");
  private readonly transport: VirtioS390;

  constructor(transport: VirtioS390, environment: BusEnvironment) {
    super(environment);
    this.transport = transport;
  }

  protected signal(queue: Virtqueue | null): void {
    this.transport.interrupt(queue);
  }

  protected override onPlugged(): void {
    this.transport.onPlugged();
  }

  protected override onReset(): void {
    this.transport.onBusReset();
  }
}

const STATE_NAME = "virtio-s390";
const STATE_VERSION = 1;

interface S390State extends SavedState {
  readonly descriptor: number;
  readonly rings: readonly { readonly address: number }[];
  readonly bus: unknown;
}

/** One device in the pages. Of what the driver may write, only status, driver features, tokens and configuration count. */
export class VirtioS390 implements VirtioTransport {
  readonly kind = "s390";
  readonly bus: VirtioBus;
  private readonly pages: S390DevicePages;
  /** Guest physical addresses of the descriptor and of each queue's ring; the device's own copies. */
  private descriptor = 0;
  private rings: number[] = [];
  /** Configuration bytes as they were last written to the page. */
  private shown: number[] = [];

  constructor(pages: S390DevicePages) {
    this.pages = pages;
    this.bus = new VirtioS390Bus(this, pages.environment);
  }

  private get configBytes(): number {
    return this.bus.device?.config.save().length ?? 0;
  }

  private queueEntry(index: number): number {
    return this.descriptor + S.S390_DEV_CONFIG + index * S.S390_VQCONFIG_SIZE;
  }

  private get featuresAt(): number {
    return this.queueEntry(this.rings.length);
  }

  private get configAt(): number {
    return this.featuresAt + 2 * S.S390_FEATURE_BYTES;
  }

  /** Called by the bus: the device gets its place in the pages. */
  onPlugged(): void {
    const { queues } = this.bus;
    if (queues.length > 0xff || this.configBytes > 0xff) throw new Error("the device does not fit an s390 descriptor");
    this.rings = queues.map((queue) => this.pages.allocateRing(ringLength(queue.sizeMax)));
    const length =
      S.S390_DEV_CONFIG + queues.length * S.S390_VQCONFIG_SIZE + 2 * S.S390_FEATURE_BYTES + this.configBytes;
    this.descriptor = this.pages.allocateDescriptor(length);
    this.bus.reset();
    this.pages.environment.raise(S.VIRTIO_PARAM_DEV_ADD, { low: this.descriptor, high: 0 });
  }

  /** Called by the bus: the description is written anew, and the rings start empty at their fixed places. */
  onBusReset(): void {
    if (this.descriptor === 0) return;
    const { queues } = this.bus;
    this.rings.forEach((gpa, index) => {
      const queue = queues[index];
      if (queue === undefined) return;
      this.fill(gpa, ringLength(queue.size));
      placeLegacyRing(queue, gpa, S.S390_PAGE_SIZE);
      this.bus.enableQueue(queue);
      this.writeBigEndian(this.queueEntry(index) + S.S390_VQCONFIG_ADDRESS, 8, gpa);
      this.writeBigEndian(this.queueEntry(index) + S.S390_VQCONFIG_NUM, 2, queue.size);
    });
    const features = new DataView(new ArrayBuffer(2 * S.S390_FEATURE_BYTES));
    features.setUint32(0, this.bus.deviceFeatures(0), true);
    this.write(this.featuresAt, new Uint8Array(features.buffer));
    this.writeConfig();
    const head = [this.bus.deviceId, queues.length, S.S390_FEATURE_BYTES, this.configBytes, 0];
    this.write(this.descriptor, Uint8Array.from(head));
  }

  /** Serves a hypercall if its argument names this device. */
  call(subcode: number, argument: number): boolean {
    if (this.bus.device === null) return false;
    if (subcode === S.KVM_S390_VIRTIO_NOTIFY) {
      const index = this.rings.indexOf(argument);
      if (index < 0) return false;
      this.takeConfig();
      this.bus.notify(index);
      return true;
    }
    if (argument !== this.descriptor) return false;
    if (subcode === S.KVM_S390_VIRTIO_RESET) this.bus.reset();
    else if (subcode === S.KVM_S390_VIRTIO_SET_STATUS) this.takeStatus();
    else return false;
    return true;
  }

  /** The driver has written status and features into the description. */
  private takeStatus(): void {
    const driverFeatures = new DataView(this.read(this.featuresAt + S.S390_FEATURE_BYTES, S.S390_FEATURE_BYTES).buffer);
    this.bus.setDriverFeatures(0, driverFeatures.getUint32(0, true));
    this.takeConfig();
    this.bus.writeStatus(this.read(this.descriptor + S.S390_DEV_STATUS, 1)[0] as number);
  }

  /** The driver writes its configuration without a call: what differs from what we showed is its writes. */
  private takeConfig(): void {
    writeConfigDifferences(this.bus, Uint8Array.from(this.shown), this.read(this.configAt, this.configBytes));
    this.writeConfig();
  }

  private writeConfig(): void {
    this.shown = Array.from({ length: this.configBytes }, (_, offset) => this.bus.readConfig(offset, 1));
    this.write(this.configAt, Uint8Array.from(this.shown));
  }

  /** Called by the bus. The token is the driver's own; it comes back as it was written. */
  interrupt(queue: Virtqueue | null): void {
    if (queue === null) this.writeConfig();
    const token = new DataView(this.read(this.queueEntry(queue?.index ?? 0) + S.S390_VQCONFIG_TOKEN, 8).buffer);
    const kind = queue === null ? S.VIRTIO_PARAM_CONFIG_CHANGED : S.VIRTIO_PARAM_VRING_INTERRUPT;
    this.pages.environment.raise(kind, { low: token.getUint32(4), high: token.getUint32(0) });
  }

  reset(): void {
    this.bus.reset();
  }

  private host(gpa: number, length: number): number {
    const host = this.bus.memory.at(gpa, length);
    if (host === 0) throw new Error("the s390 device pages are not RAM");
    return host;
  }

  private read(gpa: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    if (length > 0) this.bus.memory.read(this.host(gpa, length), bytes);
    return bytes;
  }

  private write(gpa: number, bytes: Uint8Array): void {
    if (bytes.length > 0) this.bus.memory.write(this.host(gpa, bytes.length), bytes);
  }

  private fill(gpa: number, length: number): void {
    this.bus.memory.fill(this.host(gpa, length), length, 0);
  }

  private writeBigEndian(gpa: number, length: 2 | 8, value: number): void {
    const view = new DataView(new ArrayBuffer(length));
    if (length === 8) view.setUint32(4, value);
    else view.setUint16(0, value);
    this.write(gpa, new Uint8Array(view.buffer));
  }

  save(): S390State {
    return {
      name: STATE_NAME,
      version: STATE_VERSION,
      descriptor: this.descriptor,
      rings: this.rings.map((address) => ({ address })),
      bus: this.bus.save(),
    };
  }

  /** The pages are part of guest RAM, which was restored before: the bus's reset must not write them again. */
  load(value: unknown): void {
    const state = StateReader.open(value, STATE_NAME, STATE_VERSION);
    const rings = state.list("rings").map((ring) => ring.integer("address", 0, Number.MAX_SAFE_INTEGER));
    if (
      state.integer("descriptor", 0, Number.MAX_SAFE_INTEGER) !== this.descriptor ||
      rings.join() !== this.rings.join()
    ) {
      throw state.error("the device pages were laid out otherwise");
    }
    const { descriptor } = this;
    this.shown = Array.from(this.read(this.configAt, this.configBytes));
    this.descriptor = 0;
    try {
      this.bus.load(state.raw("bus"));
    } finally {
      this.descriptor = descriptor;
    }
  }
}

/** Bytes of a legacy ring. */
function ringLength(size: number): number {
  const used = Math.ceil((DESC_SIZE * size + AVAIL_OVERHEAD + 2 * size) / S.S390_PAGE_SIZE) * S.S390_PAGE_SIZE;
  return used + USED_OVERHEAD + USED_ELEM_SIZE * size;
}
