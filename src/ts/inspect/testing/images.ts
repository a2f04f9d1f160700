/** Disk images made by the tools that everybody uses, in a folder of their own. */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { mkdirSync } from "node:fs";
import type { BlockSource } from "../../storage/block-source.ts";

/** Programs of /usr/sbin are not in everybody's path. */
const env = { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin`, LC_ALL: "C.UTF-8" };

export class ImageFolder {
  readonly #path = mkdtempSync(join(tmpdir(), "armlet-images-"));

  /** Path of a file in the folder. */
  at(name: string): string {
    return join(this.#path, name);
  }

  /** A file of that many zero bytes, with holes. */
  empty(name: string, sizeBytes: number): string {
    writeFileSync(this.at(name), "");
    truncateSync(this.at(name), sizeBytes);
    return this.at(name);
  }

  /** A file with that content; its folders are made. */
  file(name: string, content: string | Uint8Array): string {
    mkdirSync(dirname(this.at(name)), { recursive: true });
    writeFileSync(this.at(name), content);
    return this.at(name);
  }

  /** Runs a tool in the folder and returns what it printed. */
  run(command: string, args: readonly string[], input: string | Uint8Array = ""): string {
    return execFileSync(command, args, {
      cwd: this.#path,
      env,
      input,
      maxBuffer: 1 << 28,
      stdio: ["pipe", "pipe", "pipe"],
    }).toString();
  }

  /** Not Node's Buffer, whose slices share their memory. */
  bytes(name: string): Uint8Array<ArrayBuffer> {
    return new Uint8Array(readFileSync(this.at(name)));
  }

  /** Copies a file into another, at an offset. */
  insert(into: string, from: string, offset: number): void {
    const file = openSync(this.at(into), "r+");
    writeSync(file, this.bytes(from), 0, undefined, offset);
    closeSync(file);
  }

  source(name: string): FileSource {
    return new FileSource(this.at(name));
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}

/** A file of the host. Reading outside of it is a mistake of whoever reads, and an error. */
export class FileSource implements BlockSource {
  readonly sizeBytes: number;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    const file = openSync(path, "r");
    this.sizeBytes = fstatSync(file).size;
    closeSync(file);
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    const file = openSync(this.#path, "r");
    try {
      const count = readSync(file, into, 0, into.length, offset);
      if (count !== into.length) throw new RangeError(`read of ${into.length} bytes at ${offset} of ${this.sizeBytes}`);
    } finally {
      closeSync(file);
    }
  }
}

/** Bytes in memory that are strict about their bounds. */
export class StrictSource implements BlockSource {
  readonly sizeBytes: number;
  readonly #bytes: Uint8Array;
  /** What was asked for: in sum, and the most at once. */
  readBytes = 0;
  longestBytes = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.sizeBytes = bytes.length;
  }

  read(offset: number, into: Uint8Array): void {
    const inside = Number.isSafeInteger(offset) && offset >= 0 && offset + into.length <= this.sizeBytes;
    if (!inside) throw new RangeError(`read of ${into.length} bytes at ${offset} of ${this.sizeBytes}`);
    this.readBytes += into.length;
    this.longestBytes = Math.max(this.longestBytes, into.length);
    into.set(this.#bytes.subarray(offset, offset + into.length));
  }
}
