/** Open files by their paths, which renaming changes: for trees where a file is found again only by its name. */
import type { TreePath } from "../../virtio/file-tree.ts";

/** An open file's place; null once its name is gone. */
export interface OpenPath {
  path: TreePath | null;
}

function isBelow(path: TreePath, folder: TreePath): boolean {
  return path.length >= folder.length && folder.every((name, index) => name === path[index]);
}

/** The open files of one tree. */
export class OpenPaths<Item extends OpenPath> {
  private readonly items = new Set<Item>();

  add(item: Item): void {
    this.items.add(item);
  }

  delete(item: Item): void {
    this.items.delete(item);
  }

  values(): Iterable<Item> {
    return this.items;
  }

  /** Those of that path and below it. */
  below(path: TreePath): Item[] {
    return [...this.items].filter((item) => item.path !== null && isBelow(item.path, path));
  }

  /** The open file of that path, or null. */
  at(path: TreePath): Item | null {
    for (const item of this.items) {
      if (item.path?.length === path.length && isBelow(item.path, path)) return item;
    }
    return null;
  }

  /** The name is gone, and whatever was below it. */
  removed(path: TreePath): void {
    for (const item of this.items) if (item.path !== null && isBelow(item.path, path)) item.path = null;
  }

  /** What had the name `from` has the name `to`; what had that is gone. */
  moved(from: TreePath, to: TreePath): void {
    this.removed(to);
    for (const item of this.items) {
      if (item.path !== null && isBelow(item.path, from)) item.path = [...to, ...item.path.slice(from.length)];
    }
  }
}
