/** Runs the contract of file trees over the origin private file system of a real browser; e2e/storage.spec.ts starts it. */
import { type FileHandle, type FolderHandle } from "../handle-file.ts";
import { HandleTree } from "../handle-tree.ts";
import { TREE_CHECKS } from "./tree-contract.ts";

interface Result {
  readonly name: string;
  /** What is wrong, or null. */
  readonly failure: string | null;
}

const FOLDER = "files-contract";
const ABILITIES = {
  hardLinks: false,
  nodes: true,
  attributes: true,
  times: false,
  oddNames: false,
  manyFiles: false,
  anyName: false,
};

/** The same folder without access handles, as folders of the user's computer are: files are written in whole versions. */
function withoutAccess(folder: FolderHandle): FolderHandle {
  const wrap = (handle: FileHandle | FolderHandle): FileHandle | FolderHandle =>
    handle.kind === "directory" ? withoutAccess(handle) : plain(handle);
  return {
    kind: "directory",
    name: folder.name,
    getFileHandle: async (name, options) => plain(await folder.getFileHandle(name, options)),
    getDirectoryHandle: async (name, options) => withoutAccess(await folder.getDirectoryHandle(name, options)),
    removeEntry: (name, options) => folder.removeEntry(name, options),
    async *entries() {
      for await (const [name, handle] of folder.entries()) yield [name, wrap(handle)];
    },
  };
}

function plain(handle: FileHandle): FileHandle {
  return {
    kind: "file",
    name: handle.name,
    getFile: () => handle.getFile(),
    createWritable: (options) => {
      if (handle.createWritable === undefined) throw new Error("this browser writes no files");
      return handle.createWritable(options);
    },
  };
}

async function run(kind: "access" | "whole versions"): Promise<Result[]> {
  const root = await navigator.storage.getDirectory();
  const results: Result[] = [];
  for (const check of TREE_CHECKS) {
    if (check.needs !== undefined && !ABILITIES[check.needs]) continue;
    const handle = (await root.getDirectoryHandle(FOLDER, { create: true })) as unknown as FolderHandle;
    const tree = new HandleTree(kind === "access" ? handle : withoutAccess(handle), {
      estimate: () => navigator.storage.estimate(),
    });
    let failure: string | null = null;
    try {
      await check.run(tree);
    } catch (error) {
      failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    await tree.close();
    await root.removeEntry(FOLDER, { recursive: true });
    results.push({ name: check.name, failure });
  }
  return results;
}

const scope = globalThis as unknown as {
  onmessage: (event: { readonly data: "access" | "whole versions" }) => void;
  postMessage(results: Result[]): void;
};
scope.onmessage = ({ data }) => {
  void run(data).then((results) => scope.postMessage(results));
};
