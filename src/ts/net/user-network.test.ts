/** The user network against messages written down by hand from their RFCs. */
import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { wirePacket } from "../../virtio/net-packet.ts";
import { answerDns } from "./dns.ts";
import { ethernet, ipv4, readIpv4, readUdp, udp } from "./packet.ts";
import { EthernetSwitch } from "./switch.ts";
import { UserNetwork } from "./user-network.ts";

const GUEST = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const ALL = new Uint8Array(6).fill(0xff);
const GATEWAY = 0x0a000202;
const ADDRESS = 0x0a00020f;

function network(wallMs = 0) {
  const answers: Uint8Array[] = [];
  const net = new UserNetwork({ hostName: "box", wallMs: () => wallMs });
  net.attach({ receive: ({ bytes }) => answers.push(bytes), setLink: () => {} });
  const ask = (type: number, payload: Uint8Array, to = ALL): Uint8Array[] => {
    net.send(wirePacket(ethernet(to, GUEST, type, payload)));
    return answers.splice(0);
  };
  const askUdp = (to: number, port: number, payload: Uint8Array, from = ADDRESS): Uint8Array | undefined => {
    const datagram = { sourcePort: 68, destinationPort: port, payload };
    const [frame] = ask(0x0800, ipv4(from, to, 17, udp(from, to, datagram)));
    const packet = frame === undefined ? null : readIpv4(frame.subarray(14));
    return packet === null ? undefined : readUdp(packet)?.payload;
  };
  return { net, ask, askUdp };
}

function dhcp(kind: number, more: number[] = []): Uint8Array {
  const message = new Uint8Array(300);
  message.set([1, 1, 6, 0, 1, 2, 3, 4]);
  message.set(GUEST, 28);
  message.set([0x63, 0x82, 0x53, 0x63, 53, 1, kind, ...more, 255], 236);
  return message;
}

describe("the user network", () => {
  it("gives 10.0.2.15 by DHCP, and refuses another address", () => {
    const { askUdp } = network();
    const offer = askUdp(0xffffffff, 67, dhcp(1), 0);
    expect([...(offer ?? []).slice(16, 20)]).toEqual([10, 0, 2, 15]);
    expect([...(offer ?? []).slice(240, 243)]).toEqual([53, 1, 2]);
    const text = [...(askUdp(0xffffffff, 67, dhcp(3, [50, 4, 10, 0, 2, 15]), 0) ?? [])];
    expect(text.slice(240, 243)).toEqual([53, 1, 5]);
    expect(text.join()).toContain([1, 4, 255, 255, 255, 0, 3, 4, 10, 0, 2, 2, 6, 4, 10, 0, 2, 3, 12, 3].join());
    const nak = askUdp(0xffffffff, 67, dhcp(3, [50, 4, 10, 0, 2, 99]), 0);
    expect([...(nak ?? []).slice(240, 243)]).toEqual([53, 1, 6]);
  });

  it("answers ARP for the gateway, and for nobody else", () => {
    const { ask } = network();
    const request = (last: number): Uint8Array =>
      Uint8Array.of(0, 1, 8, 0, 6, 4, 0, 1, ...GUEST, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, last);
    const [reply] = ask(0x0806, request(2));
    const gateway = [0x52, 0x55, 10, 0, 2, 2];
    expect([...(reply ?? [])]).toEqual([
      ...GUEST,
      ...gateway,
      8,
      6,
      0,
      1,
      8,
      0,
      6,
      4,
      0,
      2,
      ...gateway,
      10,
      0,
      2,
      2,
      ...GUEST,
      10,
      0,
      2,
      15,
    ]);
    expect(ask(0x0806, request(15))).toEqual([]);
  });

  it("echoes pings of the gateway; the rest of the world is unreachable, a closed port too", () => {
    const { ask } = network();
    // An echo request with the identifier 1, sequence number 2 and no data; its checksum by hand.
    const ping = Uint8Array.of(8, 0, 0xf7, 0xfc, 0, 1, 0, 2);
    const answer = (to: number, protocol: number, payload: Uint8Array): Uint8Array | undefined =>
      ask(0x0800, ipv4(ADDRESS, to, protocol, payload))[0]?.subarray(34);
    expect(answer(GATEWAY, 1, ping)).toEqual(Uint8Array.of(0, 0, 0xff, 0xfc, 0, 1, 0, 2));
    expect([...(answer(0x08080808, 1, ping) ?? [])].slice(0, 2)).toEqual([3, 0]);
    const datagram = udp(ADDRESS, GATEWAY, { sourcePort: 9, destinationPort: 9, payload: new Uint8Array(3) });
    expect([...(answer(GATEWAY, 17, datagram) ?? [])].slice(0, 2)).toEqual([3, 3]);
    const syn = new Uint8Array(20);
    syn.set([0, 1, 0, 80, 0, 0, 0, 9, 0, 0, 0, 0, 0x50, 2]);
    expect([...(answer(GATEWAY, 6, syn) ?? [])].slice(0, 14)).toEqual([
      0, 80, 0, 1, 0, 0, 0, 0, 0, 0, 0, 10, 0x50, 0x14,
    ]);
  });

  it("tells the time", () => {
    const { askUdp } = network(1_700_000_000_500);
    const request = new Uint8Array(48);
    request[0] = 0x23;
    request.set([1, 2, 3, 4, 5, 6, 7, 8], 40);
    const reply = askUdp(GATEWAY, 123, request);
    expect([...(reply ?? [])].slice(0, 2)).toEqual([0x24, 2]);
    expect([...(reply ?? [])].slice(24, 32)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(new DataView((reply ?? new Uint8Array(48)).slice().buffer).getUint32(40)).toBe(
      1_700_000_000 + 2_208_988_800,
    );
    expect([...(reply ?? [])].slice(44)).toEqual([0x80, 0, 0, 0]);
  });

  it("knows its own names, and refuses others", () => {
    const names = new Map([["gateway", GATEWAY]]);
    const query = (...labels: string[]): Uint8Array => {
      const name = labels.flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
      return Uint8Array.of(0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, 0, 1, 0, 1);
    };
    const found = answerDns(query("GateWay"), names);
    expect([...(found ?? [])].slice(-4)).toEqual([10, 0, 2, 2]);
    expect([...(found ?? [])].slice(2, 8)).toEqual([0x85, 0, 0, 1, 0, 1]);
    expect(answerDns(query("nobody"), names)?.[3]).toBe(3);
    expect(answerDns(query("example", "org"), names)?.[3]).toBe(5);
    expect(answerDns(query("gateway").subarray(0, 15), names)?.[3]).toBe(1);
  });

  it("lives through any frame", () => {
    const { ask } = network();
    const kinds = fc.constantFrom(0x0800, 0x0806, 0x86dd, 0x8100);
    const payload = fc.uint8Array({ maxLength: 400 });
    const inside = fc.tuple(fc.constantFrom(1, 6, 17), fc.constantFrom(GATEWAY, 0x0a000203, 0xffffffff), payload);
    fc.assert(
      fc.property(kinds, payload, (type, bytes) => ask(type, bytes).length <= 1),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(inside, fc.constantFrom(53, 67, 123), ([protocol, to, bytes], port) => {
        ask(0x0800, ipv4(ADDRESS, to, protocol, bytes));
        const datagram = udp(ADDRESS, to, { sourcePort: 1, destinationPort: port, payload: bytes });
        return ask(0x0800, ipv4(ADDRESS, to, 17, datagram)).length <= 1;
      }),
      { numRuns: 3000 },
    );
  });
});

describe("a hub", () => {
  it("sends to all until it knows where an address is, and forgets the oldest of too many", () => {
    const hub = new EthernetSwitch();
    const ports = new Map(["a", "b", "c"].map((id) => [id, hub.addPort()]));
    const heard: string[] = [];
    for (const [id, port] of ports) port.attach({ receive: () => heard.push(id), setLink: () => {} });
    const say = (id: string, to: number, from: number): string => {
      ports
        .get(id)
        ?.send(wirePacket(ethernet(Uint8Array.of(2, 0, 0, 0, 0, to), Uint8Array.of(2, 0, 0, 0, 0, from), 1, ALL)));
      return heard.splice(0).join("");
    };
    expect([say("a", 2, 1), say("b", 1, 2), say("a", 2, 1)]).toEqual(["bc", "a", "b"]);
    for (let address = 0; address < 2000; ++address) {
      const from = Uint8Array.of(4, 0, 0, 0, address >> 8, address & 255);
      ports.get("c")?.send(wirePacket(ethernet(ALL, from, 1, ALL)));
    }
    heard.length = 0;
    expect(say("b", 1, 2)).toBe("ac");
  });
});
