/** Attributes of files kept beside them in a folder behind a handle; see virtfs-attributes.ts for the format. */
import type { TreePath } from "../../virtio/file-tree.ts";
import { hasName } from "./handle-error.ts";
import { BufferedContents, type Contents, type FileHandle, type FolderHandle, SyncContents } from "./handle-file.ts";
import {
  formatAttributes,
  MAX_METADATA_BYTES,
  METADATA_FOLDER,
  METADATA_ROOT,
  parseAttributes,
  type VirtfsAttributes,
} from "./virtfs-attributes.ts";

/** Folders whose attributes are kept in memory: those that were looked at last. */
const MAX_FOLDERS = 256;

type FolderAttributes = Map<string, VirtfsAttributes>;

export class HandleAttributes {
  readonly #folder: (path: TreePath) => Promise<FolderHandle>;
  /** By the folder's path; a folder that is not there has none. */
  readonly #known = new Map<string, Promise<FolderAttributes>>();

  constructor(folder: (path: TreePath) => Promise<FolderHandle>) {
    this.#folder = folder;
  }

  /** Nothing where none are kept. */
  async read(path: TreePath): Promise<VirtfsAttributes> {
    const name = path.at(-1);
    if (name === undefined) return (await this.#of([])).get("") ?? {};
    return (await this.#of(path.slice(0, -1))).get(name) ?? {};
  }

  async write(path: TreePath, attributes: VirtfsAttributes): Promise<void> {
    const { folder, file, key } = await this.#place(path, true);
    if (folder === null) return;
    const contents = await openSmall(await folder.getFileHandle(file, { create: true }));
    try {
      await contents.resize(0);
      await contents.write(0, new TextEncoder().encode(formatAttributes(attributes)));
    } finally {
      await contents.close();
    }
    (await this.#of(path.slice(0, -1))).set(key, attributes);
  }

  async remove(path: TreePath): Promise<void> {
    const known = await this.#of(path.slice(0, -1));
    const { folder, file, key } = await this.#place(path, false);
    if (!known.delete(key) || folder === null) return;
    try {
      await folder.removeEntry(file);
    } catch (error) {
      if (!hasName(error, "NotFoundError")) throw error;
    }
  }

  /** What is known of a folder and all below it is not so any more. */
  forget(path: TreePath): void {
    const key = path.join("/");
    for (const known of [...this.#known.keys()]) {
      if (known === key || known.startsWith(`${key}/`)) this.#known.delete(known);
    }
  }

  /** The root's own are in a file of its own. */
  async #place(
    path: TreePath,
    create: boolean,
  ): Promise<{ readonly folder: FolderHandle | null; readonly file: string; readonly key: string }> {
    const name = path.at(-1);
    if (name === undefined) return { folder: await this.#folder([]), file: METADATA_ROOT, key: "" };
    return { folder: await this.#metadata(path.slice(0, -1), create), file: name, key: name };
  }

  async #metadata(folder: TreePath, create: boolean): Promise<FolderHandle | null> {
    try {
      return await (await this.#folder(folder)).getDirectoryHandle(METADATA_FOLDER, { create });
    } catch (error) {
      // The folder is not there, or is no folder: whoever asks for a file in it finds out.
      if (!create && (hasName(error, "NotFoundError") || hasName(error, "TypeMismatchError"))) return null;
      throw error;
    }
  }

  #of(folder: TreePath): Promise<FolderAttributes> {
    const key = folder.join("/");
    let known = this.#known.get(key);
    if (known === undefined) {
      known = this.#load(folder);
      known.catch(() => this.#known.delete(key));
      this.#known.set(key, known);
      const [oldest] = this.#known.keys();
      if (this.#known.size > MAX_FOLDERS && oldest !== undefined) this.#known.delete(oldest);
    }
    return known;
  }

  async #load(folder: TreePath): Promise<FolderAttributes> {
    const found: FolderAttributes = new Map();
    const metadata = await this.#metadata(folder, false);
    if (metadata !== null) {
      for await (const [name, handle] of metadata.entries()) {
        if (handle.kind === "file") found.set(name, await readSmall(handle));
      }
    }
    if (folder.length === 0) {
      const root = await rootFile(await this.#folder([]));
      if (root !== null) found.set("", await readSmall(root));
    }
    return found;
  }
}

async function rootFile(root: FolderHandle): Promise<FileHandle | null> {
  try {
    return await root.getFileHandle(METADATA_ROOT);
  } catch (error) {
    if (hasName(error, "NotFoundError") || hasName(error, "TypeMismatchError")) return null;
    throw error;
  }
}

async function readSmall(handle: FileHandle): Promise<VirtfsAttributes> {
  return parseAttributes(await (await handle.getFile()).slice(0, MAX_METADATA_BYTES).text());
}

async function openSmall(handle: FileHandle): Promise<Contents> {
  if (handle.createWritable !== undefined) return await BufferedContents.open(handle);
  if (handle.createSyncAccessHandle === undefined) {
    throw new DOMException("This browser does not let pages write files.", "NotAllowedError");
  }
  return new SyncContents(await handle.createSyncAccessHandle());
}
