/** Where the blocks of an inode lie: extents (Linux Documentation/filesystems/ext4/ifork.rst) and the older indirect blocks. */
import { InspectError } from "./inspect-error.ts";
import type { Run } from "./runs.ts";
import { viewOf, type Volume } from "./volume.ts";

const EXTENT_MAGIC = 0xf30a;
const EXTENT_HEADER_BYTES = 12;
const EXTENT_BYTES = 12;
/** Linux refuses deeper trees (EXT4_MAX_EXTENT_DEPTH). */
const MAX_DEPTH = 5;
/** Longer extents are allocated but not written: they read as zeros. */
const MAX_WRITTEN = 32768;

const DIRECT_BLOCKS = 12;
const INDIRECT_LEVELS = 3;

/** A stretch of logical blocks; `physical` null for a hole. */
interface BlockRun {
  readonly logical: number;
  readonly count: number;
  readonly physical: number | null;
}

/** Blocks of one file: `root` is its i_block, 60 bytes. */
export class BlockMap {
  readonly #volume: Volume;
  readonly #blockBytes: number;
  readonly #root: DataView;
  readonly #usesExtents: boolean;

  constructor(volume: Volume, blockBytes: number, root: Uint8Array, usesExtents: boolean) {
    this.#volume = volume;
    this.#blockBytes = blockBytes;
    this.#root = viewOf(root);
    this.#usesExtents = usesExtents;
  }

  /** Where the bytes from `offset` to `end` of the file lie; what no run covers is zeros. */
  async runs(offset: number, end: number): Promise<Run[]> {
    const first = Math.floor(offset / this.#blockBytes);
    const last = Math.floor((end - 1) / this.#blockBytes);
    const found: BlockRun[] = [];
    if (this.#usesExtents) await this.#extents(this.#root, { first, last, found, after: 0 }, null);
    else await this.#pointers({ first, last, found, after: 0 });
    const blockBytes = this.#blockBytes;
    return found.map(({ logical, count, physical }) => ({
      offset: logical * blockBytes,
      length: count * blockBytes,
      start: physical === null ? null : physical * blockBytes,
    }));
  }

  /** Goes down the tree; every level has to be one lower than the one above, so that there are no circles. */
  async #extents(node: DataView, wanted: Wanted, above: number | null): Promise<void> {
    const entryCount = node.getUint16(2, true);
    const depth = node.getUint16(6, true);
    const fits = EXTENT_HEADER_BYTES + entryCount * EXTENT_BYTES <= node.byteLength;
    const goesDown = above === null ? depth <= MAX_DEPTH : depth === above - 1;
    if (node.getUint16(0, true) !== EXTENT_MAGIC || !fits || !goesDown) throw damaged();
    for (let index = 0; index < entryCount; index++) {
      const at = EXTENT_HEADER_BYTES + index * EXTENT_BYTES;
      const logical = node.getUint32(at, true);
      if (logical > wanted.last) return;
      if (depth > 0) {
        const next = index + 1 < entryCount ? node.getUint32(at + EXTENT_BYTES, true) : Number.POSITIVE_INFINITY;
        if (next <= wanted.first) continue;
        const block = node.getUint32(at + 4, true) + node.getUint16(at + 8, true) * 2 ** 32;
        await this.#extents(await this.#block(block), wanted, depth);
        continue;
      }
      const length = node.getUint16(at + 4, true);
      const written = length <= MAX_WRITTEN;
      const count = written ? length : length - MAX_WRITTEN;
      // Ascending without overlap, as Linux demands: so there are never more runs than blocks.
      if (count === 0 || logical < wanted.after) throw damaged();
      wanted.after = logical + count;
      if (wanted.after <= wanted.first) continue;
      const physical = node.getUint32(at + 8, true) + node.getUint16(at + 6, true) * 2 ** 32;
      wanted.found.push({ logical, count, physical: written ? physical : null });
    }
  }

  async #pointers(wanted: Wanted): Promise<void> {
    for (let index = 0; index < DIRECT_BLOCKS; index++) {
      if (index >= wanted.first && index <= wanted.last) add(wanted, index, this.#root.getUint32(index * 4, true));
    }
    const perBlock = this.#blockBytes / 4;
    let logical = DIRECT_BLOCKS;
    for (let level = 1; level <= INDIRECT_LEVELS; level++) {
      const block = this.#root.getUint32((DIRECT_BLOCKS + level - 1) * 4, true);
      await this.#indirect(block, level, logical, wanted);
      logical += perBlock ** level;
    }
  }

  /** The pointers in a block that map `perBlock ** level` logical blocks from `logical` on. */
  async #indirect(block: number, level: number, logical: number, wanted: Wanted): Promise<void> {
    const perBlock = this.#blockBytes / 4;
    const each = perBlock ** (level - 1);
    if (block === 0 || logical > wanted.last || logical + each * perBlock <= wanted.first) return;
    const view = await this.#block(block);
    const from = Math.max(0, Math.floor((wanted.first - logical) / each));
    const to = Math.min(perBlock - 1, Math.floor((wanted.last - logical) / each));
    for (let index = from; index <= to; index++) {
      const pointer = view.getUint32(index * 4, true);
      const at = logical + index * each;
      if (level === 1) add(wanted, at, pointer);
      else await this.#indirect(pointer, level - 1, at, wanted);
    }
  }

  async #block(block: number): Promise<DataView> {
    return await this.#volume.view(block * this.#blockBytes, this.#blockBytes);
  }
}

/** The logical blocks that are asked for, both inclusive, and what was found of them. */
interface Wanted {
  readonly first: number;
  readonly last: number;
  readonly found: BlockRun[];
  /** End of the last extent that was met. */
  after: number;
}

function damaged(): InspectError {
  return new InspectError("The list of blocks of a file is damaged.");
}

/** Adds one block, to the last run where it continues that. */
function add({ found }: Wanted, logical: number, physical: number): void {
  if (physical === 0) return;
  const last = found.at(-1);
  if (
    last !== undefined &&
    last.physical !== null &&
    last.logical + last.count === logical &&
    last.physical + last.count === physical
  ) {
    found[found.length - 1] = { ...last, count: last.count + 1 };
  } else {
    found.push({ logical, count: 1, physical });
  }
}
