/**
 * A network of one's own, laid out as QEMU's user network: the guest gets 10.0.2.15 by DHCP; at 10.0.2.2 is a gateway
 * that answers pings and tells the time, at 10.0.2.3 a name server.
 */
import type { NetBackend, NetFrontend, NetPacket } from "../../virtio/backends.ts";
import { get16, set16, wireFrames, wirePacket } from "../../virtio/net-packet.ts";
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, DhcpServer } from "./dhcp.ts";
import { answerDns, DNS_PORT } from "./dns.ts";
import { answerNtp, NTP_PORT } from "./ntp.ts";
import * as P from "./packet.ts";

const NETWORK = 0x0a00_0200;
const MASK = 0xffff_ff00;
const GATEWAY = NETWORK + 2;
const NAME_SERVER = NETWORK + 3;
const FIRST_GUEST = NETWORK + 15;
const BROADCASTS = [0xffff_ffff, NETWORK + 255];

/** The way out of the network, for whoever can provide one. */
export interface Outside {
  /** Takes a whole IPv4 packet to an address outside; false where it cannot go on. */
  send(packet: Uint8Array): boolean;
  /** Called once: `receive` takes a whole IPv4 packet from outside to an address of the network. */
  attach(receive: (packet: Uint8Array) => void): void;
}

export interface UserNetworkOptions {
  /** A name that DHCP gives the guest; empty for none. */
  readonly hostName: string;
  /** Unix time in milliseconds. */
  readonly wallMs: () => number;
  readonly outside?: Outside;
}

/** Hardware addresses of guests that are remembered. */
const MAX_NEIGHBOURS = 256;

export class UserNetwork implements NetBackend {
  readonly linkUp = true;
  readonly #options: UserNetworkOptions;
  readonly #dhcp: DhcpServer;
  readonly #neighbours = new Map<P.Ipv4Address, Uint8Array>();
  #frontend: NetFrontend | null = null;

  constructor(options: UserNetworkOptions) {
    this.#options = options;
    this.#dhcp = new DhcpServer({
      server: GATEWAY,
      mask: MASK,
      dns: NAME_SERVER,
      first: FIRST_GUEST,
      hostName: options.hostName,
    });
    options.outside?.attach((packet) => this.#fromOutside(packet));
  }

  attach(frontend: NetFrontend): void {
    this.#frontend = frontend;
  }

  send(packet: NetPacket): void {
    for (const frame of wireFrames(packet)) this.#frame(frame);
  }

  #frame(frame: Uint8Array): void {
    const payload = frame.subarray(14);
    const type = get16(frame, 12);
    const from = frame.slice(6, 12);
    if (type === P.ETHERTYPE_ARP) this.#arp(payload);
    else if (type === P.ETHERTYPE_IPV4) {
      const packet = P.readIpv4(payload);
      if (packet !== null) this.#ip(packet, from);
    }
  }

  #transmit(to: Uint8Array, from: P.Ipv4Address, type: number, payload: Uint8Array): void {
    this.#frontend?.receive(wirePacket(P.ethernet(to, hardwareOf(from), type, payload)));
  }

  /** ARP (RFC 826): requests for the network's own addresses are answered. */
  #arp(message: Uint8Array): void {
    if (message.length < 28 || P.get32(message, 0) !== 0x0001_0800 || P.get32(message, 4) !== 0x0604_0001) return;
    const target = P.get32(message, 24);
    if (!isOurs(target)) return;
    const reply = message.slice(0, 28);
    set16(reply, 6, 2);
    reply.set(hardwareOf(target), 8);
    P.set32(reply, 14, target);
    reply.set(message.subarray(8, 18), 18);
    this.#transmit(message.slice(8, 14), target, P.ETHERTYPE_ARP, reply);
  }

  #learn(address: P.Ipv4Address, hardware: Uint8Array): void {
    this.#neighbours.delete(address);
    this.#neighbours.set(address, hardware);
    if (this.#neighbours.size > MAX_NEIGHBOURS) {
      for (const oldest of this.#neighbours.keys()) {
        this.#neighbours.delete(oldest);
        break;
      }
    }
  }

  #ip(packet: P.Ipv4Packet, hardware: Uint8Array): void {
    const { destination, source } = packet;
    if ((source & MASK) === NETWORK) this.#learn(source, hardware);
    if (isOurs(destination) || BROADCASTS.includes(destination)) this.#local(packet, hardware);
    else if (((destination & MASK) | 0) !== NETWORK && destination >>> 28 !== 14) {
      if (this.#options.outside?.send(packet.bytes) !== true) this.#unreachable(packet, hardware, 0);
    }
  }

  #fromOutside(bytes: Uint8Array): void {
    const packet = P.readIpv4(bytes);
    const hardware = packet === null ? undefined : this.#neighbours.get(packet.destination);
    if (packet !== null && hardware !== undefined) {
      this.#transmit(hardware, GATEWAY, P.ETHERTYPE_IPV4, packet.bytes);
    }
  }

  /** A packet to the gateway, the name server or everybody. */
  #local(packet: P.Ipv4Packet, hardware: Uint8Array): void {
    const { protocol, payload, source, destination } = packet;
    const answer = (bytes: Uint8Array | null): void => {
      if (bytes === null || !isOurs(destination)) return;
      this.#transmit(hardware, destination, P.ETHERTYPE_IPV4, P.ipv4(destination, source, protocol, bytes));
    };
    if (protocol === P.PROTOCOL_UDP) this.#udp(packet, hardware);
    else if (protocol === P.PROTOCOL_TCP) answer(P.tcpReset(packet));
    else if (protocol === P.PROTOCOL_ICMP) {
      if (payload.length >= 8 && payload[0] === 8) answer(P.icmp(0, 0, P.get32(payload, 4), payload.subarray(8)));
    } else if (isOurs(destination)) this.#unreachable(packet, hardware, 2);
  }

  #udp(packet: P.Ipv4Packet, hardware: Uint8Array): void {
    const datagram = P.readUdp(packet);
    if (datagram === null) return;
    const { destinationPort, payload } = datagram;
    if (destinationPort === DHCP_SERVER_PORT) {
      this.#answerDhcp(payload, hardware);
      return;
    }
    // Everybody is told of nothing but DHCP.
    if (!isOurs(packet.destination)) return;
    const reply = this.#serve(packet.destination, destinationPort, payload);
    if (reply === undefined) this.#unreachable(packet, hardware, 3);
    else if (reply !== null) {
      const back = { sourcePort: destinationPort, destinationPort: datagram.sourcePort, payload: reply };
      this.#sendUdp(hardware, packet.destination, packet.source, back);
    }
  }

  #sendUdp(hardware: Uint8Array, from: P.Ipv4Address, to: P.Ipv4Address, datagram: P.UdpDatagram): void {
    const bytes = P.ipv4(from, to, P.PROTOCOL_UDP, P.udp(from, to, datagram));
    this.#transmit(hardware, from, P.ETHERTYPE_IPV4, bytes);
  }

  /** What a service answers; null for nothing, undefined where there is no service. */
  #serve(address: P.Ipv4Address, port: number, request: Uint8Array): Uint8Array | null | undefined {
    if (port === NTP_PORT) return answerNtp(request, this.#options.wallMs());
    if (port !== DNS_PORT || address !== NAME_SERVER) return undefined;
    // Names of guests come after: none of them can take the place of these.
    return answerDns(request, new Map([...this.#dhcp.names, ["gateway", GATEWAY], ["dns", NAME_SERVER]]));
  }

  #answerDhcp(request: Uint8Array, hardware: Uint8Array): void {
    const reply = this.#dhcp.answer(request);
    if (reply === null) return;
    const isForAll = reply.to === BROADCASTS[0];
    const target = isForAll ? new Uint8Array(6).fill(0xff) : hardware;
    const datagram = { sourcePort: DHCP_SERVER_PORT, destinationPort: DHCP_CLIENT_PORT, payload: reply.message };
    this.#sendUdp(target, GATEWAY, reply.to, datagram);
  }

  /** Destination unreachable (RFC 792): network 0, protocol 2 or port 3. Never about an ICMP error. */
  #unreachable({ bytes, protocol, payload, source }: P.Ipv4Packet, hardware: Uint8Array, code: number): void {
    if (protocol === P.PROTOCOL_ICMP && payload[0] !== 8) return;
    const quoted = bytes.subarray(0, bytes.length - payload.length + 8);
    const message = P.icmp(3, code, 0, quoted);
    this.#transmit(hardware, GATEWAY, P.ETHERTYPE_IPV4, P.ipv4(GATEWAY, source, P.PROTOCOL_ICMP, message));
  }
}

function isOurs(address: P.Ipv4Address): boolean {
  return address === GATEWAY || address === NAME_SERVER;
}

/** The hardware address of one of the network's own, as QEMU's user network has it. */
function hardwareOf(address: P.Ipv4Address): Uint8Array {
  const bytes = Uint8Array.of(0x52, 0x55, 0, 0, 0, 0);
  P.set32(bytes, 2, address);
  return bytes;
}
