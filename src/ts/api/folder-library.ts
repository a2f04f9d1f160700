import { ChosenFolders } from "../files/chosen-folders.ts";

/** A folder of the user's computer that machines of this site may share. */
export interface SharedFolder {
  /** For a command line: `-fsdev local,id=…,path=folder:ID`. */
  readonly id: string;
  readonly name: string;
  /** Whether the browser lets the page use it now; after a reload it may have to be asked, see `allow`. */
  readonly allowed: boolean;
}

/** What is used of the File System Access API; not every browser has it, nor every type library. */
interface PickerWindow {
  showDirectoryPicker?(options: {
    readonly id: string;
    readonly mode: "readwrite";
  }): Promise<FileSystemDirectoryHandle>;
}
interface AskingHandle {
  queryPermission?(options: { readonly mode: "readwrite" }): Promise<PermissionState>;
  requestPermission?(options: { readonly mode: "readwrite" }): Promise<PermissionState>;
}

/** The folders of the user's computer that were chosen in this browser. Methods reject where the browser keeps nothing. */
export class FolderLibrary {
  readonly #folders = new ChosenFolders(indexedDB);

  /** Whether this browser lets pages use folders at all: Chromium and its kin do. */
  static get isSupported(): boolean {
    return (window as PickerWindow).showDirectoryPicker !== undefined;
  }

  /** In the order in which they were chosen. */
  async list(): Promise<SharedFolder[]> {
    const folders = await this.#folders.list();
    return await Promise.all(
      folders.map(async ({ id, name, handle }) => {
        const asking = handle as AskingHandle;
        return { id, name, allowed: (await asking.queryPermission?.({ mode: "readwrite" })) === "granted" };
      }),
    );
  }

  /** Lets the user choose a folder, and keeps it. To be called in a click; null where the user thought better of it. */
  async choose(): Promise<SharedFolder | null> {
    let handle: FileSystemDirectoryHandle | undefined;
    try {
      handle = await (window as PickerWindow).showDirectoryPicker?.({ id: "armlet-share", mode: "readwrite" });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return null;
      throw error;
    }
    if (handle === undefined) return null;
    const { id, name } = await this.#folders.add(handle);
    return { id, name, allowed: true };
  }

  /** Asks the user to allow the use of a folder again. To be called in a click. */
  async allow(id: string): Promise<boolean> {
    const folder = await this.#folders.get(id);
    const asking = folder?.handle as AskingHandle | undefined;
    return (await asking?.requestPermission?.({ mode: "readwrite" })) === "granted";
  }

  /** Forgets a folder; its files stay as they are. */
  async forget(id: string): Promise<void> {
    await this.#folders.remove(id);
  }
}
