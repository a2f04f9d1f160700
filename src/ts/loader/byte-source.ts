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
  /** Bytes taken from the input so far, those looked ahead at included. */
  bytesIn = 0;

  private constructor(iterator: AsyncIterator<Uint8Array>) {
    this.#iterator = iterator;
  }

  static from(input: ByteInput): ByteSource {
    if (input instanceof Uint8Array) return new ByteSource(pieces(input));
    if (Symbol.asyncIterator in input)
      return new ByteSource((input as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]());
    return new ByteSource(streamIterator(input));
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

  /** Says that no more is wanted, so that a download stops. */
  async cancel(): Promise<void> {
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

/** ReadableStream is not async iterable everywhere. */
async function* streamIterator(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        finished = true;
        return;
      }
      yield value;
    }
  } finally {
    if (!finished) await reader.cancel();
    reader.releaseLock();
  }
}
