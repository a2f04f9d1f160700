import { afterEach, beforeEach, expect, it, vi } from "vitest";

let workers = 0;
let requests: string[] = [];

class CountedWorker extends EventTarget {
  constructor() {
    super();
    workers += 1;
  }
}

beforeEach(() => {
  workers = 0;
  requests = [];
  vi.resetModules();
  vi.stubGlobal("Worker", CountedWorker);
  vi.stubGlobal("fetch", (url: string | URL) => {
    requests.push(String(url).replace(/^.*\//, ""));
    return Promise.resolve(new Response("{}", { status: 404 }));
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

async function openAddress(search: string, { missing = false } = {}) {
  vi.stubGlobal("location", { search, hostname: "armlet.example" });
  vi.stubGlobal("document", {
    baseURI: `https://armlet.example/${search}`,
    documentElement: { hasAttribute: () => missing },
  });
  const { pageStart } = await import("./page-start.ts");
  return pageStart;
}

it.each([
  ["", ["armlet.wasm", "manifest.json"]],
  ["?profile=lean", ["armlet.wasm", "manifest.json"]],
  ["?theme=dark&autostart=1", ["armlet.wasm", "manifest.json"]],
  ["?args=-M%20virt%20-kernel%20Image", ["armlet.wasm"]],
  ["?kernel=Image", ["armlet.wasm"]],
])("an address that starts a machine begins what that needs: %s", async (search, expected) => {
  const start = await openAddress(search);
  expect(start?.machine).not.toBeNull();
  expect(workers).toBe(1);
  expect(requests).toEqual(expected);
});

it.each(["?start", "?autostart=0", "?profile=lean&autostart=0"])(
  "where none starts nothing is begun: %s",
  async (search) => {
    const start = await openAddress(search);
    expect(start?.machine).toBeNull();
    expect(workers).toBe(0);
    expect(requests).toEqual([]);
  },
);

it("begins nothing in a browser that cannot run a machine", async () => {
  expect(await openAddress("", { missing: true })).toBeNull();
  expect(workers).toBe(0);
  expect(requests).toEqual([]);
});

it("asks for the list of machines again after the first time", async () => {
  const start = await openAddress("");
  await expect(start?.loadManifest()).rejects.toThrow("not beside this page");
  expect(requests).toEqual(["armlet.wasm", "manifest.json"]);
  await expect(start?.loadManifest()).rejects.toThrow("not beside this page");
  expect(requests).toEqual(["armlet.wasm", "manifest.json", "manifest.json"]);
});
