/** Files on a server, by a list of them (file-list.ts). Each is loaded when it is read first; nothing can be changed. */
import {
  type DirectoryEntry,
  encodeName,
  type FileStat,
  type FileTree,
  type OpenFile,
  type OpenMode,
  type Pending,
  TreeError,
  type TreePath,
  type TreeSpace,
} from "../../virtio/file-tree.ts";
import * as P from "../../virtio/spec/9p.ts";
import { sha256 } from "../lib/sha256.ts";
import { fetchBytes, type HttpSourceHost, WrongAnswer } from "../storage/http-fetch.ts";
import { StorageError } from "../storage/storage-error.ts";
import { type ListedFile, parseFileList } from "./file-list.ts";
import { FilesError } from "./tree-error.ts";
import { readable, refuseWriting, UnchangingTree } from "./unchanging-tree.ts";

const MAX_LIST_BYTES = 32 * 1024 * 1024;
/** Loaded files that are kept in memory: those that were read last. A larger file cannot be read at all. */
const CACHE_BYTES = 256 * 1024 * 1024;
const BLOCK_BYTES = 4096;
const NS_PER_SECOND = 1_000_000_000n;

interface Node {
  readonly id: bigint;
  readonly file: ListedFile;
  readonly entries: Map<string, Node> | null;
}

type Fetch = HttpSourceHost["fetch"];

const FOLDER = {
  path: [],
  mode: P.S_IFDIR | 0o755,
  uid: 0,
  gid: 0,
  mtime: 0,
  sizeBytes: 0,
  target: "",
  url: "",
  sha256: null,
} satisfies ListedFile;

export class ManifestTree extends UnchangingTree implements FileTree {
  readonly xattrs = null;
  private readonly listUrl: string;
  private readonly host: HttpSourceHost;
  private readonly root: Node = { id: 1n, file: FOLDER, entries: new Map() };
  private lastId = 1n;
  private totalBytes = 0;
  /** Contents, the file read last at the end. */
  private readonly cache = new Map<Node, Uint8Array>();
  private cachedBytes = 0;
  private readonly loading = new Map<Node, Promise<Uint8Array>>();
  /** Bytes of the files that are on their way; who would be too much waits for one of them to be done. */
  private loadingBytes = 0;
  private readonly waiting: (() => void)[] = [];

  private constructor(listUrl: string, files: readonly ListedFile[], host: HttpSourceHost) {
    super();
    this.listUrl = listUrl;
    this.host = host;
    for (const file of files) this.add(file);
  }

  /** Loads the list. Rejects with a FilesError. */
  static async open(
    listUrl: string,
    fetch: Fetch,
    delay: HttpSourceHost["delay"] = (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
  ): Promise<ManifestTree> {
    const host: HttpSourceHost = { fetch, sameOrigin: false, delay };
    const request = {
      url: listUrl,
      what: "list of files",
      lengthBytes: MAX_LIST_BYTES,
      exact: false,
      check: checkStatus,
    };
    try {
      const text = new TextDecoder().decode(await fetchBytes(host, request));
      return new ManifestTree(listUrl, parseFileList(text), host);
    } catch (error) {
      if (error instanceof StorageError) throw new FilesError(error.message, error.advice, { cause: error });
      throw error;
    }
  }

  private add(file: ListedFile): void {
    let at = this.root;
    for (const name of file.path.slice(0, -1)) at = this.folderIn(at, name);
    const name = file.path.at(-1) as string;
    const isFolder = (file.mode & P.S_IFMT) === P.S_IFDIR;
    const old = at.entries?.get(name);
    // A folder may be listed after what is in it.
    if (old !== undefined && !(isFolder && old.entries !== null)) {
      throw new FilesError(`The list of files has ${file.path.join("/")} twice.`, "");
    }
    const entries = isFolder ? (old?.entries ?? new Map<string, Node>()) : null;
    at.entries?.set(name, { id: old?.id ?? ++this.lastId, file, entries });
    this.totalBytes += file.sizeBytes;
  }

  private folderIn(parent: Node, name: string): Node {
    const found = parent.entries?.get(name);
    if (found?.entries === null) throw new FilesError(`The list of files has files below ${name}, which is none.`, "");
    if (found !== undefined) return found;
    const made: Node = { id: ++this.lastId, file: FOLDER, entries: new Map() };
    parent.entries?.set(name, made);
    return made;
  }

  private find(path: TreePath): Node {
    let node = this.root;
    for (const name of path) {
      if (node.entries === null) throw new TreeError("ENOTDIR");
      const next = node.entries.get(name);
      if (next === undefined) throw new TreeError("ENOENT");
      node = next;
    }
    return node;
  }

  stat(path: TreePath): FileStat {
    return statOf(this.find(path));
  }

  list(path: TreePath): DirectoryEntry[] {
    const { entries } = this.find(path);
    if (entries === null) throw new TreeError("ENOTDIR");
    return Array.from(entries, ([name, { id, file }]) => ({ name, id, type: file.mode & P.S_IFMT }));
  }

  readLink(path: TreePath): string {
    const { file } = this.find(path);
    if ((file.mode & P.S_IFMT) !== P.S_IFLNK) throw new TreeError("EINVAL");
    return file.target;
  }

  open(path: TreePath, mode: OpenMode): OpenFile {
    const node = this.find(path);
    const kind = node.file.mode & P.S_IFMT;
    if (kind === P.S_IFDIR) throw new TreeError("EISDIR");
    if (kind === P.S_IFLNK) throw new TreeError("ELOOP");
    if (kind !== P.S_IFREG) throw new TreeError("ENXIO");
    refuseWriting(mode);
    return readable({
      stat: () => statOf(node),
      read: (offset, into) => this.read(node, offset, into),
      close: () => undefined,
    });
  }

  private read(node: Node, offset: number, into: Uint8Array): Pending<number> {
    if (offset >= node.file.sizeBytes || into.length === 0) return 0;
    const copy = (contents: Uint8Array): number => {
      const piece = contents.subarray(offset, offset + into.length);
      into.set(piece);
      return piece.length;
    };
    const known = this.cache.get(node);
    if (known === undefined) return this.load(node).then(copy);
    this.cache.delete(node);
    this.cache.set(node, known);
    return copy(known);
  }

  private load(node: Node): Promise<Uint8Array> {
    const running = this.loading.get(node);
    if (running !== undefined) return running;
    const loading = this.admitted(node.file.sizeBytes, () => this.fetch(node.file))
      .then((contents) => {
        this.keep(node, contents);
        return contents;
      })
      .finally(() => this.loading.delete(node));
    this.loading.set(node, loading);
    return loading;
  }

  /** Loads no more at a time than is kept. */
  private async admitted(sizeBytes: number, load: () => Promise<Uint8Array>): Promise<Uint8Array> {
    while (this.loadingBytes > 0 && this.loadingBytes + sizeBytes > CACHE_BYTES) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    this.loadingBytes += sizeBytes;
    try {
      return await load();
    } finally {
      this.loadingBytes -= sizeBytes;
      for (const go of this.waiting.splice(0)) go();
    }
  }

  private async fetch({ url: name, sizeBytes, sha256: expected }: ListedFile): Promise<Uint8Array> {
    const url = new URL(name, this.listUrl).href;
    if (sizeBytes > CACHE_BYTES) {
      throw new TreeError("EFBIG", `${url} is larger than ${CACHE_BYTES / 2 ** 20} MiB: put it on a disk image.`, {
        isHostError: true,
      });
    }
    try {
      const contents = await fetchBytes(this.host, {
        url,
        what: "shared file",
        lengthBytes: sizeBytes,
        exact: true,
        check: checkStatus,
      });
      if (expected !== null && (await sha256(contents)) !== expected) {
        throw new TreeError("EIO", `The shared file ${url} is not the one of the list: its SHA-256 is another.`, {
          isHostError: true,
        });
      }
      return contents;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      throw new TreeError("EIO", error.message, { isHostError: true });
    }
  }

  private keep(node: Node, contents: Uint8Array): void {
    this.cache.set(node, contents);
    this.cachedBytes += contents.length;
    for (const [other, bytes] of this.cache) {
      if (this.cachedBytes <= CACHE_BYTES || other === node) return;
      this.cache.delete(other);
      this.cachedBytes -= bytes.length;
    }
  }

  space(): TreeSpace {
    const totalBlocks = Math.ceil(this.totalBytes / BLOCK_BYTES);
    return { blockBytes: BLOCK_BYTES, totalBlocks, freeBlocks: 0, totalFiles: Number(this.lastId), freeFiles: 0 };
  }

  close(): void {
    this.cache.clear();
  }
}

function checkStatus({ status }: Response): WrongAnswer | null {
  return status === 200 ? null : new WrongAnswer("failed", `the server answers ${status}`);
}

function statOf({ id, file, entries }: Node): FileStat {
  const { mode, uid, gid, target } = file;
  const time = BigInt(file.mtime) * NS_PER_SECOND;
  const sizeBytes = target === "" ? file.sizeBytes : encodeName(target).length;
  const folders = [...(entries?.values() ?? [])].filter((node) => node.entries !== null).length;
  return {
    id,
    mode,
    uid,
    gid,
    linkCount: entries === null ? 1 : 2 + folders,
    rdev: 0,
    sizeBytes,
    allocatedBytes: file.sizeBytes,
    atime: time,
    mtime: time,
    ctime: time,
  };
}
