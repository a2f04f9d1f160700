/** Folders that only a browser has: of this site (`opfs:NAME`), and of the user's computer (`folder:ID`). */
import { ChosenFolders } from "../files/chosen-folders.ts";
import type { FolderHandle } from "../files/handle-file.ts";
import { HandleTree } from "../files/handle-tree.ts";
import { FilesError } from "../files/tree-error.ts";
import { DiskLock, type Locks, noLocks } from "../storage/disk-lock.ts";
import type { FileTree } from "../../virtio/file-tree.ts";

/** What of the browser is used. */
export interface FolderBrowser {
  readonly storage: StorageManager | undefined;
  readonly indexedDb: IDBFactory;
  /** null where the page was not opened over a secure connection. */
  readonly locks: Locks | null;
}

/** Where folders of the origin private file system are. */
const PRIVATE_FOLDER = "armlet-files";

/** The part of a FileSystemHandle that asks for permission; not in every type library. */
interface AskingHandle {
  queryPermission?(options: { readonly mode: "read" | "readwrite" }): Promise<PermissionState>;
}

export class BrowserFolders {
  readonly #browser: FolderBrowser;

  constructor(browser: FolderBrowser) {
    this.#browser = browser;
  }

  /** A folder of this site, made where it is not. One tab has it at a time. Rejects with a FilesError. */
  async privateFolder(name: string): Promise<FileTree> {
    const { storage } = this.#browser;
    if (!/^[^/\0]+$/.test(name) || name === "." || name === "..") {
      throw new FilesError(`A folder of this site cannot be called “${name}”.`, "Use a name such as opfs:notes.");
    }
    if (storage?.getDirectory === undefined) {
      throw new FilesError(
        "This browser keeps no files for this page.",
        "Use a normal window over https, or share memory: in its place.",
      );
    }
    const folders = await (await storage.getDirectory()).getDirectoryHandle(PRIVATE_FOLDER, { create: true });
    const folder = await folders.getDirectoryHandle(name, { create: true });
    return await this.#locked(`files:opfs:${name}`, `The folder opfs:${name}`, folder);
  }

  /** A folder that the user has chosen. Rejects with a FilesError, also where it must be allowed anew. */
  async chosenFolder(id: string, readOnly: boolean): Promise<FileTree> {
    const folder = await new ChosenFolders(this.#browser.indexedDb).get(id);
    if (folder === null) {
      throw new FilesError(
        `This browser knows no folder “folder:${id}”.`,
        "Folders of a computer are known to the browser in which they were shared. Share it again here.",
      );
    }
    const asking = folder.handle as AskingHandle;
    const state = (await asking.queryPermission?.({ mode: readOnly ? "read" : "readwrite" })) ?? "granted";
    if (state !== "granted") {
      throw new FilesError(
        `The browser wants you to allow the use of the folder “${folder.name}” again.`,
        "Open “Disks” and press “Allow” at the folder, which starts the machine again.",
      );
    }
    return await this.#locked(`files:folder:${id}`, `The folder “${folder.name}”`, folder.handle);
  }

  async #locked(lockId: string, what: string, handle: FileSystemDirectoryHandle): Promise<FileTree> {
    const { locks, storage } = this.#browser;
    if (locks === null) throw noLocks();
    const lock = await DiskLock.acquire(lockId, locks);
    if (lock === null) {
      throw new FilesError(
        `${what} is shared by a machine of another tab.`,
        "Turn that machine off, or close its tab.",
      );
    }
    const estimate = async (): Promise<StorageEstimate> => (await storage?.estimate()) ?? {};
    return new LockedTree(handle as unknown as FolderHandle, estimate, lock);
  }
}

/** Closing it lets others have the folder. */
class LockedTree extends HandleTree {
  readonly #lock: DiskLock;

  constructor(root: FolderHandle, estimate: () => Promise<StorageEstimate>, lock: DiskLock) {
    super(root, { estimate });
    this.#lock = lock;
  }

  override async close(): Promise<void> {
    try {
      await super.close();
    } finally {
      await this.#lock.release();
    }
  }
}
