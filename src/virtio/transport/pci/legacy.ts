/** The legacy interface of virtio over PCI (virtio 1.4, 4.1.4.10): a header in I/O space, then the configuration. */
import type { PciAccessSize, PciRegion } from "../../../pci/function.ts";
import * as P from "../../spec/pci.ts";
import { STATUS_ACKNOWLEDGE, STATUS_DRIVER } from "../../spec/status.ts";
import type { StateReader } from "../../state.ts";
import type { Virtqueue } from "../../virtqueue.ts";
import { LegacyRings } from "../legacy-rings.ts";
import type { VirtioPci } from "./pci.ts";

export class LegacyInterface implements PciRegion {
  private readonly transport: VirtioPci;
  private readonly rings = new LegacyRings();
  private queueSelect = 0;

  constructor(transport: VirtioPci) {
    this.transport = transport;
    this.rings.setPageSize(P.LEGACY_PAGE_SIZE);
  }

  /** The vectors are there while MSI-X is on, and move the configuration. */
  private get configOffset(): number {
    return this.transport.function.msixEnabled ? P.LEGACY_CONFIG_MSIX : P.LEGACY_CONFIG;
  }

  read(offset: number, size: PciAccessSize): number {
    if (!this.transport.uses("legacy")) return 0;
    const config = this.configOffset;
    if (offset >= config) return this.transport.bus.readConfig(offset - config, size);
    return this.readRegister(offset) >>> 0;
  }

  private readRegister(offset: number): number {
    const { bus } = this.transport;
    switch (offset) {
      case P.LEGACY_DEVICE_FEATURES:
        return bus.deviceFeatures(0);
      case P.LEGACY_DRIVER_FEATURES:
        return bus.driverFeatures(0);
      case P.LEGACY_QUEUE_ADDRESS:
        return this.queue === null ? 0 : this.rings.pfn(this.queue);
      case P.LEGACY_QUEUE_SIZE:
        return this.queue?.sizeMax ?? 0;
      case P.LEGACY_QUEUE_SELECT:
        return this.queueSelect;
      case P.LEGACY_DEVICE_STATUS:
        return bus.status;
      case P.LEGACY_ISR_STATUS:
        return this.transport.interrupts.takeIsr();
      case P.LEGACY_CONFIG_MSIX_VECTOR:
        return this.transport.interrupts.configVector;
      case P.LEGACY_QUEUE_MSIX_VECTOR:
        return this.queue === null ? P.VIRTIO_MSI_NO_VECTOR : this.transport.interrupts.queueVector(this.queue);
      default:
        return this.badRegister("read", offset);
    }
  }

  write(offset: number, size: PciAccessSize, value: number): void {
    const { bus } = this.transport;
    if (!this.transport.uses("legacy")) {
      // A reset is a reset, whoever asks for it.
      if (offset === P.LEGACY_DEVICE_STATUS && (value & 0xff) === 0) bus.writeStatus(0);
      return;
    }
    const config = this.configOffset;
    if (offset >= config) bus.writeConfig(offset - config, size, value);
    else this.writeRegister(offset, value);
  }

  private writeRegister(offset: number, value: number): void {
    const { bus } = this.transport;
    switch (offset) {
      case P.LEGACY_DRIVER_FEATURES:
        bus.setDriverFeatures(0, value);
        break;
      case P.LEGACY_QUEUE_ADDRESS:
        if (this.queue !== null) this.rings.setPfn(bus, this.queue, value);
        break;
      case P.LEGACY_QUEUE_SELECT:
        this.queueSelect = value & 0xffff;
        break;
      case P.LEGACY_QUEUE_NOTIFY:
        bus.notify(value & 0xffff);
        break;
      case P.LEGACY_DEVICE_STATUS:
        this.writeStatus(value & 0xff);
        break;
      case P.LEGACY_CONFIG_MSIX_VECTOR:
        this.transport.interrupts.configVector = value & 0xffff;
        break;
      case P.LEGACY_QUEUE_MSIX_VECTOR:
        if (this.queue !== null) this.transport.interrupts.setQueueVector(this.queue, value & 0xffff);
        break;
      default:
        this.badRegister("written", offset, value);
    }
  }

  private writeStatus(status: number): void {
    // Linux before 2.6.34 never switched bus mastering on, and worked. QEMU has the same exception.
    if (status === (STATUS_ACKNOWLEDGE | STATUS_DRIVER)) this.transport.function.enableBusMaster();
    this.transport.bus.writeStatus(status);
  }

  private get queue(): Virtqueue | null {
    return this.transport.bus.queue(this.queueSelect);
  }

  private badRegister(how: string, offset: number, written?: number): 0 {
    const { log } = this.transport.bus;
    const value = written === undefined ? "" : ` = 0x${(written >>> 0).toString(16)}`;
    log.guestError(`virtio-pci: legacy register ${how} that does not exist`, `0x${offset.toString(16)}${value}`);
    return 0;
  }

  reset(): void {
    this.queueSelect = 0;
    this.rings.reset();
  }

  save(): unknown {
    return { queueSelect: this.queueSelect, rings: this.rings.save() };
  }

  load(state: StateReader): void {
    this.queueSelect = state.integer("queueSelect", 0, 0xffff);
    this.rings.load(state.section("rings"));
    this.rings.setPageSize(P.LEGACY_PAGE_SIZE);
  }
}
