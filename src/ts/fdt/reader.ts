/**
 * Reads a flattened devicetree blob (Devicetree Specification v0.4 chapter 5). The blob may come from anywhere: every offset is
 * checked against the block it lies in, and nesting is limited so that a blob cannot exhaust the stack.
 */
import {
  alignUp,
  FDT_BEGIN_NODE,
  FDT_END,
  FDT_END_NODE,
  FDT_HEADER_SIZE,
  FDT_LAST_COMP_VERSION,
  FDT_MAGIC,
  FDT_NOP,
  FDT_PROP,
  FDT_VERSION,
  HEADER,
} from "./format.ts";
import { FdtError, type FdtNode, type FdtReservation, type FdtTree } from "./tree.ts";

/** Deepest nesting accepted; libfdt's own limit for properties of parents is 32, real trees stay below 10. */
const MAX_DEPTH = 64;

/** True where `bytes` begins like a devicetree blob. */
export function isFdt(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) === FDT_MAGIC;
}

/** The tree in `blob`; throws FdtError, naming what is wrong, where it is not a well-formed one. */
export function readFdt(blob: Uint8Array): FdtTree {
  if (!isFdt(blob)) throw new FdtError("This is not a device tree blob: it does not begin with d00dfeed.");
  if (blob.length < FDT_HEADER_SIZE) throw new FdtError("The device tree blob ends within its header.");
  const view = new DataView(blob.buffer, blob.byteOffset, blob.length);
  const field = (name: keyof typeof HEADER): number => view.getUint32(HEADER[name]);
  if (field("version") < FDT_LAST_COMP_VERSION || field("last_comp_version") > FDT_VERSION) {
    throw new FdtError(`Device tree blobs of version ${field("version")} are not supported, only 16 and 17.`);
  }
  const totalsize = field("totalsize");
  if (totalsize < FDT_HEADER_SIZE || totalsize > blob.length) {
    throw new FdtError(`The device tree blob is truncated: it says ${totalsize} bytes and has ${blob.length}.`);
  }
  // Version 16 has no size_dt_struct: the block ends at FDT_END, at the latest with the blob.
  const structEnd = field("version") >= 17 ? field("off_dt_struct") + field("size_dt_struct") : totalsize;
  const stringsEnd = field("off_dt_strings") + field("size_dt_strings");
  if (structEnd > totalsize || field("off_dt_struct") % 4 !== 0) {
    throw new FdtError("The device tree's structure block lies outside the blob.");
  }
  if (stringsEnd > totalsize) throw new FdtError("The device tree's strings block lies outside the blob.");
  const strings = blob.subarray(field("off_dt_strings"), stringsEnd);
  return {
    root: new StructReader(blob.subarray(0, structEnd), field("off_dt_struct"), strings).root(),
    reservations: readReservations(view, field("off_mem_rsvmap"), totalsize),
    bootCpuid: field("boot_cpuid_phys"),
  };
}

function readReservations(view: DataView, offset: number, end: number): FdtReservation[] {
  const reservations: FdtReservation[] = [];
  for (let at = offset; ; at += 16) {
    if (at + 16 > end) throw new FdtError("The device tree's memory reservation block has no end.");
    const entry = { address: view.getBigUint64(at), sizeBytes: view.getBigUint64(at + 8) };
    if (entry.address === 0n && entry.sizeBytes === 0n) return reservations;
    reservations.push(entry);
  }
}

class StructReader {
  readonly #block: Uint8Array;
  readonly #view: DataView;
  readonly #strings: Uint8Array;
  #at: number;

  /** `block` ends where the structure block ends; `at` is where it begins. */
  constructor(block: Uint8Array, at: number, strings: Uint8Array) {
    this.#block = block;
    this.#view = new DataView(block.buffer, block.byteOffset, block.length);
    this.#strings = strings;
    this.#at = at;
  }

  root(): FdtNode {
    if (this.#token() !== FDT_BEGIN_NODE) throw new FdtError("The device tree has no root node.");
    const root = this.#node(0);
    if (this.#token() !== FDT_END) throw new FdtError("The device tree goes on after its root node.");
    return root;
  }

  /** Reads a node from behind its FDT_BEGIN_NODE to behind its FDT_END_NODE. */
  #node(depth: number): FdtNode {
    if (depth > MAX_DEPTH) throw new FdtError(`The device tree is nested deeper than ${MAX_DEPTH} nodes.`);
    const node: FdtNode = {
      name: this.#text(this.#block, this.#at, "A node name"),
      properties: new Map(),
      children: [],
    };
    this.#skip(this.#nameLength(this.#at) + 1);
    for (;;) {
      const token = this.#token();
      if (token === FDT_END_NODE) return node;
      if (token === FDT_BEGIN_NODE) {
        node.children.push(this.#node(depth + 1));
      } else if (token === FDT_PROP) {
        const length = this.#u32();
        const name = this.#text(this.#strings, this.#u32(), "A property name");
        const start = this.#at;
        this.#skip(length);
        // The first of two properties of one name counts, as libfdt's fdt_getprop has it.
        if (!node.properties.has(name)) node.properties.set(name, this.#block.slice(start, start + length));
      } else {
        throw new FdtError(`The device tree has an unknown token ${token} at offset ${this.#at - 4}.`);
      }
    }
  }

  #token(): number {
    let token = this.#u32();
    while (token === FDT_NOP) token = this.#u32();
    return token;
  }

  #u32(): number {
    if (this.#at + 4 > this.#block.length) throw new FdtError("The device tree's structure block ends within a node.");
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4);
  }

  #skip(length: number): void {
    if (length > this.#block.length - this.#at)
      throw new FdtError("The device tree's structure block ends within a value.");
    this.#at = alignUp(this.#at + length, 4);
  }

  #nameLength(at: number): number {
    return this.#block.indexOf(0, at) - at;
  }

  #text(block: Uint8Array, at: number, what: string): string {
    const end = at < block.length ? block.indexOf(0, at) : -1;
    if (end < 0) throw new FdtError(`${what} in the device tree has no end.`);
    return new TextDecoder().decode(block.subarray(at, end));
  }
}
