/** What a page asks of the files that its machine shares. */
import { type FileTree, type OpenFile, TreeError, type TreePath } from "../../virtio/file-tree.ts";
import * as P from "../../virtio/spec/9p.ts";
import { FailureError } from "../protocol/failure.ts";
import type { FilesAction, SharedFile } from "../protocol/shared-files.ts";

const COPY_BYTES = 1024 * 1024;
const NS_PER_MS = 1_000_000n;

const SENTENCES: Partial<Record<TreeError["errno"], string>> = {
  ENOENT: "There is no such file.",
  EEXIST: "There is a file of that name already.",
  ENOTDIR: "A part of the path is no folder.",
  EISDIR: "It is a folder.",
  ENOTEMPTY: "The folder is not empty.",
  ENOSPC: "There is no room left.",
  EROFS: "The files can only be read.",
  ELOOP: "It is a symbolic link.",
};

/** Names of a path such as "folder/file"; empty ones are left out. Throws a TreeError for what is no path below the root. */
function namesOf(path: string): TreePath {
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  if (names.some((name) => name === ".." || name.includes("\0"))) throw new TreeError("EINVAL");
  return names;
}

/** Does what is asked. Rejects with a FailureError. */
export async function answerFiles(tree: FileTree, action: FilesAction): Promise<SharedFile[] | Blob | null> {
  try {
    const path = namesOf(action.path);
    switch (action.what) {
      case "list":
        return await list(tree, path);
      case "read":
        return await read(tree, path);
      case "write":
        await write(tree, path, action.contents);
        return null;
      case "make-folder":
        await makeFolders(tree, path);
        return null;
      case "remove":
        await remove(tree, path);
        return null;
    }
  } catch (error) {
    throw explained(action, error);
  }
}

function explained({ path }: FilesAction, error: unknown): unknown {
  if (!(error instanceof TreeError)) return error;
  const reason = error.isHostError ? error.message : (SENTENCES[error.errno] ?? `${error.errno}.`);
  const failure = { code: "bad-file", message: `“${path}” cannot be used. ${reason}`, advice: "", url: null } as const;
  return new FailureError(failure, { cause: error });
}

async function list(tree: FileTree, path: TreePath): Promise<SharedFile[]> {
  const found: SharedFile[] = [];
  for (const { name } of await tree.list(path)) {
    const stat = await tree.stat([...path, name]);
    const kind = stat.mode & P.S_IFMT;
    found.push({
      name,
      kind: kind === P.S_IFDIR ? "folder" : kind === P.S_IFREG ? "file" : kind === P.S_IFLNK ? "link" : "other",
      sizeBytes: stat.sizeBytes,
      modifiedMs: Number(stat.mtime / NS_PER_MS),
    });
  }
  return found;
}

async function using<Value>(file: OpenFile, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } finally {
    await file.close();
  }
}

async function read(tree: FileTree, path: TreePath): Promise<Blob> {
  const file = await tree.open(path, { read: true, write: false, truncate: false });
  return await using(file, async () => {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (let offset = 0; ; ) {
      const piece = new Uint8Array(COPY_BYTES);
      const count = await file.read(offset, piece);
      if (count === 0) return new Blob(pieces);
      pieces.push(piece.subarray(0, count));
      offset += count;
    }
  });
}

/** Folders on the way are made. */
async function write(tree: FileTree, path: TreePath, contents: Blob): Promise<void> {
  if (path.length === 0) throw new TreeError("EISDIR");
  await makeFolders(tree, path.slice(0, -1));
  const mode = { read: false, write: true, truncate: true };
  let file: OpenFile;
  try {
    file = await tree.create(path, { mode: 0o644, uid: 0, gid: 0 }, mode);
  } catch (error) {
    if (!(error instanceof TreeError) || error.errno !== "EEXIST") throw error;
    file = await tree.open(path, mode);
  }
  await using(file, async () => {
    for (let offset = 0; offset < contents.size; offset += COPY_BYTES) {
      await file.write(offset, new Uint8Array(await contents.slice(offset, offset + COPY_BYTES).arrayBuffer()));
    }
  });
}

async function makeFolders(tree: FileTree, path: TreePath): Promise<void> {
  for (let length = 1; length <= path.length; ++length) {
    try {
      await tree.makeDirectory(path.slice(0, length), { mode: 0o755, uid: 0, gid: 0 });
    } catch (error) {
      if (!(error instanceof TreeError) || (error.errno !== "EEXIST" && error.errno !== "EROFS")) throw error;
      if (((await tree.stat(path.slice(0, length))).mode & P.S_IFMT) !== P.S_IFDIR) throw new TreeError("ENOTDIR");
    }
  }
}

async function remove(tree: FileTree, path: TreePath): Promise<void> {
  const { mode } = await tree.stat(path);
  await tree.remove(path, (mode & P.S_IFMT) === P.S_IFDIR ? "directory" : "file");
}
