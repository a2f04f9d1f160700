/** Handles of the File System standard in memory, with the errors that browsers have. */
import type { FileHandle, FolderHandle, SyncAccess } from "../handle-file.ts";

const error = (name: string): DOMException => new DOMException(name, name);

class FakeFile implements FileHandle {
  readonly kind = "file";
  readonly name: string;
  bytes = new Uint8Array();
  lastModified = 1000;
  locks = 0;
  createSyncAccessHandle?: () => Promise<SyncAccess>;

  constructor(name: string, isPrivate: boolean) {
    this.name = name;
    if (isPrivate) this.createSyncAccessHandle = () => this.#access();
  }

  getFile(): Promise<File> {
    return Promise.resolve(new File([this.bytes], this.name, { lastModified: this.lastModified }));
  }

  createWritable({ keepExistingData }: { readonly keepExistingData: boolean }) {
    if (this.locks > 0) return Promise.reject(error("NoModificationAllowedError"));
    let draft = keepExistingData ? this.bytes.slice() : new Uint8Array();
    const resize = (size: number): void => {
      const next = new Uint8Array(size);
      next.set(draft.subarray(0, size));
      draft = next;
    };
    return Promise.resolve({
      write: ({ position, data }: { position: number; data: Uint8Array }) => {
        if (position + data.length > draft.length) resize(position + data.length);
        draft.set(data, position);
        return Promise.resolve();
      },
      truncate: (size: number) => {
        resize(size);
        return Promise.resolve();
      },
      close: () => {
        this.bytes = draft;
        return Promise.resolve();
      },
      abort: () => Promise.resolve(),
    });
  }

  #access(): Promise<SyncAccess> {
    if (this.locks > 0) return Promise.reject(error("NoModificationAllowedError"));
    this.locks += 1;
    const resize = (size: number): void => {
      const next = new Uint8Array(size);
      next.set(this.bytes.subarray(0, size));
      this.bytes = next;
    };
    return Promise.resolve({
      getSize: () => this.bytes.length,
      read: (into, { at }) => {
        const piece = this.bytes.subarray(at, at + into.length);
        into.set(piece);
        return piece.length;
      },
      write: (from, { at }) => {
        if (at + from.length > this.bytes.length) resize(at + from.length);
        this.bytes.set(from, at);
        return from.length;
      },
      truncate: resize,
      flush: () => undefined,
      close: () => {
        this.locks = 0;
      },
    });
  }
}

export class FakeFolder implements FolderHandle {
  readonly kind = "directory";
  readonly name: string;
  readonly children = new Map<string, FakeFile | FakeFolder>();
  /** As the origin private file system: files have access handles. */
  readonly isPrivate: boolean;

  constructor(name: string, isPrivate: boolean) {
    this.name = name;
    this.isPrivate = isPrivate;
  }

  getFileHandle(name: string, options?: { readonly create: boolean }): Promise<FakeFile> {
    return this.#get(name, FakeFile, () => new FakeFile(name, this.isPrivate), options?.create === true);
  }

  getDirectoryHandle(name: string, options?: { readonly create: boolean }): Promise<FakeFolder> {
    return this.#get(name, FakeFolder, () => new FakeFolder(name, this.isPrivate), options?.create === true);
  }

  #get<Item extends FakeFile | FakeFolder>(
    name: string,
    kind: abstract new (...args: never[]) => Item,
    make: () => Item,
    create: boolean,
  ): Promise<Item> {
    if (["", ".", ".."].includes(name) || name.includes("/"))
      return Promise.reject(new TypeError("Name is not allowed"));
    const found = this.children.get(name);
    if (found instanceof kind) return Promise.resolve(found);
    if (found !== undefined) return Promise.reject(error("TypeMismatchError"));
    if (!create) return Promise.reject(error("NotFoundError"));
    const made = make();
    this.children.set(name, made);
    return Promise.resolve(made);
  }

  removeEntry(name: string, options?: { readonly recursive: boolean }): Promise<void> {
    const found = this.children.get(name);
    if (found === undefined) return Promise.reject(error("NotFoundError"));
    if (found instanceof FakeFile && found.locks > 0) return Promise.reject(error("NoModificationAllowedError"));
    if (found instanceof FakeFolder && found.children.size > 0 && options?.recursive !== true) {
      return Promise.reject(error("InvalidModificationError"));
    }
    this.children.delete(name);
    return Promise.resolve();
  }

  async *entries(): AsyncIterable<[string, FakeFile | FakeFolder]> {
    for (const entry of [...this.children]) {
      await Promise.resolve();
      yield entry;
    }
  }
}
