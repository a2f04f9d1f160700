/** A tree whose files nobody changes (`readonly=on`). */
import {
  type ExtendedAttributes,
  type FileTree,
  type OpenFile,
  type Pending,
  TreeError,
} from "../../virtio/file-tree.ts";

function refuse(): never {
  throw new TreeError("EROFS");
}

export class ReadOnlyTree implements FileTree {
  readonly readOnly = true;
  readonly xattrs: ExtendedAttributes | null;
  private readonly tree: FileTree;

  constructor(tree: FileTree) {
    this.tree = tree;
    this.xattrs = tree.xattrs === null ? null : { ...tree.xattrs, set: refuse, remove: refuse };
  }

  stat: FileTree["stat"] = (path) => this.tree.stat(path);
  list: FileTree["list"] = (path) => this.tree.list(path);
  readLink: FileTree["readLink"] = (path) => this.tree.readLink(path);
  space: FileTree["space"] = () => this.tree.space();
  close: FileTree["close"] = () => this.tree.close();
  create = refuse;
  makeDirectory = refuse;
  makeLink = refuse;
  makeNode = refuse;
  link = refuse;
  rename = refuse;
  remove = refuse;
  change = refuse;

  open: FileTree["open"] = (path, mode) => {
    if (mode.write || mode.truncate) refuse();
    const opened = this.tree.open(path, mode);
    return opened instanceof Promise ? opened.then(readable) : readable(opened);
  };
}

function readable(file: OpenFile): OpenFile {
  return {
    stat: () => file.stat(),
    read: (offset, into) => file.read(offset, into),
    write: refuse,
    change: refuse,
    sync: (): Pending<void> => undefined,
    close: () => file.close(),
  };
}
