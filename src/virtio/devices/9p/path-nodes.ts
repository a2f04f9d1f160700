/** The names that fids stand for. Fids of one file share a node, so that a renamed directory takes all of them along. */
import { TreeError, type TreePath } from "../../file-tree.ts";
import type { Handle } from "./handle.ts";

/** Levels of directories below the root; more only a hostile client makes. */
const MAX_DEPTH = 4096;

export class PathNode {
  parent: PathNode | null;
  name: string;
  readonly children = new Map<string, PathNode>();
  /** Fids that stand here, and children. */
  users = 0;
  /** The name was removed, or given to another file. */
  gone = false;
  /** Open files of the fids that stand here: what is left of a file whose name is gone. */
  readonly handles = new Set<Handle>();

  constructor(parent: PathNode | null, name: string) {
    this.parent = parent;
    this.name = name;
  }
}

export class PathNodes {
  readonly root = new PathNode(null, "");

  /** Names from the root. Throws ENOENT where the name is gone. */
  path(node: PathNode): TreePath {
    const names: string[] = [];
    for (let at = node; at.parent !== null; at = at.parent) {
      if (at.gone) throw new TreeError("ENOENT");
      if (names.length === MAX_DEPTH) throw new TreeError("ENAMETOOLONG");
      names.push(at.name);
    }
    return names.reverse();
  }

  /** The node of a path, with one more user: to be given back with `release`. */
  retain(path: TreePath): PathNode {
    let node = this.root;
    for (const name of path) {
      let child = node.children.get(name);
      if (child === undefined) {
        child = new PathNode(node, name);
        node.children.set(name, child);
        node.users += 1;
      }
      node = child;
    }
    return this.again(node);
  }

  /** One more user of a node. */
  again(node: PathNode): PathNode {
    node.users += 1;
    return node;
  }

  /** One user less; nodes that nobody uses are forgotten. */
  release(node: PathNode): void {
    for (let at = node; ; ) {
      at.users -= 1;
      if (at.users > 0 || at.parent === null) return;
      const { parent }: PathNode = at;
      if (parent.children.get(at.name) === at) parent.children.delete(at.name);
      at = parent;
    }
  }

  /** What had that name is gone. */
  removed(path: TreePath): void {
    const node = this.find(path);
    if (node === null || node.parent === null) return;
    node.parent.children.delete(node.name);
    forget(node);
  }

  /** What had the name `from` has the name `to` now, and what had that is gone. */
  moved(from: TreePath, to: TreePath): void {
    this.removed(to);
    const node = this.find(from);
    if (node === null || node.parent === null) return;
    const old = node.parent;
    old.children.delete(node.name);
    const parent = this.retain(to.slice(0, -1));
    node.parent = parent;
    node.name = to.at(-1) as string;
    parent.children.set(node.name, node);
    // The child's use of its new parent is the one just taken; that of the old one is given back.
    this.release(old);
  }

  private find(path: TreePath): PathNode | null {
    let node: PathNode | undefined = this.root;
    for (const name of path) {
      node = node.children.get(name);
      if (node === undefined) return null;
    }
    return node;
  }
}

function forget(node: PathNode): void {
  const below = [node];
  for (let at = below.pop(); at !== undefined; at = below.pop()) {
    at.gone = true;
    below.push(...at.children.values());
  }
}
