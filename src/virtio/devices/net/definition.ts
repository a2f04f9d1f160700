/** The network card as the registry knows it. Property names and defaults are QEMU's. */
import type { NetBackend } from "../../backends.ts";
import type { BackendContext, DeviceDefinition } from "../../definition.ts";
import { accepted, DeviceOptionError, type PropertySpec, type PropertyValues } from "../../properties.ts";
import { VirtioNet } from "./device.ts";
import { NET_SWITCHES, type NetSwitch, netFeature } from "./features.ts";

/** The smallest MTU of IPv4. */
const MIN_MTU = 68;

const switchProperty = (name: NetSwitch): PropertySpec => ({
  type: "bool",
  default: true,
  doc: `offer ${netFeature(name).name}`,
});

export const NET: DeviceDefinition = {
  name: "virtio-net",
  doc: "a network card",
  properties: {
    netdev: { type: "id", required: false, doc: "id of the network; the cable is unplugged without it" },
    mac: { type: "string", default: "", maxBytes: 17, doc: "address; 52:54:00:12:34:56 and up without it" },
    host_mtu: { type: "int", default: 0, min: 0, max: 65535, doc: "largest IP packet; 0: the guest is not told" },
    rx_queue_size: { type: "pow2", default: 256, min: 64, max: 1024, doc: "descriptors in the receive queue" },
    tx_queue_size: { type: "pow2", default: 256, min: 64, max: 1024, doc: "descriptors in the transmit queue" },
    ...Object.fromEntries(NET_SWITCHES.map((name) => [name, switchProperty(name)])),
    mq: { type: "fixed", default: "off", doc: "a card has one pair of queues" },
    rss: { type: "fixed", default: "off", doc: "a card has one pair of queues" },
    hash: { type: "fixed", default: "off", doc: "a card has one pair of queues" },
    guest_rsc_ext: { type: "fixed", default: "off", doc: "it is for guests of Windows" },
    rsc_interval: accepted("int", 300_000, "packets are not gathered"),
    failover: { type: "fixed", default: "off", doc: "there is no other card to fall back to" },
    speed: { type: "fixed", default: "-1", doc: "the network has no speed to tell" },
    duplex: { type: "fixed", default: "", doc: "the network has no speed to tell" },
    gso: accepted("bool", false, "VIRTIO_NET_F_GSO is of drafts, and not offered"),
    bootindex: accepted("int", 0, "there is no firmware to boot from it"),
    tx: accepted("string", "", "packets are sent when the guest says so"),
    "x-txburst": accepted("int", 256, "packets are sent when the guest says so"),
    "x-txtimer": accepted("int", 150_000, "packets are sent when the guest says so"),
    "x-mtu-bypass-backend": accepted("bool", true, "no backend here has an MTU"),
  },
  // Network, Ethernet. A vector for each queue and one for the configuration.
  pci: { deviceClass: 0x0200, vectors: () => 4 },
  make(bus, properties, context) {
    const mtu = properties.int("host_mtu");
    if (mtu > 0 && mtu < MIN_MTU) throw new DeviceOptionError(`virtio-net: host_mtu is 0 or at least ${MIN_MTU}.`);
    const switches = Object.fromEntries(NET_SWITCHES.map((name) => [name, properties.bool(name)]));
    return new VirtioNet(bus, networkOf(properties, context), {
      switches: switches as Record<NetSwitch, boolean>,
      mtu,
      mac: context.macAddress(parseMac(properties.string("mac"))),
      rxQueueSize: properties.int("rx_queue_size"),
      txQueueSize: properties.int("tx_queue_size"),
    });
  },
};

function networkOf(properties: PropertyValues, context: BackendContext): NetBackend | null {
  const id = properties.string("netdev");
  if (id === "") return null;
  const network = context.net(id);
  if (network === null) throw new DeviceOptionError(`virtio-net: there is no network with the id "${id}".`);
  return network;
}

/** Six bytes, or null for no text. */
function parseMac(text: string): Uint8Array | null {
  if (text === "") return null;
  const bytes = text.split(/[:-]/).map((part) => (/^[0-9a-f]{1,2}$/i.test(part) ? Number.parseInt(part, 16) : -1));
  if (bytes.length !== 6 || bytes.includes(-1)) {
    throw new DeviceOptionError(`virtio-net: mac is an address such as 52:54:00:12:34:56, not "${text}".`);
  }
  if (((bytes[0] as number) & 1) === 1 || bytes.every((byte) => byte === 0)) {
    throw new DeviceOptionError(
      `virtio-net: ${text} is no address of one card: its first byte is even, and it is not 0.`,
    );
  }
  return Uint8Array.from(bytes);
}
