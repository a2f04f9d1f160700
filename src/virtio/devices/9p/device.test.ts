/** The 9P device over every transport and every way of using a ring. */
import { describe, expect, it } from "vitest";
import { MemoryTree } from "../../../ts/files/memory-tree.ts";
import type { FileTree } from "../../file-tree.ts";
import * as P from "../../spec/9p.ts";
import type { ChainStyle, DriverBuffer } from "../../testing/driver-ring.ts";
import { GUEST_RAM_BASE } from "../../testing/engine.ts";
import { type Configuration, Harness, MATRIX, TRANSPORTS } from "../../testing/harness.ts";
import { joined, NinePClient, readAnswer } from "../../testing/ninep-client.ts";
import { SlowTree } from "../../testing/slow-tree.ts";
import { encodeRequest } from "./messages.ts";

function machine({ transport }: Pick<Configuration, "transport">, files: FileTree = new MemoryTree()): Harness {
  return new Harness(transport, "virtio-9p", { fsdev: "files", mount_tag: "host0" }, { backends: { files } });
}

/** A client that sends each message in two descriptors and offers the room for its answer in two. */
function client(vm: Harness, style: ChainStyle): NinePClient {
  return new NinePClient(async (message, room) => {
    const into = [vm.in(11), vm.in(room - 11)];
    const used = await vm.transact([vm.out(message.subarray(0, 5)), vm.out(message.subarray(5)), ...into], style);
    const bytes = joined(into.map((buffer) => vm.content(buffer)));
    expect(bytes.subarray(used.length).every((byte) => byte === 0xee)).toBe(true);
    return used.length === 0 ? null : bytes.subarray(0, used.length);
  });
}

describe.each(MATRIX)("virtio-9p, $transport, $ring", (configuration) => {
  const { style } = configuration;

  it("tells its mount tag, and serves files", async () => {
    const vm = machine(configuration);
    expect(vm.driver.deviceId()).toBe(9);
    vm.start(configuration);
    const length = vm.driver.readConfig(P.P9_CONFIG_TAG_LEN, 2);
    const tag = Array.from({ length }, (_, index) => vm.driver.readConfig(P.P9_CONFIG_TAG + index, 1));
    expect(String.fromCharCode(...tag)).toBe("host0");
    const guest = client(vm, style);
    await guest.start(4096);
    await guest.create(1, "hello.txt", "from the guest");
    expect(await guest.contents("hello.txt")).toBe("from the guest");
    expect(await guest.names("")).toEqual([".", "..", "hello.txt"]);
    await expect(guest.walk(2, "nothing")).rejects.toThrow("ENOENT");
    expect(vm.log.guestErrors).toEqual([]);
  });

  it("requests run beside each other, a flush ends the one it is about, a reset all of them", async () => {
    const tree = new SlowTree(new MemoryTree());
    const vm = machine(configuration, tree);
    // In order, answers would wait for the slow one.
    vm.start({ ...configuration, inOrder: false });
    const guest = client(vm, style);
    await guest.start(4096);
    await guest.create(1, "slow", "slow");
    await guest.create(2, "fast", "fast");
    tree.hold("read", "slow");
    const send = (tag: number, fid: number): DriverBuffer => {
      const into = vm.in(64);
      const message = joined(encodeRequest("read", tag, { fid, offset: 0n, count: 9 }));
      vm.send([vm.out(message), into], style);
      return into;
    };
    const slow = send(100, 1);
    const fast = send(101, 2);
    const first = await vm.receive();
    expect(new TextDecoder().decode(readAnswer("read", 101, vm.content(fast).subarray(0, first.length)).data)).toBe(
      "fast",
    );
    expect(vm.ring().take()).toBe(null);
    // The flush comes back after what it is about, which is refused.
    const flushed = vm.in(64);
    vm.send([vm.out(joined(encodeRequest("flush", 102, { oldtag: 100 }))), flushed], style);
    const given = await vm.receive();
    expect(() => readAnswer("read", 100, vm.content(slow).subarray(0, given.length))).toThrow("EINTR");
    const last = await vm.receive();
    expect(readAnswer("flush", 102, vm.content(flushed).subarray(0, last.length))).toEqual({});
    const late = send(103, 1);
    vm.driver.reset();
    vm.start(configuration);
    tree.release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(vm.content(late).every((byte) => byte === 0xee)).toBe(true);
    await guest.start(4096);
    expect(await guest.contents("fast")).toBe("fast");
    await expect(guest.read(1)).rejects.toThrow("EBADF");
  });

  it("answers what is no message, as far as there is room", async () => {
    const vm = machine(configuration);
    vm.start(configuration);
    const exchange = async (message: readonly number[], room: number): Promise<Uint8Array> => {
      const into = vm.in(room);
      const used = await vm.transact([vm.out(message), ...(room > 0 ? [into] : [])], style);
      return vm.content(into).subarray(0, used.length);
    };
    const refused = (tag: number, errno: number): Uint8Array => Uint8Array.of(11, 0, 0, 0, 7, tag, 0, errno, 0, 0, 0);
    // Shorter than a header; no room; a size that lies both ways; a type that is none; an answer.
    expect(await exchange([7, 0, 0, 0, 100, 1], 64)).toEqual(new Uint8Array());
    expect(await exchange([7, 0, 0, 0, 120, 1, 0], 0)).toEqual(new Uint8Array());
    expect(await exchange([8, 0, 0, 0, 120, 1, 0], 64)).toEqual(refused(1, P.ERRNO.EINVAL));
    expect(await exchange([11, 0, 0, 0, 120, 2, 0, 0, 0, 0, 0, 0], 64)).toEqual(refused(2, P.ERRNO.EINVAL));
    expect(await exchange([255, 255, 255, 255, 120, 3, 0], 64)).toEqual(refused(3, P.ERRNO.EMSGSIZE));
    expect(await exchange([7, 0, 0, 0, 199, 4, 0], 64)).toEqual(refused(4, P.ERRNO.EOPNOTSUPP));
    expect(await exchange([7, 0, 0, 0, 121, 5, 0], 64)).toEqual(refused(5, P.ERRNO.EOPNOTSUPP));
    // Room for a refusal and not for the answer, and not even for that.
    const version = [...joined(encodeRequest("version", 6, { msize: 8192, version: P.P9_VERSION }))];
    expect(await exchange(version, 16)).toEqual(refused(6, P.ERRNO.EMSGSIZE));
    expect(await exchange(version, 10)).toEqual(new Uint8Array());
    expect(vm.log.guestErrors.length).toBeGreaterThan(5);
    const guest = client(vm, style);
    await guest.start(4096);
    expect(await guest.names("")).toEqual([".", ".."]);
  });
});

describe.each(TRANSPORTS)("a saved virtio-9p on %s", (transport) => {
  it("keeps its fids, and what was in flight is asked again by the new machine", async () => {
    const memory = new MemoryTree();
    const tree = new SlowTree(memory);
    const old = machine({ transport }, tree);
    old.start({ eventIdx: true, style: "indirect" });
    const before = client(old, "indirect");
    await before.start(4096);
    await before.create(1, "file", "kept");
    tree.hold("read", "file");
    const into = old.in(64);
    old.send([old.out(joined(encodeRequest("read", 9, { fid: 1, offset: 0n, count: 9 }))), into], "indirect");
    const state: unknown = JSON.parse(JSON.stringify(old.transport.save()));
    const young = machine({ transport }, memory);
    young.ram.bytes(GUEST_RAM_BASE, young.ram.sizeBytes).set(old.ram.bytes(GUEST_RAM_BASE, old.ram.sizeBytes));
    young.transport.load(state);
    young.adopt(old);
    young.transport.bus.resume();
    const { length } = await young.receive();
    const answer = readAnswer("read", 9, young.content(into).subarray(0, length));
    expect(new TextDecoder().decode(answer.data)).toBe("kept");
    expect(await client(young, "indirect").contents("file")).toBe("kept");
    tree.release();
  });
});

describe("virtio-9p", () => {
  it("offers what QEMU's device offers", () => {
    const bits = machine({ transport: "mmio v2" }).driver.deviceFeatures().bits();
    expect(bits.filter((bit) => bit < 24)).toEqual([P.VIRTIO_9P_MOUNT_TAG]);
  });

  it("needs a tree and a mount tag", () => {
    const make = (properties: Record<string, string>) => () =>
      new Harness("mmio v2", "virtio-9p", properties, { backends: { files: new MemoryTree() } });
    expect(make({ mount_tag: "a" })).toThrow("needs fsdev=");
    expect(make({ fsdev: "files" })).toThrow("needs mount_tag=");
    expect(make({ fsdev: "other", mount_tag: "a" })).toThrow('no file tree with the id "other"');
    expect(make({ fsdev: "files", mount_tag: "x".repeat(32) })).toThrow("at most 31 bytes");
  });

  it("takes no more requests at a time than it has memory for, and the rest afterwards", async () => {
    const tree = new SlowTree(new MemoryTree());
    const vm = machine({ transport: "mmio v2" }, tree);
    vm.start({ eventIdx: false, style: "indirect" }, [0], { size: 128 });
    const guest = client(vm, "indirect");
    await guest.start(4096);
    await guest.create(1, "slow", "slow");
    tree.hold("read", "slow");
    const count = 100;
    for (let tag = 0; tag < count; ++tag) {
      const message = joined(encodeRequest("read", 1000 + tag, { fid: 1, offset: 0n, count: 4 }));
      vm.send([vm.out(message), vm.in(64)], "indirect");
    }
    expect(tree.held).toBe(64);
    tree.release();
    for (let tag = 0; tag < count; ++tag) expect((await vm.receive()).length).toBe(15);
  });
});
