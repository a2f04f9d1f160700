/** Disk images made by the tools whose formats they are. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BlockSource } from "../../block-source.ts";
import type { Chunk, ChunkStore } from "../../chunk-store.ts";

/** A folder for the images of one test file. */
export class ImageFolder {
  readonly path = mkdtempSync(join(tmpdir(), "armlet-image-"));

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, bytes: Uint8Array): string {
    writeFileSync(this.file(name), bytes);
    return this.file(name);
  }

  read(name: string): Uint8Array<ArrayBuffer> {
    return new Uint8Array(readFileSync(this.file(name)));
  }

  /** Runs a tool in the folder; returns what it prints. */
  run(tool: string, ...args: string[]): string {
    return execFileSync(tool, args, { cwd: this.path, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

/** Numbers that look random and are the same each time. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** A disk with text, noise and holes, of `sizeBytes`. */
export function sampleDisk(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const next = random(5);
  const disk = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; ) {
    const length = Math.min(512 * (1 + (next() % 100)), sizeBytes - at);
    const kind = next() % 4;
    for (let index = at; index < at + length; index++) {
      if (kind === 0) disk[index] = next() >>> 24;
      else if (kind === 1) disk[index] = 97 + ((index >> 3) % 20);
    }
    // Kinds 2 and 3 stay zeros, and some of them are long.
    at += kind === 3 ? length * 8 : length;
  }
  return disk;
}

export async function readAll(source: BlockSource): Promise<Uint8Array> {
  const bytes = new Uint8Array(source.sizeBytes).fill(0xee);
  await source.read(0, bytes);
  return bytes;
}

/** Chunks in memory that keep the promises of ChunkStore and count what is asked of them. */
export class TestStore implements ChunkStore {
  readonly chunkBytes: number;
  readonly chunks = new Map<number, Chunk>();
  durable = false;
  removed = false;

  constructor(chunkBytes = 65_536) {
    this.chunkBytes = chunkBytes;
  }

  indexes(): Promise<number[]> {
    return Promise.resolve([...this.chunks.keys()].sort((a, b) => a - b));
  }

  get(indexes: readonly number[]): Promise<(Chunk | null)[]> {
    return Promise.resolve(
      indexes.map((index) => {
        const chunk = this.chunks.get(index) ?? null;
        return chunk instanceof Uint8Array ? chunk.slice() : chunk;
      }),
    );
  }

  async put(changes: ReadonlyMap<number, Chunk | null>, durability: "relaxed" | "strict"): Promise<void> {
    // What the caller changes before the promise resolves must show.
    await Promise.resolve();
    for (const [index, chunk] of changes) {
      if (chunk === null) this.chunks.delete(index);
      else this.chunks.set(index, chunk === "zeros" ? chunk : chunk.slice());
    }
    this.durable = durability === "strict";
  }

  usedBytes(): Promise<number> {
    return Promise.resolve(this.chunks.size * this.chunkBytes);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** All of it, as a disk of `sizeBytes`. */
  bytes(sizeBytes: number): Uint8Array {
    const disk = new Uint8Array(sizeBytes);
    for (const [index, chunk] of this.chunks) {
      if (chunk !== "zeros") disk.set(chunk, index * this.chunkBytes);
    }
    return disk;
  }
}
