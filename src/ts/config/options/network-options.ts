/** Networks. */
import { ConfigError } from "../config-error.ts";
import { addUnique, type Draft } from "../draft.ts";
import type { NetdevConfig } from "../machine-config.ts";
import { parseOptionList } from "../option-list.ts";
import { byKey, checkId, oneOf } from "../values.ts";
import { type KeySpec, listText, type OptionGroup, type OptionSpec } from "./option.ts";

const KINDS = [
  ["user", "a network of its own with DHCP, a gateway, names and the time"],
  ["hubport", "a socket of a hub: cards on one hub hear each other"],
] as const;
const KIND_NAMES = KINDS.map(([kind]) => kind);
/** QEMU's hubs have 32-bit numbers, too. */
const MAX_HUB = 2 ** 31 - 1;
const MAX_HOST_NAME_BYTES = 63;

const HOST_NAME: KeySpec = { key: "hostname", values: "TEXT", doc: "user: the name that DHCP gives the guest" };

const NETDEV_KEYS: readonly KeySpec[] = [
  { key: "id", values: "ID", doc: "what a -device calls it by" },
  HOST_NAME,
  { key: "hubid", values: "NUMBER", doc: "hubport: the number of the hub" },
];

function hostName(where: string, text: string): string {
  if (text === "" || (/^[A-Za-z0-9][A-Za-z0-9-]*$/.test(text) && text.length <= MAX_HOST_NAME_BYTES)) return text;
  throw new ConfigError(`${where} hostname is letters, digits and "-", at most ${MAX_HOST_NAME_BYTES}, not "${text}".`);
}

const NETDEV: OptionSpec = {
  names: ["-netdev"],
  argument: "user|hubport,id=ID[,property=value…]",
  doc: "A network, for the netdev= of a -device virtio-net-device; nothing on it leads to the Internet yet",
  keys: NETDEV_KEYS,
  apply({ config }, value) {
    const list = parseOptionList(value, "type");
    const given = byKey("-netdev", list, ["type", "id", "hostname", "hubid"] as const);
    const type = given.get("type") ?? "";
    if (type === "help" || type === "?") return listText("Networks:", KINDS);
    const kind = oneOf("-netdev", type, KIND_NAMES);
    const id = checkId("-netdev", given.get("id") ?? "");
    for (const [key, owner] of [
      ["hostname", "user"],
      ["hubid", "hubport"],
    ] as const) {
      if (given.has(key) && kind !== owner) throw new ConfigError(`-netdev ${kind} has no property "${key}".`);
    }
    config.netdevs = addUnique("-netdev", config.netdevs, netdev(kind, id, given));
    return undefined;
  },
};

function netdev(kind: NetdevConfig["kind"], id: string, given: ReadonlyMap<string, string>): NetdevConfig {
  if (kind === "user") return { id, kind, hostName: hostName("-netdev", given.get("hostname") ?? "") };
  const text = given.get("hubid") ?? "";
  const hub = /^\d+$/.test(text) ? Number(text) : -1;
  if (hub < 0 || hub > MAX_HUB) throw new ConfigError(`-netdev hubport needs the hub's number: hubid=0, for example.`);
  return { id, kind, hub };
}

const NIC_KEYS: readonly KeySpec[] = [
  { key: "id", values: "ID", doc: "what the network is called" },
  { key: "model", values: "virtio-net-device|virtio-net-pci", doc: "the card; virtio-net-device without it" },
  { key: "mac", values: "ADDRESS", doc: "the card's address" },
  HOST_NAME,
];

const MODELS = ["virtio-net-device", "virtio-net-pci", "virtio"] as const;

const NIC: OptionSpec = {
  names: ["-nic"],
  argument: "user[,property=value…]|none",
  doc: "A network and a card on it; none: no network, which is so anyway",
  keys: NIC_KEYS,
  apply({ config }, value) {
    if (value === "none") return undefined;
    const given = byKey("-nic", parseOptionList(value, "type"), ["type", "id", "model", "mac", "hostname"] as const);
    oneOf("-nic", given.get("type") ?? "", ["user", "none"] as const);
    const model = oneOf("-nic model", given.get("model") ?? "virtio-net-device", MODELS);
    const wanted = given.get("id");
    const id = wanted === undefined ? freeId(config) : checkId("-nic", wanted);
    const network: NetdevConfig = { id, kind: "user", hostName: hostName("-nic", given.get("hostname") ?? "") };
    config.netdevs = addUnique("-nic", config.netdevs, network);
    const mac = given.get("mac");
    const properties = { netdev: id, ...(mac === undefined ? {} : { mac }) };
    config.devices = [...config.devices, { name: model === "virtio" ? "virtio-net-device" : model, properties }];
    return undefined;
  },
};

function freeId({ netdevs }: Draft["config"]): string {
  for (let number = 0; ; number += 1) {
    const id = `nic${number}`;
    if (!netdevs.some((row) => row.id === id)) return id;
  }
}

const NET: OptionSpec = {
  names: ["-net"],
  argument: "none",
  doc: "No network, which is so anyway; use -nic or -netdev for one",
  apply(_, value) {
    if (value === "none") return undefined;
    throw new ConfigError(`-net cannot be "${value}". Use -nic user, or -netdev with a -device.`);
  },
};

export const NETWORK_OPTIONS: OptionGroup = { title: "Network", options: [NETDEV, NIC, NET] };
