/**
 * The one list of transports: how device names select them, the properties that they add, what the machine is asked
 * for.
 */
import { parsePciAddress, type PciAddress } from "../pci/bus.ts";
import type { DeviceDefinition } from "./definition.ts";
import { accepted, DeviceOptionError, type PropertyTable, type PropertyValues } from "./properties.ts";
import { PCI_MSIX_MAX_VECTORS } from "../pci/registers.ts";
import { VIRTIO_CCW_REV_MAX } from "./spec/ccw.ts";
import type { CcwOptions } from "./transport/ccw/ccw.ts";
import { parseDevno } from "./transport/ccw/devno.ts";
import type { PciOptions } from "./transport/pci/pci.ts";

export type TransportKind = "mmio" | "s390" | "pci" | "ccw";

/** What a machine is asked for: an empty transport, with what its constructor takes. */
export type TransportRequest =
  | { readonly kind: "mmio"; readonly forceLegacy: boolean }
  | { readonly kind: "s390" }
  | { readonly kind: "ccw"; readonly options: CcwOptions }
  | {
      readonly kind: "pci";
      readonly options: PciOptions;
      /** Where on the bus; null for the first free slot. */
      readonly address: PciAddress | null;
      readonly multiFunction: boolean;
    };

/** One ending of device names. */
export interface NameSuffix {
  readonly suffix: string;
  readonly properties: PropertyTable;
  request(name: string, values: PropertyValues, definition: DeviceDefinition): TransportRequest;
}

export interface TransportRow {
  readonly kind: TransportKind;
  readonly suffixes: readonly NameSuffix[];
}

const MMIO_PROPERTIES: PropertyTable = {
  "force-legacy": { type: "bool", default: false, doc: "version 1 registers, for old guests" },
};

/** `vectors` when the user did not choose: as many as the device can use (QEMU's DEV_NVECTORS_UNSPECIFIED). */
const VECTORS_AUTO = 0xffff_ffff;

const EXPRESS_ONLY = "it is for slots behind a PCI Express port, and there is none";
const SAVED_STATES = "saved states have a form of their own";

const PCI_PROPERTIES: PropertyTable = {
  bus: { type: "choice", default: "pcie.0", values: ["pcie.0"], doc: "the PCI bus: there is one" },
  addr: {
    type: "string",
    default: "",
    maxBytes: 6,
    doc: "slot and function, hexadecimal: 1e or 1e.7; else the next free slot",
  },
  multifunction: { type: "bool", default: false, doc: "other functions may share the slot" },
  vectors: {
    type: "int",
    default: VECTORS_AUTO,
    min: 0,
    max: VECTORS_AUTO,
    doc: `MSI-X vectors, at most ${PCI_MSIX_MAX_VECTORS}; 0 for none; as many as the device can use without it`,
  },
  class: { type: "int", default: 0, min: 0, max: 0xffff, doc: "class code instead of the device's own" },
  "page-per-vq": { type: "bool", default: false, doc: "a page for each queue's notification address" },
  "modern-pio-notify": { type: "bool", default: false, doc: "a notification address in I/O space as well" },
  ioeventfd: accepted("bool", true, "a notification has one way"),
  romfile: {
    type: "string",
    default: "",
    maxBytes: 4096,
    doc: "accepted for QEMU's sake: there is no firmware to read it",
  },
  rombar: accepted("int", 1, "there is no firmware to read it"),
  romsize: accepted("int", 0xffff_ffff, "there is no firmware to read it"),
  "acpi-index": accepted("int", 0, "there is no ACPI"),
  failover_pair_id: { type: "fixed", default: "", doc: "there is no migration" },
  "migrate-extra": accepted("bool", true, SAVED_STATES),
  "virtio-pci-bus-master-bug-migration": accepted("bool", false, SAVED_STATES),
  aer: accepted("bool", false, EXPRESS_ONLY),
  ats: accepted("bool", false, EXPRESS_ONLY),
  "x-ats-page-aligned": accepted("bool", true, EXPRESS_ONLY),
  "x-disable-pcie": accepted("bool", false, EXPRESS_ONLY),
  "x-pcie-deverr-init": accepted("bool", true, EXPRESS_ONLY),
  "x-pcie-extcap-init": accepted("bool", true, EXPRESS_ONLY),
  "x-pcie-flr-init": accepted("bool", true, EXPRESS_ONLY),
  "x-pcie-lnkctl-init": accepted("bool", true, EXPRESS_ONLY),
  "x-pcie-lnksta-dllla": accepted("bool", true, EXPRESS_ONLY),
  "x-pcie-pm-init": accepted("bool", true, EXPRESS_ONLY),
  "x-ignore-backend-features": accepted("bool", false, "no backend here has features of its own"),
};

/** Of names that leave the interface open. */
const PCI_INTERFACE_PROPERTIES: PropertyTable = {
  "disable-legacy": {
    type: "choice",
    default: "auto",
    values: ["on", "off", "auto"],
    doc: "without the legacy interface; auto keeps it where the device has one",
  },
  "disable-modern": { type: "bool", default: false, doc: "without the modern interface" },
};

/** Which interfaces a function has. */
type Interfaces = Pick<PciOptions, "legacy" | "modern">;
const TRANSITIONAL: Interfaces = { legacy: "on", modern: true };
const NON_TRANSITIONAL: Interfaces = { legacy: "off", modern: true };

function requestPci(
  name: string,
  values: PropertyValues,
  definition: DeviceDefinition,
  interfaces: Interfaces,
): TransportRequest {
  const { pci } = definition;
  if (values.bool("iommu_platform") && interfaces.legacy !== "off") {
    throw new DeviceOptionError(
      `${name}: iommu_platform=on needs disable-legacy=on: the legacy interface has no such feature.`,
    );
  }
  const wanted = values.int("vectors");
  const vectors = wanted === VECTORS_AUTO ? pci.vectors(values) : wanted;
  if (vectors > PCI_MSIX_MAX_VECTORS) {
    throw new DeviceOptionError(`${name}: vectors is a number from 0 to ${PCI_MSIX_MAX_VECTORS}, not "${vectors}".`);
  }
  const place = values.string("addr");
  const address = place === "" ? null : parsePciAddress(place);
  if (place !== "" && address === null) {
    throw new DeviceOptionError(
      `${name}: addr is a slot from 00 to 1f, also with a function from 0 to 7 (1e.7), not "${place}".`,
    );
  }
  const options: PciOptions = {
    ...interfaces,
    vectors,
    classCode: (values.int("class") || pci.deviceClass) << 8,
    pagePerVq: values.bool("page-per-vq"),
    modernPioNotify: values.bool("modern-pio-notify"),
  };
  return { kind: "pci", options, address, multiFunction: values.bool("multifunction") };
}

/** As in QEMU on a bus of conventional slots: both interfaces, unless one is taken away. */
function chosenInterfaces(name: string, values: PropertyValues): Interfaces {
  const legacy = { on: "off", off: "on" }[values.string("disable-legacy")] ?? "auto";
  const modern = !values.bool("disable-modern");
  if (legacy === "off" && !modern) {
    throw new DeviceOptionError(`${name}: with disable-legacy=on and disable-modern=on nothing is left of the device.`);
  }
  return { legacy: legacy as Interfaces["legacy"], modern };
}

const CCW_PROPERTIES: PropertyTable = {
  devno: {
    type: "string",
    default: "",
    maxBytes: 9,
    doc: "device number, hexadecimal: fe.0.1234; else the next free one",
  },
  max_revision: {
    type: "int",
    default: VIRTIO_CCW_REV_MAX,
    min: 0,
    max: VIRTIO_CCW_REV_MAX,
    doc: "highest revision of the transport; 0 for the legacy interface alone",
  },
  ioeventfd: accepted("bool", true, "a notification has one way"),
};

function requestCcw(name: string, values: PropertyValues): TransportRequest {
  const place = values.string("devno");
  const devno = place === "" ? null : parseDevno(place);
  if (place !== "" && devno === null) {
    throw new DeviceOptionError(`${name}: devno is fe.0. and a hexadecimal number up to ffff, not "${place}".`);
  }
  return { kind: "ccw", options: { devno, maxRevision: values.int("max_revision") } };
}

const NO_PROPERTIES: PropertyTable = {};

export const TRANSPORTS: readonly TransportRow[] = [
  {
    kind: "mmio",
    suffixes: [
      {
        suffix: "-device",
        properties: MMIO_PROPERTIES,
        request: (_name, values) => ({ kind: "mmio", forceLegacy: values.bool("force-legacy") }),
      },
    ],
  },
  {
    kind: "s390",
    suffixes: [{ suffix: "-s390", properties: NO_PROPERTIES, request: () => ({ kind: "s390" }) }],
  },
  {
    kind: "pci",
    suffixes: [
      {
        suffix: "-pci",
        properties: { ...PCI_PROPERTIES, ...PCI_INTERFACE_PROPERTIES },
        request: (name, values, definition) => requestPci(name, values, definition, chosenInterfaces(name, values)),
      },
      {
        suffix: "-pci-transitional",
        properties: PCI_PROPERTIES,
        request: (name, values, definition) => requestPci(name, values, definition, TRANSITIONAL),
      },
      {
        suffix: "-pci-non-transitional",
        properties: PCI_PROPERTIES,
        request: (name, values, definition) => requestPci(name, values, definition, NON_TRANSITIONAL),
      },
    ],
  },
  { kind: "ccw", suffixes: [{ suffix: "-ccw", properties: CCW_PROPERTIES, request: requestCcw }] },
];

/** What follows a device's name selects its transport, as in QEMU; nothing leaves it to the machine. */
export const NAME_SUFFIXES: readonly { readonly suffix: string; readonly transport: TransportKind | null }[] = [
  { suffix: "", transport: null },
  ...TRANSPORTS.flatMap(({ kind, suffixes }) => suffixes.map(({ suffix }) => ({ suffix, transport: kind }))),
];

/** A name's ending and its transport; a bare name gets the first ending of `kind`. */
export function findSuffix(
  suffix: string,
  kind: TransportKind,
): { readonly kind: TransportKind; readonly row: NameSuffix } | null {
  for (const transport of TRANSPORTS) {
    const row = transport.suffixes.find((other, index) =>
      suffix === "" ? transport.kind === kind && index === 0 : other.suffix === suffix,
    );
    if (row !== undefined) return { kind: transport.kind, row };
  }
  return null;
}
