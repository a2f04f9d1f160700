/** Commands of the control queue (5.1.6.5). Drivers spin until they are answered, so all of it is done at once. */
import type { Chain, ChainReader } from "../../chain.ts";
import * as N from "../../spec/net.ts";
import { type AddressList, MAC_TABLE_ENTRIES, macNumber, type ReceiveFilter, RX_MODES, VLANS } from "./filter.ts";

/** What commands change. */
export interface ControlTarget {
  readonly filter: ReceiveFilter;
  has(bit: number): boolean;
  setMac(mac: Uint8Array): void;
  /** The driver has announced the guest; false when nobody asked it to. */
  announced(): boolean;
  /** GUEST_* feature bits below 32 that are on from now on; false when they are not among the negotiated ones. */
  setOffloads(bits: number): boolean;
}

/** Carries out the command in a chain; true for VIRTIO_NET_OK. A command that fails changes nothing. */
export function runCommand(chain: Chain, target: ControlTarget): boolean {
  const reader = chain.reader();
  const header = reader.take(2);
  if (header.length < 2) return false;
  const [kind, command] = header as unknown as [number, number];
  switch (kind) {
    case N.VIRTIO_NET_CTRL_RX:
      return setMode(command, reader, target);
    case N.VIRTIO_NET_CTRL_MAC:
      if (command === N.VIRTIO_NET_CTRL_MAC_TABLE_SET) return setTable(reader, target);
      return command === N.VIRTIO_NET_CTRL_MAC_ADDR_SET && setAddress(reader, target);
    case N.VIRTIO_NET_CTRL_VLAN:
      return setVlan(command, reader, target);
    case N.VIRTIO_NET_CTRL_ANNOUNCE:
      if (!target.has(N.VIRTIO_NET_F_GUEST_ANNOUNCE)) return false;
      return command === N.VIRTIO_NET_CTRL_ANNOUNCE_ACK && target.announced();
    case N.VIRTIO_NET_CTRL_GUEST_OFFLOADS:
      return command === N.VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET && setOffloads(reader, target);
    default:
      return false;
  }
}

function setMode(command: number, reader: ChainReader, { filter, has }: ControlTarget): boolean {
  const mode = RX_MODES[command];
  const feature = command <= N.VIRTIO_NET_CTRL_RX_ALLMULTI ? N.VIRTIO_NET_F_CTRL_RX : N.VIRTIO_NET_F_CTRL_RX_EXTRA;
  if (mode === undefined || !has(feature) || reader.remaining !== 1) return false;
  filter.modes.set(mode, reader.take(1)[0] !== 0);
  return true;
}

/** One list of struct virtio_net_ctrl_mac; undefined when it is cut off. */
function takeAddresses(reader: ChainReader): AddressList | undefined {
  const head = reader.take(4);
  if (head.length < 4) return undefined;
  const entries = new DataView(head.buffer).getUint32(0, true);
  if (entries * 6 > reader.remaining) return undefined;
  if (entries > MAC_TABLE_ENTRIES) {
    reader.skip(entries * 6);
    return null;
  }
  const bytes = reader.take(entries * 6);
  return new Set(Array.from({ length: entries }, (_, index) => macNumber(bytes, index * 6)));
}

function setTable(reader: ChainReader, { filter, has }: ControlTarget): boolean {
  if (!has(N.VIRTIO_NET_F_CTRL_RX)) return false;
  const unicast = takeAddresses(reader);
  const multicast = unicast === undefined ? undefined : takeAddresses(reader);
  if (unicast === undefined || multicast === undefined || reader.remaining > 0) return false;
  filter.unicast = unicast;
  filter.multicast = multicast;
  return true;
}

function setAddress(reader: ChainReader, target: ControlTarget): boolean {
  if (!target.has(N.VIRTIO_NET_F_CTRL_MAC_ADDR) || reader.remaining !== 6) return false;
  target.setMac(reader.take(6));
  return true;
}

function setVlan(command: number, reader: ChainReader, { filter, has }: ControlTarget): boolean {
  if (!has(N.VIRTIO_NET_F_CTRL_VLAN) || filter.vlans === null || reader.remaining !== 2) return false;
  const vlan = new DataView(reader.take(2).buffer).getUint16(0, true);
  if (vlan >= VLANS) return false;
  if (command === N.VIRTIO_NET_CTRL_VLAN_ADD) filter.vlans.add(vlan);
  else if (command === N.VIRTIO_NET_CTRL_VLAN_DEL) filter.vlans.delete(vlan);
  else return false;
  return true;
}

function setOffloads(reader: ChainReader, target: ControlTarget): boolean {
  if (!target.has(N.VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) || reader.remaining !== 8) return false;
  const view = new DataView(reader.take(8).buffer);
  return view.getUint32(4, true) === 0 && target.setOffloads(view.getUint32(0, true));
}
