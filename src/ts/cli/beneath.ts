/**
 * File operations below a folder that cannot leave it. No symbolic link is followed on the way to a file: on Linux every
 * folder of a path is opened by its own name, without following links, and what comes next is reached through that, so
 * that nobody who changes names meanwhile can lead it astray. Elsewhere every folder is looked at first.
 */
import { closeSync, constants, existsSync, lstatSync, openSync } from "node:fs";
import { encodeName, TreeError, type TreePath } from "../../virtio/file-tree.ts";
import { fromNodeError } from "../files/tree-error.ts";

const DESCRIPTORS = "/proc/self/fd";
/** Linux's flag for a descriptor that only stands for a place; Node does not name it. */
const O_PATH = 0o10000000;
const FOLDER_FLAGS = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

const SLASH = Buffer.from("/");

/** A path of the host; names are bytes there. */
export type HostPath = Buffer;

function join(folder: HostPath, name: string): HostPath {
  return Buffer.concat([folder, SLASH, encodeName(name)]);
}

/** The path of a descriptor, which leads to what it stands for and nowhere else. */
function pathOf(descriptor: number): HostPath {
  return Buffer.from(`${DESCRIPTORS}/${descriptor}`);
}

/** Runs `work`; what the host refuses becomes a TreeError. */
export function hostCall<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw fromNodeError(error);
  }
}

export class Beneath {
  private readonly root: HostPath;
  private readonly descriptor: number;
  private readonly usesDescriptors: boolean;

  /** `root` is an absolute path without symbolic links, of a folder. Throws as Node does. */
  constructor(root: string) {
    this.root = Buffer.from(root === "/" ? "/." : root);
    this.usesDescriptors = process.platform === "linux" && existsSync(DESCRIPTORS);
    this.descriptor = this.usesDescriptors ? openSync(root, FOLDER_FLAGS) : -1;
  }

  close(): void {
    if (this.descriptor >= 0) closeSync(this.descriptor);
  }

  /** Gives `work` a path of that folder that is good as long as it runs. Throws TreeErrors, also for what Node throws. */
  inFolder<Value>(folder: TreePath, work: (path: HostPath) => Value): Value {
    return hostCall(() => (this.usesDescriptors ? this.byDescriptors(folder, work) : this.byNames(folder, work)));
  }

  /** Gives `work` a path whose last name is not looked at: it must not follow it if it is a symbolic link. */
  at<Value>(path: TreePath, work: (path: HostPath) => Value): Value {
    const name = path.at(-1);
    if (name === undefined) return this.inFolder([], (root) => work(join(root, ".")));
    return this.inFolder(path.slice(0, -1), (folder) => work(join(folder, name)));
  }

  /** The same for two paths. */
  atBoth<Value>(one: TreePath, other: TreePath, work: (one: HostPath, other: HostPath) => Value): Value {
    return this.at(one, (first) => this.at(other, (second) => work(first, second)));
  }

  /** Gives `work` a path that leads to a file that is no symbolic link, also for calls that would follow one. */
  follow<Value>(path: TreePath, work: (path: HostPath) => Value): Value {
    return this.at(path, (host) => {
      if (!this.usesDescriptors) {
        if (lstatSync(host).isSymbolicLink()) throw new TreeError("ELOOP");
        return work(host);
      }
      const descriptor = openSync(host, O_PATH | constants.O_NOFOLLOW);
      try {
        if (lstatSync(host).isSymbolicLink()) throw new TreeError("ELOOP");
        return work(pathOf(descriptor));
      } finally {
        closeSync(descriptor);
      }
    });
  }

  private byDescriptors<Value>(folder: TreePath, work: (path: HostPath) => Value): Value {
    let at = this.descriptor;
    try {
      for (const name of folder) {
        const next = openFolder(join(pathOf(at), name));
        if (at !== this.descriptor) closeSync(at);
        at = next;
      }
      return work(pathOf(at));
    } finally {
      if (at !== this.descriptor) closeSync(at);
    }
  }

  private byNames<Value>(folder: TreePath, work: (path: HostPath) => Value): Value {
    let path = this.root;
    for (const name of folder) {
      path = join(path, name);
      if (!lstatSync(path).isDirectory()) throw new TreeError("ENOTDIR");
    }
    return work(path);
  }
}

function openFolder(path: HostPath): number {
  try {
    return openSync(path, FOLDER_FLAGS);
  } catch (error) {
    // A symbolic link that is not followed.
    if (error instanceof Error && "code" in error && error.code === "ELOOP") throw new TreeError("ENOTDIR");
    throw error;
  }
}
