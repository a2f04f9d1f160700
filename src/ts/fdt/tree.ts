/** The flattened devicetree as a value (Devicetree Specification v0.4): nodes, property values as bytes, helpers to make and read them. */

/** A node: its name with unit address ("memory@40000000"; the root's is ""), properties and children in order. */
export interface FdtNode {
  name: string;
  properties: Map<string, Uint8Array>;
  children: FdtNode[];
}

/** An entry of the memory reservation block (section 5.3). */
export interface FdtReservation {
  address: bigint;
  sizeBytes: bigint;
}

/** A whole tree. */
export interface FdtTree {
  root: FdtNode;
  reservations: FdtReservation[];
  /** Physical ID of the boot CPU (header field boot_cpuid_phys). */
  bootCpuid: number;
}

/** A devicetree blob that is not one, or a tree that cannot be written. The message is a sentence. */
export class FdtError extends Error {
  override name = "FdtError";
}

/** Makes a node; `properties` in the order given. */
export function fdtNode(name: string, properties: Record<string, Uint8Array>, children: FdtNode[] = []): FdtNode {
  return { name, properties: new Map(Object.entries(properties)), children };
}

/** A property without value: present means true. */
export function empty(): Uint8Array {
  return new Uint8Array(0);
}

/** A list of <u32> cells. */
export function cells(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
      throw new FdtError(`${value} does not fit in a 32-bit device tree cell.`);
    }
    view.setUint32(index * 4, value);
  });
  return bytes;
}

/** A list of <u64> values, two cells each: addresses and sizes where #address-cells and #size-cells are 2. */
export function cells64(...values: number[]): Uint8Array {
  return cells(...values.flatMap((value) => [Math.floor(value / 2 ** 32), value % 2 ** 32]));
}

/** A <string> or <stringlist>: each string UTF-8 with its terminating zero. */
export function strings(...values: string[]): Uint8Array {
  for (const value of values) {
    if (value.includes("\0"))
      throw new FdtError(`A device tree string cannot contain a zero byte: ${JSON.stringify(value)}.`);
  }
  return new TextEncoder().encode(values.map((value) => `${value}\0`).join(""));
}

/** The value read as cells; undefined where the property is missing or not a whole number of cells. */
export function readCells(value: Uint8Array | undefined): number[] | undefined {
  if (value === undefined || value.length % 4 !== 0) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  return Array.from({ length: value.length / 4 }, (_, index) => view.getUint32(index * 4));
}

/** The value read as a list of strings; undefined where the property is missing or does not end in a zero byte. */
export function readStrings(value: Uint8Array | undefined): string[] | undefined {
  if (value === undefined || value.length === 0 || value[value.length - 1] !== 0) return undefined;
  return new TextDecoder().decode(value.subarray(0, -1)).split("\0");
}

/** The child of `node` whose name, or name without unit address, is `name`. */
export function findChild(node: FdtNode, name: string): FdtNode | undefined {
  return node.children.find((child) => child.name === name) ?? node.children.find((child) => baseName(child) === name);
}

/** The node at an absolute path such as "/cpus/cpu@0"; unit addresses may be left out where they are not needed. */
export function findNode(tree: FdtTree, path: string): FdtNode | undefined {
  let node: FdtNode | undefined = tree.root;
  for (const name of path.split("/")) {
    if (name !== "" && node !== undefined) node = findChild(node, name);
  }
  return node;
}

/** Node name without its unit address. */
export function baseName(node: FdtNode): string {
  return node.name.split("@", 1)[0] ?? "";
}
