/** The networks of a machine: how they hang together, cables, captures. */
import { randomFillSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { internetChecksum, readPcap } from "../../../e2e/support/pcap.ts";
import type { NetFrontend, NetPacket } from "../../virtio/backends.ts";
import { wirePacket } from "../../virtio/net-packet.ts";
import { parseCommandLine } from "../config/command-line.ts";
import type { MulticastAddress, NetworkServices } from "./network.ts";
import { Networks } from "./networks.ts";
import { ethernet } from "./packet.ts";
import { ChannelHub } from "./testing/channel-hub.ts";

const ALL = new Uint8Array(6).fill(0xff);
const MAC = Uint8Array.of(0x52, 0x54, 0, 0, 0, 1);
const WALL_MS = Date.UTC(2026, 10, 21) + 123.456;

/** A frontend that keeps what it hears. */
function card() {
  const heard: NetPacket[] = [];
  const links: boolean[] = [];
  const frontend: NetFrontend = {
    receive: (packet) => heard.push(packet),
    setLink: (up) => links.push(up),
  };
  return { heard, links, frontend };
}

async function open(line: string, more: Partial<NetworkServices> = {}, hub = new ChannelHub()) {
  const files = new Map<string, Uint8Array[]>();
  let roomBytes = Number.POSITIVE_INFINITY;
  const closed: string[] = [];
  const services: NetworkServices = {
    openChannel: hub.machine().openChannel,
    openMulticast: null,
    openCapture({ file }) {
      const parts: Uint8Array[] = [];
      files.set(file, parts);
      return {
        write(bytes) {
          if ((roomBytes -= bytes.length) < 0) return false;
          parts.push(bytes.slice());
          return true;
        },
        close: () => void closed.push(file),
      };
    },
    ...more,
  };
  const networks = await Networks.open(parseCommandLine(line), {
    services,
    entropy: (into) => void randomFillSync(into),
    clock: { nowMs: () => 0, wallMs: () => WALL_MS },
  });
  const plug = (id: string) => {
    const end = card();
    const cable = networks.get(id);
    if (cable === null) throw new Error(`no network ${id}`);
    cable.attach(end.frontend);
    return { ...end, cable };
  };
  const limit = (bytes: number): void => {
    roomBytes = bytes;
  };
  return { networks, plug, limit, closed, file: (name: string) => Buffer.concat(files.get(name) ?? []) };
}

/** A TCP segment of IPv4 that is still to be cut, as a guest's card sends it. */
function segment(payloadBytes: number, sizeBytes: number): NetPacket {
  const bytes = new Uint8Array(54 + payloadBytes);
  const total = 40 + payloadBytes;
  bytes.set([...ALL, ...MAC, 8, 0, 0x45, 0, total >> 8, total & 255, 0, 9, 0x40, 0, 64, 6, 0, 0]);
  bytes.set([10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0x50, 0x18, 1, 0], 26);
  for (let index = 0; index < payloadBytes; ++index) bytes[54 + index] = index % 251;
  return {
    bytes,
    checksum: { start: 34, offset: 16 },
    segmentation: { kind: "tcp4", sizeBytes, ecn: false },
  };
}

/** A question for the hardware address of 10.0.2.2. */
function arp(): NetPacket {
  const question = Uint8Array.of(0, 1, 8, 0, 6, 4, 0, 1, ...MAC, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2);
  return wirePacket(ethernet(ALL, MAC, 0x0806, question));
}

describe("a hub with networks plugged into it", () => {
  it("joins a card, the user network and a segment of other machines", async () => {
    const hub = new ChannelHub();
    const lab = "-netdev channel,id=lab,name=lab";
    // In any order: the network that is plugged in comes last.
    const sockets = ["-netdev hubport,id=a,hubid=0,netdev=dhcp", "-netdev hubport,id=b,hubid=0,netdev=lab"];
    const first = await open(
      `${sockets.join(" ")} -netdev hubport,id=card,hubid=0 -netdev user,id=dhcp ${lab}`,
      {},
      hub,
    );
    const second = await open(lab, {}, hub);
    await hub.settle();
    const [here, there] = [first.plug("card"), second.plug("lab")];
    there.cable.send(arp());
    await hub.settle();
    // The gateway's answer goes to who asked, and to nobody else.
    expect(there.heard.map(({ bytes }) => [...bytes.subarray(0, 14)])).toEqual([
      [...MAC, 0x52, 0x55, 10, 0, 2, 2, 0x08, 0x06],
    ]);
    expect(here.heard).toHaveLength(1);
    expect([...(here.heard[0]?.bytes.subarray(0, 6) ?? [])]).toEqual([...ALL]);
  });
});

describe("a multicast group", () => {
  it("is a channel where there are no sockets", async () => {
    const hub = new ChannelHub();
    const line = "-netdev socket,id=n,mcast=230.0.0.1:1234,localaddr=127.0.0.1";
    const [one, two] = [await open(line, {}, hub), await open(line, {}, hub)];
    const other = await open("-netdev socket,id=n,mcast=230.0.0.1:1235", {}, hub);
    await hub.settle();
    const [from, to, stranger] = [one.plug("n"), two.plug("n"), other.plug("n")];
    from.cable.send(segment(4000, 1000));
    await hub.settle();
    expect(to.heard).toEqual([segment(4000, 1000)]);
    expect(stranger.heard).toEqual([]);
  });

  it("is joined where there are, with frames as on a wire", async () => {
    const joined: MulticastAddress[] = [];
    const sent: Uint8Array[] = [];
    let deliver: (datagram: Uint8Array) => void = () => undefined;
    let isClosed = false;
    const { networks, plug } = await open("-netdev socket,id=n,mcast=230.0.0.1:1234", {
      openMulticast(group, receive) {
        joined.push(group);
        deliver = receive;
        return Promise.resolve({ send: (datagram) => void sent.push(datagram), close: () => void (isClosed = true) });
      },
    });
    const end = plug("n");
    end.cable.send(segment(4000, 1000));
    expect(joined).toEqual([{ address: "230.0.0.1", port: 1234, localAddress: null }]);
    expect(sent.map(({ length }) => length)).toEqual([1054, 1054, 1054, 1054]);
    deliver(new Uint8Array(13));
    deliver(new Uint8Array(70_000));
    deliver(arp().bytes);
    expect(end.heard).toEqual([arp()]);
    networks.close();
    expect(isClosed).toBe(true);
  });
});

describe("a cable", () => {
  it("that is pulled out carries nothing, and its card is told", async () => {
    const { plug } = await open("-netdev user,id=n");
    const end = plug("n");
    end.cable.setPlugged(false);
    end.cable.send(arp());
    expect([end.links, end.heard.length, end.cable.linkUp]).toEqual([[false], 0, false]);
    end.cable.setPlugged(true);
    end.cable.send(arp());
    expect([end.links, end.heard.length, end.cable.linkUp]).toEqual([[false, true], 1, true]);
  });
});

describe("a capture", () => {
  const line = "-netdev user,id=n -object filter-dump,id=f,netdev=n,file=a.pcap";

  it("has frames both ways as they would be on a wire, with the time", async () => {
    const { plug, file, networks, closed } = await open(line);
    const { cable } = plug("n");
    cable.send(arp());
    cable.send(segment(2500, 1000));
    const { snapLength, linkType, frames } = readPcap(file("a.pcap"));
    expect([snapLength, linkType]).toEqual([65_536, 1]);
    // Nothing leads to 10.0.0.2, as the gateway says of each.
    expect(frames.map(({ length }) => length)).toEqual([42, 42, 1054, 1054, 554, 70, 70, 70]);
    for (const { seconds } of frames) expect(seconds).toBeCloseTo(WALL_MS / 1000, 4);
    for (const { bytes } of frames.slice(2, 5)) {
      expect(internetChecksum(bytes.subarray(14, 34))).toBe(0);
      // TCP's checksum covers addresses, protocol and length, too (RFC 9293, 3.1).
      const pseudo = 6 + bytes.length - 34 + 0x0a00 + 1 + 0x0a00 + 2;
      expect(internetChecksum(bytes.subarray(34), pseudo)).toBe(0);
    }
    networks.close();
    expect(closed).toEqual(["a.pcap"]);
  });

  it("keeps the beginnings of frames with maxlen, and one way with queue", async () => {
    const more =
      "-object filter-dump,id=g,netdev=n,file=rx.pcap,queue=rx -object filter-dump,id=h,netdev=n,file=tx.pcap,queue=tx";
    const { plug, file } = await open(`${line},maxlen=20 ${more}`);
    plug("n").cable.send(arp());
    const { snapLength, frames } = readPcap(file("a.pcap"));
    expect([snapLength, ...frames.map(({ bytes, length }) => [bytes.length, length])]).toEqual([
      20,
      [20, 42],
      [20, 42],
    ]);
    // The network receives what the guest sends.
    expect(readPcap(file("rx.pcap")).frames.map(({ bytes }) => bytes[21])).toEqual([1]);
    expect(readPcap(file("tx.pcap")).frames.map(({ bytes }) => bytes[21])).toEqual([2]);
  });

  it("ends whole where there is no more room", async () => {
    const { plug, file, limit } = await open(line);
    const { cable } = plug("n");
    limit(70);
    cable.send(arp());
    cable.send(arp());
    limit(1000);
    cable.send(arp());
    expect(readPcap(file("a.pcap")).frames).toHaveLength(1);
  });
});
