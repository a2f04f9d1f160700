/** Machines on one segment, with channels of the test's own and with real ones. */
import { randomFillSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { NetPacket } from "../../virtio/backends.ts";
import { isSound, wirePacket } from "../../virtio/net-packet.ts";
import { openBroadcastChannel } from "./broadcast-channel.ts";
import { ACKNOWLEDGE_BYTES, ChannelNetwork, WINDOW_BYTES } from "./channel-network.ts";
import { readBatch, writeBatch } from "./frame-batch.ts";
import type { NetworkServices } from "./network.ts";
import { ChannelHub } from "./testing/channel-hub.ts";

const BROADCAST = [255, 255, 255, 255, 255, 255];
const address = (last: number): number[] => [0x52, 0x54, 0, 0, 0, last];

function frame(to: readonly number[], from: readonly number[], length = 60): NetPacket {
  const bytes = new Uint8Array(length);
  bytes.set([...to, ...from, 0x88, 0xb5]);
  return wirePacket(bytes);
}

function machine(openChannel: NetworkServices["openChannel"], time: { ms: number }, name = "lab") {
  const heard: NetPacket[] = [];
  const entropy = (into: Uint8Array): void => void randomFillSync(into);
  const network = new ChannelNetwork({ name, openChannel, entropy, nowMs: () => time.ms });
  network.attach({ receive: (packet) => heard.push(packet), setLink: () => undefined });
  return { network, heard };
}

async function segment(count: number) {
  const hub = new ChannelHub();
  const time = { ms: 0 };
  const tabs = Array.from({ length: count }, () => hub.machine());
  const machines = tabs.map(({ openChannel }) => machine(openChannel, time));
  await hub.settle();
  const get = <Item>(list: readonly Item[], index: number): Item => {
    const item = list[index];
    if (item === undefined) throw new Error(`no machine ${index}`);
    return item;
  };
  return { hub, time, tab: (index: number) => get(tabs, index), at: (index: number) => get(machines, index) };
}

describe("a segment of channels", () => {
  it("lets all machines meet, whoever comes first, and forgets those that leave", async () => {
    const { hub, at } = await segment(3);
    expect([0, 1, 2].map((index) => at(index).network.peerCount)).toEqual([2, 2, 2]);
    at(1).network.close();
    await hub.settle();
    expect([0, 2].map((index) => at(index).network.peerCount)).toEqual([1, 1]);
    at(0).network.send(frame(BROADCAST, address(0)));
    await hub.settle();
    expect([at(1).heard.length, at(2).heard.length]).toEqual([0, 1]);
  });

  it("keeps segments of other names apart", async () => {
    const hub = new ChannelHub();
    const time = { ms: 0 };
    const one = machine(hub.machine().openChannel, time, "one");
    const two = machine(hub.machine().openChannel, time, "two");
    await hub.settle();
    one.network.send(frame(BROADCAST, address(1)));
    await hub.settle();
    expect(two.heard).toEqual([]);
  });

  it("tells everybody until it knows where an address is", async () => {
    const { hub, at } = await segment(3);
    at(0).network.send(frame(address(1), address(0)));
    await hub.settle();
    expect([at(1).heard.length, at(2).heard.length]).toEqual([1, 1]);
    at(1).network.send(frame(address(0), address(1)));
    at(0).network.send(frame(address(1), address(0)));
    await hub.settle();
    at(0).network.send(frame(address(1), address(0)));
    await hub.settle();
    expect(at(0).heard).toHaveLength(1);
    // The second frame left before the answer was heard.
    expect([at(1).heard.length, at(2).heard.length]).toEqual([3, 2]);
  });

  it("sends many small packets in one message, in their order, and a long segment whole", async () => {
    const { hub, at } = await segment(2);
    const before = hub.posted;
    for (let index = 0; index < 40; ++index) at(0).network.send(frame(address(1), address(index)));
    await hub.settle();
    expect(hub.posted - before).toBe(1);
    expect(at(1).heard.map(({ bytes }) => bytes[11])).toEqual(Array.from({ length: 40 }, (_, index) => index));

    const bytes = new Uint8Array(64_054);
    bytes.set([...address(1), ...address(0), 8, 0, 0x45, 0, 0xfa, 0x28, 0, 9, 0x40, 0, 64, 6, 0, 0]);
    bytes.set([10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0x50, 0x18, 1, 0], 26);
    const packet: NetPacket = {
      bytes,
      checksum: { start: 34, offset: 16 },
      segmentation: { kind: "tcp4", sizeBytes: 1448, ecn: false },
    };
    at(0).network.send(packet);
    await hub.settle();
    expect(at(1).heard.at(-1)).toEqual(packet);
  });

  it("sends a tab that sleeps no more than a window, and goes on when it wakes", async () => {
    const { hub, at, tab, time } = await segment(3);
    const data = (to: number): NetPacket => frame(address(to), address(0), 9000);
    for (const index of [1, 2]) at(index).network.send(frame(BROADCAST, address(index)));
    await hub.settle();
    tab(1).sleep(true);
    for (let round = 0; round < 3000; ++round) {
      at(0).network.send(data(1));
      if (round % 100 === 0) await hub.settle();
    }
    expect(hub.waitingBytes).toBeLessThanOrEqual(WINDOW_BYTES);
    expect(hub.waitingBytes).toBeGreaterThan(WINDOW_BYTES / 2);
    expect(at(0).network.counters.dropped).toBeGreaterThan(2000);

    // The other machine is not held up, however much it is sent.
    const before = at(0).network.counters.dropped;
    for (let round = 0; round < 3000; ++round) {
      at(0).network.send(data(2));
      await hub.settle();
    }
    expect(at(2).heard).toHaveLength(3000 + 1);
    expect(at(0).network.counters.dropped).toBe(before);

    // After a while nothing is tried any more.
    time.ms += 60_000;
    at(0).network.send(data(1));
    expect(at(0).network.peerCount).toBe(1);

    tab(1).sleep(false);
    await hub.settle();
    expect(at(0).network.peerCount).toBe(2);
    const heard = at(1).heard.length;
    for (let round = 0; round < 1000; ++round) {
      at(0).network.send(data(1));
      await hub.settle();
    }
    expect(at(1).heard.length - heard).toBe(1000);
  });

  it("takes nothing from messages that are no part of it", async () => {
    const hub = new ChannelHub();
    const { openChannel } = hub.machine();
    const posts: { name: string; post(message: unknown): void }[] = [];
    const { network, heard } = machine(
      (name, receive) => {
        const channel = openChannel(name, receive);
        posts.push({ name, post: (message) => receive(message) });
        return channel;
      },
      { ms: 0 },
    );
    const from = "f".repeat(24);
    const strange = [
      null,
      1,
      "hello",
      {},
      { kind: "hello" },
      { kind: "hello", from: 1 },
      { kind: "hello", from: "short" },
      { kind: "welcome", from, to: "somebody else" },
      { kind: "frames", from, sent: 1, batch: new ArrayBuffer(80) },
    ];
    for (const message of strange) posts[0]?.post(message);
    expect(network.peerCount).toBe(0);
    posts[0]?.post({ kind: "hello", from });
    expect(network.peerCount).toBe(1);
    const batch = writeBatch([frame(BROADCAST, address(9))]);
    const wrong = [
      { kind: "frames", from, sent: -1.5, batch },
      { kind: "frames", from, sent: "1", batch },
      { kind: "frames", from, sent: 1, batch: new Uint8Array(batch) },
      { kind: "frames", from: "e".repeat(24), sent: 1, batch },
      { kind: "read", from, sent: Number.NaN },
    ];
    for (const message of wrong) posts[1]?.post(message);
    expect(heard).toEqual([]);
    posts[1]?.post({ kind: "frames", from, sent: 1, batch });
    expect(heard).toHaveLength(1);
  });

  it("hears of no more machines than it has room for", async () => {
    const hub = new ChannelHub();
    const { network } = machine(hub.machine().openChannel, { ms: 0 });
    const channel = hub.machine().openChannel("armlet-net lab", () => undefined);
    for (let index = 0; index < 500; ++index) channel.post({ kind: "hello", from: String(index).padStart(24, "0") });
    await hub.settle();
    expect(network.peerCount).toBe(64);
  });

  it("works over BroadcastChannel, where more than a window passes", async () => {
    const time = { ms: 0 };
    const name = `test-${process.pid}`;
    const one = machine(openBroadcastChannel, time, name);
    const two = machine(openBroadcastChannel, time, name);
    try {
      await vi.waitFor(() => expect([one.network.peerCount, two.network.peerCount]).toEqual([1, 1]));
      const count = Math.ceil((1.2 * WINDOW_BYTES) / 60_000);
      for (let index = 0; index < count; ++index) {
        one.network.send(frame(address(2), address(1), 60_000));
        // As a guest that waits for what it sent to be read.
        await vi.waitFor(() => expect(two.heard).toHaveLength(index + 1), { interval: 1 });
      }
      expect(one.network.counters).toMatchObject({ dropped: 0, sentBatches: count });
      expect(ACKNOWLEDGE_BYTES).toBeLessThan(WINDOW_BYTES / 2);
    } finally {
      one.network.close();
      two.network.close();
    }
  });
});

describe("a batch", () => {
  it("that is broken in any way gives sound packets or none", () => {
    const good = writeBatch([frame(BROADCAST, address(1)), frame(BROADCAST, address(2), 61)]);
    expect(readBatch(good)).toEqual([frame(BROADCAST, address(1)), frame(BROADCAST, address(2), 61)]);
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(good.byteLength - 1), value: fc.nat(255) }), { minLength: 1, maxLength: 6 }),
        fc.nat(good.byteLength),
        (changes, length) => {
          const bytes = new Uint8Array(good.slice(0));
          for (const { at, value } of changes) bytes[at] = value;
          expect(readBatch(bytes.slice(0, length).buffer).every(isSound)).toBe(true);
        },
      ),
    );
  });
});
