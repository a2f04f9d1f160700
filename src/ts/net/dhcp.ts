/** A DHCP server for the user network (RFC 2131, 2132). */
import { get16, set16 } from "../../virtio/net-packet.ts";
import { formatIpv4, get32, type Ipv4Address, set32 } from "./packet.ts";

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

const OPTIONS_AT = 240;
const COOKIE = 0x6382_5363;
const DISCOVER = 1;
const OFFER = 2;
const REQUEST = 3;
const ACK = 5;
const NAK = 6;
const INFORM = 8;
const LEASE_S = 86_400;
/** Addresses that are given out: as many as QEMU's user network has. */
const LEASES = 16;
const MAX_HOST_NAME = 63;

/** What the server tells its clients. */
export interface DhcpSettings {
  readonly server: Ipv4Address;
  readonly mask: Ipv4Address;
  readonly dns: Ipv4Address;
  /** The first address that is given out. */
  readonly first: Ipv4Address;
  /** A name that clients are given; empty for none. */
  readonly hostName: string;
}

export interface DhcpReply {
  readonly message: Uint8Array;
  /** Where it goes: an address that the client has, or everybody. */
  readonly to: Ipv4Address;
}

interface Lease {
  readonly address: Ipv4Address;
  /** The name that the client gave itself; empty for none. */
  name: string;
}

const EVERYBODY = 0xffff_ffff;

export class DhcpServer {
  readonly #settings: DhcpSettings;
  /** By hardware address. */
  readonly #leases = new Map<string, Lease>();

  constructor(settings: DhcpSettings) {
    this.#settings = settings;
  }

  /** The clients' names and addresses. */
  get names(): ReadonlyMap<string, Ipv4Address> {
    const named = [...this.#leases.values()].filter(({ name }) => name !== "");
    return new Map(named.map(({ name, address }) => [name.toLowerCase(), address]));
  }

  /** The answer to a client's message; null where it gets none. */
  answer(message: Uint8Array): DhcpReply | null {
    if (message.length < OPTIONS_AT || message[0] !== 1 || message[1] !== 1 || message[2] !== 6) return null;
    if (get32(message, 236) !== COOKIE) return null;
    const options = readOptions(message);
    const kind = options.get(53)?.[0];
    const server = options.get(54);
    if (server !== undefined && get32(server, 0) !== this.#settings.server) return null;
    const client = get32(message, 12);
    if (kind === INFORM) return { message: this.#reply(message, ACK, 0), to: client };
    if (kind !== DISCOVER && kind !== REQUEST) return null;
    const lease = this.#leaseOf(message.subarray(28, 34).join());
    if (lease === null) return null;
    const name = options.get(12);
    if (name !== undefined) lease.name = hostName(name);
    const wanted = options.get(50);
    const asked = wanted === undefined ? client : get32(wanted, 0);
    if (kind === REQUEST && asked !== lease.address) return { message: this.#reply(message, NAK, 0), to: EVERYBODY };
    const to = client === 0 ? EVERYBODY : client;
    return { message: this.#reply(message, kind === DISCOVER ? OFFER : ACK, lease.address), to };
  }

  #leaseOf(hardware: string): Lease | null {
    const known = this.#leases.get(hardware);
    if (known !== undefined) return known;
    if (this.#leases.size === LEASES) return null;
    const lease = { address: this.#settings.first + this.#leases.size, name: "" };
    this.#leases.set(hardware, lease);
    return lease;
  }

  #reply(request: Uint8Array, kind: number, yours: Ipv4Address): Uint8Array {
    const { server, mask, dns, hostName: name } = this.#settings;
    const options: number[] = [53, 1, kind, 54, 4, ...word(server)];
    if (kind !== NAK) {
      if (yours !== 0) options.push(51, 4, ...word(LEASE_S));
      options.push(1, 4, ...word(mask), 3, 4, ...word(server), 6, 4, ...word(dns));
      if (name !== "") options.push(12, name.length, ...new TextEncoder().encode(name));
    }
    options.push(255);
    // Old clients want at least the 300 bytes of BOOTP.
    const reply = new Uint8Array(Math.max(300, OPTIONS_AT + options.length));
    reply.set([2, 1, 6]);
    reply.set(request.subarray(4, 8), 4);
    set16(reply, 10, get16(request, 10));
    if (kind === ACK) reply.set(request.subarray(12, 16), 12);
    set32(reply, 16, yours);
    set32(reply, 20, kind === NAK ? 0 : server);
    reply.set(request.subarray(28, 44), 28);
    set32(reply, 236, COOKIE);
    reply.set(options, OPTIONS_AT);
    return reply;
  }
}

function word(value: number): number[] {
  return formatIpv4(value).split(".").map(Number);
}

/** The options of a message by their number; what is cut off is left out. */
function readOptions(message: Uint8Array): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = OPTIONS_AT; at < message.length; ) {
    const code = message[at] as number;
    if (code === 255) break;
    if (code === 0) at += 1;
    else {
      const length = message[at + 1] ?? 0;
      if (at + 2 + length > message.length) break;
      options.set(code, message.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return options;
}

/** A name of letters, digits and "-"; anything else is no name. */
function hostName(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes);
  return /^[A-Za-z0-9][A-Za-z0-9-]*$/.test(text) && text.length <= MAX_HOST_NAME ? text : "";
}
