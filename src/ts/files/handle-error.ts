/** Errors of the File System standard's handles as the guest sees them. */
import { type ErrnoName } from "../../virtio/spec/9p.ts";
import { TreeError } from "../../virtio/file-tree.ts";

interface Meaning {
  readonly errno: ErrnoName;
  /** For the user, where the host failed. */
  readonly sentence?: string;
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  NotFoundError: { errno: "ENOENT" },
  TypeMismatchError: { errno: "ENOTDIR" },
  // A folder that is not empty.
  InvalidModificationError: { errno: "ENOTEMPTY" },
  NoModificationAllowedError: {
    errno: "EBUSY",
    sentence: "A shared file is in use by another tab or program. Close it there.",
  },
  QuotaExceededError: {
    errno: "ENOSPC",
    sentence: "There is no room left for shared files. Free space on this computer, or delete some.",
  },
  NotAllowedError: {
    errno: "EACCES",
    sentence: "The browser does not let this page use the shared folder any more. Share it again.",
  },
  NotReadableError: {
    errno: "EIO",
    sentence: "A shared file cannot be read: another program may have changed or locked it.",
  },
  InvalidStateError: { errno: "EIO", sentence: "A shared file was changed by another program while it was written." },
};

/** An error of a handle. A TypeError is a name that the file system does not take; anything else stays what it is. */
export function fromHandleError(error: unknown): unknown {
  if (error instanceof TreeError) return error;
  if (error instanceof TypeError) return new TreeError("EINVAL", error.message);
  const meaning = error instanceof Error ? MEANINGS[error.name] : undefined;
  if (meaning === undefined) return error;
  const { errno, sentence } = meaning;
  return new TreeError(errno, sentence ?? errno, { isHostError: sentence !== undefined });
}

export function hasName(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
