import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { HttpSource } from "./http-source.ts";
import { StorageError } from "./storage-error.ts";
import { noise } from "../lib/testing/noise.ts";

const IMAGE = noise(3_000_064, "image");

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});

/** A server of the image that knows ranges; `trouble` may answer in its place. */
async function serve(
  trouble: (request: IncomingMessage, response: ServerResponse, count: number) => boolean = () => false,
) {
  const requests: string[] = [];
  const started = createServer((request, response) => {
    requests.push(request.headers.range ?? "");
    if (trouble(request, response, requests.length)) return;
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const part = IMAGE.subarray(Number(start), Number(end) + 1);
    response.writeHead(206, {
      "Content-Length": part.length,
      "Content-Range": `bytes ${start}-${end}/${IMAGE.length}`,
      ETag: '"v1"',
    });
    response.end(part);
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(started.address() as AddressInfo).port}/disk.img`;
  const host = {
    fetch: (input: RequestInfo | URL, init?: RequestInit) => fetch(input, init),
    sameOrigin: true,
    delay: async () => {},
  };
  const source = await HttpSource.open(url, host);
  return { source, requests };
}

async function read(source: HttpSource | null, offset: number, length: number): Promise<Uint8Array> {
  const into = new Uint8Array(length);
  await source?.read(offset, into);
  return into;
}

describe("HttpSource", () => {
  it("knows the image's size without loading it", async () => {
    const { source, requests } = await serve();
    expect(source?.sizeBytes).toBe(IMAGE.length);
    expect(requests).toEqual(["bytes=0-0"]);
  });

  it("reads any range, loading each part once", async () => {
    const { source, requests } = await serve();
    for (const [offset, length] of [
      [0, 512],
      [512, 4096],
      [65_000, 70_000],
      [IMAGE.length - 512, 512],
      [0, IMAGE.length],
      [1_234_432, 1_000_000],
    ] as const) {
      expect(Buffer.compare(await read(source, offset, length), IMAGE.subarray(offset, offset + length))).toBe(0);
    }
    const loaded = requests.slice(1).map((range) => {
      const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
      return Number(end) + 1 - Number(start);
    });
    expect(loaded.reduce((sum, length) => sum + length, 0)).toBe(IMAGE.length);
  });

  it("asks once for what several reads want at the same time", async () => {
    const { source, requests } = await serve();
    await Promise.all([read(source, 0, 512), read(source, 1024, 512), read(source, 65_536, 512)]);
    expect(requests.length).toBe(2);
  });

  it("tries again after a lost connection", async () => {
    const { source } = await serve((_request, response, count) => {
      if (count !== 2) return false;
      response.destroy();
      return true;
    });
    expect(Buffer.compare(await read(source, 0, 512), IMAGE.subarray(0, 512))).toBe(0);
  });

  it("says what is wrong after five attempts, and can be asked again", async () => {
    let down = true;
    const { source } = await serve((_request, response, count) => {
      if (count === 1 || !down) return false;
      response.writeHead(503);
      response.end();
      return true;
    });
    await expect(read(source, 0, 512)).rejects.toThrow(/cannot be read: the server answers 503\.$/);
    down = false;
    expect(Buffer.compare(await read(source, 0, 512), IMAGE.subarray(0, 512))).toBe(0);
  });

  it("never mixes two versions of an image", async () => {
    const { source } = await serve((request, response, count) => {
      if (count === 1) return false;
      expect(request.headers["if-range"]).toBe('"v1"');
      response.writeHead(200, { ETag: '"v2"' });
      response.end("something else");
      return true;
    });
    await expect(read(source, 0, 512)).rejects.toThrow(/changed on the server/);
  });

  it.each<readonly [string, (headers: Record<string, string>) => { status?: number; body?: Uint8Array }, RegExp]>([
    ["another range", (headers) => ((headers["Content-Range"] = `bytes 1-512/${IMAGE.length}`), {}), /another part/],
    ["no range", (headers) => (delete headers["Content-Range"], {}), /another part/],
    ["another size", (headers) => ((headers["Content-Range"] = "bytes 0-262143/4000000"), {}), /changed on the server/],
    ["another version", (headers) => ((headers.ETag = '"v2"'), {}), /changed on the server/],
    ["no version any more", (headers) => (delete headers.ETag, {}), /changed on the server/],
    ["more than it says", () => ({ body: IMAGE.subarray(0, 300_000) }), /more than it was asked for/],
    ["less than it says", () => ({ body: IMAGE.subarray(0, 1000) }), /less than it was asked for/],
    ["the whole file of the same version", () => ({ status: 200, body: IMAGE }), /the whole file/],
    ["that there is no such part", () => ({ status: 416, body: new Uint8Array() }), /changed on the server/],
    ["that it is gone", () => ({ status: 404, body: new Uint8Array() }), /answers 404/],
    [
      "something compressed",
      (headers) => ((headers["Content-Encoding"] = "gzip"), { body: gzipSync(IMAGE.subarray(0, 262_144)) }),
      /compresses parts/,
    ],
  ])("is not taken in by a server that sends %s", async (_, lie, message) => {
    const { source } = await serve((_request, response, count) => {
      if (count === 1) return false;
      const headers: Record<string, string> = { "Content-Range": `bytes 0-262143/${IMAGE.length}`, ETag: '"v1"' };
      const { status = 206, body = IMAGE.subarray(0, 262_144) } = lie(headers);
      response.writeHead(status, headers);
      response.end(body);
      return true;
    });
    const error: unknown = await read(source, 0, 512).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StorageError);
    expect((error as StorageError).message).toMatch(message);
  });

  it("asks for the parts of a long read at the same time", async () => {
    const waiting: (() => void)[] = [];
    const { source } = await serve((request, response, count) => {
      if (count === 1) return false;
      const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
      waiting.push(() => {
        response.writeHead(206, { "Content-Range": `bytes ${start}-${end}/${IMAGE.length}`, ETag: '"v1"' });
        response.end(IMAGE.subarray(Number(start), Number(end) + 1));
      });
      // The first is answered when the second is there.
      if (waiting.length >= 2) for (const answer of waiting.splice(0)) answer();
      return true;
    });
    expect(Buffer.compare(await read(source, 0, IMAGE.length), IMAGE)).toBe(0);
  });

  it("makes its requests larger while reads follow one another, and is ahead of them", async () => {
    const { source, requests } = await serve();
    for (let at = 0; at < 2_000_000; at += 32_768) await read(source, at, 32_768);
    const sizes = requests.slice(1).map((range) => {
      const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
      return Number(end) + 1 - Number(start);
    });
    expect(sizes[0]).toBe(262_144);
    expect(Math.max(...sizes)).toBeGreaterThanOrEqual(1_000_000);
    expect(sizes.length).toBeLessThan(8);
  });

  it("says which version it reads", async () => {
    const { source } = await serve();
    expect(source).toMatchObject({ validator: '"v1"', url: expect.stringMatching(/disk\.img$/) });
  });

  it("leaves a server without ranges to somebody else", async () => {
    const { source } = await serve((_request, response) => {
      response.end(IMAGE);
      return true;
    });
    expect(source).toBeNull();
  });
});
