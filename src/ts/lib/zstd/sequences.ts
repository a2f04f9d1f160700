/** The sequences section of a compressed block (RFC 8878, 3.1.1.3.2) and its execution (3.1.1.4). */
import { BackwardBits } from "./bits.ts";
import {
  type CodeKind,
  LITERAL_LENGTH,
  LITERAL_LENGTH_BASE,
  LITERAL_LENGTH_BITS,
  MATCH_LENGTH,
  MATCH_LENGTH_BASE,
  MATCH_LENGTH_BITS,
  OFFSET,
} from "./codes.ts";
import { ZstdError } from "./error.ts";
import { buildFseTable, type FseTable, readFseTable, singleSymbolTable } from "./fse.ts";
import type { History } from "./history.ts";
import type { ByteRange } from "./huffman.ts";

const PREDEFINED = 0;
const RLE = 1;
const FSE_COMPRESSED = 2;
/** Order in which the tables are described. */
const KINDS = [LITERAL_LENGTH, OFFSET, MATCH_LENGTH] as const;

/** Executes sequences; keeps tables and offsets for the blocks that follow. */
export class SequencesDecoder {
  readonly #tables: (FseTable | undefined)[] = [undefined, undefined, undefined];
  readonly #repeated = Uint32Array.of(1, 4, 8);

  /** Runs the section in `block` from `start` on, with the literals before it, into `history`. */
  run(block: Uint8Array, start: number, literals: Uint8Array, history: History): void {
    const { count, next } = readCount(block, start);
    if (count === 0) {
      if (next !== block.length) throw new ZstdError("a block is longer than its sections");
      history.append(literals);
      return;
    }
    const modes = block[next] ?? 0;
    if ((modes & 3) !== 0) throw new ZstdError("reserved bits of a block are used");
    let at = next + 1;
    KINDS.forEach((kind, index) => {
      at = this.#readTable(kind, index, (modes >> (6 - 2 * index)) & 3, block, at);
    });
    const used = this.#execute({ bytes: block, start: at, end: block.length }, count, literals, history);
    history.append(literals.subarray(used));
  }

  #readTable(kind: CodeKind, index: number, mode: number, block: Uint8Array, at: number): number {
    if (mode === PREDEFINED) {
      this.#tables[index] = buildFseTable(kind.predefined, kind.predefinedLog);
      return at;
    }
    if (mode === RLE) {
      const symbol = block[at] ?? 0;
      if (at >= block.length || symbol > kind.limits.symbol) throw new ZstdError("a sequence code does not exist");
      this.#tables[index] = singleSymbolTable(symbol);
      return at + 1;
    }
    if (mode === FSE_COMPRESSED) {
      const { table, next } = readFseTable(block, at, block.length, kind.limits);
      this.#tables[index] = table;
      return next;
    }
    if (this.#tables[index] === undefined) throw new ZstdError("a block uses a table that there is not");
    return at;
  }

  /**
   * Returns how many of the literals the sequences have used. Bits are read as BackwardBits does it, but in local variables: this loop
   * and the one for literals are where the time goes.
   */
  #execute({ bytes, start, end }: ByteRange, count: number, literals: Uint8Array, history: History): number {
    const [lengths, offsets, matches] = this.#tables as [FseTable, FseTable, FseTable];
    const stream = new BackwardBits(bytes, start, end);
    let lengthEntry = lengths.entries[stream.read(lengths.accuracyLog)] as number;
    let offsetEntry = offsets.entries[stream.read(offsets.accuracyLog)] as number;
    let matchEntry = matches.entries[stream.read(matches.accuracyLog)] as number;
    let remaining = stream.remaining;
    const output = history.bytes;
    let out = history.end;
    let used = 0;
    /** The next `bitCount` bits, 0 … 25. */
    const read = (bitCount: number): number => {
      remaining -= bitCount;
      const at = start + (remaining >> 3);
      const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
      return ((low | ((bytes[at + 3] as number) << 24)) >>> (remaining & 7)) & ((1 << bitCount) - 1);
    };
    for (let left = count; ; ) {
      const offsetCode = offsetEntry & 0xff;
      const matchCode = matchEntry & 0xff;
      const lengthCode = lengthEntry & 0xff;
      const offsetValue =
        offsetCode <= 25
          ? (1 << offsetCode) + read(offsetCode)
          : 2 ** offsetCode + read(offsetCode - 16) * 0x1_0000 + read(16);
      const matchLength = (MATCH_LENGTH_BASE[matchCode] as number) + read(MATCH_LENGTH_BITS[matchCode] as number);
      const literalLength =
        (LITERAL_LENGTH_BASE[lengthCode] as number) + read(LITERAL_LENGTH_BITS[lengthCode] as number);
      if (remaining < 0) throw new ZstdError("a block has fewer sequences than it says");
      if (used + literalLength > literals.length) throw new ZstdError("a sequence takes more literals than there are");
      if (out + literalLength + matchLength > history.limit) {
        throw new ZstdError("a block unpacks to more than the format allows");
      }
      // Most runs are shorter than what a call costs.
      if (literalLength > 64) output.set(literals.subarray(used, used + literalLength), out);
      else for (let index = 0; index < literalLength; index++) output[out + index] = literals[used + index] as number;
      out += literalLength;
      used += literalLength;
      const offset = this.#offset(offsetValue, literalLength);
      if (offset > out || offset > history.windowBytes) throw new ZstdError("a match lies before the window");
      const from = out - offset;
      if (matchLength > 64 && offset >= matchLength) output.copyWithin(out, from, from + matchLength);
      else for (let index = 0; index < matchLength; index++) output[out + index] = output[from + index] as number;
      out += matchLength;
      if (--left === 0) break;
      lengthEntry = lengths.entries[(lengthEntry >>> 16) + read((lengthEntry >> 8) & 0xff)] as number;
      matchEntry = matches.entries[(matchEntry >>> 16) + read((matchEntry >> 8) & 0xff)] as number;
      offsetEntry = offsets.entries[(offsetEntry >>> 16) + read((offsetEntry >> 8) & 0xff)] as number;
    }
    if (remaining !== 0) throw new ZstdError("a block has more sequences than it says");
    history.end = out;
    return used;
  }

  /** Values 1 to 3 stand for the last three offsets; without literals, for the next ones (3.1.1.5). */
  #offset(value: number, literalLength: number): number {
    const repeated = this.#repeated;
    const first = repeated[0] as number;
    const second = repeated[1] as number;
    const third = repeated[2] as number;
    if (value > 3) {
      repeated[2] = second;
      repeated[1] = first;
      repeated[0] = value - 3;
      return value - 3;
    }
    const index = value - (literalLength === 0 ? 0 : 1);
    if (index === 0) return first;
    const offset = index === 1 ? second : index === 2 ? third : first - 1;
    if (offset === 0) throw new ZstdError("an offset is 0");
    if (index !== 1) repeated[2] = second;
    repeated[1] = first;
    repeated[0] = offset;
    return offset;
  }
}

function readCount(block: Uint8Array, start: number): { count: number; next: number } {
  const [first, second = 0, third = 0] = block.subarray(start, start + 3);
  if (first === undefined) throw new ZstdError("a block has no sequences section");
  if (first < 128) return { count: first, next: start + 1 };
  if (first < 255) return { count: ((first - 128) << 8) + second, next: start + 2 };
  return { count: second + (third << 8) + 0x7f00, next: start + 3 };
}
