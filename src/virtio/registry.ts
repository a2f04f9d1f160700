/**
 * The one list of devices, and the one door through which they are made. Device tree nodes, forms, documentation and
 * saved states follow from it. To add a device: its folder, and one entry here.
 */
import {
  type BackendContext,
  type ChildControls,
  type ChildDefinition,
  type DeviceDefinition,
  NO_CONTROLS,
} from "./definition.ts";
import type { VirtioDevice } from "./device.ts";
import { NINEP } from "./devices/9p/definition.ts";
import { BALLOON } from "./devices/balloon/definition.ts";
import { BLK } from "./devices/blk/definition.ts";
import { SERIAL, VIRTCONSOLE, VIRTSERIALPORT } from "./devices/console/definition.ts";
import { NET } from "./devices/net/definition.ts";
import { RNG } from "./devices/rng/definition.ts";
import { SCSI } from "./devices/scsi/definition.ts";
import { SCSI_CD, SCSI_HD } from "./devices/scsi/units.ts";
import {
  accepted,
  DeviceOptionError,
  type PropertyTable,
  type PropertyValue,
  resolveProperties,
  unknownName,
} from "./properties.ts";
import {
  VIRTIO_F_ACCESS_PLATFORM,
  VIRTIO_F_ANY_LAYOUT,
  VIRTIO_F_EVENT_IDX,
  VIRTIO_F_IN_ORDER,
  VIRTIO_F_INDIRECT_DESC,
  VIRTIO_F_NOTIFICATION_DATA,
  VIRTIO_F_NOTIFY_ON_EMPTY,
  VIRTIO_F_RING_PACKED,
  VIRTIO_F_RING_RESET,
} from "./spec/features.ts";
import { findSuffix, NAME_SUFFIXES, type TransportKind, type TransportRequest } from "./transports.ts";
import type { VirtioTransport } from "./transport/transport.ts";

/** What the machine gives to `createDevice`. */
export interface DeviceContext extends BackendContext {
  /** Version of the machine ("1.0"), which selects old defaults. */
  readonly machineVersion: string;
  /** The transport kind that a bare name such as "virtio-blk" gets on this machine. */
  readonly defaultTransport: TransportKind;
  /** The empty transport that is asked for, or null when the machine has no more of them. May throw a DeviceOptionError. */
  transport(request: TransportRequest): VirtioTransport | null;
  /** Kinds of devices beside the registry's own. */
  readonly devices?: readonly DeviceDefinition[];
  /** Every device made so far; `createDevice` appends. */
  readonly created: CreatedDevice[];
}

/** A device that exists. */
export interface CreatedDevice extends ChildControls {
  /** The user's id; "" for none. */
  readonly id: string;
  /** The name that it was made by. */
  readonly name: string;
  readonly device: VirtioDevice;
  /** The transport that it was plugged into; for a child, the one of its parent. */
  readonly transport: VirtioTransport;
}

/** A compatibility row: machines older than `before` have another default. */
export interface CompatRow {
  readonly before: string;
  readonly device: string;
  readonly property: string;
  readonly value: PropertyValue;
}

export const DEVICES: readonly DeviceDefinition[] = [BLK, SCSI, NET, RNG, BALLOON, SERIAL, NINEP];
/** What lives on one of the devices. */
export const CHILDREN: readonly ChildDefinition[] = [VIRTCONSOLE, VIRTSERIALPORT, SCSI_HD, SCSI_CD];

/** Guest-visible defaults of older machine versions. The first version has none. */
export const COMPAT: readonly CompatRow[] = [];

const COMMON: PropertyTable = {
  id: { type: "string", default: "", maxBytes: 255, doc: "name of the device" },
  indirect_desc: { type: "bool", default: true, doc: "offer VIRTIO_F_INDIRECT_DESC" },
  event_idx: { type: "bool", default: true, doc: "offer VIRTIO_F_EVENT_IDX" },
  notify_on_empty: { type: "bool", default: true, doc: "offer VIRTIO_F_NOTIFY_ON_EMPTY (legacy)" },
  any_layout: { type: "bool", default: true, doc: "offer VIRTIO_F_ANY_LAYOUT (legacy)" },
  queue_reset: { type: "bool", default: true, doc: "offer VIRTIO_F_RING_RESET" },
  packed: { type: "bool", default: false, doc: "offer VIRTIO_F_RING_PACKED" },
  in_order: { type: "bool", default: false, doc: "offer VIRTIO_F_IN_ORDER" },
  notification_data: { type: "bool", default: false, doc: "offer VIRTIO_F_NOTIFICATION_DATA" },
  iommu_platform: {
    type: "bool",
    default: false,
    doc: "offer VIRTIO_F_ACCESS_PLATFORM, and refuse drivers without it",
  },
  "use-disabled-flag": accepted("bool", true, "it is about the inside of QEMU"),
  "use-started": accepted("bool", true, "it is about the inside of QEMU"),
  "x-disable-legacy-check": accepted("bool", false, "it is about the inside of QEMU"),
};

const FEATURE_PROPERTIES: readonly { readonly property: string; readonly bit: number }[] = [
  { property: "indirect_desc", bit: VIRTIO_F_INDIRECT_DESC },
  { property: "event_idx", bit: VIRTIO_F_EVENT_IDX },
  { property: "notify_on_empty", bit: VIRTIO_F_NOTIFY_ON_EMPTY },
  { property: "any_layout", bit: VIRTIO_F_ANY_LAYOUT },
  { property: "queue_reset", bit: VIRTIO_F_RING_RESET },
  { property: "packed", bit: VIRTIO_F_RING_PACKED },
  { property: "in_order", bit: VIRTIO_F_IN_ORDER },
  { property: "notification_data", bit: VIRTIO_F_NOTIFICATION_DATA },
  { property: "iommu_platform", bit: VIRTIO_F_ACCESS_PLATFORM },
];

const childCommon = (parent: string): PropertyTable => ({
  id: { type: "string", default: "", maxBytes: 255, doc: "name of the device" },
  bus: { type: "string", default: "", maxBytes: 255, doc: `id of its ${parent} device, also with .0` },
});

/** Every name that `createDevice` takes, with those of the kinds that a machine adds. */
export function deviceNames(added: readonly DeviceDefinition[] = []): string[] {
  const devices = [...DEVICES, ...added].flatMap(({ name }) => NAME_SUFFIXES.map(({ suffix }) => name + suffix));
  return [...devices, ...CHILDREN.map(({ name }) => name)];
}

/** The properties that a name takes, or null for an unknown name. */
export function deviceProperties(
  name: string,
  context: Pick<DeviceContext, "defaultTransport" | "devices">,
): PropertyTable | null {
  const child = CHILDREN.find((row) => row.name === name);
  if (child !== undefined) return { ...childCommon(child.parent), ...child.properties };
  const found = findDevice(name, context.devices);
  if (found === null) return null;
  const ending = findSuffix(found.suffix, context.defaultTransport);
  return { ...COMMON, ...ending?.row.properties, ...found.definition.properties };
}

function findDevice(
  name: string,
  added: readonly DeviceDefinition[] = [],
): { definition: DeviceDefinition; suffix: string } | null {
  for (const definition of [...DEVICES, ...added]) {
    const row = NAME_SUFFIXES.find(({ suffix }) => definition.name + suffix === name);
    if (row !== undefined) return { definition, suffix: row.suffix };
  }
  return null;
}

/** Compares dotted versions. */
function isBefore(version: string, other: string): boolean {
  return version.localeCompare(other, "en", { numeric: true }) < 0;
}

/** The defaults that a machine version has for a device. */
export function compatDefaults(
  device: string,
  machineVersion: string,
  rows: readonly CompatRow[] = COMPAT,
): Record<string, PropertyValue> {
  const matching = rows.filter((row) => row.device === device && isBefore(machineVersion, row.before));
  // The row of the oldest change wins: an old machine never saw the later ones.
  matching.sort((a, b) => (isBefore(a.before, b.before) ? 1 : -1));
  return Object.fromEntries(matching.map(({ property, value }) => [property, value]));
}

/**
 * Makes a device or a child of one by one of its names, with the properties of device and transport in one name space. Throws
 * a DeviceOptionError, having changed nothing, when the request cannot be met.
 */
export function createDevice(
  name: string,
  properties: Readonly<Record<string, PropertyValue>>,
  context: DeviceContext,
): CreatedDevice {
  const child = CHILDREN.find((row) => row.name === name);
  const created =
    child === undefined ? createOnTransport(name, properties, context) : createChild(child, properties, context);
  context.created.push(created);
  return created;
}

function checkId(id: string, context: DeviceContext): void {
  if (id !== "" && context.created.some((other) => other.id === id)) {
    throw new DeviceOptionError(`There is a device with the id "${id}" already.`);
  }
}

function createOnTransport(
  name: string,
  properties: Readonly<Record<string, PropertyValue>>,
  context: DeviceContext,
): CreatedDevice {
  const found = findDevice(name, context.devices);
  if (found === null) {
    throw new DeviceOptionError(unknownName("There is no device", name, deviceNames(context.devices)));
  }
  const { definition } = found;
  const { kind, row } = findSuffix(found.suffix, context.defaultTransport) ?? unreachable(name);
  const table = { ...COMMON, ...row.properties, ...definition.properties };
  const values = resolveProperties(name, table, properties, compatDefaults(definition.name, context.machineVersion));
  const id = values.string("id");
  checkId(id, context);
  const transport = context.transport(row.request(name, values, definition));
  if (transport === null) throw new DeviceOptionError(`${name}: no free virtio-${kind} slot is left on this machine.`);
  const withheld = FEATURE_PROPERTIES.filter(({ property }) => !values.bool(property)).map(({ bit }) => bit);
  const device = transport.bus.plug((bus) => definition.make(bus, values, context), withheld);
  return { id, name, device, transport, ...NO_CONTROLS };
}

function unreachable(name: string): never {
  throw new Error(`${name} is in the list of names, but not in the one of transports`);
}

function createChild(
  definition: ChildDefinition,
  properties: Readonly<Record<string, PropertyValue>>,
  context: DeviceContext,
): CreatedDevice {
  const { name } = definition;
  const table = { ...childCommon(definition.parent), ...definition.properties };
  const values = resolveProperties(name, table, properties);
  const id = values.string("id");
  checkId(id, context);
  const { device, transport } = findParent(definition, values.string("bus"), context);
  const { unplug: remove, eject } = definition.add(device, values, context);
  const unplug = async (): Promise<void> => {
    const at = context.created.findIndex((row) => row.unplug === unplug);
    if (at < 0) return;
    context.created.splice(at, 1);
    await remove?.();
  };
  return { id, name, device, transport, unplug: remove === null ? null : unplug, eject };
}

/** The device that a child goes to: the one that `bus` names, or the last one made. */
function findParent({ name, parent }: ChildDefinition, bus: string, context: DeviceContext): CreatedDevice {
  const parents = context.created.filter((row) => findDevice(row.name, context.devices)?.definition.name === parent);
  if (bus === "") {
    const last = parents.at(-1);
    if (last !== undefined) return last;
    throw new DeviceOptionError(`${name} needs a ${parent} device before it, for example -device ${parent}-device.`);
  }
  const found = parents.find((row) => row.id !== "" && (row.id === bus || `${row.id}.0` === bus));
  if (found !== undefined) return found;
  const known = parents.map((row) => row.id).filter((id) => id !== "");
  throw new DeviceOptionError(unknownName(`${name}: there is no ${parent} device with the id`, bus, known));
}
