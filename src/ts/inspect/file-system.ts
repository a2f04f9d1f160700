/** Files by their paths, the same for every file system that is read here. */
import { InspectError } from "./inspect-error.ts";
import { printable } from "./text.ts";

export type NodeKind = "file" | "directory" | "symlink" | "other";

export interface DirectoryEntry {
  /** As the disk has it. */
  readonly name: string;
  readonly kind: NodeKind;
}

/** A regular file. */
export interface OpenFile {
  /** As its inode has it: nothing says that so much is there. */
  readonly sizeBytes: number;
  /** The bytes there; fewer only where the file ends. Throws an InspectError where it is damaged. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A file system that is only read. Paths begin with "/"; symbolic links are followed. */
export interface FileSystem {
  /** Null where nothing is there, or no regular file. */
  open(path: string): Promise<OpenFile | null>;
  /** Entries of a directory without `.` and `..`, in the disk's order; null where it is none. */
  list(path: string): Promise<DirectoryEntry[] | null>;
}

/** What a file system's own code has to do; `Node` is its inode. */
export interface FileSystemDriver<Node> {
  readonly root: Node;
  kind(node: Node): NodeKind;
  /** Null where the directory has no such name. */
  lookup(directory: Node, name: string): Promise<Node | null>;
  entries(directory: Node): Promise<DirectoryEntry[]>;
  /** Where a symbolic link leads. */
  target(node: Node): Promise<string>;
  open(node: Node): Promise<OpenFile>;
}

/** Linux's own limit (MAXSYMLINKS): links in a circle end there. */
const MAX_LINKS = 40;
/** PATH_MAX */
const MAX_PATH_LENGTH = 4096;

/** The walk along a path, over a driver. */
export class TreeFileSystem<Node> implements FileSystem {
  readonly #driver: FileSystemDriver<Node>;

  constructor(driver: FileSystemDriver<Node>) {
    this.#driver = driver;
  }

  async open(path: string): Promise<OpenFile | null> {
    const node = await this.#resolve(path);
    return node !== null && this.#driver.kind(node) === "file" ? await this.#driver.open(node) : null;
  }

  async list(path: string): Promise<DirectoryEntry[] | null> {
    const node = await this.#resolve(path);
    return node !== null && this.#driver.kind(node) === "directory" ? await this.#driver.entries(node) : null;
  }

  async #resolve(path: string): Promise<Node | null> {
    const driver = this.#driver;
    /** From the root to where the walk is: `..` takes the last away. */
    let trail: Node[] = [];
    const names = split(path);
    let links = 0;
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      if (name === "..") {
        trail.pop();
        continue;
      }
      const directory = trail.at(-1) ?? driver.root;
      if (driver.kind(directory) !== "directory") return null;
      const next = await driver.lookup(directory, name);
      if (next === null) return null;
      if (driver.kind(next) !== "symlink") {
        trail.push(next);
        continue;
      }
      if (++links > MAX_LINKS) return null;
      const target = await driver.target(next);
      if (target.startsWith("/")) trail = [];
      names.unshift(...split(target));
      if (names.length > MAX_PATH_LENGTH) return null;
    }
    return trail.at(-1) ?? driver.root;
  }
}

function split(path: string): string[] {
  return path
    .slice(0, MAX_PATH_LENGTH)
    .split("/")
    .filter((name) => name !== "" && name !== ".");
}

/** All of a file, in pieces of bounded size. Throws an InspectError where it is longer than `limitBytes`. */
export async function readWhole(file: OpenFile, limitBytes: number, path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (file.sizeBytes > limitBytes) {
    throw new InspectError(
      `${printable(path)} is said to have ${Math.round(file.sizeBytes / 2 ** 20)} MiB: more than ${Math.round(limitBytes / 2 ** 20)} MiB is not read.`,
    );
  }
  const pieceBytes = 1024 * 1024;
  const whole = new Uint8Array(file.sizeBytes);
  for (let at = 0; at < whole.length; at += pieceBytes) {
    whole.set(await file.read(at, Math.min(pieceBytes, whole.length - at)), at);
  }
  return whole;
}

/** A small text file; null where it is not there, is empty or too long. */
export async function readText(files: FileSystem, path: string, limitBytes: number): Promise<string | null> {
  const file = await files.open(path);
  if (file === null || file.sizeBytes === 0 || file.sizeBytes > limitBytes) return null;
  return new TextDecoder().decode(await readWhole(file, limitBytes, path));
}
