/** A port from the page to the device: both ends of the protocol, with a guest that takes and gives what the test says. */
import { describe, expect, it } from "vitest";
import type { CharBackend, CharFrontend } from "../../virtio/backends.ts";
import type { FromWorker } from "../protocol/messages.ts";
import { PortStreams } from "../worker/port-streams.ts";
import { MachinePort } from "./machine-port.ts";

const KIB = 1024;

function setUp(...ids: string[]) {
  const ports = new Map<string, MachinePort>();
  const toPage = (message: FromWorker): void => {
    if (message.kind === "port-output") ports.get(message.port)?.deliver(message.bytes);
    else if (message.kind === "port-taken") ports.get(message.port)?.taken(message.byteCount);
    else if (message.kind === "port-guest") ports.get(message.port)?.setGuestOpen(message.open);
  };
  const streams = new PortStreams((message) => queueMicrotask(() => toPage(message)));
  const guests = ids.map((id) => {
    const backend: CharBackend = streams.stream(id);
    const guest = {
      backend,
      open: [] as boolean[],
      room: Number.POSITIVE_INFINITY,
      rooms: 0,
      received: [] as number[],
    };
    const frontend: CharFrontend = {
      input(bytes) {
        const count = Math.min(guest.room, bytes.length);
        guest.room -= count;
        guest.received.push(...bytes.subarray(0, count));
        return count;
      },
      outputRoom: () => {
        guest.rooms += 1;
      },
      setOpen: (open) => guest.open.push(open),
      resize: () => undefined,
    };
    backend.attach(frontend);
    return guest;
  });
  const port = (id: string): MachinePort => {
    const made = new MachinePort(id, (message) => queueMicrotask(() => streams.handle(message)));
    ports.set(id, made);
    return made;
  };
  return { guests, port };
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

/** Reads so many bytes. */
async function take(port: MachinePort, length: number): Promise<number[]> {
  const reader = port.readable.getReader();
  const bytes: number[] = [];
  while (bytes.length < length) bytes.push(...((await reader.read()).value ?? []));
  reader.releaseLock();
  return bytes;
}

describe("MachinePort", () => {
  it("two at once carry bytes both ways, apart", async () => {
    const { guests, port } = setUp("a", "b");
    const [a, b] = [port("a"), port("b")];
    await settle();
    await Promise.all([
      a.writable.getWriter().write(Uint8Array.of(1, 2)),
      b.writable.getWriter().write(Uint8Array.of(3)),
    ]);
    expect(guests.map(({ received }) => received)).toEqual([[1, 2], [3]]);
    guests[1]?.backend.output(Uint8Array.of(9));
    guests[0]?.backend.output(Uint8Array.of(7, 8));
    expect([await take(a, 2), await take(b, 1)]).toEqual([[7, 8], [9]]);
  });

  it("tells the guest when the page has it open, and the page when the guest has", async () => {
    const { guests, port } = setUp("a");
    const [guest] = guests;
    // As to a socket without a client.
    expect([guest?.backend.open, guest?.backend.output(new Uint8Array(100 * KIB))]).toEqual([false, 100 * KIB]);
    const opened = port("a");
    await settle();
    expect([guest?.backend.open, guest?.open]).toEqual([true, [true]]);
    guest?.backend.guestOpen?.(true);
    await settle();
    expect(opened.guestOpen).toBe(true);
  });

  it("holds the guest back while nobody reads, and goes on where it stopped", async () => {
    const { guests, port } = setUp("a");
    const [guest] = guests;
    const opened = port("a");
    await settle();
    const bytes = Uint8Array.from({ length: 100 * KIB }, (_, index) => index % 251);
    const first = guest?.backend.output(bytes) ?? 0;
    expect(first).toBe(64 * KIB);
    expect(guest?.backend.output(bytes.subarray(first))).toBe(0);
    await settle();
    expect(guest?.rooms).toBe(0);
    const head = await take(opened, first);
    await settle();
    expect(guest?.rooms).toBe(1);
    expect(guest?.backend.output(bytes.subarray(first))).toBe(36 * KIB);
    expect([...head, ...(await take(opened, 36 * KIB))]).toEqual([...bytes]);
  });

  it("a write is done when the guest has taken all of it, in pieces", async () => {
    const { guests, port } = setUp("a");
    const [guest] = guests;
    if (guest === undefined) throw new Error("no guest");
    guest.room = 20 * KIB;
    const bytes = Uint8Array.from({ length: 50 * KIB }, (_, index) => index % 241);
    let done = false;
    const writing = port("a")
      .writable.getWriter()
      .write(bytes)
      .then(() => {
        done = true;
      });
    await settle();
    expect([guest.received.length, done]).toEqual([20 * KIB, false]);
    guest.room = Number.POSITIVE_INFINITY;
    guest.backend.inputRoom?.();
    await writing;
    expect(guest.received).toEqual([...bytes]);
  });

  it("gives nothing twice to a device that has room again before it has said how much it took", async () => {
    const { guests, port } = setUp("a");
    const [guest] = guests;
    if (guest === undefined) throw new Error("no guest");
    const received: number[] = [];
    let calls = 0;
    guest.backend.attach({
      input(bytes) {
        const count = Math.min(1000, bytes.length);
        received.push(...bytes.subarray(0, count));
        calls += 1;
        if (calls < 100) guest.backend.inputRoom?.();
        return count;
      },
      outputRoom: () => undefined,
      setOpen: () => undefined,
      resize: () => undefined,
    });
    const bytes = Uint8Array.from({ length: 40_000 }, (_, index) => index % 239);
    await port("a").writable.getWriter().write(bytes);
    expect(received).toEqual([...bytes]);
  });

  it("ends with the machine: reads what came, then nothing more, and writes fail", async () => {
    const { guests, port } = setUp("a");
    const [guest] = guests;
    if (guest === undefined) throw new Error("no guest");
    const opened = port("a");
    await settle();
    guest.backend.output(Uint8Array.of(5));
    guest.room = 0;
    const writing = opened.writable.getWriter().write(Uint8Array.of(1));
    await settle();
    opened.end(new Error("the machine is gone"));
    await expect(writing).rejects.toThrow("the machine is gone");
    const reader = opened.readable.getReader();
    expect((await reader.read()).value).toEqual(Uint8Array.of(5));
    expect((await reader.read()).done).toBe(true);
  });
});
