/**
 * Virtio over PCI (virtio 1.4, 4.1): a function with the modern interface, the legacy one, or both. A transitional
 * function speaks the interface that its driver used last while the status was 0.
 */
import { type PciAccessSize, PciFunction, type PciRegion } from "../../../pci/function.ts";
import type { BusEnvironment, VirtioBus } from "../../bus.ts";
import type { VirtioDevice } from "../../device.ts";
import type { Features } from "../../features.ts";
import type { Fact } from "../../inspection.ts";
import type { InterfaceMode } from "../../negotiation.ts";
import { COMMON_DEVICE_STATUS, LEGACY_CONFIG, LEGACY_CONFIG_MSIX, VIRTIO_MSI_NO_VECTOR } from "../../spec/pci.ts";
import { type SavedState, StateReader } from "../../state.ts";
import type { Virtqueue } from "../../virtqueue.ts";
import { ringFeatures } from "../ring-features.ts";
import { SwitchingBus } from "../switching-bus.ts";
import type { VirtioTransport } from "../transport.ts";
import * as C from "./capabilities.ts";
import { CommonConfig } from "./common.ts";
import { virtioIdentity } from "./identity.ts";
import { type InterruptState, PciInterrupts } from "./interrupts.ts";
import { LegacyInterface } from "./legacy.ts";

/** How a function is made. */
export interface PciOptions {
  /** The legacy interface; `auto`: where the device has one. */
  readonly legacy: "on" | "off" | "auto";
  readonly modern: boolean;
  /** MSI-X vectors, 0 for no MSI-X. */
  readonly vectors: number;
  /** 24 bits: base class, sub-class, programming interface. */
  readonly classCode: number;
  readonly pagePerVq: boolean;
  readonly modernPioNotify: boolean;
}

class VirtioPciBus extends SwitchingBus {
  private readonly transport: VirtioPci;

  constructor(transport: VirtioPci, environment: BusEnvironment, mode: InterfaceMode) {
    super(environment, mode);
    this.transport = transport;
  }

  get transportFeatures(): Features {
    return ringFeatures(this.mode);
  }

  protected signal(queue: Virtqueue | null): void {
    this.transport.interrupts.signal(queue);
  }

  protected override refusal(device: VirtioDevice): string | null {
    const { legacy, modernPioNotify } = this.transport.options;
    if (legacy === "on" && !device.legacy) return "has no legacy interface";
    if (modernPioNotify && device.sharedMemory.length > 0) return "has shared memory where modern-pio-notify would be";
    return super.refusal(device);
  }

  protected override onPlugged(): void {
    this.transport.onPlugged();
  }

  protected override onReset(): void {
    this.transport.onBusReset();
  }
}

/** Registers as saved: the ones that are not in the bus. */
interface PciState extends SavedState, InterruptState {
  readonly mode: InterfaceMode;
  readonly config: readonly number[];
  readonly msix: unknown;
  readonly common: unknown;
  readonly legacy: unknown;
  readonly bus: unknown;
}

const STATE_NAME = "virtio-pci";
const STATE_VERSION = 1;

export class VirtioPci implements VirtioTransport {
  readonly kind = "pci";
  readonly function = new PciFunction();
  readonly interrupts = new PciInterrupts(this.function);
  readonly options: PciOptions;
  private readonly pciBus: VirtioPciBus;
  private readonly common: CommonConfig;
  private readonly legacy: LegacyInterface;
  private hasLegacy = false;
  private notifyMultiplier = C.NOTIFY_MULTIPLIER;

  constructor(environment: BusEnvironment, options: PciOptions) {
    this.options = options;
    this.pciBus = new VirtioPciBus(this, environment, options.modern ? "modern" : "legacy");
    this.common = new CommonConfig(this);
    this.legacy = new LegacyInterface(this);
    this.function.interruptPin = 1;
    this.function.onControl = () => this.onControl();
    this.onControl();
  }

  get bus(): VirtioBus {
    return this.pciBus;
  }

  /** Called by the bus when a device is plugged in: only now is known who the function is. */
  onPlugged(): void {
    const { device, queues } = this.pciBus;
    if (device === null) return;
    const { modern, vectors, classCode, pagePerVq, modernPioNotify } = this.options;
    this.hasLegacy = device.legacy && this.options.legacy !== "off";
    this.function.identify(virtioIdentity(device.id, this.hasLegacy, classCode));
    this.interrupts.plug(queues.length);
    if (this.hasLegacy) {
      const bytes = (vectors > 0 ? LEGACY_CONFIG_MSIX : LEGACY_CONFIG) + device.config.sizeBytes;
      const sizeBytes = 2 ** Math.ceil(Math.log2(bytes));
      this.function.addBar(C.LEGACY_BAR, { kind: "io", sizeBytes, region: this.legacy });
    }
    if (modern) {
      const region: PciRegion = {
        read: (offset, size) => this.readModern(offset, size),
        write: (offset, size, value) => this.writeModern(offset, size, value),
      };
      const notifyPio: PciRegion = { read: () => 0, write: (_offset, _size, value) => this.notify(value & 0xffff) };
      const layout = { region, notifyPio: modernPioNotify ? notifyPio : null, pagePerVq };
      this.notifyMultiplier = C.addModernInterface(this.function, layout);
      if (device.sharedMemory.length > 0) C.addSharedMemory(this.function, device.sharedMemory);
    }
    if (vectors > 0) this.function.addMsix(vectors, C.MSIX_BAR);
  }

  /**
   * Whether the driver may use this interface now. While the status is 0, using it chooses it; after that a driver that
   * mixes them is wrong.
   */
  uses(mode: InterfaceMode): boolean {
    const { pciBus } = this;
    if (pciBus.mode === mode) return true;
    if (pciBus.status === 0) {
      pciBus.switchTo(mode);
      return true;
    }
    pciBus.log.guestError(
      `${pciBus.place}: both interfaces used by one driver`,
      `status 0x${pciBus.status.toString(16)}`,
    );
    return false;
  }

  private readModern(offset: number, size: PciAccessSize): number {
    if (offset < C.ISR_OFFSET) return this.uses("modern") ? this.common.read(offset, size) : 0;
    if (offset < C.DEVICE_OFFSET) return offset === C.ISR_OFFSET ? this.interrupts.takeIsr() : 0;
    if (offset < C.NOTIFY_OFFSET) return this.pciBus.readConfig(offset - C.DEVICE_OFFSET, size);
    return 0;
  }

  private writeModern(offset: number, size: PciAccessSize, value: number): void {
    if (offset >= C.NOTIFY_OFFSET) this.notify(Math.trunc((offset - C.NOTIFY_OFFSET) / this.notifyMultiplier));
    else if (offset < C.ISR_OFFSET) this.writeCommon(offset, size, value);
    else if (offset >= C.DEVICE_OFFSET) this.pciBus.writeConfig(offset - C.DEVICE_OFFSET, size, value);
    else this.pciBus.log.guestError("virtio-pci: ISR status written", `0x${value.toString(16)}`);
  }

  private writeCommon(offset: number, size: PciAccessSize, value: number): void {
    if (this.uses("modern")) this.common.write(offset, size, value);
    // A reset is a reset, whoever asks for it.
    else if (offset === COMMON_DEVICE_STATUS && value === 0) this.pciBus.writeStatus(0);
  }

  /** The address says which queue, or with one address for all the value; what else the value says is not needed here. */
  private notify(queue: number): void {
    if (this.pciBus.mode === "modern") this.pciBus.notify(queue);
    else this.uses("modern");
  }

  /** Queue reset by the register: the vector goes as well. */
  resetQueue(queue: Virtqueue): void {
    this.pciBus.resetQueue(queue);
    this.interrupts.setQueueVector(queue, VIRTIO_MSI_NO_VECTOR);
  }

  inspect(): readonly Fact[] {
    return this.interrupts.inspect(this.pciBus.queues.filter(({ ready }) => ready));
  }

  private onControl(): void {
    this.pciBus.setDma(this.function.busMaster);
  }

  /** Called by the bus. */
  onBusReset(): void {
    this.interrupts.reset();
    this.common.reset();
    this.legacy.reset();
  }

  /** Machine reset. */
  reset(): void {
    this.pciBus.resetTo(this.options.modern ? "modern" : "legacy");
    this.function.reset();
  }

  save(): PciState {
    return {
      name: STATE_NAME,
      version: STATE_VERSION,
      mode: this.pciBus.mode,
      ...this.interrupts.save(),
      config: this.function.save(),
      msix: this.function.msix?.save() ?? null,
      common: this.common.save(),
      legacy: this.legacy.save(),
      bus: this.pciBus.save(),
    };
  }

  load(value: unknown): void {
    const state = StateReader.open(value, STATE_NAME, STATE_VERSION);
    const mode = state.text("mode");
    const able = (mode === "legacy" && this.hasLegacy) || (mode === "modern" && this.options.modern);
    if (!able) throw state.error("it speaks an interface that this function does not have");
    this.pciBus.resetTo(mode);
    const { msix } = this.function;
    if (msix !== null) {
      const saved = state.section("msix");
      const { table, pending } = msix.save();
      msix.load(
        saved.integers("table", table.length, 0xffff_ffff),
        saved.integers("pending", pending.length, 0xffff_ffff),
      );
    }
    if (!this.function.load(state.integers("config", -1, 0xff))) throw state.error("it is of another PCI function");
    this.pciBus.load(state.raw("bus"));
    this.interrupts.load(state);
    this.common.load(state.section("common"));
    this.legacy.load(state.section("legacy"));
  }
}
