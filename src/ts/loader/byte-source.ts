/** Bytes that arrive in pieces, with a look ahead: what format detection and the decoders read from. */

/** Where a file's bytes come from. */
export type ByteInput = Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** Pieces a whole array is handed out in, so that progress shows and aborting works. */
const PIECE_BYTES = 1 << 18;

/** A stream of bytes read once, from the front. */
export class ByteSource {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #ahead: Uint8Array = new Uint8Array(0);
  #ended = false;
  #cancelled = false;
  /** Bytes taken from the input so far, those looked ahead at included. */
  bytesIn = 0;

  private constructor(iterator: AsyncIterator<Uint8Array>) {
    this.#iterator = iterator;
  }

  static from(input: ByteInput): ByteSource {
    if (input instanceof Uint8Array) return new ByteSource(pieces(input));
    if ("getReader" in input) return new ByteSource(streamIterator(input));
    return new ByteSource(input[Symbol.asyncIterator]());
  }

  /** The next `count` bytes without taking them; fewer only where the input ends. */
  async peek(count: number): Promise<Uint8Array> {
    while (this.#ahead.length < count && !this.#ended) {
      const piece = await this.#pull();
      if (piece === undefined) break;
      const joined = new Uint8Array(this.#ahead.length + piece.length);
      joined.set(this.#ahead);
      joined.set(piece, this.#ahead.length);
      this.#ahead = joined;
    }
    return this.#ahead.subarray(0, count);
  }

  /** Takes exactly `count` bytes; fewer only where the input ends. */
  async take(count: number): Promise<Uint8Array> {
    const bytes = await this.peek(count);
    this.#ahead = this.#ahead.subarray(bytes.length);
    return bytes;
  }

  /** Takes what comes next, however much; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#ahead.length > 0) {
      const bytes = this.#ahead;
      this.#ahead = new Uint8Array(0);
      return bytes;
    }
    return this.#ended ? undefined : await this.#pull();
  }

  /** Says that no more is wanted, so that a download stops; harmless when it has ended by itself. */
  async cancel(): Promise<void> {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#ended = true;
    await this.#iterator.return?.();
  }

  async #pull(): Promise<Uint8Array | undefined> {
    for (;;) {
      const result = await this.#iterator.next();
      if (result.done === true) {
        this.#ended = true;
        return undefined;
      }
      this.bytesIn += result.value.length;
      if (result.value.length > 0) return result.value;
    }
  }
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

/** Unlike the stream's own iterator (which not every browser has), `return` ends a read that is waiting for the network. */
function streamIterator(stream: ReadableStream<Uint8Array>): AsyncIterator<Uint8Array> {
  const reader = stream.getReader();
  return {
    async next(): Promise<IteratorResult<Uint8Array>> {
      const { done, value } = await reader.read();
      return done ? { done: true, value: undefined } : { done: false, value };
    },
    async return(): Promise<IteratorResult<Uint8Array>> {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}
