import type { NetSegmentation } from "../../backends.ts";
import type { FeatureRow } from "../../features.ts";
import * as N from "../../spec/net.ts";

/**
 * QEMU's properties that stand for one feature each, and the features that theirs requires (5.1.3.1), by the properties'
 * names. All else of these features follows from the name.
 */
const REQUIRED = {
  csum: [],
  guest_csum: [],
  ctrl_guest_offloads: ["ctrl_vq"],
  // Without mergeable buffers Linux would give each packet 68 KiB of them: then these are not offered.
  guest_tso4: ["guest_csum"],
  guest_tso6: ["guest_csum"],
  guest_ecn: [],
  guest_ufo: ["guest_csum"],
  host_tso4: ["csum"],
  host_tso6: ["csum"],
  host_ecn: [],
  host_ufo: ["csum"],
  mrg_rxbuf: [],
  status: [],
  ctrl_vq: [],
  ctrl_rx: ["ctrl_vq"],
  ctrl_vlan: ["ctrl_vq"],
  ctrl_rx_extra: ["ctrl_vq"],
  guest_announce: ["ctrl_vq"],
  ctrl_mac_addr: ["ctrl_vq"],
} as const;

export type NetSwitch = keyof typeof REQUIRED;

/** The properties' names, in QEMU's order. */
export const NET_SWITCHES = Object.keys(REQUIRED) as readonly NetSwitch[];

/** The feature of a property: the specification's name is the property's in capitals. */
export function netFeature(property: NetSwitch): FeatureRow {
  const nameOf = (other: NetSwitch) => `VIRTIO_NET_F_${other.toUpperCase()}` as `VIRTIO_NET_F_${Uppercase<NetSwitch>}`;
  const requires = REQUIRED[property].map((other) => N[nameOf(other)]);
  return { bit: N[nameOf(property)], name: nameOf(property), ...(requires.length > 0 ? { requires } : {}) };
}

/** Packets that are cut late: what the header calls them, and the features with which driver and device take them. */
export const SEGMENTS = [
  {
    kind: "tcp4",
    gsoType: N.VIRTIO_NET_HDR_GSO_TCPV4,
    host: N.VIRTIO_NET_F_HOST_TSO4,
    guest: N.VIRTIO_NET_F_GUEST_TSO4,
  },
  {
    kind: "tcp6",
    gsoType: N.VIRTIO_NET_HDR_GSO_TCPV6,
    host: N.VIRTIO_NET_F_HOST_TSO6,
    guest: N.VIRTIO_NET_F_GUEST_TSO6,
  },
  { kind: "udp", gsoType: N.VIRTIO_NET_HDR_GSO_UDP, host: N.VIRTIO_NET_F_HOST_UFO, guest: N.VIRTIO_NET_F_GUEST_UFO },
] as const satisfies readonly {
  readonly kind: NetSegmentation["kind"];
  readonly gsoType: number;
  readonly host: number;
  readonly guest: number;
}[];

export interface NetFeatureOptions {
  readonly switches: Readonly<Record<NetSwitch, boolean>>;
  /** Largest IP packet that the guest is told to send; 0 for not told. */
  readonly mtu: number;
}

/** Beyond one `requires`: at least one of a feature's partners, or the feature is not to be offered or acknowledged. */
const ONE_OF: readonly { readonly bit: number; readonly partners: readonly number[] }[] = [
  { bit: N.VIRTIO_NET_F_GUEST_ECN, partners: [N.VIRTIO_NET_F_GUEST_TSO4, N.VIRTIO_NET_F_GUEST_TSO6] },
  { bit: N.VIRTIO_NET_F_HOST_ECN, partners: [N.VIRTIO_NET_F_HOST_TSO4, N.VIRTIO_NET_F_HOST_TSO6] },
];

/** Features for which the driver needs another one that it did not take, or null (5.1.3.1). */
export function lonelyFeature(has: (bit: number) => boolean): string | null {
  const lonely = ONE_OF.find(({ bit, partners }) => has(bit) && !partners.some((partner) => has(partner)));
  return lonely === undefined ? null : `feature ${lonely.bit} needs one of ${lonely.partners.join(" and ")}`;
}

/** The feature bits of a card: what its options turn on, without those whose partners they turn off. */
export function netFeatures({ switches, mtu }: NetFeatureOptions): FeatureRow[] {
  let rows: FeatureRow[] = NET_SWITCHES.filter((name) => switches[name]).map(netFeature);
  rows.push({ bit: N.VIRTIO_NET_F_MAC, name: "VIRTIO_NET_F_MAC" });
  if (mtu !== 0) rows.push({ bit: N.VIRTIO_NET_F_MTU, name: "VIRTIO_NET_F_MTU" });
  const has = (bit: number): boolean => rows.some((row) => row.bit === bit);
  const segments: number[] = SEGMENTS.map(({ guest }) => guest);
  if (!has(N.VIRTIO_NET_F_MRG_RXBUF)) rows = rows.filter(({ bit }) => !segments.includes(bit));
  rows = rows.filter(({ requires }) => requires === undefined || requires.every(has));
  const alone = ONE_OF.filter(({ partners }) => !partners.some(has)).map(({ bit }) => bit);
  return rows.filter(({ bit }) => !alone.includes(bit)).sort((a, b) => a.bit - b.bit);
}
