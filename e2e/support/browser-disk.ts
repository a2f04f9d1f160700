/** A disk that a browser keeps, made and read from outside the page: only the stores' own code is in between. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Page } from "playwright/test";
import { writeImage } from "./file-system-check.ts";
import { LOAD_DISK_BYTES } from "./fsync-load.ts";

const CHUNK_BYTES = 32 * 1024;

export interface BrowserDisk {
  readonly id: string;
  readonly kind: "idb" | "opfs";
}

/**
 * One request to a worker that has the store, in a page that has that worker as `worker.js` beside it (its sources:
 * src/ts/storage/testing/read-store.worker.ts). Bytes go as base64.
 */
async function askStore(
  page: Page,
  disk: BrowserDisk,
  fill: (readonly [number, string])[] | null,
): Promise<Map<number, Uint8Array | "zeros">> {
  const answer = await page.evaluate(
    async (request) => {
      const decoded = request.fill?.map(
        ([index, text]) => [index, Uint8Array.from(atob(text), (char) => char.charCodeAt(0))] as const,
      );
      const worker = new Worker("worker.js", { type: "module" });
      type Answer = { chunks: [number, Uint8Array | "zeros" | null][] } | { failure: string };
      const data = await new Promise<Answer>((resolve, reject) => {
        worker.onmessage = (event: MessageEvent<Answer>) => resolve(event.data);
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.postMessage({ ...request, fill: decoded ?? null });
      });
      worker.terminate();
      if ("failure" in data) throw new Error(data.failure);
      const text = (bytes: Uint8Array): string => {
        let binary = "";
        for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
        return btoa(binary);
      };
      return data.chunks.map(([index, chunk]) => [index, chunk instanceof Uint8Array ? text(chunk) : null] as const);
    },
    { ...disk, chunkBytes: CHUNK_BYTES, fill },
  );
  return new Map(answer.map(([index, text]) => [index, text === null ? "zeros" : Buffer.from(text, "base64")]));
}

/** Writes what the browser has of a disk to a file, as a machine would find it that is started now. */
export async function saveDisk(page: Page, disk: BrowserDisk, path: string): Promise<void> {
  writeImage(path, LOAD_DISK_BYTES, CHUNK_BYTES, await askStore(page, disk, null));
}

/** A new ext4 as a disk of the browser: its chunks, and its row in the list of disks. `path` is for its image. */
export async function makeDisk(page: Page, disk: BrowserDisk, path: string): Promise<void> {
  execFileSync("/sbin/mke2fs", ["-q", "-F", "-t", "ext4", "-J", "size=4", path, `${LOAD_DISK_BYTES / 1024}k`]);
  const image = readFileSync(path);
  const chunks: (readonly [number, string])[] = [];
  for (let at = 0; at < image.length; at += CHUNK_BYTES) {
    const chunk = image.subarray(at, at + CHUNK_BYTES);
    if (chunk.some((byte) => byte !== 0)) chunks.push([at / CHUNK_BYTES, chunk.toString("base64")]);
  }
  await askStore(page, disk, chunks);
  const { id, kind } = disk;
  const base = { kind: "none" };
  const times = { createdMs: 1, usedMs: 1, finished: true };
  const size = { sizeBytes: LOAD_DISK_BYTES, chunkBytes: CHUNK_BYTES };
  const row = { id, name: id, ...size, store: kind, base, origin: "", ...times };
  await page.evaluate(
    async (record) =>
      await new Promise<void>((resolve, reject) => {
        const request = indexedDB.open("armlet-disks", 1);
        request.onupgradeneeded = () => request.result.createObjectStore("records");
        request.onerror = () => reject(new Error("The list of disks cannot be opened."));
        request.onsuccess = () => {
          const transaction = request.result.transaction("records", "readwrite");
          transaction.objectStore("records").put(record, record.id);
          transaction.oncomplete = () => {
            request.result.close();
            resolve();
          };
        };
      }),
    row,
  );
}
