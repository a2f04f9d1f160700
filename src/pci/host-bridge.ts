/**
 * A generic host bridge (the binding pci-host-ecam-generic; QEMU's gpex): configuration space memory-mapped as PCI
 * Express says (ECAM, PCI Express Base 7.2.2), a window of I/O ports, windows of memory that are the bus's own addresses.
 */
import { allOnes } from "./address-space.ts";
import { PciBus, type PciBusHost } from "./bus.ts";
import { type PciAccessSize, PciFunction, type PciIdentity, type PciRegion } from "./function.ts";
import { PCI_CFG_SPACE_EXP_SIZE } from "./registers.ts";

/** QEMU's generic bridge: Red Hat's vendor ID, a host bridge by its class. */
const BRIDGE: PciIdentity = {
  vendorId: 0x1b36,
  deviceId: 0x0008,
  revisionId: 0,
  classCode: 0x06_0000,
  subsystemVendorId: 0x1af4,
  subsystemId: 0x1100,
};

/** Functions of one bus in ECAM. */
const FUNCTIONS_PER_BUS = 256;

export class PciHostBridge {
  readonly bus: PciBus;
  /** The configuration spaces of bus 0; those of the other buses are empty. */
  readonly ecam: PciRegion;
  /** I/O ports from 0. */
  readonly pio: PciRegion;

  constructor(host: PciBusHost) {
    const bus = new PciBus(host);
    bus.attach(new PciFunction(BRIDGE), { slot: 0, fn: 0 });
    this.bus = bus;
    this.ecam = {
      read: (offset, size) => functionAt(bus, offset)?.read(offset % PCI_CFG_SPACE_EXP_SIZE, size) ?? allOnes(size),
      write: (offset, size, value) => functionAt(bus, offset)?.write(offset % PCI_CFG_SPACE_EXP_SIZE, size, value),
    };
    this.pio = {
      read: (offset, size) => bus.io.read(offset, size),
      write: (offset, size, value) => bus.io.write(offset, size, value),
    };
  }

  /** The window of memory addresses that begins at `base`, the same on both sides. */
  memoryWindow(base: number): PciRegion {
    const { memory } = this.bus;
    return {
      read: (offset: number, size: PciAccessSize) => memory.read(base + offset, size),
      write: (offset: number, size: PciAccessSize, value: number) => memory.write(base + offset, size, value),
    };
  }

  /** The bridge itself; the functions behind it are reset by who owns them. */
  reset(): void {
    this.bus.at(0)?.reset();
  }
}

function functionAt(bus: PciBus, offset: number): PciFunction | null {
  const index = Math.trunc(offset / PCI_CFG_SPACE_EXP_SIZE);
  return index < FUNCTIONS_PER_BUS ? bus.at(index) : null;
}
