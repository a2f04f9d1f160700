/** What every tree of files that can be written does, whatever is behind it. Runs in vitest and in a browser's worker alike. */
import { decodeName, type FileTree, type OpenFile, TreeError, type TreePath } from "../../../virtio/file-tree.ts";
import * as P from "../../../virtio/spec/9p.ts";

/** What a tree can do beside what all can. */
export interface TreeAbilities {
  readonly hardLinks: boolean;
  /** Devices, pipes and sockets. */
  readonly nodes: boolean;
  /** Owners and permissions as they are set. */
  readonly attributes: boolean;
  /** Times of reading and writing as they are set. */
  readonly times: boolean;
  /** Every name that Linux takes; browsers have rules of their own. */
  readonly oddNames: boolean;
  /** Thousands of files in a moment. */
  readonly manyFiles: boolean;
  /** Names that are no UTF-8. */
  readonly anyName: boolean;
}

/** One of the checks: throws an Error where the tree does not do as it should. */
export interface TreeCheck {
  readonly name: string;
  readonly needs?: keyof TreeAbilities;
  run(tree: FileTree): Promise<void>;
}

const CREATION = { mode: 0o640, uid: 0, gid: 0 };
const READ = { read: true, write: false, truncate: false };
const BOTH = { read: true, write: true, truncate: false };

const at = (text: string): TreePath => text.split("/").filter((name) => name !== "");

function equal(actual: unknown, expected: unknown, what: string): void {
  const show = (value: unknown): string =>
    JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? `${item}n` : item)) ?? "undefined";
  if (show(actual) !== show(expected)) throw new Error(`${what}: ${show(actual)}, not ${show(expected)}`);
}

async function refused(errnos: string, work: () => unknown): Promise<void> {
  let result: unknown;
  try {
    result = await work();
  } catch (error) {
    if (!(error instanceof TreeError)) throw error;
    if (!errnos.split(" ").includes(error.errno)) throw new Error(`${error.errno}, not ${errnos}`, { cause: error });
    return;
  }
  throw new Error(`not refused with ${errnos}: ${String(result)}`);
}

async function put(tree: FileTree, path: string, text: string): Promise<void> {
  const file = await tree.create(at(path), CREATION, BOTH);
  await file.write(0, new TextEncoder().encode(text));
  await file.close();
}

async function contents(file: OpenFile): Promise<string> {
  const into = new Uint8Array(Number((await file.stat()).sizeBytes) + 10);
  return decodeName(into.subarray(0, await file.read(0, into)));
}

async function get(tree: FileTree, path: string): Promise<string> {
  const file = await tree.open(at(path), READ);
  try {
    return await contents(file);
  } finally {
    await file.close();
  }
}

const names = async (tree: FileTree, path: string): Promise<string[]> =>
  (await tree.list(at(path))).map(({ name }) => name).sort();

const kind = async (tree: FileTree, path: string): Promise<number> => (await tree.stat(at(path))).mode & P.S_IFMT;

export const TREE_CHECKS: readonly TreeCheck[] = [
  {
    name: "an empty root is a directory",
    async run(tree) {
      equal(await kind(tree, ""), P.S_IFDIR, "kind");
      equal(await names(tree, ""), [], "names");
      const space = await tree.space();
      if (space.blockBytes <= 0 || space.totalBlocks < space.freeBlocks) throw new Error("the space makes no sense");
    },
  },
  {
    name: "files are made, written at any place, read, cut off and made longer",
    async run(tree) {
      const file = await tree.create(at("file"), CREATION, BOTH);
      await file.write(5, new TextEncoder().encode("world"));
      equal(await contents(file), "\0\0\0\0\0world", "a gap");
      await file.write(0, new TextEncoder().encode("hello"));
      equal(await contents(file), "helloworld", "both");
      const into = new Uint8Array(4);
      equal(await file.read(8, into), 2, "the end");
      equal(await file.read(100, into), 0, "beyond the end");
      await file.change({ sizeBytes: 3 });
      await file.change({ sizeBytes: 6 });
      equal(await contents(file), "hel\0\0\0", "cut off and longer");
      await file.sync();
      await file.close();
      equal((await tree.stat(at("file"))).sizeBytes, 6, "size");
      await tree.change(at("file"), { sizeBytes: 2 });
      equal(await get(tree, "file"), "he", "cut off by name");
      const again = await tree.open(at("file"), { read: true, write: true, truncate: true });
      equal(await contents(again), "", "truncated");
      await again.close();
    },
  },
  {
    name: "large writes in many pieces come back as they were",
    async run(tree) {
      const file = await tree.create(at("large"), CREATION, BOTH);
      const piece = new Uint8Array(100_000);
      for (let index = 0; index < 12; ++index) {
        for (let byte = 0; byte < piece.length; ++byte) piece[byte] = (byte * 7 + index) & 0xff;
        await file.write(index * piece.length, piece);
      }
      await file.close();
      const again = await tree.open(at("large"), READ);
      for (let index = 0; index < 12; ++index) {
        equal(await again.read(index * piece.length, piece), piece.length, "bytes");
        if (piece.some((value, byte) => value !== ((byte * 7 + index) & 0xff)))
          throw new Error(`piece ${index} differs`);
      }
      await again.close();
    },
  },
  {
    name: "one file open twice is one file",
    async run(tree) {
      await put(tree, "shared", "old");
      const [one, other] = [await tree.open(at("shared"), BOTH), await tree.open(at("shared"), READ)];
      await one.write(0, new TextEncoder().encode("new and longer"));
      equal(await contents(other), "new and longer", "seen by the other");
      equal((await tree.stat(at("shared"))).sizeBytes, 14, "seen by name");
      await one.close();
      equal(await contents(other), "new and longer", "after one is closed");
      await other.close();
    },
  },
  {
    name: "what is there is not made, what is not there is not found, what is no folder has nothing in it",
    async run(tree) {
      await put(tree, "file", "x");
      await tree.makeDirectory(at("dir"), { ...CREATION, mode: 0o755 });
      await refused("EEXIST", () => tree.create(at("file"), CREATION, BOTH));
      await refused("EEXIST", () => tree.create(at("dir"), CREATION, BOTH));
      await refused("EEXIST", () => tree.makeDirectory(at("dir"), CREATION));
      await refused("EEXIST", () => tree.makeDirectory(at("file"), CREATION));
      await refused("EEXIST", () => tree.makeLink(at("dir"), "x", CREATION));
      await refused("ENOENT", () => tree.stat(at("nothing")));
      await refused("ENOENT", () => tree.open(at("dir/nothing"), READ));
      await refused("ENOENT", () => tree.create(at("nothing/file"), CREATION, BOTH));
      await refused("ENOENT", () => tree.remove(at("nothing"), "file"));
      await refused("ENOENT", () => tree.rename(at("nothing"), at("other")));
      await refused("ENOTDIR", () => tree.stat(at("file/below")));
      await refused("ENOTDIR", () => tree.list(at("file")));
      await refused("ENOTDIR", () => tree.create(at("file/below"), CREATION, BOTH));
      await refused("EISDIR", () => tree.open(at("dir"), READ));
      await refused("EISDIR", () => tree.remove(at("dir"), "file"));
      await refused("ENOTDIR", () => tree.remove(at("file"), "directory"));
      await refused("EISDIR EINVAL", () => tree.change(at("dir"), { sizeBytes: 0 }));
    },
  },
  {
    name: "directories nest, are renamed with all that is in them, and are removed empty only",
    async run(tree) {
      for (const path of ["a", "a/b", "a/b/c", "z"]) await tree.makeDirectory(at(path), { ...CREATION, mode: 0o755 });
      await put(tree, "a/b/c/deep", "deep");
      await refused("ENOTEMPTY", () => tree.remove(at("a/b"), "directory"));
      await tree.rename(at("a/b"), at("z/moved"));
      equal(await names(tree, "a"), [], "where it was");
      equal(await get(tree, "z/moved/c/deep"), "deep", "where it is");
      await refused("EINVAL", () => tree.rename(at("z"), at("z/moved/below")));
      await tree.makeDirectory(at("full"), { ...CREATION, mode: 0o755 });
      await put(tree, "full/file", "x");
      await refused("ENOTEMPTY EEXIST", () => tree.rename(at("a"), at("full")));
      await refused("EISDIR", () => tree.rename(at("full/file"), at("a")));
      await refused("ENOTDIR", () => tree.rename(at("a"), at("full/file")));
      await tree.rename(at("z"), at("a"));
      equal(await names(tree, ""), ["a", "full"], "an empty directory is replaced");
      await tree.remove(at("a/moved/c/deep"), "file");
      for (const path of ["a/moved/c", "a/moved", "a"]) await tree.remove(at(path), "directory");
      equal(await names(tree, ""), ["full"], "removed");
    },
  },
  {
    name: "a file that is renamed or removed while it is open is still there for whoever has it",
    async run(tree) {
      await put(tree, "one", "first");
      await put(tree, "two", "second");
      const [one, two] = [await tree.open(at("one"), BOTH), await tree.open(at("two"), BOTH)];
      await tree.rename(at("one"), at("two"));
      equal(await names(tree, ""), ["two"], "names");
      equal(await contents(one), "first", "the renamed one");
      equal(await contents(two), "second", "the one that it replaced");
      await one.write(5, new TextEncoder().encode("!"));
      equal(await get(tree, "two"), "first!", "by its new name");
      await tree.remove(at("two"), "file");
      await put(tree, "two", "third");
      await one.write(0, new TextEncoder().encode("F"));
      await two.write(0, new TextEncoder().encode("S"));
      equal([await contents(one), await contents(two)], ["First!", "Second"], "after their names are gone");
      equal((await one.stat()).sizeBytes, 6, "size");
      await one.close();
      await two.close();
      equal(await get(tree, "two"), "third", "the new one");
    },
  },
  {
    name: "symbolic links lead nowhere by themselves",
    async run(tree) {
      await tree.makeDirectory(at("dir"), { ...CREATION, mode: 0o755 });
      await put(tree, "dir/file", "x");
      for (const [name, target] of [
        ["to-dir", "dir"],
        ["out", "../../../../etc"],
        ["passwd", "/etc/passwd"],
      ] as const) {
        await tree.makeLink(at(name), target, CREATION);
        equal(await kind(tree, name), P.S_IFLNK, "kind");
        equal(await tree.readLink(at(name)), target, "target");
        equal((await tree.stat(at(name))).sizeBytes, target.length, "size");
        await refused("ENOTDIR", () => tree.stat(at(`${name}/file`)));
        await refused("ENOTDIR", () => tree.list(at(name)));
        await refused("ENOTDIR", () => tree.create(at(`${name}/made`), CREATION, BOTH));
        await refused("ELOOP", () => tree.open(at(name), READ));
      }
      await refused("EINVAL", () => tree.readLink(at("dir")));
      await refused("ENOTDIR", () => tree.remove(at("to-dir"), "directory"));
      const entry = (await tree.list([])).find(({ name }) => name === "out");
      equal(entry?.type, P.S_IFLNK, "type in the list");
      await tree.rename(at("to-dir"), at("moved"));
      equal(await tree.readLink(at("moved")), "dir", "target after renaming");
      await tree.remove(at("moved"), "file");
      equal(await get(tree, "dir/file"), "x", "what it led to");
    },
  },
  {
    name: "long names and those of other scripts",
    async run(tree) {
      const long = ["x".repeat(255), "ä€😀", "-rf", "two words", "a.tar.gz"];
      for (const name of long) await put(tree, name, name);
      equal(await names(tree, ""), [...long].sort(), "names");
      for (const name of long) equal(await get(tree, name), name, "contents");
    },
  },
  {
    name: "odd names",
    needs: "oddNames",
    async run(tree) {
      const odd = [" leading", "trailing ", "new\nline", "'\"\\*?", "..."];
      for (const name of odd) await put(tree, name, name);
      equal(await names(tree, ""), [...odd].sort(), "names");
      for (const name of odd) equal(await get(tree, name), name, "contents");
    },
  },
  {
    name: "names that are no UTF-8",
    needs: "anyName",
    async run(tree) {
      const name = decodeName(Uint8Array.of(0x66, 0xff, 0xc3, 0x28));
      await put(tree, name, "bytes");
      equal(await names(tree, ""), [name], "names");
      equal(await get(tree, name), "bytes", "contents");
    },
  },
  {
    name: "two thousand files in one directory",
    needs: "manyFiles",
    async run(tree) {
      for (let index = 0; index < 2000; ++index) {
        const file = await tree.create([`file-${index}`], CREATION, BOTH);
        await file.close();
      }
      const entries = await tree.list([]);
      equal(entries.length, 2000, "entries");
      equal(new Set(entries.map(({ id }) => id)).size, 2000, "ids");
      const { id } = await tree.stat(["file-1234"]);
      equal(entries.find(({ name }) => name === "file-1234")?.id, id, "the same id as by its name");
    },
  },
  {
    name: "times are kept",
    needs: "times",
    async run(tree) {
      const time = 1_234_567_890_000_000_000n;
      await put(tree, "file", "x");
      await tree.change(at("file"), { atime: time, mtime: time + 1_000_000_000n });
      const { atime, mtime } = await tree.stat(at("file"));
      equal([atime, mtime], [time, time + 1_000_000_000n], "as set");
      const file = await tree.open(at("file"), BOTH);
      await file.change({ mtime: "now" });
      if ((await file.stat()).mtime <= time + 1_000_000_000n) throw new Error("now is not now");
      await file.close();
    },
  },
  {
    name: "owners and permissions are kept",
    needs: "attributes",
    async run(tree) {
      await put(tree, "file", "x");
      equal((await tree.stat(at("file"))).mode, P.S_IFREG | 0o640, "mode as made");
      await tree.change(at("file"), { mode: 0o4711, uid: 1234, gid: 5678 });
      const { mode, uid, gid } = await tree.stat(at("file"));
      equal([mode, uid, gid], [P.S_IFREG | 0o4711, 1234, 5678], "as set");
      const file = await tree.open(at("file"), BOTH);
      await file.change({ mode: 0o600 });
      equal((await file.stat()).mode, P.S_IFREG | 0o600, "mode by the open file");
      await file.close();
      await tree.rename(at("file"), at("moved"));
      equal((await tree.stat(at("moved"))).uid, 1234, "owner after renaming");
      await tree.makeDirectory(at("dir"), { mode: 0o1777, uid: 7, gid: 8 });
      const dir = await tree.stat(at("dir"));
      equal([dir.mode, dir.uid, dir.gid], [P.S_IFDIR | 0o1777, 7, 8], "directory");
      await tree.makeLink(at("link"), "x", { mode: 0o777, uid: 9, gid: 10 });
      const link = await tree.stat(at("link"));
      equal([link.mode, link.uid, link.gid], [P.S_IFLNK | 0o777, 9, 10], "symbolic link");
      await tree.change([], { uid: 11 });
      equal((await tree.stat([])).uid, 11, "the root");
      equal(await names(tree, ""), ["dir", "link", "moved"], "names");
      await tree.remove(at("dir"), "directory");
    },
  },
  {
    name: "hard links are names of one file",
    needs: "hardLinks",
    async run(tree) {
      await put(tree, "one", "x");
      await tree.link(at("one"), at("two"));
      const [one, two] = [await tree.stat(at("one")), await tree.stat(at("two"))];
      equal([one.id, one.linkCount, two.linkCount], [two.id, 2, 2], "one file");
      await refused("EEXIST", () => tree.link(at("one"), at("two")));
      await tree.makeDirectory(at("dir"), CREATION);
      await refused("EPERM", () => tree.link(at("dir"), at("dir2")));
      await tree.remove(at("one"), "file");
      equal([await get(tree, "two"), (await tree.stat(at("two"))).linkCount], ["x", 1], "what is left");
    },
  },
  {
    name: "devices, pipes and sockets are names of what the guest has",
    needs: "nodes",
    async run(tree) {
      for (const [name, type, rdev] of [
        ["null", P.S_IFCHR, 0x103],
        ["disk", P.S_IFBLK, 0xfe01],
        ["pipe", P.S_IFIFO, 0],
        ["socket", P.S_IFSOCK, 0],
      ] as const) {
        await tree.makeNode(at(name), { mode: type | 0o600, uid: 0, gid: 0 }, rdev);
        const stat = await tree.stat(at(name));
        equal([stat.mode, stat.rdev], [type | 0o600, rdev], name);
        await refused("ENXIO", () => tree.open(at(name), READ));
      }
      await tree.makeNode(at("plain"), { mode: P.S_IFREG | 0o600, uid: 0, gid: 0 }, 0);
      equal(await get(tree, "plain"), "", "a plain file");
      await tree.remove(at("pipe"), "file");
    },
  },
];
