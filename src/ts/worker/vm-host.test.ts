import { gzipSync } from "node:zlib";
import { IDBFactory } from "fake-indexeddb";
import { describe, expect, it, vi } from "vitest";
import { type FromWorker, PROTOCOL_VERSION, type ToWorker } from "../protocol/messages.ts";
import { type EchoMachine, echoBlueprint } from "./testing/echo-machine.ts";
import { MemorySource } from "../storage/block-source.ts";
import { DiskCatalog } from "../storage/disk-catalog.ts";
import { OverlayDisk } from "../storage/overlay-disk.ts";
import { StorageError } from "../storage/storage-error.ts";
import { MachineDisk } from "./machine-disk.ts";
import { ManualTurns } from "./testing/manual-turns.ts";
import { VmHost } from "./vm-host.ts";

/** These machines' disks are made by the test. */
const NO_STORES = {
  open: () => Promise.reject(new Error("no store here")),
  read: () => Promise.reject(new Error("no store here")),
  remove: () => Promise.resolve(),
};

const EMPTY_MODULE = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));

/** A host with an echo machine on a manual clock; `files` are what its server has. */
function setUp(files: Record<string, BodyInit> = {}) {
  const turns = new ManualTurns();
  const posted: FromWorker[] = [];
  const machines: EchoMachine[] = [];
  const read: string[] = [];
  const flushes: { resolve(): void; reject(error: Error): void }[] = [];
  const disk = {
    backend: Object.assign(new OverlayDisk(new MemorySource(new Uint8Array(512)), false), {
      flush: () => new Promise<void>((resolve, reject) => flushes.push({ resolve, reject })),
    }),
    name: "debian",
    keeping: "kept" as const,
    diskId: () => "debian-1",
    dirtyBytes: () => 0,
    usedBytes: () => Promise.resolve(0),
    closed: false,
    close: () => {
      disk.closed = true;
      return Promise.resolve();
    },
  };
  const host = new VmHost({
    readCommandLine(args) {
      if (args.startsWith("-")) throw new Error(`Unknown option ${args}.`);
      return echoBlueprint(
        args,
        (machine) => machines.push(machine),
        (bytes) => read.push(new TextDecoder().decode(bytes)),
      );
    },
    turns,
    origin: "http://here.example",
    async fetch(input) {
      const body = files[new URL(String(input)).pathname];
      return new Response(body ?? "no", { status: body === undefined ? 404 : 200 });
    },
    post: (message) => posted.push(message),
    // Each look at the clock takes a little: a machine that spins until its slice is over comes to an end.
    nowMs: () => {
      turns.nowMs += 0.5;
      return turns.nowMs;
    },
    wallMs: () => 0,
    entropy: () => {},
    storage: { catalog: new DiskCatalog(new IDBFactory()), locks: null, stores: NO_STORES, wallMs: () => 0 },
    openChannel: () => ({ post: () => undefined, close: () => undefined }),
    folders: {
      privateFolder: () => Promise.reject(new Error("none")),
      chosenFolder: () => Promise.reject(new Error("none")),
    },
    openDrive: (drive, _services, diskHost) => Promise.resolve(new MachineDisk(drive.id, disk, diskHost)),
  });
  let id = 0;
  /** Asks, and waits for the answer. */
  const control = async (action: Extract<ToWorker, { kind: "control" }>["action"]): Promise<void> => {
    const asked = ++id;
    host.handle({ kind: "control", id: asked, action });
    await vi.waitFor(() => {
      if (!posted.some((message) => message.kind === "reply" && message.id === asked)) throw new Error("no reply yet");
    });
  };
  return {
    host,
    turns,
    posted,
    machines,
    control,
    /** Ends of the flushes that were asked of the disks. */
    flushes,
    disk,
    /** What the machine's files held. */
    read,
    /** Opens, and waits until the machine runs or cannot be built. */
    open: async (
      args: string,
      version = PROTOCOL_VERSION,
      more: { packed?: Record<string, string>; files?: Record<string, Blob> } = {},
    ): Promise<void> => {
      const baseUrl = "http://here.example/page/";
      const { packed = {}, files: given = {} } = more;
      host.handle({ kind: "open", version, args, baseUrl, packed, files: given, columns: 100, rows: 30 });
      host.handle({ kind: "engine", module: EMPTY_MODULE });
      await vi.waitFor(() => {
        if (!posted.some(({ kind }) => kind === "state" || kind === "failed")) throw new Error("nothing yet");
      });
    },
    type: (text: string): void =>
      host.handle({ kind: "serial-input", bytes: new Uint8Array(new TextEncoder().encode(text)) }),
    text: (): string =>
      posted
        .map((message) => (message.kind === "serial-output" ? new TextDecoder().decode(message.bytes) : ""))
        .join(""),
    states: (): string[] => posted.flatMap((message) => (message.kind === "state" ? [message.state] : [])),
    last: <Kind extends FromWorker["kind"]>(kind: Kind): Extract<FromWorker, { kind: Kind }> | undefined =>
      posted.findLast((message): message is Extract<FromWorker, { kind: Kind }> => message.kind === kind),
  };
}

describe("VmHost", () => {
  it("loads the files, builds the machine and runs it to its prompt", async () => {
    const { open, turns, machines, last, text, states } = setUp({ "/page/Image": "kernel", "/initrd": "files" });
    await open("Image /initrd");
    turns.advance(600);
    expect(last("described")).toMatchObject({ memoryBytes: 256 << 20 });
    expect(last("progress")).toMatchObject({ name: "/initrd", loadedBytes: 5, totalBytes: 5 });
    expect(machines[0]?.sizes).toEqual(["100x30"]);
    expect(text()).toMatch(/~ # $/);
    expect(states()).toEqual(["running", "idle"]);
  });

  it("loads packed files in place of plain ones, and the plain one where there is no packed one", async () => {
    const gzip = new Uint8Array(gzipSync("kernel"));
    const { open, read, last } = setUp({ "/page/Image.gz": gzip, "/page/Image": "not this", "/page/initrd": "files" });
    await open("Image initrd", PROTOCOL_VERSION, { packed: { Image: "Image.gz", initrd: "initrd.gz" } });
    expect(read).toEqual(["kernel", "files"]);
    expect(last("failed")).toBeUndefined();
  });

  it("takes a packed file that the server unpacked on the way", async () => {
    const { open, read } = setUp({ "/page/Image.gz": "kernel" });
    await open("Image", PROTOCOL_VERSION, { packed: { Image: "Image.gz" } });
    expect(read).toEqual(["kernel"]);
  });

  it("takes a file of the page in place of what has its name, and says so where it cannot be read", async () => {
    const { open, read } = setUp({ "/page/Image": "not this", "/page/initrd": "files" });
    await open("Image initrd", PROTOCOL_VERSION, { files: { Image: new Blob(["kernel"]) }, packed: { Image: "x.gz" } });
    expect(read).toEqual(["kernel", "files"]);
    const lost = new Blob(["kernel"]);
    lost.arrayBuffer = () => Promise.reject(new DOMException("changed", "NotReadableError"));
    const other = setUp();
    await other.open("Image", PROTOCOL_VERSION, { files: { Image: lost } });
    expect(other.last("failed")?.failure).toMatchObject({ code: "gone", message: expect.stringContaining("Image") });
  });

  it("types more than the serial port takes at once", async () => {
    const { open, turns, type, text } = setUp();
    await open("");
    turns.advance(10);
    const line = "x".repeat(1000);
    type(`${line}\r`);
    turns.advance(100);
    expect(text()).toContain(`${line}\r\n${line}`);
  });

  it("stays at the page's service while the guest spins, and stands still when paused", async () => {
    const { open, turns, type, control, machines, last, states } = setUp();
    await open("");
    turns.advance(10);
    type("spin\r");
    turns.runTurns(50);
    await control("pause");
    const instructions = machines[0]?.stats().instructions;
    turns.advance(100);
    expect(machines[0]?.stats().instructions).toBe(instructions);
    expect(states().at(-1)).toBe("paused");
    await control("resume");
    turns.runTurns(5);
    expect(machines[0]?.stats().instructions).toBeGreaterThan(instructions ?? 0);
    expect(last("reply")).toMatchObject({ ok: true });
  });

  it("answers questions about the machine, also while it is paused, and says why it cannot", async () => {
    const { host, open, turns, control, last } = setUp();
    host.handle({ kind: "request", id: 90, request: { name: "inspect" } });
    expect(last("reply")).toMatchObject({
      id: 90,
      ok: false,
      failure: { message: expect.stringContaining("not running") },
    });
    await open("");
    turns.advance(10);
    await control("pause");
    host.handle({ kind: "request", id: 91, request: { name: "inspect" } });
    expect(last("answer")).toMatchObject({ id: 91, result: { devices: [], errors: [{ place: "echo" }] } });
    host.handle({ kind: "request", id: 92, request: { name: "balloon", memoryBytes: 512 } });
    expect(last("answer")).toMatchObject({ id: 92, result: { totalBytes: 1024, targetBytes: 512 } });
  });

  it("holds a guest back that floods the console until its output is acknowledged", async () => {
    const { open, turns, type, machines, posted, host } = setUp();
    await open("");
    turns.advance(10);
    type("flood\r");
    turns.runTurns(200);
    const bytes = posted.reduce(
      (sum, message) => sum + (message.kind === "serial-output" ? message.bytes.length : 0),
      0,
    );
    expect(machines[0]?.outputPaused).toBe(true);
    expect(bytes).toBeLessThan(256 * 1024);
    host.handle({ kind: "serial-ack", byteCount: bytes });
    expect(machines[0]?.outputPaused).toBe(false);
  });

  it("tells of a broken engine with a report, and builds a new machine on reset", async () => {
    const { open, turns, type, control, machines, last, states } = setUp();
    await open("");
    turns.advance(10);
    type("trap\r");
    turns.advance(10);
    expect(last("crashed")).toMatchObject({ message: "RuntimeError: unreachable" });
    expect(last("crashed")?.report).toContain("echo machine, mode trap");
    await control("reset");
    await vi.waitFor(() => expect(machines.length).toBe(2));
    await vi.waitFor(() => expect(states().at(-1)).toBe("running"));
    turns.advance(600);
    expect(machines[0]?.disposed).toBe(true);
    expect(states().at(-1)).toBe("idle");
  });

  it("resets a machine that is off", async () => {
    const { open, turns, type, control, machines, last, states } = setUp();
    await open("");
    turns.advance(10);
    type("poweroff\r");
    turns.advance(10);
    expect(last("state")).toMatchObject({ state: "stopped", stopReason: "power-off" });
    await control("reset");
    turns.advance(600);
    expect(machines.map(({ resets }) => resets)).toEqual([1]);
    expect(states().at(-1)).toBe("idle");
  });

  it("turns a guest off that does nothing about the power key, but not before three seconds", async () => {
    const { open, turns, control, machines, last } = setUp();
    await open("");
    turns.advance(10);
    await control("power-off");
    turns.advance(2500);
    expect(machines[0]?.powerKeys).toBe(1);
    expect(last("state")?.state).not.toBe("stopped");
    turns.advance(600);
    expect(last("state")).toMatchObject({ state: "stopped", stopReason: "forced" });
  });

  it("waits for a guest that is busy shutting down, and turns it off at once when forced", async () => {
    const { open, turns, type, control, last } = setUp();
    await open("");
    turns.advance(10);
    type("spin\r");
    turns.runTurns(2);
    await control("power-off");
    for (let second = 0; second < 10; second++) {
      turns.runTurns(60);
      turns.nowMs += 1000;
    }
    expect(last("state")?.state).not.toBe("stopped");
    await control("force-off");
    expect(last("state")).toMatchObject({ state: "stopped", stopReason: "forced" });
  });

  it("says which file is missing", async () => {
    const { open, last, states } = setUp({ "/page/Image": "kernel" });
    await open("Image initrd");
    expect(last("failed")?.failure).toMatchObject({ code: "not-found", url: "http://here.example/page/initrd" });
    expect(states()).toEqual([]);
  });

  it("passes on what is wrong with the command line", async () => {
    const { open, last } = setUp();
    await open("-nonsense");
    expect(last("failed")?.failure).toMatchObject({ code: "command-line", message: "Unknown option -nonsense." });
  });

  it("loads nothing from where a page must not", async () => {
    const { open, last } = setUp();
    await open("file:///etc/passwd");
    expect(last("failed")?.failure).toMatchObject({ code: "command-line" });
  });

  it("refuses a page of another version", async () => {
    const { open, last } = setUp();
    await open("", PROTOCOL_VERSION + 1);
    expect(last("failed")?.failure.code).toBe("version-mismatch");
  });

  it("answers a flush when the disks have done it, or says why they have not", async () => {
    const { open, control, last, flushes } = setUp();
    await control("flush");
    expect(last("reply")).toMatchObject({ ok: true });
    await open("disk=hd0");
    const waiting = control("flush");
    await vi.waitFor(() => expect(flushes).toHaveLength(1));
    expect(last("reply")).toMatchObject({ id: 1 });
    flushes[0]?.resolve();
    await waiting;
    expect(last("reply")).toMatchObject({ id: 2, ok: true });
    const failing = control("flush");
    await vi.waitFor(() => expect(flushes).toHaveLength(2));
    flushes[1]?.reject(new StorageError("quota", "The disk is full.", "Delete one."));
    await failing;
    expect(last("reply")).toMatchObject({ ok: false, failure: { code: "quota", message: "The disk is full." } });
    expect(last("disk-trouble")).toMatchObject({ drive: "hd0", diskId: "debian-1", code: "quota" });
  });

  it("makes disks durable when the guest is held, turned off or breaks, and lets go of them when it is closed", async () => {
    const { open, control, type, turns, last, flushes, disk } = setUp();
    await open("disk=hd0");
    await control("pause");
    await vi.waitFor(() => expect(flushes).toHaveLength(1));
    await control("resume");
    await control("force-off");
    await vi.waitFor(() => expect(flushes).toHaveLength(2));
    await control("reset");
    turns.advance(10);
    type("trap\r");
    turns.advance(100);
    expect(last("crashed")).toBeDefined();
    await vi.waitFor(() => expect(flushes).toHaveLength(3));
    for (const flush of flushes) flush.resolve();
    const closing = control("close");
    await vi.waitFor(() => expect(flushes).toHaveLength(4));
    expect(disk.closed).toBe(false);
    flushes[3]?.resolve();
    await closing;
    expect(disk.closed).toBe(true);
  });

  it("tells about the disks when something about them changes, and not otherwise", async () => {
    const { open, turns, last, posted } = setUp();
    await open("disk=hd0");
    turns.advance(1000);
    await vi.waitFor(() => expect(last("disks")?.disks).toMatchObject([{ drive: "hd0", name: "debian" }]));
    turns.advance(5000);
    await Promise.resolve();
    expect(posted.filter(({ kind }) => kind === "disks")).toHaveLength(1);
  });

  it("answers a request that comes too early with a sentence", async () => {
    const { control, last } = setUp();
    await control("pause");
    expect(last("reply")).toMatchObject({ ok: false, failure: { message: "The machine is not running yet." } });
  });

  it("pulls out the cable of a network, and says which names it does not know", async () => {
    const { host, machines, posted, open } = setUp();
    await open("");
    host.handle({ kind: "request", id: 90, request: { name: "set-link", cable: "net0", up: false } });
    expect(machines.at(-1)?.linkUp).toBe(false);
    expect(posted).toContainEqual({ kind: "answer", id: 90, result: null });
    host.handle({ kind: "request", id: 91, request: { name: "set-link", cable: "net7", up: true } });
    host.handle({ kind: "request", id: 92, request: { name: "capture", capture: "dump" } });
    for (const [id, name] of [
      [91, "net7"],
      [92, "dump"],
    ] as const) {
      const reply = posted.find((message) => message.kind === "reply" && message.id === id);
      expect(reply).toMatchObject({ ok: false, failure: { message: expect.stringContaining(`“${name}”`) } });
    }
  });

  it("puts disks in, takes them out and opens trays; a file comes with its disk", async () => {
    const { host, machines, posted, open } = setUp();
    await open("");
    const disk = { id: null, file: "local:a.iso", media: "cdrom", snapshot: false, readOnly: true } as const;
    const content = new Blob(["disc"]);
    host.handle({ kind: "request", id: 93, request: { name: "attach-disk", disk: { ...disk, content } } });
    host.handle({ kind: "request", id: 94, request: { name: "attach-disk", disk: { ...disk, content: null } } });
    host.handle({ kind: "request", id: 95, request: { name: "eject-disk", drive: "locked", force: false } });
    await vi.waitFor(() => expect(posted).toContainEqual({ kind: "answer", id: 93, result: "hot0" }));
    expect(machines.at(-1)?.drives.get("hot0")).toEqual({ ...disk, format: null, sha256: null });
    expect(machines.at(-1)?.file("local:a.iso")).toBe(content);
    expect(posted).toContainEqual({ kind: "answer", id: 95, result: false });
    const refused = posted.find((message) => message.kind === "reply" && message.id === 94);
    expect(refused).toMatchObject({
      ok: false,
      failure: { code: "command-line", message: expect.stringContaining("hot0") },
    });
    host.handle({ kind: "request", id: 96, request: { name: "detach-disk", drive: "hot0" } });
    await vi.waitFor(() => expect(posted).toContainEqual({ kind: "answer", id: 96, result: null }));
    expect(machines.at(-1)?.drives.size).toBe(0);
  });
});
