import type { FeatureRow } from "../../features.ts";
import * as N from "../../spec/net.ts";

/** QEMU's properties that stand for one feature each, by the property's name. */
export const NET_SWITCHES = {
  csum: { bit: N.VIRTIO_NET_F_CSUM, name: "VIRTIO_NET_F_CSUM" },
  guest_csum: { bit: N.VIRTIO_NET_F_GUEST_CSUM, name: "VIRTIO_NET_F_GUEST_CSUM" },
  ctrl_guest_offloads: {
    bit: N.VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
    name: "VIRTIO_NET_F_CTRL_GUEST_OFFLOADS",
    requires: [N.VIRTIO_NET_F_CTRL_VQ],
  },
  // Without mergeable buffers Linux would give each packet 68 KiB of them: then these are not offered.
  guest_tso4: {
    bit: N.VIRTIO_NET_F_GUEST_TSO4,
    name: "VIRTIO_NET_F_GUEST_TSO4",
    requires: [N.VIRTIO_NET_F_GUEST_CSUM],
  },
  guest_tso6: {
    bit: N.VIRTIO_NET_F_GUEST_TSO6,
    name: "VIRTIO_NET_F_GUEST_TSO6",
    requires: [N.VIRTIO_NET_F_GUEST_CSUM],
  },
  guest_ecn: { bit: N.VIRTIO_NET_F_GUEST_ECN, name: "VIRTIO_NET_F_GUEST_ECN" },
  host_tso4: { bit: N.VIRTIO_NET_F_HOST_TSO4, name: "VIRTIO_NET_F_HOST_TSO4", requires: [N.VIRTIO_NET_F_CSUM] },
  host_tso6: { bit: N.VIRTIO_NET_F_HOST_TSO6, name: "VIRTIO_NET_F_HOST_TSO6", requires: [N.VIRTIO_NET_F_CSUM] },
  host_ecn: { bit: N.VIRTIO_NET_F_HOST_ECN, name: "VIRTIO_NET_F_HOST_ECN" },
  mrg_rxbuf: { bit: N.VIRTIO_NET_F_MRG_RXBUF, name: "VIRTIO_NET_F_MRG_RXBUF" },
  status: { bit: N.VIRTIO_NET_F_STATUS, name: "VIRTIO_NET_F_STATUS" },
  ctrl_vq: { bit: N.VIRTIO_NET_F_CTRL_VQ, name: "VIRTIO_NET_F_CTRL_VQ" },
  ctrl_rx: { bit: N.VIRTIO_NET_F_CTRL_RX, name: "VIRTIO_NET_F_CTRL_RX", requires: [N.VIRTIO_NET_F_CTRL_VQ] },
  ctrl_vlan: { bit: N.VIRTIO_NET_F_CTRL_VLAN, name: "VIRTIO_NET_F_CTRL_VLAN", requires: [N.VIRTIO_NET_F_CTRL_VQ] },
  ctrl_rx_extra: {
    bit: N.VIRTIO_NET_F_CTRL_RX_EXTRA,
    name: "VIRTIO_NET_F_CTRL_RX_EXTRA",
    requires: [N.VIRTIO_NET_F_CTRL_VQ],
  },
  guest_announce: {
    bit: N.VIRTIO_NET_F_GUEST_ANNOUNCE,
    name: "VIRTIO_NET_F_GUEST_ANNOUNCE",
    requires: [N.VIRTIO_NET_F_CTRL_VQ],
  },
  ctrl_mac_addr: {
    bit: N.VIRTIO_NET_F_CTRL_MAC_ADDR,
    name: "VIRTIO_NET_F_CTRL_MAC_ADDR",
    requires: [N.VIRTIO_NET_F_CTRL_VQ],
  },
} as const satisfies Readonly<Record<string, FeatureRow>>;

export type NetSwitch = keyof typeof NET_SWITCHES;

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
  const wanted = (Object.keys(NET_SWITCHES) as NetSwitch[]).filter((name) => switches[name]);
  let rows: FeatureRow[] = wanted.map((name) => NET_SWITCHES[name]);
  rows.push({ bit: N.VIRTIO_NET_F_MAC, name: "VIRTIO_NET_F_MAC" });
  if (mtu !== 0) rows.push({ bit: N.VIRTIO_NET_F_MTU, name: "VIRTIO_NET_F_MTU" });
  const has = (bit: number): boolean => rows.some((row) => row.bit === bit);
  const segments: number[] = [N.VIRTIO_NET_F_GUEST_TSO4, N.VIRTIO_NET_F_GUEST_TSO6];
  if (!has(N.VIRTIO_NET_F_MRG_RXBUF)) rows = rows.filter(({ bit }) => !segments.includes(bit));
  rows = rows.filter(({ requires }) => requires === undefined || requires.every(has));
  const alone = ONE_OF.filter(({ partners }) => !partners.some(has)).map(({ bit }) => bit);
  return rows.filter(({ bit }) => !alone.includes(bit)).sort((a, b) => a.bit - b.bit);
}
