/**
 * The matrix that device tests are multiplied over (the contract test): every transport as a driver may use it, and the
 * ways of using rings. A device's tests are written once, for one configuration.
 *
 * Not every pair is there, since a test costs as often as it runs. Split rings with each style, with and without event
 * index, are on every transport. Packed rings have all of that on two transports and the two extremes on the
 * other modern ones; in-order and notification data are on every modern transport once with each ring format.
 */
import { TestRunner } from "vitest";
import type { PropertyValue } from "../properties.ts";
import type { ChainStyle } from "./driver-ring.ts";
import type { PciDriverOptions } from "./pci-driver.ts";

/** How a transport is made, and how its driver goes about it. */
export interface Face {
  /** Ending of the device's name. */
  readonly suffix: string;
  /** Properties of the transport. */
  readonly properties: Readonly<Record<string, PropertyValue>>;
  readonly pci?: PciDriverOptions;
  /** The revision that a driver over channel I/O chooses. */
  readonly revision?: number;
  /** The driver speaks the modern interface, which has all ways of using rings. */
  readonly modern: boolean;
}

const FACES = {
  "mmio v2": { suffix: "-device", properties: {}, modern: true },
  "mmio v1": { suffix: "-device", properties: { "force-legacy": true }, modern: false },
  "s390 pages": { suffix: "-s390", properties: {}, modern: false },
  "pci modern": {
    suffix: "-pci-non-transitional",
    properties: { vectors: 3 },
    pci: { legacy: false, msix: true, configOnly: false },
    modern: true,
  },
  "pci legacy": {
    suffix: "-pci",
    properties: { "disable-modern": true, vectors: 3 },
    pci: { legacy: true, msix: true, configOnly: false },
    modern: false,
  },
  "pci transitional, modern": {
    suffix: "-pci-transitional",
    properties: { "modern-pio-notify": true },
    pci: { legacy: false, msix: false, configOnly: false },
    modern: true,
  },
  "pci transitional, legacy": {
    suffix: "-pci-transitional",
    properties: { vectors: 0 },
    pci: { legacy: true, msix: false, configOnly: false },
    modern: false,
  },
  "pci through PCI_CFG": {
    suffix: "-pci",
    properties: { "page-per-vq": true },
    pci: { legacy: false, msix: false, configOnly: true },
    modern: true,
  },
  "ccw 0": { suffix: "-ccw", properties: {}, revision: 0, modern: false },
  "ccw 1": { suffix: "-ccw", properties: { max_revision: 1 }, revision: 1, modern: true },
  "ccw 2": { suffix: "-ccw", properties: { devno: "fe.0.1234" }, revision: 2, modern: true },
} as const satisfies Record<string, Face>;

export type TransportName = keyof typeof FACES;

/** How the driver uses its rings. */
export interface RingConfiguration {
  readonly eventIdx: boolean;
  readonly style: ChainStyle;
  /** The packed ring format; modern transports only, as the two after it. */
  readonly packed?: boolean;
  readonly inOrder?: boolean;
  /** Notifications say how far the driver is (VIRTIO_F_NOTIFICATION_DATA). */
  readonly notificationData?: boolean;
}

/** One cell of the matrix. */
export interface Configuration extends RingConfiguration {
  readonly transport: TransportName;
}

/** A cell with a name for its way of using rings, for titles: "split, event index, mixed". */
export interface MatrixConfiguration extends Configuration {
  readonly ring: string;
}

/** Ways of using rings as the table of results counts them. */
export const RING_KINDS = [
  "split",
  "event index",
  "indirect",
  "packed",
  "packed, event index",
  "in order",
  "notification data",
] as const;
export type RingKind = (typeof RING_KINDS)[number];

/** The kinds that a configuration is one of; both indirect styles are "indirect". */
export function ringKinds({ eventIdx, style, packed, inOrder, notificationData }: RingConfiguration): RingKind[] {
  const format: RingKind = packed === true ? (eventIdx ? "packed, event index" : "packed") : "split";
  return [
    format,
    ...(eventIdx && packed !== true ? (["event index"] as const) : []),
    ...(style === "direct" ? [] : (["indirect"] as const)),
    ...(inOrder === true ? (["in order"] as const) : []),
    ...(notificationData === true ? (["notification data"] as const) : []),
  ];
}

export const TRANSPORTS = Object.keys(FACES) as readonly TransportName[];

export function faceOf(transport: TransportName): Face {
  return FACES[transport];
}

const STYLES: readonly ChainStyle[] = ["direct", "indirect", "mixed"];
const ALL_STYLES: readonly RingConfiguration[] = [false, true].flatMap((eventIdx) =>
  STYLES.map((style) => ({ eventIdx, style })),
);

/** Transports with every way of using a packed ring; fuzzers, which take time, have packed rings on these alone. */
export const PACKED_TRANSPORTS: readonly TransportName[] = ["mmio v2", "pci modern"];

const MODERN_EXTRAS: readonly RingConfiguration[] = [
  { eventIdx: true, style: "mixed", inOrder: true, notificationData: true },
  { eventIdx: false, style: "indirect", packed: true, inOrder: true, notificationData: true },
];

function ringsOf(transport: TransportName): readonly RingConfiguration[] {
  if (!faceOf(transport).modern) return ALL_STYLES;
  const packed = PACKED_TRANSPORTS.includes(transport)
    ? ALL_STYLES
    : ALL_STYLES.filter(({ eventIdx, style }) => (eventIdx ? style === "mixed" : style === "direct"));
  return [...ALL_STYLES, ...packed.map((ring) => ({ ...ring, packed: true })), ...MODERN_EXTRAS];
}

function describeRing({ eventIdx, style, packed, inOrder, notificationData }: RingConfiguration): string {
  const words = [packed === true ? "packed" : "split", style, eventIdx ? "event index" : ""];
  return [...words, inOrder === true ? "in order" : "", notificationData === true ? "notification data" : ""]
    .filter((word) => word !== "")
    .join(", ");
}

/** Every transport with its ways of using a ring. */
export const MATRIX: readonly MatrixConfiguration[] = TRANSPORTS.flatMap((transport) =>
  ringsOf(transport).map((ring) => ({ ...ring, transport, ring: describeRing(ring) })),
);

/** What a test did: a device brought up on a transport, with its rings of these kinds. */
export interface Cell {
  readonly device: string;
  readonly transport: TransportName;
  readonly rings: readonly RingKind[];
}

/** Notes on the running test what it drives; scripts/device-matrix.mjs makes the table in docs/devices.md from that. */
export function noteCell(cell: Cell): void {
  const meta = TestRunner.getCurrentTest()?.meta as { virtioCells?: Cell[] } | undefined;
  if (meta === undefined) return;
  const cells = (meta.virtioCells ??= []);
  const same = ({ device, transport, rings }: Cell): boolean =>
    device === cell.device && transport === cell.transport && rings.join() === cell.rings.join();
  if (!cells.some(same)) cells.push(cell);
}
