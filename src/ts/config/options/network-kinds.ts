/** The kinds of networks: one list, from which -netdev, -nic and their help follow. */
import { ConfigError } from "../config-error.ts";
import type { NetdevConfig } from "../machine-config.ts";
import { checkId } from "../values.ts";
import type { KeySpec } from "./option.ts";

/** QEMU's hubs have 32-bit numbers, too. */
const MAX_HUB = 2 ** 31 - 1;
const MAX_HOST_NAME_BYTES = 63;
const MAX_CHANNEL_NAME = 64;

/** What was given of a network, by key. */
export type Given = ReadonlyMap<string, string>;

interface NetworkKind {
  readonly kind: NetdevConfig["kind"];
  readonly doc: string;
  /** Beside the id. */
  readonly keys: readonly KeySpec[];
  /** Throws ConfigError; `where` is the option. */
  read(where: string, id: string, given: Given): NetdevConfig;
}

export const NETWORK_KINDS: readonly NetworkKind[] = [
  {
    kind: "user",
    doc: "a network of its own with DHCP, a gateway, names and the time",
    keys: [{ key: "hostname", values: "TEXT", doc: "user: the name that DHCP gives the guest" }],
    read: (where, id, given) => ({ id, kind: "user", hostName: hostName(where, given.get("hostname") ?? "") }),
  },
  {
    kind: "channel",
    doc: "a segment that machines of one browser share, in whatever tab they are",
    keys: [{ key: "name", values: "TEXT", doc: "channel: the segment's name; armlet without it" }],
    read: (where, id, given) => ({ id, kind: "channel", name: channelName(where, given.get("name") ?? "armlet") }),
  },
  {
    kind: "socket",
    doc: "a segment that processes share, QEMU's too; in the browser as a channel of that name",
    keys: [
      { key: "mcast", values: "ADDRESS:PORT", doc: "socket: the multicast group, 230.0.0.1:1234 for example" },
      {
        key: "localaddr",
        values: "ADDRESS",
        doc: "socket: the address of the interface for it; ignored in the browser",
      },
    ],
    read(where, id, given) {
      const group = multicastGroup(where, given.get("mcast"));
      const local = given.get("localaddr");
      return { id, kind: "socket", group: { ...group, localAddress: local === undefined ? null : ipv4(where, local) } };
    },
  },
  {
    kind: "hubport",
    doc: "a socket of a hub: cards and networks on one hub hear each other",
    keys: [
      { key: "hubid", values: "NUMBER", doc: "hubport: the number of the hub" },
      { key: "netdev", values: "ID", doc: "hubport: the network that is plugged in there; a card without it" },
    ],
    read(where, id, given) {
      const netdev = given.get("netdev");
      return {
        id,
        kind: "hubport",
        hub: hubNumber(where, given.get("hubid") ?? ""),
        netdev: netdev === undefined ? null : checkId(`${where} netdev`, netdev),
      };
    },
  },
];

function hostName(where: string, text: string): string {
  if (text === "" || (/^[A-Za-z0-9][A-Za-z0-9-]*$/.test(text) && text.length <= MAX_HOST_NAME_BYTES)) return text;
  throw new ConfigError(`${where} hostname is letters, digits and "-", at most ${MAX_HOST_NAME_BYTES}, not "${text}".`);
}

function channelName(where: string, text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text) && text.length <= MAX_CHANNEL_NAME) return text;
  throw new ConfigError(
    `${where} channel name is letters, digits, "-", "." and "_", at most ${MAX_CHANNEL_NAME}, not "${text}".`,
  );
}

function hubNumber(where: string, text: string): number {
  const hub = /^\d+$/.test(text) ? Number(text) : -1;
  if (hub >= 0 && hub <= MAX_HUB) return hub;
  throw new ConfigError(`${where} hubport needs the hub's number: hubid=0, for example.`);
}

/** The bytes of an IPv4 address; null for what is none. */
function ipv4Bytes(text: string): readonly number[] | null {
  const bytes = text.split(".").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  return bytes.length === 4 && bytes.every((byte) => byte < 256) ? bytes : null;
}

function ipv4(where: string, text: string): string {
  const bytes = ipv4Bytes(text);
  if (bytes === null) throw new ConfigError(`${where} localaddr is an address such as 127.0.0.1, not "${text}".`);
  return bytes.join(".");
}

function multicastGroup(where: string, text: string | undefined): { address: string; port: number } {
  if (text === undefined) {
    throw new ConfigError(`${where} socket needs a multicast group: mcast=230.0.0.1:1234, for example.`);
  }
  const [host = "", port = "", ...rest] = text.split(":");
  const bytes = ipv4Bytes(host);
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  const first = bytes?.[0] ?? 0;
  if (bytes === null || rest.length > 0 || number < 1 || number > 65_535 || first < 224 || first > 239) {
    throw new ConfigError(
      `${where} mcast is an address from 224.0.0.0 to 239.255.255.255 and a port, such as 230.0.0.1:1234, not "${text}".`,
    );
  }
  return { address: bytes.join("."), port: number };
}
