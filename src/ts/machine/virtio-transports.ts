/** Where virtio devices go: 32 virtio-mmio windows, and a PCI bus that is there once something is plugged into it. */
import { formatPciAddress, PciAddressError } from "../../pci/bus.ts";
import { PciHostBridge } from "../../pci/host-bridge.ts";
import type { BusEnvironment } from "../../virtio/bus.ts";
import type { Fact } from "../../virtio/inspection.ts";
import { DeviceOptionError } from "../../virtio/properties.ts";
import { VirtioMmio } from "../../virtio/transport/mmio.ts";
import { VirtioPci } from "../../virtio/transport/pci/pci.ts";
import type { VirtioTransport } from "../../virtio/transport/transport.ts";
import type { TransportRequest } from "../../virtio/transports.ts";
import { hex, type IrqLine } from "../platform/host.ts";
import { NUM_PCI_PINS, SPI_MAP, virtioMmioSpi } from "./irq-map.ts";
import { MEMORY_MAP, pciEcam, VIRTIO_MMIO_SLOTS, virtioMmioSlot } from "./memory-map.ts";
import type { SystemBus } from "./system-bus.ts";

/** What the transports are connected to. */
export interface TransportParts {
  readonly bus: SystemBus;
  readonly environment: BusEnvironment;
  /** The interrupt line of an SPI. */
  readonly irq: (spi: number) => IrqLine;
  /**
   * Hands a message-signalled interrupt to the interrupt controller; false when it takes none at that address. Null
   * where it takes none at all.
   */
  readonly message: ((requesterId: number, addressLow: number, addressHigh: number, data: number) => boolean) | null;
  /** PCI windows above 4 GiB. */
  readonly highmem: boolean;
}

export class VirtioTransports {
  readonly #parts: TransportParts;
  readonly #mmio = new Map<number, VirtioMmio>();
  readonly #all: VirtioTransport[] = [];
  /** Where each transport is, for people. */
  readonly #places = new Map<VirtioTransport, readonly Fact[]>();
  #bridge: PciHostBridge | null = null;

  constructor(parts: TransportParts) {
    this.#parts = parts;
  }

  /** The virtio-mmio slots that have a device. */
  get mmioSlots(): readonly number[] {
    return [...this.#mmio.keys()];
  }

  /** Whether there is a PCI bus. */
  get hasPci(): boolean {
    return this.#bridge !== null;
  }

  /** Makes an empty transport; null when the machine has no more of that kind. */
  make(request: TransportRequest): VirtioTransport | null {
    const transport = this.#make(request);
    if (transport !== null) this.#all.push(transport);
    return transport;
  }

  #make(request: TransportRequest): VirtioTransport | null {
    switch (request.kind) {
      case "mmio":
        return this.#makeMmio(request.forceLegacy);
      case "pci":
        return this.#makePci(request);
      case "s390":
      case "ccw":
        return null;
    }
  }

  #makeMmio(forceLegacy: boolean): VirtioMmio | null {
    // As in QEMU, the first device gets the last slot.
    const slot = VIRTIO_MMIO_SLOTS - 1 - this.#mmio.size;
    if (slot < 0) return null;
    const transport = new VirtioMmio(this.#mmioEnvironment(slot), { forceLegacy });
    this.#mmio.set(slot, transport);
    this.#places.set(transport, [
      { name: "Address", value: hex(virtioMmioSlot(slot).base) },
      { name: "Slot", value: String(slot) },
      { name: "Interrupt", value: `SPI ${virtioMmioSpi(slot)}` },
    ]);
    return transport;
  }

  #mmioEnvironment(slot: number): BusEnvironment & { readonly irq: IrqLine } {
    return { ...this.#parts.environment, irq: this.#parts.irq(virtioMmioSpi(slot)) };
  }

  #makePci({ options, address, multiFunction }: Extract<TransportRequest, { kind: "pci" }>): VirtioPci {
    this.#bridge ??= this.#makeBridge();
    // As in QEMU: no MSI-X where nothing takes its messages.
    const vectors = this.#parts.message === null ? 0 : options.vectors;
    const transport = new VirtioPci(this.#parts.environment, { ...options, vectors });
    transport.function.multiFunction = multiFunction;
    try {
      const place = this.#bridge.bus.attach(transport.function, address);
      this.#places.set(transport, [{ name: "Address", value: `00:${formatPciAddress(place)}` }]);
    } catch (error) {
      if (error instanceof PciAddressError) throw new DeviceOptionError(`virtio-pci: ${error.message}`);
      throw error;
    }
    return transport;
  }

  #makeBridge(): PciHostBridge {
    const { bus, irq, message, highmem, environment } = this.#parts;
    const lines = Array.from({ length: NUM_PCI_PINS }, (_, pin) => irq(SPI_MAP.VIRT_PCIE + pin));
    const bridge = new PciHostBridge({
      setLine: (line, level) => lines[line]?.set(level),
      message: (requesterId, low, high, data) => {
        if (message?.(requesterId, low, high, data) === true) return;
        environment.log.guestError(
          "pci: a message to where no interrupt controller takes it",
          hex(high * 2 ** 32 + low),
        );
      },
    });
    const { VIRT_PCIE_MMIO: mmio, VIRT_HIGH_PCIE_MMIO: high } = MEMORY_MAP;
    bus.add("pcie-ecam", pciEcam(highmem), bridge.ecam);
    bus.add("pcie-pio", MEMORY_MAP.VIRT_PCIE_PIO, bridge.pio);
    bus.add("pcie-mmio", mmio, bridge.memoryWindow(mmio.base));
    if (highmem) bus.add("pcie-mmio-high", high, bridge.memoryWindow(high.base));
    return bridge;
  }

  /** All devices are made: puts every virtio-mmio window on the bus, also the empty ones. */
  placeMmioWindows(): void {
    for (let slot = 0; slot < VIRTIO_MMIO_SLOTS; slot += 1) {
      const transport = this.#mmio.get(slot) ?? new VirtioMmio(this.#mmioEnvironment(slot));
      this.#parts.bus.add(`virtio-mmio${slot}`, virtioMmioSlot(slot), transport);
    }
  }

  /** Where a transport is in the machine. */
  place(transport: VirtioTransport): readonly Fact[] {
    return this.#places.get(transport) ?? [];
  }

  /** Machine reset. */
  reset(): void {
    for (const transport of this.#all) transport.reset();
    this.#bridge?.reset();
  }
}
