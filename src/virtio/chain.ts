/** One descriptor chain that the device has taken: its bytes to read, its bytes to write, its way back. */
import type { GuestMemory } from "./guest-memory.ts";
import type { Virtqueue } from "./virtqueue.ts";

/** A chain as it is kept in a saved state: segments as {offset from the start of RAM, bytes}, readable ones first. */
export interface ChainState {
  readonly head: number;
  /** CHAIN_PACKED of the chain record; absent in states of before packed rings. */
  readonly packed?: number;
  readonly readable: number;
  readonly segments: readonly { readonly offset: number; readonly length: number }[];
}

/** What the walker calls a chain: it takes these back. */
export interface ChainName {
  /** The life of the queue in which it was taken. */
  readonly generation: number;
  readonly head: number;
  readonly packed: number;
}

/**
 * Framing is free (2.7.4.3): readers and writers see bytes, never descriptors. A chain dies when its queue or
 * device is reset; then writes through it change nothing and it cannot be returned, so a device that finishes late
 * needs no check of its own.
 */
export class Chain {
  readonly queue: Virtqueue;
  readonly memory: GuestMemory;
  readonly generation: number;
  /** The name of the chain on its queue: on a split ring the index of its first descriptor. */
  readonly head: number;
  /** What a packed ring needs to return it: CHAIN_PACKED of the chain record. */
  readonly packed: number;
  /** {linear-memory address, bytes} for each segment, device-readable ones first. */
  readonly segments: Uint32Array;
  /** How many of the segments are device-readable. */
  readonly readableSegments: number;
  readonly readableBytes: number;
  readonly writableBytes: number;
  /** When the device took it, in the bus' time; NaN where that is not known. */
  takenMs = Number.NaN;
  /** Once it was returned: how long the device held it (NaN where that is not known), and what its used entry says. */
  heldMs = Number.NaN;
  usedBytes = 0;

  constructor(
    queue: Virtqueue,
    memory: GuestMemory,
    { generation, head, packed }: ChainName,
    readable: number,
    segments: Uint32Array,
  ) {
    this.queue = queue;
    this.memory = memory;
    this.generation = generation;
    this.head = head;
    this.packed = packed;
    this.readableSegments = readable;
    this.segments = segments;
    let readableBytes = 0;
    let writableBytes = 0;
    for (let index = 0; index * 2 < segments.length; ++index) {
      const length = segments[index * 2 + 1] as number;
      if (index < readable) readableBytes += length;
      else writableBytes += length;
    }
    this.readableBytes = readableBytes;
    this.writableBytes = writableBytes;
  }

  /** Whether the device still owns the chain. */
  get live(): boolean {
    return this.queue.owns(this);
  }

  /** A cursor over the device-readable bytes. */
  reader(): ChainReader {
    return new ChainReader(this);
  }

  /** A cursor over the device-writable bytes. */
  writer(): ChainWriter {
    return new ChainWriter(this);
  }

  save(): ChainState {
    const segments = [];
    for (let index = 0; index < this.segments.length; index += 2) {
      const host = this.segments[index] as number;
      segments.push({ offset: host - this.memory.base, length: this.segments[index + 1] as number });
    }
    return { head: this.head, packed: this.packed, readable: this.readableSegments, segments };
  }
}

/** Moves over the segments [first, last) of a chain. */
abstract class ChainCursor {
  protected readonly chain: Chain;
  private segment: number;
  private readonly last: number;
  /** Bytes of the current segment that are behind the cursor. */
  private within = 0;
  /** Bytes ahead of the cursor. */
  remaining: number;

  constructor(chain: Chain, first: number, last: number, total: number) {
    this.chain = chain;
    this.segment = first;
    this.last = last;
    this.remaining = total;
  }

  /** Moves over up to `count` bytes, showing each contiguous piece; returns how many there were. */
  protected advance(count: number, visit: (host: number, length: number, done: number) => void): number {
    let done = 0;
    while (done < count && this.segment < this.last) {
      const host = this.chain.segments[this.segment * 2] as number;
      const length = this.chain.segments[this.segment * 2 + 1] as number;
      const piece = Math.min(count - done, length - this.within);
      visit(host + this.within, piece, done);
      done += piece;
      this.within += piece;
      if (this.within === length) {
        this.segment += 1;
        this.within = 0;
      }
    }
    this.remaining -= done;
    return done;
  }
}

/** Reads the device-readable part of a chain from its start. Numbers are little-endian. */
export class ChainReader extends ChainCursor {
  constructor(chain: Chain) {
    super(chain, 0, chain.readableSegments, chain.readableBytes);
  }

  /** Fills `into` as far as there are bytes; returns how many. */
  read(into: Uint8Array): number {
    return this.advance(into.length, (host, length, done) => {
      this.chain.memory.read(host, into.subarray(done, done + length));
    });
  }

  /** The next `count` bytes; fewer at the end. */
  take(count: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(count, this.remaining));
    this.read(bytes);
    return bytes;
  }

  skip(count: number): number {
    return this.advance(count, () => {});
  }
}

/** Writes the device-writable part of a chain from its start. */
export class ChainWriter extends ChainCursor {
  /** Bytes written so far: the `len` of the used entry. */
  written = 0;

  constructor(chain: Chain) {
    super(chain, chain.readableSegments, chain.segments.length / 2, chain.writableBytes);
  }

  /** Writes as much of `from` as there is room for; returns how many bytes. A dead chain takes none. */
  write(from: Uint8Array): number {
    if (!this.chain.live) return 0;
    const count = this.advance(from.length, (host, length, done) => {
      this.chain.memory.write(host, from.subarray(done, done + length));
    });
    this.written += count;
    return count;
  }

  /** Writes `count` times `value`, as far as there is room. */
  fill(value: number, count: number): number {
    if (!this.chain.live) return 0;
    const filled = this.advance(count, (host, length) => this.chain.memory.fill(host, length, value));
    this.written += filled;
    return filled;
  }

  /** Moves to `fromEnd` bytes before the end, leaving what is between unwritten; `written` stays. */
  seekFromEnd(fromEnd: number): void {
    if (this.remaining > fromEnd) this.advance(this.remaining - fromEnd, () => {});
  }
}
