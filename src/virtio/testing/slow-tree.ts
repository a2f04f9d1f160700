/** A file tree that answers later: always by a promise, and on demand only when it is told to. */
import type { FileTree, OpenFile, Pending, TreePath } from "../file-tree.ts";

type Operation = keyof FileTree | keyof OpenFile;

export class SlowTree implements FileTree {
  readonly readOnly: boolean;
  readonly xattrs: FileTree["xattrs"];
  private readonly tree: FileTree;
  private readonly holds = new Set<string>();
  private readonly waiting: (() => void)[] = [];

  constructor(tree: FileTree) {
    this.tree = tree;
    this.readOnly = tree.readOnly;
    this.xattrs = tree.xattrs;
  }

  /** From now on that operation waits, on the file of that name. */
  hold(operation: Operation, name: string): void {
    this.holds.add(`${operation} ${name}`);
  }

  /** How many wait. */
  get held(): number {
    return this.waiting.length;
  }

  /** All that wait go on, and nothing waits any more. */
  release(): void {
    this.holds.clear();
    for (const go of this.waiting.splice(0)) go();
  }

  private async later<Value>(operation: Operation, path: TreePath, work: () => Pending<Value>): Promise<Value> {
    if (this.holds.has(`${operation} ${path.at(-1) ?? ""}`)) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else await Promise.resolve();
    return await work();
  }

  private file(path: TreePath, file: OpenFile): OpenFile {
    return {
      stat: () => this.later("stat", path, () => file.stat()),
      read: (offset, into) => this.later("read", path, () => file.read(offset, into)),
      write: (offset, from) => this.later("write", path, () => file.write(offset, from)),
      change: (attributes) => this.later("change", path, () => file.change(attributes)),
      sync: () => this.later("sync", path, () => file.sync()),
      close: () => this.later("close", path, () => file.close()),
    };
  }

  stat: FileTree["stat"] = (path) => this.later("stat", path, () => this.tree.stat(path));
  list: FileTree["list"] = (path) => this.later("list", path, () => this.tree.list(path));
  readLink: FileTree["readLink"] = (path) => this.later("readLink", path, () => this.tree.readLink(path));
  open: FileTree["open"] = (path, mode) =>
    this.later("open", path, async () => this.file(path, await this.tree.open(path, mode)));
  create: FileTree["create"] = (path, creation, mode) =>
    this.later("create", path, async () => this.file(path, await this.tree.create(path, creation, mode)));
  makeDirectory: FileTree["makeDirectory"] = (path, creation) =>
    this.later("makeDirectory", path, () => this.tree.makeDirectory(path, creation));
  makeLink: FileTree["makeLink"] = (path, target, creation) =>
    this.later("makeLink", path, () => this.tree.makeLink(path, target, creation));
  makeNode: FileTree["makeNode"] = (path, creation, rdev) =>
    this.later("makeNode", path, () => this.tree.makeNode(path, creation, rdev));
  link: FileTree["link"] = (from, to) => this.later("link", from, () => this.tree.link(from, to));
  rename: FileTree["rename"] = (from, to) => this.later("rename", from, () => this.tree.rename(from, to));
  remove: FileTree["remove"] = (path, what) => this.later("remove", path, () => this.tree.remove(path, what));
  change: FileTree["change"] = (path, attributes) =>
    this.later("change", path, () => this.tree.change(path, attributes));
  space: FileTree["space"] = () => this.later("space", [], () => this.tree.space());
  close: FileTree["close"] = () => this.later("close", [], () => this.tree.close());
}
