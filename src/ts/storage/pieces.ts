/** A part of a range that lies in one chunk. */
export interface Piece {
  readonly chunk: number;
  /** Inside the chunk. */
  readonly start: number;
  readonly length: number;
}

/** A range of the disk, chunk by chunk. */
export function* pieces(offset: number, length: number, chunkBytes: number): Generator<Piece> {
  for (let done = 0; done < length; ) {
    const chunk = Math.floor((offset + done) / chunkBytes);
    const start = (offset + done) % chunkBytes;
    const part = Math.min(length - done, chunkBytes - start);
    yield { chunk, start, length: part };
    done += part;
  }
}

/**
 * Settles when all have, also where one fails: until then they use the caller's buffer. Nothing to wait for is nothing.
 * Rejects as the first in the list that did.
 */
export function settled(waits: readonly Promise<void>[]): void | Promise<void> {
  if (waits.length > 1) return Promise.allSettled(waits).then(async () => void (await Promise.all(waits)));
  return waits[0];
}

/** Runs steps at once for as long as none is a promise; from the first promise on, later. */
export function runSteps(steps: Iterator<void | Promise<void>>): void | Promise<void> {
  for (;;) {
    const { done, value } = steps.next();
    if (value !== undefined) return finishSteps(value, steps);
    if (done === true) return;
  }
}

async function finishSteps(first: Promise<void>, steps: Iterator<void | Promise<void>>): Promise<void> {
  await first;
  for (;;) {
    const { done, value } = steps.next();
    if (value !== undefined) await value;
    if (done === true) return;
  }
}
