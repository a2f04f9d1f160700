import type { FileTree } from "../../virtio/file-tree.ts";
import { type FsdevConfig, treeSource } from "../config/machine-config.ts";
import { ManifestTree } from "../files/manifest-tree.ts";
import { MemoryTree } from "../files/memory-tree.ts";
import { FolderTree } from "./folder-tree.ts";
import { ReadOnlyTree } from "../files/read-only-tree.ts";
import { FilesError } from "../files/tree-error.ts";
import { HostError } from "./host-error.ts";

/** The files that one machine shares, from when they are opened until they are closed. */
export class Trees {
  readonly #open: FileTree[] = [];

  /** Opens what an `-fsdev` names. Rejects with a HostError. */
  async open(fsdev: FsdevConfig): Promise<FileTree> {
    try {
      const tree = await openTree(fsdev);
      this.#open.push(tree);
      return fsdev.readOnly && !tree.readOnly ? new ReadOnlyTree(tree) : tree;
    } catch (error) {
      if (!(error instanceof FilesError)) throw error;
      throw new HostError(`-fsdev ${fsdev.id}: ${error.message} ${error.advice}`.trimEnd(), { cause: error });
    }
  }

  /** Makes durable what was written, and lets go of all. Rejects with the first error after all were tried. */
  async close(): Promise<void> {
    const results = await Promise.allSettled(this.#open.splice(0).map(async (tree) => await tree.close()));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}

async function openTree({ path, securityModel }: FsdevConfig): Promise<FileTree> {
  const source = treeSource(path);
  switch (source.kind) {
    case "memory":
      return new MemoryTree();
    case "opfs":
    case "folder":
      throw new HostError(
        `${path} is a folder that a browser keeps: here, name a folder. One of that name is ./${path}.`,
      );
    case "path":
      if (/^https?:\/\//i.test(path)) return await ManifestTree.open(path, (url, init) => fetch(url, init));
      return FolderTree.open(path, securityModel);
  }
}
