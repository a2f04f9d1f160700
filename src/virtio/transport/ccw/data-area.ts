/** Where a channel command's data is: pieces of guest memory, chained by CCWs and split by indirect address words. */
import type { GuestMemory } from "../../guest-memory.ts";

/** A piece of guest memory: an address that was checked, or null for bytes that are skipped. */
interface Piece {
  readonly host: number | null;
  readonly length: number;
}

/** How indirect address words are written (ORB control). */
export interface IndirectFormat {
  /** 64-bit words (format 2) rather than 31-bit ones (format 1). */
  readonly wide: boolean;
  /** What one word covers: 4096, or 2048 bytes. */
  readonly blockBytes: number;
}

export class DataArea {
  private readonly memory: GuestMemory;
  private readonly pieces: Piece[] = [];
  private bytes = 0;

  constructor(memory: GuestMemory) {
    this.memory = memory;
  }

  /** Bytes of all pieces. */
  get length(): number {
    return this.bytes;
  }

  /** Adds `length` bytes at `address`; false when they are not RAM. With `skip` nothing is transferred there. */
  add(address: number, length: number, skip: boolean): boolean {
    if (length === 0) return true;
    const host = skip ? null : this.memory.at(address, length);
    if (host === 0) return false;
    this.pieces.push({ host, length });
    this.bytes += length;
    return true;
  }

  /** Adds `length` bytes that the list of indirect address words at `list` names; false when that cannot be. */
  addIndirect(list: number, length: number, { wide, blockBytes }: IndirectFormat, skip: boolean): boolean {
    const wordBytes = wide ? 8 : 4;
    if (list % wordBytes !== 0) return false;
    let left = length;
    for (let at = list; left > 0; at += wordBytes) {
      const word = this.word(at, wordBytes);
      // Only the first may begin inside a block; a format 1 word has 31 bits.
      if (word === null || (at !== list && word % blockBytes !== 0) || (!wide && word >= 2 ** 31)) return false;
      const here = Math.min(left, blockBytes - (word % blockBytes));
      if (!this.add(word, here, skip)) return false;
      left -= here;
    }
    return true;
  }

  private word(at: number, bytes: number): number | null {
    const host = this.memory.at(at, bytes);
    if (host === 0) return null;
    const view = new DataView(new ArrayBuffer(8));
    this.memory.read(host, new Uint8Array(view.buffer, 8 - bytes));
    return view.getUint32(0) * 2 ** 32 + view.getUint32(4);
  }

  /** The first `length` bytes; skipped ones are 0. */
  read(length: number): Uint8Array<ArrayBuffer> {
    const into = new Uint8Array(length);
    this.each(length, ({ host }, from, to) => {
      if (host !== null) this.memory.read(host, into.subarray(from, to));
    });
    return into;
  }

  /** Writes `bytes` from the beginning. */
  write(bytes: Uint8Array): void {
    this.each(bytes.length, ({ host }, from, to) => {
      if (host !== null) this.memory.write(host, bytes.subarray(from, to));
    });
  }

  private each(length: number, visit: (piece: Piece, from: number, to: number) => void): void {
    let from = 0;
    for (const piece of this.pieces) {
      const to = Math.min(length, from + piece.length);
      if (from >= to) return;
      visit(piece, from, to);
      from = to;
    }
  }
}
