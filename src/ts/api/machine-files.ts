import type { FilesAction, SharedFile } from "../protocol/shared-files.ts";

/** What the machine answers. */
type Ask = (tree: string, action: FilesAction) => Promise<SharedFile[] | Blob | null>;

/**
 * The files that a machine shares with its guest, by the id of their `-fsdev`: `-fsdev local,id=fs0,path=memory:` and a `-device
 * virtio-9p-device,fsdev=fs0,mount_tag=files` are enough to bring files in and out. Paths are names with "/" between them. What is
 * written is there for the guest at once, and what the guest has closed is there for the page. All methods reject with a FailureError.
 */
export class MachineFiles {
  readonly #tree: string;
  readonly #ask: Ask;

  constructor(tree: string, ask: Ask) {
    this.#tree = tree;
    this.#ask = ask;
  }

  /** What is in a folder; the root without a path. */
  async list(path = ""): Promise<readonly SharedFile[]> {
    return (await this.#ask(this.#tree, { what: "list", path })) as SharedFile[];
  }

  /** The contents of a file. */
  async readFile(path: string): Promise<Blob> {
    return (await this.#ask(this.#tree, { what: "read", path })) as Blob;
  }

  /** Makes a file, or gives it other contents; folders on the way are made. */
  async writeFile(path: string, contents: Blob | BufferSource | string): Promise<void> {
    await this.#ask(this.#tree, {
      what: "write",
      path,
      contents: contents instanceof Blob ? contents : new Blob([contents]),
    });
  }

  /** Makes a folder, and those on the way; one that is there already is no error. */
  async makeFolder(path: string): Promise<void> {
    await this.#ask(this.#tree, { what: "make-folder", path });
  }

  /** Removes a file or an empty folder. */
  async remove(path: string): Promise<void> {
    await this.#ask(this.#tree, { what: "remove", path });
  }
}
