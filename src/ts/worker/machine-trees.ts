import type { FileTree } from "../../virtio/file-tree.ts";
import { type FsdevConfig, treeSource } from "../config/machine-config.ts";
import { ManifestTree } from "../files/manifest-tree.ts";
import { MemoryTree } from "../files/memory-tree.ts";
import { ReadOnlyTree } from "../files/read-only-tree.ts";
import type { WorkerServices } from "./blueprint.ts";

/** Opens folders that only a browser has. Both reject with a FilesError or a StorageError. */
export interface FolderOpener {
  /** `opfs:NAME` */
  privateFolder(name: string): Promise<FileTree>;
  /** `folder:ID` */
  chosenFolder(id: string, readOnly: boolean): Promise<FileTree>;
}

/**
 * The shared files of one worker, by the id of their `-fsdev`. They outlive a machine that broke: what the guest wrote into
 * memory is there for the next one.
 */
export class MachineTrees {
  readonly #folders: FolderOpener;
  readonly #trees = new Map<string, Promise<FileTree>>();

  constructor(folders: FolderOpener) {
    this.#folders = folders;
  }

  /** The tree of an `-fsdev`, opened once. Rejects with a FilesError; then the next call tries again. */
  open(fsdev: FsdevConfig, services: WorkerServices): Promise<FileTree> {
    const known = this.#trees.get(fsdev.id);
    if (known !== undefined) return known;
    const opening = openTree(fsdev, services, this.#folders);
    this.#trees.set(fsdev.id, opening);
    opening.catch(() => this.#trees.delete(fsdev.id));
    return opening;
  }

  /** The tree of that id, if the machine has it. */
  get(id: string): Promise<FileTree> | null {
    return this.#trees.get(id) ?? null;
  }

  /** Makes durable what was written, and lets go of all. Rejects with the first error after all were tried. */
  async close(): Promise<void> {
    const trees = [...this.#trees.values()];
    this.#trees.clear();
    const results = await Promise.allSettled(trees.map(async (tree) => await (await tree).close()));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}

async function openTree(fsdev: FsdevConfig, services: WorkerServices, folders: FolderOpener): Promise<FileTree> {
  const { readOnly } = fsdev;
  const tree = await openSource(fsdev, services, folders);
  return readOnly && !tree.readOnly ? new ReadOnlyTree(tree) : tree;
}

async function openSource(
  { path, readOnly }: FsdevConfig,
  services: WorkerServices,
  folders: FolderOpener,
): Promise<FileTree> {
  const source = treeSource(path);
  switch (source.kind) {
    case "memory":
      return new MemoryTree();
    case "path": {
      const url = services.resolve(path);
      const { fetch, delay } = services.rangeHost(url);
      return await ManifestTree.open(url, fetch, delay);
    }
    case "opfs":
      return await folders.privateFolder(source.name);
    case "folder":
      return await folders.chosenFolder(source.id, readOnly);
  }
}
