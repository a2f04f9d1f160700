/** A device tree that the user brings (-dtb): what QEMU's arm_load_dtb changes in it before the kernel gets it. */
import { psciNode } from "../fdt/psci.ts";
import { readFdt } from "../fdt/reader.ts";
import { baseName, cells, FdtError, type FdtTree, findChild, fdtNode, readCells, strings } from "../fdt/tree.ts";
import { writeFdt } from "../fdt/writer.ts";
import type { RamRange } from "./boot-plan.ts";
import { LoadError } from "./errors.ts";

/** What goes into the tree. */
export interface DtbChanges {
  ram: RamRange;
  /** Kernel command line; none or an empty one leaves the tree's own. */
  bootargs?: string;
  /** First byte of the initrd, and one past the last. */
  initrd?: { start: number; end: number };
}

/** Reads a -dtb file; throws LoadError where it is no device tree. */
export function parseDtb(blob: Uint8Array): FdtTree {
  try {
    const tree = readFdt(blob);
    rootCells(tree, "#address-cells");
    rootCells(tree, "#size-cells");
    return tree;
  } catch (error) {
    if (error instanceof FdtError) throw new LoadError(error.message, { cause: error });
    throw error;
  }
}

/**
 * The blob for the kernel: the memory nodes are replaced by the machine's RAM, /psci by the machine's own (its function numbers and
 * conduit are what the machine answers to), and /chosen gets command line and initrd. `tree` is not changed.
 */
export function patchDtb(tree: FdtTree, { ram, bootargs, initrd }: DtbChanges): Uint8Array {
  const children = tree.root.children.filter((child) => baseName(child) !== "memory");
  const reg = [
    ...sizedCells(ram.base, rootCells(tree, "#address-cells")),
    ...sizedCells(ram.sizeBytes, rootCells(tree, "#size-cells")),
  ];
  children.push(fdtNode(`memory@${ram.base.toString(16)}`, { device_type: strings("memory"), reg: cells(...reg) }));

  const chosen = findChild(tree.root, "chosen") ?? fdtNode("chosen", {});
  const properties = new Map(chosen.properties);
  if (bootargs !== undefined && bootargs !== "") properties.set("bootargs", strings(bootargs));
  if (initrd !== undefined) {
    properties.set("linux,initrd-start", cells(initrd.start));
    properties.set("linux,initrd-end", cells(initrd.end));
  }
  const kept = children.filter((child) => child !== chosen && child.name !== "psci");
  const patched = [...kept, { ...chosen, properties }, psciNode()];
  return writeFdt({ ...tree, root: { ...tree.root, children: patched } });
}

/** #address-cells or #size-cells of the root, 1 or 2; QEMU refuses the others as well. */
function rootCells(tree: FdtTree, name: "#address-cells" | "#size-cells"): number {
  const count = readCells(tree.root.properties.get(name))?.[0];
  if (count !== 1 && count !== 2) {
    throw new LoadError(`The device tree cannot be used: ${name} of its root is ${count ?? "missing"}, not 1 or 2.`);
  }
  return count;
}

function sizedCells(value: number, count: number): number[] {
  return count === 2 ? [Math.floor(value / 2 ** 32), value % 2 ** 32] : [value];
}
