import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openDriveImage, type SourceServices } from "./drive-source.ts";

const CHUNK_BYTES = 4096;
const DISK = Uint8Array.from({ length: 3 * CHUNK_BYTES }, (_, at) =>
  at < CHUNK_BYTES ? 0 : (at * 7 + (at >> 12)) & 0xff,
);
const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** A static host with a disk in chunks, of which the first is zeros. */
function site(ranges: boolean) {
  const parts = [1, 2].map((index) => DISK.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES));
  const manifest = {
    armletChunkSet: 1,
    sizeBytes: DISK.length,
    chunkBytes: CHUNK_BYTES,
    compression: "none",
    folder: "debian.chunks",
    chunks: [1, ...parts.map(hash)],
  };
  const text = new TextEncoder().encode(JSON.stringify(manifest));
  const files = new Map<string, Uint8Array<ArrayBuffer>>([["https://host.example/a/debian.json", text]]);
  for (const part of parts) files.set(`https://host.example/a/debian.chunks/${hash(part)}.bin`, part);
  const asked: string[] = [];
  const answer: typeof fetch = async (input, init) => {
    const url = String(input);
    asked.push(url);
    const bytes = files.get(url);
    if (bytes === undefined) return new Response("", { status: 404 });
    const range = /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get("Range") ?? "");
    if (range === null || !ranges) return new Response(bytes);
    const [start, end] = [Number(range[1]), Math.min(Number(range[2]) + 1, bytes.length)];
    const headers = { "Content-Range": `bytes ${start}-${end - 1}/${bytes.length}` };
    return new Response(bytes.slice(start, end), { status: 206, headers });
  };
  const services: SourceServices = {
    file: () => null,
    resolve: (name) => new URL(name, "https://host.example/a/").href,
    async readInto(_name, open) {
      await open(text.length).append(text);
      return null;
    },
    rangeHost: () => ({ fetch: answer, sameOrigin: true, delay: () => Promise.resolve() }),
    signal: new AbortController().signal,
    log: { guestError: () => {}, info: () => {}, hostError: () => {} },
  };
  return { services, asked, manifestHash: hash(text) };
}

describe("openDriveImage", () => {
  it.each([true, false])("reads a disk in chunks by its manifest's address (ranges: %s)", async (ranges) => {
    const { services, asked, manifestHash } = site(ranges);
    const drive = { file: "debian.json", format: null, sha256: manifestHash };
    const { source, base } = await openDriveImage(drive, services);
    expect(source.sizeBytes).toBe(DISK.length);
    expect(base).toMatchObject({ kind: "url", url: "https://host.example/a/debian.json", sha256: manifestHash });
    const read = new Uint8Array(CHUNK_BYTES);
    await source.read(CHUNK_BYTES + 512, read);
    expect(Buffer.compare(read, DISK.subarray(CHUNK_BYTES + 512, 2 * CHUNK_BYTES + 512))).toBe(0);
    const chunks = asked.filter((url) => url.includes("/debian.chunks/"));
    expect(new Set(chunks).size).toBe(chunks.length);
  });

  it("refuses another manifest than the one whose hash was given", async () => {
    const { services } = site(true);
    const drive = { file: "debian.json", format: null, sha256: "0".repeat(64) };
    await expect(openDriveImage(drive, services)).rejects.toThrow(/is not the one that is wanted/);
  });
});

describe("an image on a server without ranges", () => {
  it("is loaded whole, which is said, and not kept where it is zeros", async () => {
    const { services } = site(false);
    const image = new Uint8Array(3 * 1024 * 1024);
    image.fill(7, 1024 * 1024, 1024 * 1024 + 512);
    const said: string[] = [];
    const { source, base } = await openDriveImage(
      { file: "disk.img", format: null, sha256: null },
      {
        ...services,
        log: { ...services.log, info: (message) => said.push(message) },
        async readInto(_name, open) {
          const sink = open(0);
          // The connection broke, and the server could not go on.
          await sink.append(image.subarray(0, 2_000_000));
          await sink.clear();
          for (let at = 0; at < image.length; at += 100_000) await sink.append(image.subarray(at, at + 100_000));
          return null;
        },
      },
    );
    expect(said.join()).toMatch(/does not hand out parts of files/);
    expect(base?.validator).toBe(`sha256:${hash(image)}`);
    const read = new Uint8Array(image.length);
    await source.read(0, read);
    expect(Buffer.compare(read, image)).toBe(0);
  });
});
