/** The half of a file tree that changes it, where nothing can be changed: all of it is refused with EROFS. */
import { type FileTree, type OpenFile, type OpenMode, TreeError } from "../../virtio/file-tree.ts";

/** Throws a TreeError, EROFS. */
export function refuse(): never {
  throw new TreeError("EROFS");
}

/** Everything of a tree that changes it. */
type Changes = Pick<
  FileTree,
  "create" | "makeDirectory" | "makeLink" | "makeNode" | "link" | "rename" | "remove" | "change"
>;

export abstract class UnchangingTree implements Changes {
  readonly readOnly = true;
  create = refuse;
  makeDirectory = refuse;
  makeLink = refuse;
  makeNode = refuse;
  link = refuse;
  rename = refuse;
  remove = refuse;
  change = refuse;
}

/** Throws a TreeError, EROFS, where a file is to be opened for more than reading. */
export function refuseWriting({ write, truncate }: OpenMode): void {
  if (write || truncate) refuse();
}

/** An open file of which there is no more than reading. */
export function readable(file: Pick<OpenFile, "stat" | "read" | "close">): OpenFile {
  return {
    stat: () => file.stat(),
    read: (offset, into) => file.read(offset, into),
    write: refuse,
    change: refuse,
    sync: () => undefined,
    close: () => file.close(),
  };
}
