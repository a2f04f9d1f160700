import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FailureError } from "../protocol/failure.ts";
import { HeadStart } from "./head-start.ts";
import { VirtualMachine } from "./virtual-machine.ts";

/** What a page's `Worker` is asked for. */
class FakeWorker extends EventTarget {
  static all: FakeWorker[] = [];
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onerror: ((event: { readonly message: string; preventDefault(): void }) => void) | null = null;
  onmessageerror: (() => void) | null = null;
  readonly posted: { readonly kind: string; readonly module?: unknown }[] = [];
  terminated = false;

  constructor() {
    super();
    FakeWorker.all.push(this);
  }

  postMessage(message: { readonly kind: string }): void {
    this.posted.push(message);
  }

  terminate(): void {
    this.terminated = true;
  }

  get kinds(): string[] {
    return this.posted.map(({ kind }) => kind);
  }

  break(): void {
    this.onerror?.({ message: "", preventDefault: () => {} });
  }
}

/** The smallest module there is: a magic number and a version. */
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

let fetched: string[] = [];

beforeEach(() => {
  FakeWorker.all = [];
  fetched = [];
  vi.stubGlobal("Worker", FakeWorker);
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("document", Object.assign(new EventTarget(), { baseURI: "https://armlet.example/" }));
  vi.stubGlobal("fetch", (url: string) => {
    fetched.push(url);
    return Promise.resolve(new Response(EMPTY_MODULE, { headers: { "Content-Type": "application/wasm" } }));
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const worker = (index: number): FakeWorker => {
  const found = FakeWorker.all[index];
  if (found === undefined) throw new Error(`there is no worker ${index}`);
  return found;
};

describe("HeadStart", () => {
  it("begins a worker and the engine, which the machine takes", async () => {
    const headStart = new HeadStart("https://armlet.example/armlet.wasm");
    expect(FakeWorker.all).toHaveLength(1);
    expect(fetched).toEqual(["https://armlet.example/armlet.wasm"]);
    const vm = new VirtualMachine({ args: "-M virt -kernel Image" });
    const started = vm.start(headStart);
    await vi.waitFor(() => expect(worker(0).kinds).toEqual(["open", "engine"]));
    expect(worker(0).posted[1]?.module).toBe(await headStart.engine);
    worker(0).onmessage?.({ data: { kind: "state", state: "running", stopReason: null } });
    await started;
    expect(FakeWorker.all).toHaveLength(1);
    expect(fetched).toHaveLength(1);
    headStart.dispose();
    expect(worker(0).terminated).toBe(false);
    vm.dispose();
  });

  it("leaves the machine its own engine", async () => {
    const module = new WebAssembly.Module(EMPTY_MODULE);
    const vm = new VirtualMachine({ args: "-M virt -kernel Image", engine: module });
    vm.start(new HeadStart()).catch(() => {});
    await vi.waitFor(() => expect(worker(0).kinds).toEqual(["open", "engine"]));
    expect(worker(0).posted[1]?.module).toBe(module);
    vm.dispose();
  });

  it("ends its worker where no machine comes, and a machine that comes all the same has one of its own", () => {
    const headStart = new HeadStart();
    headStart.dispose();
    expect(worker(0).terminated).toBe(true);
    const vm = new VirtualMachine({ args: "-M virt -kernel Image" });
    vm.start(headStart).catch(() => {});
    expect(worker(0).kinds).toEqual([]);
    expect(worker(1).kinds).toEqual(["open"]);
    vm.dispose();
  });

  it("is for one start: the next machine, or the next try, has a worker of its own", async () => {
    const headStart = new HeadStart();
    const vm = new VirtualMachine({ args: "-M virt -kernel Image" });
    const started = vm.start(headStart);
    worker(0).onmessage?.({
      data: { kind: "failed", failure: { code: "not-found", message: "gone", advice: "", url: null } },
    });
    await expect(started).rejects.toBeInstanceOf(FailureError);
    vm.start(headStart).catch(() => {});
    expect(worker(1).kinds).toEqual(["open"]);
    vm.dispose();
  });

  it("a worker that broke before it was taken is replaced, and breaks for the machine if it does so again", async () => {
    const headStart = new HeadStart();
    worker(0).break();
    expect(worker(0).terminated).toBe(true);
    const vm = new VirtualMachine({ args: "-M virt -kernel Image" });
    const started = vm.start(headStart);
    worker(1).break();
    await expect(started).rejects.toMatchObject({
      message: expect.stringMatching(/script could not be loaded/) as string,
    });
  });

  it("a machine that runs, or is gone, lets go of what it does not need", async () => {
    const vm = new VirtualMachine({ args: "-M virt -kernel Image" });
    const started = vm.start();
    worker(0).onmessage?.({ data: { kind: "state", state: "running", stopReason: null } });
    await started;
    await vm.start(new HeadStart());
    expect(worker(1).terminated).toBe(true);
    vm.dispose();
    await expect(vm.start(new HeadStart())).rejects.toBeInstanceOf(FailureError);
    expect(worker(2).terminated).toBe(true);
  });

  it("an engine that does not come is the machine's failure", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("", { status: 404, statusText: "Not Found" })));
    const headStart = new HeadStart();
    const vm = new VirtualMachine({ args: "-M virt -kernel Image" });
    await expect(vm.start(headStart)).rejects.toMatchObject({ failure: { code: "not-found" } });
  });
});
