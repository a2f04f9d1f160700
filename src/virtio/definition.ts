/** What a device's folder tells the registry. */
import type { BlockBackend, CharBackend, EntropySource, NetBackend } from "./backends.ts";
import type { VirtioBus } from "./bus.ts";
import type { VirtioDevice } from "./device.ts";
import type { Clock, Timers } from "./environment.ts";
import type { FileTree } from "./file-tree.ts";
import type { PropertyTable, PropertyValues } from "./properties.ts";

/** What definitions may ask the machine for. */
export interface BackendContext {
  readonly clock: Clock;
  readonly timers: Timers;
  /** The drive of that id, or null. */
  block(id: string): BlockBackend | null;
  /** The character device of that id, or null. */
  char(id: string): CharBackend | null;
  /** The random source of that id ("" for the machine's own), or null. */
  entropy(id: string): EntropySource | null;
  /** The network of that id, or null. */
  net(id: string): NetBackend | null;
  /** The file tree of that id, or null. */
  files(id: string): FileTree | null;
  /** The six bytes of a network card's address: those that are wanted, or the machine's next free ones for null. */
  macAddress(wanted: Uint8Array | null): Uint8Array;
}

/** What a kind of device is on a PCI bus; QEMU's values. */
export interface PciPersonality {
  /** Base class and sub-class of the class code, 16 bits. */
  readonly deviceClass: number;
  /** MSI-X vectors that the device can use. */
  vectors(properties: PropertyValues): number;
}

/** A kind of device. */
export interface DeviceDefinition {
  readonly name: string;
  /** One line for lists and forms. */
  readonly doc: string;
  readonly properties: PropertyTable;
  readonly pci: PciPersonality;
  make(bus: VirtioBus, properties: PropertyValues, context: BackendContext): VirtioDevice;
}

/** What can be done to a child while the machine runs; null for what cannot. */
export interface ChildControls {
  /** Takes it away; resolves when nothing of it is in use. */
  readonly unplug: (() => Promise<void>) | null;
  /** Takes its medium out. False where the guest prevents that, which it is told of, unless it is forced. */
  readonly eject: ((force: boolean) => boolean) | null;
}

/** Of a child that stays as it is. */
export const NO_CONTROLS: ChildControls = { unplug: null, eject: null };

/** Something that lives on another device rather than on a transport: a port of virtio-serial, a disk of virtio-scsi. */
export interface ChildDefinition<Parent extends VirtioDevice = VirtioDevice> {
  readonly name: string;
  /** One line for lists and forms. */
  readonly doc: string;
  readonly properties: PropertyTable;
  /** Name of the device that it needs, without a transport. */
  readonly parent: string;
  /** Adds it; returns what can be done to it while the machine runs. */
  add(parent: Parent, properties: PropertyValues, context: BackendContext): ChildControls;
}
