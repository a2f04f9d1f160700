/** The 9P2000.L server under clients that want too much, at the same time, or anything at all; and over a saved state. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryTree } from "../../../ts/files/memory-tree.ts";
import * as P from "../../spec/9p.ts";
import { TestLog } from "../../testing/harness.ts";
import { joined, NinePClient, readAnswer } from "../../testing/ninep-client.ts";
import { exchangeWith, forwarding, serve } from "../../testing/ninep-serve.ts";
import { SlowTree } from "../../testing/slow-tree.ts";
import { encodeRequest, MESSAGES, type MessageName, type RequestOf } from "./messages.ts";
import { NinePServer } from "./server.ts";

describe("bounds", () => {
  it("fids", async () => {
    const { client } = await serve();
    let made = 1;
    const many = async (): Promise<void> => {
      for (; made < 2 ** 19; made += 1) await client.call("walk", { fid: 0, newfid: made, names: [] });
    };
    await expect(many()).rejects.toThrow("ENFILE");
    expect(made).toBe(2 ** 18);
    await client.start();
    await client.create(1, "file", "x");
  }, 60_000);

  it("open files", async () => {
    const { client } = await serve();
    await client.create(1, "file", "x");
    let made = 2;
    const many = async (): Promise<void> => {
      for (; made < 10_000; made += 1) {
        await client.walk(made, "file");
        await client.call("lopen", { fid: made, flags: 0 });
      }
    };
    await expect(many()).rejects.toThrow("EMFILE");
    expect(made).toBe(8193);
  });

  it("depth of directories", async () => {
    const { client } = await serve();
    await client.walk(1, "");
    const deeper = async (): Promise<void> => {
      for (let depth = 0; depth < 5000; depth += 1) {
        await client.call("mkdir", { dfid: 1, name: "d", mode: 0o755, gid: 0 });
        await client.call("walk", { fid: 1, newfid: 1, names: ["d"] });
      }
    };
    await expect(deeper()).rejects.toThrow("ENAMETOOLONG");
  });
});

describe("requests beside each other", () => {
  it("a flush ends what changes nothing at once, and waits for the rest", async () => {
    const tree = new SlowTree(new MemoryTree());
    const { client, server } = await serve(tree);
    const exchange = exchangeWith(server);
    const send = <Name extends MessageName>(name: Name, tag: number, request: RequestOf<Name>) =>
      exchange(joined(encodeRequest(name, tag, request)), 1000);
    await client.create(1, "file", "x");
    tree.hold("write", "file");
    tree.hold("read", "file");
    const order: string[] = [];
    const write = send("write", 500, { fid: 1, offset: 0n, data: Uint8Array.of(1) }).then((answer) => {
      order.push("write");
      return readAnswer("write", 500, answer);
    });
    const flush = send("flush", 501, { oldtag: 500 }).then(() => order.push("flush"));
    const read = send("read", 502, { fid: 1, offset: 0n, count: 1 });
    await send("flush", 503, { oldtag: 502 });
    expect(() => readAnswer("read", 502, null)).toThrow("no answer");
    await expect(read.then((answer) => readAnswer("read", 502, answer))).rejects.toThrow("EINTR");
    expect(order).toEqual([]);
    tree.release();
    await flush;
    expect(await write).toEqual({ count: 1 });
    expect(order).toEqual(["write", "flush"]);
    // Of itself, and of what there is not.
    expect(readAnswer("flush", 504, await send("flush", 504, { oldtag: 504 }))).toEqual({});
    expect(readAnswer("flush", 505, await send("flush", 505, { oldtag: 9 }))).toEqual({});
  });

  it("a tag in use is refused, and free again once it is answered", async () => {
    const tree = new SlowTree(new MemoryTree());
    const { client, log } = await serve(tree);
    await client.create(1, "file", "x");
    tree.hold("read", "file");
    const first = client.call("read", { fid: 1, offset: 0n, count: 1 }, 77);
    await expect(client.call("getattr", { fid: 1, mask: 0n }, 77)).rejects.toThrow("EINVAL");
    expect(log.guestErrors.join()).toContain("tag 77 is in use");
    tree.release();
    await first;
    await client.call("getattr", { fid: 1, mask: 0n }, 77);
  });

  it("a fid given up while it is opened or read leaves nothing open", async () => {
    const memory = new MemoryTree();
    const tree = new SlowTree(memory);
    const { client } = await serve(tree);
    await client.create(1, "file", "x".repeat(5000));
    await client.call("clunk", { fid: 1 });
    await client.walk(1, "file");
    tree.hold("open", "file");
    const opening = client.call("lopen", { fid: 1, flags: 2 });
    await expect(client.call("lopen", { fid: 1, flags: 2 })).rejects.toThrow("EINVAL");
    await client.call("clunk", { fid: 1 });
    tree.release();
    await expect(opening).rejects.toThrow("EBADF");
    await client.walk(1, "file");
    await client.call("lopen", { fid: 1, flags: 2 });
    tree.hold("read", "file");
    const reading = client.read(1, 0, 5);
    await client.call("clunk", { fid: 1 });
    tree.release();
    expect(await reading).toBe("xxxxx");
    await client.call("unlinkat", { dirfd: 0, name: "file", flags: 0 });
    await new Promise((resolve) => setImmediate(resolve));
    // The memory of a file is given back when nobody has it open.
    expect(memory.space().freeBlocks).toBe(new MemoryTree().space().freeBlocks);
  });

  it("names do not change while somebody looks at them", async () => {
    const tree = new SlowTree(new MemoryTree());
    const { client } = await serve(tree);
    await client.call("mkdir", { dfid: 0, name: "a", mode: 0o755, gid: 0 });
    await client.create(1, "a/file", "x");
    tree.hold("stat", "file");
    const walk = client.call("walk", { fid: 0, newfid: 2, names: ["a", "file"] });
    const rename = client.call("renameat", { olddirfid: 0, oldname: "a", newdirfid: 0, newname: "b" });
    const later = client.call("walk", { fid: 0, newfid: 3, names: ["b", "file"] });
    await new Promise((resolve) => setImmediate(resolve));
    tree.release();
    expect((await walk).qids).toHaveLength(2);
    await rename;
    expect((await later).qids).toHaveLength(2);
    await client.call("lopen", { fid: 2, flags: 0 });
    expect(await client.read(2)).toBe("x");
  });

  it("an error of the host is EIO to the guest, and a sentence to the user", async () => {
    const tree = new MemoryTree();
    const { client, log } = await serve({
      ...forwarding(tree),
      stat: (path) => {
        if (path[0] === "broken") throw new Error("the medium fails");
        return tree.stat(path);
      },
    });
    await expect(client.walk(1, "broken")).rejects.toThrow("EIO");
    expect(log.hostErrors.join()).toContain("the medium fails");
  });
});

describe("saved sessions", () => {
  it("go on with their fids, and with the files that are still there", async () => {
    const tree = new MemoryTree();
    const { client, server } = await serve(tree, 8192);
    await client.create(1, "file", "content");
    await client.create(2, "lost", "x");
    await client.create(3, "unlinked", "x");
    await client.walk(4, "");
    await client.call("lopen", { fid: 4, flags: 0 });
    await client.walk(5, "file");
    await client.call("xattrcreate", { fid: 5, name: "user.a", size: 3n, flags: 0 });
    await client.write(5, 0, "ab");
    await client.call("unlinkat", { dirfd: 0, name: "unlinked", flags: 0 });
    const state: unknown = JSON.parse(JSON.stringify(server.save()));
    tree.remove(["lost"], "file");
    const young = new NinePServer(tree, new TestLog());
    young.load(state);
    expect(young.save()).toEqual(state);
    const other = new NinePClient(exchangeWith(young));
    expect(young.msize).toBe(8192);
    expect(await other.read(1)).toBe("content");
    await other.write(1, 0, "C");
    await expect(other.read(2)).rejects.toThrow("ESTALE");
    await expect(other.read(3)).rejects.toThrow("ESTALE");
    expect((await other.call("readdir", { fid: 4, offset: 2n, count: 1000 })).data.length).toBeGreaterThan(0);
    await other.write(5, 2, "c");
    await other.call("clunk", { fid: 5 });
    expect(new TextDecoder().decode(tree.xattrs.get(["file"], "user.a") as Uint8Array)).toBe("abc");
    expect(await other.contents("file")).toBe("Content");
  });

  it.each([
    ["another device", { name: "virtio-blk" }, "virtio-blk"],
    ["a message size", { msize: 2 ** 30 }, "msize"],
    ["a path out of the tree", { fids: [{ fid: 1, uid: 0, path: [".."], use: null }] }, "no name"],
    ["a use", { fids: [{ fid: 1, uid: 0, path: [], use: { kind: "disk" } }] }, "kind is disk"],
    [
      "a fid twice",
      {
        fids: [
          { fid: 1, uid: 0, path: [], use: null },
          { fid: 1, uid: 0, path: [], use: null },
        ],
      },
      "EINVAL",
    ],
  ])("are refused with %s that cannot be", (_, change, message) => {
    const server = new NinePServer(new MemoryTree(), new TestLog());
    expect(() => server.load({ ...server.save(), ...change })).toThrow(message);
  });
});

describe("anything at all", () => {
  const text = fc.oneof(fc.constantFrom("a", "b", "c", ".", "..", "", "a/b"), fc.string({ maxLength: 3 }));
  const number = fc.oneof(fc.nat(8), fc.constantFrom(0xffff_ffff, 0x8000_0000, P.P9_DOTL_TRUNC | 2));
  const large = fc.oneof(fc.bigInt(0n, 5000n), fc.constantFrom(2n ** 64n - 1n, 2n ** 53n, 2n ** 31n));
  const values: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    names: fc.array(text, { maxLength: 4 }),
    data: fc.uint8Array({ maxLength: 40 }),
    ...Object.fromEntries(
      ["name", "target", "oldname", "newname", "uname", "aname", "clientId"].map((key) => [key, text]),
    ),
    ...Object.fromEntries(
      ["offset", "size", "mask", "start", "length", "atimeSec", "atimeNsec", "mtimeSec", "mtimeNsec"].map((key) => [
        key,
        large,
      ]),
    ),
    type: fc.nat(4),
  };
  const message = fc.constantFrom(...(Object.keys(MESSAGES) as MessageName[])).chain((name) =>
    fc.record({
      name: fc.constant(name),
      request: fc.record(
        Object.fromEntries(
          Object.keys(MESSAGES[name].request).map((key) => [
            key,
            name === "version" && key === "version" ? fc.constant(P.P9_VERSION) : (values[key] ?? number),
          ]),
        ),
      ),
      tag: fc.nat(3),
      damage: fc.option(fc.record({ at: fc.nat(60), to: fc.nat(255) }), { freq: 8 }),
      room: fc.oneof({ weight: 8, arbitrary: fc.constant(4096) }, { weight: 1, arbitrary: fc.nat(60) }),
    }),
  );

  it.each(["at once", "later"])(
    "is answered once, in its room, and the server goes on (a tree that answers %s)",
    async (when) => {
      await fc.assert(
        fc.asyncProperty(fc.array(message, { maxLength: 60 }), async (messages) => {
          const memory = new MemoryTree({ sizeBytes: 1 << 20 });
          const server = new NinePServer(when === "later" ? new SlowTree(memory) : memory, new TestLog());
          const exchange = exchangeWith(server);
          await new NinePClient(exchange).start(4096);
          const answers = messages.map(async ({ name, request, tag, damage, room }) => {
            const bytes = joined(encodeRequest(name, tag, request as RequestOf<typeof name>));
            if (damage !== null && damage.at >= 7 && damage.at < bytes.length) bytes[damage.at] = damage.to;
            const answer = await exchange(bytes, room);
            if (answer === null) expect(room).toBeLessThan(11);
            else {
              expect(answer.length).toBeLessThanOrEqual(room);
              expect(new DataView(answer.buffer).getUint32(0, true)).toBe(answer.length);
              expect(new DataView(answer.buffer).getUint16(5, true)).toBe(tag);
            }
          });
          await Promise.all(answers);
          const client = new NinePClient(exchange);
          await client.start(4096);
          await client.create(1, "after", "all");
          expect(await client.contents("after")).toBe("all");
        }),
        { numRuns: 150 },
      );
    },
  );
});
