/** Writes a tree as a flattened devicetree blob, version 17 (Devicetree Specification v0.4 chapter 5), as small as it can be. */
import {
  alignUp,
  FDT_BEGIN_NODE,
  FDT_END,
  FDT_END_NODE,
  FDT_HEADER_SIZE,
  FDT_LAST_COMP_VERSION,
  FDT_MAGIC,
  FDT_PROP,
  FDT_VERSION,
  HEADER,
} from "./format.ts";
import { FdtError, type FdtNode, type FdtTree } from "./tree.ts";

/** The names and characters 2.2.1 and 2.2.4 allow, and no more than 31 characters where the specification says so. */
const NODE_NAME = /^[A-Za-z0-9,._+-]+(@[A-Za-z0-9,._+-]+)?$/;
const PROPERTY_NAME = /^[A-Za-z0-9,._+?#-]+$/;

/** Bytes of the blob for `tree`; totalsize is exact, without padding at the end. */
export function writeFdt(tree: FdtTree): Uint8Array<ArrayBuffer> {
  const strings = new StringsBlock();
  const struct = new ByteWriter();
  if (tree.root.name !== "") throw new FdtError("The root node of a device tree has an empty name.");
  writeNode(struct, strings, tree.root);
  struct.u32(FDT_END);

  const reserveOffset = alignUp(FDT_HEADER_SIZE, 8);
  const structOffset = reserveOffset + (tree.reservations.length + 1) * 16;
  const stringsOffset = structOffset + struct.length;
  const blob = new Uint8Array(stringsOffset + strings.length);
  const view = new DataView(blob.buffer);
  const header: Record<keyof typeof HEADER, number> = {
    magic: FDT_MAGIC,
    totalsize: blob.length,
    off_dt_struct: structOffset,
    off_dt_strings: stringsOffset,
    off_mem_rsvmap: reserveOffset,
    version: FDT_VERSION,
    last_comp_version: FDT_LAST_COMP_VERSION,
    boot_cpuid_phys: tree.bootCpuid,
    size_dt_strings: strings.length,
    size_dt_struct: struct.length,
  };
  for (const [field, offset] of Object.entries(HEADER)) view.setUint32(offset, header[field as keyof typeof HEADER]);
  tree.reservations.forEach(({ address, sizeBytes }, index) => {
    view.setBigUint64(reserveOffset + index * 16, address);
    view.setBigUint64(reserveOffset + index * 16 + 8, sizeBytes);
  });
  blob.set(struct.bytes(), structOffset);
  blob.set(strings.bytes(), stringsOffset);
  return blob;
}

function writeNode(struct: ByteWriter, strings: StringsBlock, node: FdtNode): void {
  struct.u32(FDT_BEGIN_NODE);
  struct.string(node.name);
  struct.align(4);
  for (const [name, value] of node.properties) {
    if (!PROPERTY_NAME.test(name)) throw new FdtError(`${JSON.stringify(name)} is not a device tree property name.`);
    struct.u32(FDT_PROP);
    struct.u32(value.length);
    struct.u32(strings.offsetOf(name));
    struct.raw(value);
    struct.align(4);
  }
  const names = new Set<string>();
  for (const child of node.children) {
    if (!NODE_NAME.test(child.name))
      throw new FdtError(`${JSON.stringify(child.name)} is not a device tree node name.`);
    if (names.has(child.name)) throw new FdtError(`Two device tree nodes are called ${child.name} beside each other.`);
    names.add(child.name);
    writeNode(struct, strings, child);
  }
  struct.u32(FDT_END_NODE);
}

/** The strings block: property names, each once. */
class StringsBlock {
  readonly #offsets = new Map<string, number>();
  readonly #writer = new ByteWriter();

  get length(): number {
    return this.#writer.length;
  }

  offsetOf(name: string): number {
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    const offset = this.#writer.length;
    this.#offsets.set(name, offset);
    this.#writer.string(name);
    return offset;
  }

  bytes(): Uint8Array {
    return this.#writer.bytes();
  }
}

/** A growing big-endian byte buffer. */
class ByteWriter {
  #buffer = new Uint8Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u32(value: number): void {
    const at = this.#extend(4);
    new DataView(this.#buffer.buffer).setUint32(at, value);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#extend(bytes.length);
    this.#buffer.set(bytes, at);
  }

  string(text: string): void {
    this.raw(new TextEncoder().encode(`${text}\0`));
  }

  align(alignment: number): void {
    this.#extend(alignUp(this.#length, alignment) - this.#length);
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  #extend(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#buffer.length * 2));
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    return at;
  }
}
