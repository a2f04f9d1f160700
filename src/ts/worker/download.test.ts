import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { FailureError } from "../protocol/failure.ts";
import { type DownloadOptions, download } from "./download.ts";
import { noise } from "../lib/testing/noise.ts";

let server: Server | null = null;
/** What the download has taken in. */
let loadedBytes = 0;
afterEach(() => {
  loadedBytes = 0;
  server?.closeAllConnections();
  server?.close();
  server = null;
});

/** Serves with `handler`; resolves with the address of a file there. */
async function serve(
  handler: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<string> {
  let count = 0;
  const started = createServer((request, response) => handler(request, response, ++count));
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}/Image`;
}

/** Options that wait no real time, and what was told on the way. */
function options(url: string, change: Partial<DownloadOptions> = {}) {
  const notes: string[] = [];
  const progress: [number, number | null][] = [];
  const delays: number[] = [];
  return {
    notes,
    progress,
    delays,
    signal: new AbortController().signal,
    origin: new URL(url).origin,
    fetch: (input: RequestInfo | URL, init?: RequestInit) => fetch(input, init),
    async delay(delayMs: number) {
      delays.push(delayMs);
    },
    onProgress(loaded: number, total: number | null, note: string | null) {
      loadedBytes = loaded;
      progress.push([loaded, total]);
      if (note !== null && notes.at(-1) !== note) notes.push(note);
    },
    ...change,
  };
}

async function failureOf(promise: Promise<unknown>): Promise<FailureError["failure"]> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof FailureError)) throw new Error(`no FailureError but ${String(error)}`);
  return error.failure;
}

const FILE = noise(1_000_000, "file");

/** Sends the first bytes, then cuts the connection: once they have arrived, since what is on its way then is lost. */
function sendPart(response: ServerResponse, headers: Record<string, string | number>, part: Buffer): void {
  response.writeHead(headers["Content-Range"] === undefined ? 200 : 206, headers);
  response.write(part);
  const cut = (): void => void (loadedBytes < part.length ? setTimeout(cut, 5) : response.destroy());
  cut();
}

describe("download", () => {
  it("loads a file and tells how far it is", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "Content-Length": FILE.length });
      response.end(FILE);
    });
    const told = options(url);
    expect(Buffer.from(await download(url, told)).equals(FILE)).toBe(true);
    expect(told.progress[0]).toEqual([0, FILE.length]);
    expect(told.progress.at(-1)).toEqual([FILE.length, FILE.length]);
    expect(told.notes).toEqual([]);
  });

  it("loads a file of unknown length", async () => {
    const url = await serve((_request, response) => {
      response.write(FILE.subarray(0, 10));
      response.end(FILE.subarray(10));
    });
    const told = options(url);
    expect(Buffer.from(await download(url, told)).equals(FILE)).toBe(true);
    expect(told.progress.at(-1)).toEqual([FILE.length, null]);
  });

  it("takes a lost connection up again where it broke, and says so", async () => {
    const ranges: (string | undefined)[] = [];
    const url = await serve((request, response, count) => {
      ranges.push(request.headers.range);
      if (count === 1) {
        sendPart(response, { "Content-Length": FILE.length, ETag: '"v1"' }, FILE.subarray(0, 400_000));
        return;
      }
      expect(request.headers["if-range"]).toBe('"v1"');
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1]);
      const rest = FILE.subarray(start);
      response.writeHead(206, {
        "Content-Length": rest.length,
        "Content-Range": `bytes ${start}-${FILE.length - 1}/${FILE.length}`,
        ETag: '"v1"',
      });
      response.end(rest);
    });
    const told = options(url);
    expect(Buffer.from(await download(url, told)).equals(FILE)).toBe(true);
    expect(ranges).toEqual([undefined, "bytes=400000-"]);
    expect(told.notes).toEqual(["Connection lost after 400 kB. Taking it up again …"]);
  });

  it("begins again where the server cannot go on, and where the file changed meanwhile", async () => {
    const newer = noise(700_000, "newer");
    const url = await serve((_request, response, count) => {
      if (count === 1) {
        sendPart(response, { "Content-Length": FILE.length, ETag: '"v1"' }, FILE.subarray(0, 400_000));
        return;
      }
      response.writeHead(200, { "Content-Length": newer.length, ETag: '"v2"' });
      response.end(newer);
    });
    expect(Buffer.from(await download(url, options(url))).equals(newer)).toBe(true);
  });

  it("never joins two versions of a file, whatever the server says about ranges", async () => {
    const newer = noise(FILE.length, "newer");
    const url = await serve((request, response, count) => {
      if (count === 1) {
        sendPart(response, { "Content-Length": FILE.length, ETag: '"v1"' }, FILE.subarray(0, 400_000));
        return;
      }
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const headers = { "Content-Length": newer.length - start, ETag: '"v2"' };
      response.writeHead(
        request.headers.range === undefined ? 200 : 206,
        request.headers.range === undefined
          ? headers
          : { ...headers, "Content-Range": `bytes ${start}-${newer.length - 1}/${newer.length}` },
      );
      response.end(newer.subarray(start));
    });
    expect(Buffer.from(await download(url, options(url))).equals(newer)).toBe(true);
  });

  it("gives up after five fruitless attempts, with growing pauses, and says how far it came", async () => {
    const url = await serve((_request, response, count) => {
      if (count === 1) sendPart(response, { "Content-Length": FILE.length }, FILE.subarray(0, 400_000));
      else response.destroy();
    });
    const told = options(url);
    const failure = await failureOf(download(url, told));
    expect(failure.code).toBe("connection-lost");
    expect(failure.message).toContain("400 kB of 1.0 MB");
    expect(failure.url).toBe(url);
    expect(told.delays).toEqual([400, 800, 1600, 3200]);
  });

  it("tries a passing server error again", async () => {
    const url = await serve((_request, response, count) => {
      response.writeHead(count === 1 ? 503 : 200);
      response.end(count === 1 ? "busy" : FILE);
    });
    expect((await download(url, options(url))).length).toBe(FILE.length);
  });

  it.each([
    [404, "not-found", "404"],
    [410, "not-found", "410"],
    [403, "http-status", "403"],
    [500, "http-status", "500"],
  ])("says what a %i means, with the address", async (status, code, text) => {
    const url = await serve((_request, response) => {
      response.writeHead(status);
      response.end("an error page");
    });
    const failure = await failureOf(download(url, options(url)));
    expect(failure).toMatchObject({ code, url });
    expect(failure.message).toContain(text);
    expect(failure.advice).not.toBe("");
  });

  it("takes no web page for a kernel, by its type or by its first bytes", async () => {
    const typed = await serve((_request, response) => {
      response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
      response.end("hello");
    });
    const failure = await failureOf(download(typed, options(typed)));
    expect(failure.code).toBe("wrong-type");
    expect(failure.message).toContain("text/html");
    server?.close();
    const untyped = await serve((_request, response) => response.end("\n<!DOCTYPE html><title>Not found</title>"));
    expect((await failureOf(download(untyped, options(untyped)))).code).toBe("wrong-type");
  });

  it("tells a server that refuses other sites from one that is not there", async () => {
    const url = "https://elsewhere.example/Image";
    const refusing = options(url, {
      origin: "https://here.example",
      async fetch(_input, init) {
        if (init?.mode === "no-cors") return new Response(null);
        throw new TypeError("Failed to fetch");
      },
    });
    expect((await failureOf(download(url, refusing))).code).toBe("blocked");
    const silent = options(url, {
      origin: "https://here.example",
      async fetch() {
        throw new TypeError("Failed to fetch");
      },
    });
    expect((await failureOf(download(url, silent))).code).toBe("unreachable");
    expect(silent.delays.length).toBe(2);
  });

  it("stops at once when cancelled", async () => {
    const abort = new AbortController();
    const url = await serve((_request, response) => {
      response.writeHead(200, { "Content-Length": FILE.length });
      response.write(FILE.subarray(0, 1000));
    });
    const told = options(url, { signal: abort.signal });
    const loading = download(url, {
      ...told,
      onProgress(loaded) {
        if (loaded > 0) abort.abort();
      },
    });
    await expect(loading).rejects.toMatchObject({ name: "AbortError" });
    expect(told.delays).toEqual([]);
  });
});
