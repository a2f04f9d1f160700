/** Files on a medium with a volatile cache, as a power cut finds them. */
import type { DiskFiles, SyncFile } from "../opfs-files.ts";

/** What a medium writes whole or not at all. */
const SECTOR_BYTES = 512;

type Change = { readonly at: number; readonly bytes: Uint8Array } | { readonly sizeBytes: number };

/** Thrown by the operation that the power goes off in. */
export class PowerCut extends Error {
  override readonly name = "PowerCut";
}

export class FakeFile implements SyncFile {
  /** As a program sees it. */
  #bytes: Uint8Array;
  /** As it is on the medium, and what is on its way there. */
  #durable: Uint8Array;
  #pending: Change[] = [];
  readonly #medium: FakeMedium;

  constructor(medium: FakeMedium, bytes: Uint8Array) {
    this.#medium = medium;
    this.#bytes = bytes.slice();
    this.#durable = bytes.slice();
  }

  getSize(): number {
    return this.#bytes.length;
  }

  read(into: Uint8Array, { at }: { readonly at: number }): number {
    const part = this.#bytes.subarray(at, at + into.length);
    into.set(part);
    return part.length;
  }

  write(from: Uint8Array, { at }: { readonly at: number }): number {
    const cut = this.#medium.operation();
    const room = this.#medium.room(Math.max(0, at + from.length - this.#bytes.length));
    const bytes = from.slice(0, cut ? Math.floor(from.length / 2) : room ? from.length : 0);
    this.#bytes = applied(this.#bytes, { at, bytes });
    for (let start = 0; start < bytes.length; start += SECTOR_BYTES) {
      this.#pending.push({ at: at + start, bytes: bytes.slice(start, start + SECTOR_BYTES) });
    }
    if (cut) throw new PowerCut();
    return bytes.length;
  }

  truncate(sizeBytes: number): void {
    if (this.#medium.operation()) throw new PowerCut();
    this.#bytes = applied(this.#bytes, { sizeBytes });
    this.#pending.push({ sizeBytes });
  }

  flush(): void {
    if (this.#medium.operation()) throw new PowerCut();
    this.#durable = this.#bytes.slice();
    this.#pending = [];
  }

  close(): void {}

  /** What is found after the process was killed. */
  afterKill(): Uint8Array {
    return this.#bytes;
  }

  /** What is found after the power was cut: of what was not flushed, anything may be there. */
  afterPowerCut(reached: () => boolean): Uint8Array {
    return this.#pending.filter(reached).reduce(applied, this.#durable);
  }
}

/** The files of one disk. */
export class FakeMedium implements DiskFiles<FakeFile> {
  readonly data: FakeFile;
  readonly indexes: readonly [FakeFile, FakeFile];
  /** Operations that change a file until the power goes off. */
  operationsLeft = Infinity;
  roomBytes = Infinity;

  constructor(
    contents: readonly [Uint8Array, Uint8Array, Uint8Array] = [new Uint8Array(), new Uint8Array(), new Uint8Array()],
  ) {
    this.data = new FakeFile(this, contents[0]);
    this.indexes = [new FakeFile(this, contents[1]), new FakeFile(this, contents[2])];
  }

  /** Whether the power goes off in this one. */
  operation(): boolean {
    this.operationsLeft -= 1;
    return this.operationsLeft < 0;
  }

  /** Takes room, where there is so much. */
  room(bytes: number): boolean {
    if (bytes > this.roomBytes) return false;
    this.roomBytes -= bytes;
    return true;
  }

  /** The medium as the next one finds it. */
  after(what: (file: FakeFile) => Uint8Array): FakeMedium {
    return new FakeMedium([what(this.data), what(this.indexes[0]), what(this.indexes[1])]);
  }
}

function applied(bytes: Uint8Array, change: Change): Uint8Array {
  if ("sizeBytes" in change) {
    const resized = new Uint8Array(change.sizeBytes);
    resized.set(bytes.subarray(0, change.sizeBytes));
    return resized;
  }
  const end = change.at + change.bytes.length;
  const grown = bytes.length >= end ? bytes : applied(bytes, { sizeBytes: end });
  const result = grown === bytes ? bytes.slice() : grown;
  result.set(change.bytes, change.at);
  return result;
}
