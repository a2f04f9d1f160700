/** A first-in first-out queue of bytes with a fixed capacity. */
export class ByteQueue {
  private readonly bytes: Uint8Array;
  private start = 0;
  /** Bytes in the queue. */
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  get capacity(): number {
    return this.bytes.length;
  }

  get room(): number {
    return this.bytes.length - this.length;
  }

  /** Appends as much of `from` as there is room for; returns how many bytes. */
  push(from: Uint8Array): number {
    const count = Math.min(from.length, this.room);
    const end = (this.start + this.length) % this.capacity;
    const first = Math.min(count, this.capacity - end);
    this.bytes.set(from.subarray(0, first), end);
    this.bytes.set(from.subarray(first, count), 0);
    this.length += count;
    return count;
  }

  /** The bytes at the front that lie together: all of them, or those up to where the queue wraps. */
  front(): Uint8Array {
    return this.bytes.subarray(this.start, this.start + Math.min(this.length, this.capacity - this.start));
  }

  /** Removes `count` bytes from the front. */
  drop(count: number): void {
    this.start = (this.start + count) % this.capacity;
    this.length -= count;
  }

  toArray(): number[] {
    return Array.from(
      { length: this.length },
      (_, index) => this.bytes[(this.start + index) % this.capacity] as number,
    );
  }
}
