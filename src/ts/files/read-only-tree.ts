/** A tree whose files nobody changes (`readonly=on`). */
import type { ExtendedAttributes, FileTree } from "../../virtio/file-tree.ts";
import { readable, refuse, refuseWriting, UnchangingTree } from "./unchanging-tree.ts";

export class ReadOnlyTree extends UnchangingTree implements FileTree {
  readonly xattrs: ExtendedAttributes | null;
  private readonly tree: FileTree;

  constructor(tree: FileTree) {
    super();
    this.tree = tree;
    this.xattrs = tree.xattrs === null ? null : { ...tree.xattrs, set: refuse, remove: refuse };
  }

  stat: FileTree["stat"] = (path) => this.tree.stat(path);
  list: FileTree["list"] = (path) => this.tree.list(path);
  readLink: FileTree["readLink"] = (path) => this.tree.readLink(path);
  space: FileTree["space"] = () => this.tree.space();
  close: FileTree["close"] = () => this.tree.close();

  open: FileTree["open"] = (path, mode) => {
    refuseWriting(mode);
    const opened = this.tree.open(path, mode);
    return opened instanceof Promise ? opened.then(readable) : readable(opened);
  };
}
