/** What networks have in Node: multicast over real sockets, captures in real files. */
import { createSocket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { nodeNetwork } from "./network.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-network-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a multicast group", () => {
  it("is heard by everybody in it but the sender, and by other programs", async () => {
    const { openMulticast } = nodeNetwork(() => undefined);
    if (openMulticast === null) throw new Error("no sockets");
    const address = { address: "239.7.7.7", port: 20_000 + (process.pid % 10_000), localAddress: "127.0.0.1" };
    const heard = { one: [] as string[], two: [] as string[], program: [] as string[] };
    const one = await openMulticast(address, (datagram) => heard.one.push(Buffer.from(datagram).toString()));
    const two = await openMulticast(address, (datagram) => heard.two.push(Buffer.from(datagram).toString()));
    // As QEMU joins it.
    const program = createSocket({ type: "udp4", reuseAddr: true });
    program.on("message", (datagram) => heard.program.push(datagram.toString()));
    try {
      await new Promise<void>((resolve) => program.bind(address.port, address.address, resolve));
      program.addMembership(address.address, "127.0.0.1");
      program.setMulticastInterface("127.0.0.1");
      one.send(Buffer.from("from one"));
      await vi.waitFor(() => expect(heard).toEqual({ one: [], two: ["from one"], program: ["from one"] }));
      program.send("from a program", address.port, address.address);
      await vi.waitFor(() => expect(heard.one).toEqual(["from a program"]));
      expect(heard.two).toContain("from a program");
    } finally {
      one.close();
      two.close();
      program.close();
    }
  });

  it("that cannot be joined is told in a sentence", async () => {
    const { openMulticast } = nodeNetwork(() => undefined);
    const group = { address: "239.7.7.7", port: 20_000, localAddress: "192.0.2.1" };
    await expect(openMulticast?.(group, () => undefined)).rejects.toThrow(
      /The multicast group 239\.7\.7\.7:20000 cannot be joined .*localaddr=/,
    );
  });
});

describe("a capture", () => {
  const capture = (file: string) => ({ id: "f", netdev: "n", file, maxBytes: 65_536, queue: "all" as const });

  it("is in its file at once", () => {
    const file = join(folder, "a.pcap");
    const sink = nodeNetwork(() => undefined).openCapture(capture(file));
    expect(sink.write(Uint8Array.of(1, 2))).toBe(true);
    expect(sink.write(Uint8Array.of(3))).toBe(true);
    expect([...readFileSync(file)]).toEqual([1, 2, 3]);
    sink.close();
    expect(sink.write(Uint8Array.of(4))).toBe(false);
  });

  it("whose file cannot be opened, or takes no more, is told in a sentence", () => {
    expect(() => nodeNetwork(() => undefined).openCapture(capture(join(folder, "none/a.pcap")))).toThrow(
      /There is no file .*a\.pcap/,
    );
    const said: string[] = [];
    const sink = nodeNetwork((sentence) => said.push(sentence)).openCapture(capture("/dev/full"));
    expect([sink.write(Uint8Array.of(1)), sink.write(Uint8Array.of(1))]).toEqual([false, false]);
    expect(said).toEqual(["The capture ends. There is no space left for /dev/full: make room on its file system."]);
  });
});
