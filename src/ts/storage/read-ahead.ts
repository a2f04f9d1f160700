/** Chunks that are read ahead when a sequence begins; doubled with every further step. */
const FIRST_CHUNKS = 8;
/** Sequences that are followed at a time: programs that read one file each. */
const STREAMS = 4;

interface Stream {
  /** The chunk that the next read begins in or after. */
  next: number;
  /** Up to here it was read ahead, exclusive. */
  ahead: number;
  window: number;
}

/** Finds out which chunks will be wanted soon. */
export class ReadAhead {
  readonly #maxChunks: number;
  /** The one used last is at the end. */
  readonly #streams: Stream[] = [];

  constructor(maxChunks: number) {
    this.#maxChunks = maxChunks;
  }

  /** The chunks `first` to `last` are read; returns the range to read ahead, or null. The end is exclusive. */
  note(first: number, last: number): { readonly from: number; readonly to: number } | null {
    const at = this.#streams.findIndex(({ next }) => first === next || first === next - 1);
    const stream = at < 0 ? undefined : this.#streams.splice(at, 1)[0];
    if (stream === undefined) {
      if (this.#streams.length >= STREAMS) this.#streams.shift();
      this.#streams.push({ next: last + 1, ahead: last + 1, window: FIRST_CHUNKS });
      return null;
    }
    this.#streams.push(stream);
    // Inside the chunk of the read before, nothing is known that was not known then.
    if (last + 1 === stream.next && stream.ahead > stream.next) return null;
    stream.next = Math.max(stream.next, last + 1);
    // In halves: the next window is on its way while the rest of this one is used.
    if (stream.ahead - stream.next > stream.window / 2) return null;
    const from = Math.max(stream.ahead, stream.next);
    const to = stream.next + Math.min(stream.window, this.#maxChunks);
    if (to <= from) return null;
    stream.ahead = to;
    stream.window = Math.min(stream.window * 2, this.#maxChunks);
    return { from, to };
  }
}
