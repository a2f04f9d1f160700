/** Networks. */
import { ConfigError } from "../config-error.ts";
import { addUnique, type Draft } from "../draft.ts";
import { CAPTURE_QUEUES, type CaptureConfig, DEFAULT_CAPTURE_BYTES, type NetdevConfig } from "../machine-config.ts";
import { type OptionList, parseOptionList } from "../option-list.ts";
import { byKey, checkId, oneOf } from "../values.ts";
import { type Given, NETWORK_KINDS } from "./network-kinds.ts";
import { type KeySpec, listText, type OptionGroup, type OptionSpec } from "./option.ts";

const KIND_NAMES = NETWORK_KINDS.map(({ kind }) => kind);
const KIND_KEYS = NETWORK_KINDS.flatMap(({ keys }) => keys);
const KINDS_TEXT = KIND_NAMES.join("|");

/** A network of a kind by its name. Throws ConfigError also for keys of other kinds. */
function readNetwork(where: string, kindName: string, id: string, given: Given): NetdevConfig {
  const name = oneOf(where, kindName, KIND_NAMES);
  for (const { kind, keys } of NETWORK_KINDS) {
    const foreign = kind === name ? undefined : keys.find(({ key }) => given.has(key));
    if (foreign !== undefined) throw new ConfigError(`${where} ${name} has no property "${foreign.key}".`);
  }
  const found = NETWORK_KINDS.find(({ kind }) => kind === name);
  if (found === undefined) throw new Error(`no kind ${name}`);
  return found.read(where, id, given);
}

const NETDEV: OptionSpec = {
  names: ["-netdev"],
  argument: `${KINDS_TEXT},id=ID[,property=value…]`,
  doc: "A network, for the netdev= of a -device virtio-net-device; nothing on it leads to the Internet yet",
  keys: [{ key: "id", values: "ID", doc: "what a -device calls it by" }, ...KIND_KEYS],
  apply({ config }, value) {
    const given = byKey("-netdev", parseOptionList(value, "type"), ["type", "id", ...KIND_KEYS.map(({ key }) => key)]);
    const type = given.get("type") ?? "";
    if (type === "help" || type === "?") {
      return listText(
        "Networks:",
        NETWORK_KINDS.map(({ kind, doc }) => [kind, doc] as const),
      );
    }
    oneOf("-netdev", type, KIND_NAMES);
    const id = checkId("-netdev", given.get("id") ?? "");
    config.netdevs = addUnique("-netdev", config.netdevs, readNetwork("-netdev", type, id, given));
    return undefined;
  },
};

const NIC_KEYS: readonly KeySpec[] = [
  { key: "id", values: "ID", doc: "what the network is called" },
  { key: "model", values: "virtio-net-device|virtio-net-pci", doc: "the card; virtio-net-device without it" },
  { key: "mac", values: "ADDRESS", doc: "the card's address" },
];

const MODELS = ["virtio-net-device", "virtio-net-pci", "virtio"] as const;

/** A hub's socket that has a network in it has no room for a card. */
const NIC_KIND_KEYS = KIND_KEYS.filter(({ key }) => key !== "netdev");

const NIC: OptionSpec = {
  names: ["-nic"],
  argument: `${KINDS_TEXT}[,property=value…]|none`,
  doc: "A network, with the properties that it has as a -netdev, and a card on it; none: no network, which is so anyway",
  keys: NIC_KEYS,
  apply({ config }, value) {
    if (value === "none") return undefined;
    const known = ["type", ...NIC_KEYS.map(({ key }) => key), ...NIC_KIND_KEYS.map(({ key }) => key)];
    const given = byKey("-nic", parseOptionList(value, "type"), known);
    const type = oneOf("-nic", given.get("type") ?? "", [...KIND_NAMES, "none"]);
    if (type === "none") return undefined;
    const model = oneOf("-nic model", given.get("model") ?? "virtio-net-device", MODELS);
    const wanted = given.get("id");
    const id = wanted === undefined ? freeId(config) : checkId("-nic", wanted);
    config.netdevs = addUnique("-nic", config.netdevs, readNetwork("-nic", type, id, given));
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

export const FILTER_DUMP_KEYS = [
  { key: "netdev", values: "ID", doc: "filter-dump: the network whose packets it writes" },
  { key: "file", values: "FILE", doc: "filter-dump: where to, in the format of libpcap; in the page a file to save" },
  { key: "maxlen", values: "BYTES", doc: `filter-dump: how much of a frame; ${DEFAULT_CAPTURE_BYTES} without it` },
  {
    key: "queue",
    values: "all|rx|tx",
    doc: "filter-dump: all, only what the guest sends (rx), or only what it gets (tx)",
  },
] as const satisfies readonly KeySpec[];

/** `-object filter-dump`. */
export function readCapture(list: OptionList, id: string): CaptureConfig {
  const where = "-object filter-dump";
  const given = byKey(where, list, ["qom-type", "id", ...FILTER_DUMP_KEYS.map(({ key }) => key)] as const);
  const file = given.get("file") ?? "";
  if (file === "") throw new ConfigError(`${where} needs a file: file=net.pcap, for example.`);
  const maxlen = given.get("maxlen") ?? String(DEFAULT_CAPTURE_BYTES);
  const maxBytes = /^\d{1,9}$/.test(maxlen) ? Number(maxlen) : 0;
  if (maxBytes === 0) throw new ConfigError(`${where} maxlen is a number of bytes from 1 on, not "${maxlen}".`);
  const queue = oneOf(`${where} queue`, given.get("queue") ?? "all", CAPTURE_QUEUES);
  return { id, netdev: checkId(`${where} netdev`, given.get("netdev") ?? ""), file, maxBytes, queue };
}

export const NETWORK_OPTIONS: OptionGroup = { title: "Network", options: [NETDEV, NIC, NET] };
