/** Finite state entropy tables (RFC 8878, 4.1). */
import { ForwardBits, highestBit } from "./bits.ts";
import { ZstdError } from "./error.ts";

/** A decoding table: for each state the symbol it stands for, and how the next state is found. */
export interface FseTable {
  /** Bits of a state. */
  accuracyLog: number;
  /** For each state in bits 7:0 the symbol, in 15:8 how many bits to read for the next state, in 31:16 what to add them to. */
  entries: Uint32Array;
}

/** Reads a table description (4.1.1); returns the table and the index of the byte behind it. */
export function readFseTable(
  bytes: Uint8Array,
  start: number,
  end: number,
  limits: { accuracyLog: number; symbol: number },
): { table: FseTable; next: number } {
  const bits = new ForwardBits(bytes, start, end);
  const accuracyLog = bits.read(4) + 5;
  if (accuracyLog > limits.accuracyLog) throw new ZstdError("a table is larger than the format allows");
  const probabilities: number[] = [];
  let remaining = (1 << accuracyLog) + 1;
  let threshold = 1 << accuracyLog;
  let bitCount = accuracyLog + 1;
  while (remaining > 1) {
    const small = 2 * threshold - 1 - remaining;
    let value = bits.peek(bitCount - 1);
    if (value < small) {
      bits.skip(bitCount - 1);
    } else {
      value = bits.read(bitCount);
      if (value >= threshold) value -= small;
    }
    const probability = value - 1;
    remaining -= Math.abs(probability);
    probabilities.push(probability);
    if (probability === 0) {
      for (let repeat = 3; repeat === 3; ) {
        repeat = bits.read(2);
        for (let index = 0; index < repeat; index++) probabilities.push(0);
      }
    }
    if (probabilities.length > limits.symbol + 1)
      throw new ZstdError("a table has more symbols than the format allows");
    while (remaining < threshold && threshold > 1) {
      threshold >>= 1;
      bitCount--;
    }
  }
  if (remaining !== 1) throw new ZstdError("the probabilities of a table do not add up");
  return { table: buildFseTable(probabilities, accuracyLog), next: bits.bytePosition };
}

/** Spreads symbols over the states by their probabilities; -1 stands for less than one state. */
export function buildFseTable(probabilities: readonly number[], accuracyLog: number): FseTable {
  const size = 1 << accuracyLog;
  const symbols = new Uint8Array(size);
  const next = new Uint16Array(probabilities.length);
  let high = size;
  probabilities.forEach((probability, symbol) => {
    next[symbol] = probability === -1 ? 1 : probability;
    if (probability === -1) symbols[--high] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let position = 0;
  probabilities.forEach((probability, symbol) => {
    for (let count = 0; count < probability; count++) {
      symbols[position] = symbol;
      do position = (position + step) & (size - 1);
      while (position >= high);
    }
  });
  const entries = new Uint32Array(size);
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state] ?? 0;
    const value = next[symbol] ?? 0;
    next[symbol] = value + 1;
    const bitCount = accuracyLog - highestBit(value);
    entries[state] = symbol | (bitCount << 8) | (((value << bitCount) - size) << 16);
  }
  return { accuracyLog, entries };
}

/** The table of one symbol that needs no bits (RLE_Mode, 3.1.1.3.2.1.1). */
export function singleSymbolTable(symbol: number): FseTable {
  return { accuracyLog: 0, entries: Uint32Array.of(symbol) };
}
