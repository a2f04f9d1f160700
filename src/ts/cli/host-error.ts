/** Something on this computer stands in the way: a file, a disk. The message is a sentence for the user. */
export class HostError extends Error {
  override readonly name = "HostError";
}

/** What the operating system's error codes mean to a user; `name` is the file's. */
const MEANINGS: Readonly<Record<string, (name: string) => string>> = {
  ENOENT: (name) => `There is no file ${name}. Check its name, and the folder you are in.`,
  ENOTDIR: (name) => `There is no file ${name}: a part of its path is no folder.`,
  EACCES: (name) => `The file ${name} may not be opened: its permissions do not allow it.`,
  EPERM: (name) => `The file ${name} may not be opened: its permissions do not allow it.`,
  EROFS: (name) => `The file ${name} cannot be written: it is on a read-only file system.`,
  EISDIR: (name) => `${name} is a folder, where a file is needed.`,
  EIO: (name) => `The file ${name} cannot be read or written: the medium that it is on fails.`,
  ENOSPC: (name) => `There is no space left for ${name}: make room on its file system.`,
  EDQUOT: (name) => `There is no space left for ${name}: your quota is used up.`,
  EFBIG: (name) => `The file ${name} would become larger than its file system allows.`,
  EMFILE: (name) => `The file ${name} cannot be opened: too many files are open.`,
  ERR_FS_FILE_TOO_LARGE: (name) => `The file ${name} is too large to be read whole (more than 2 GiB).`,
};

/** The operating system's code for an error, "" where it has none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** An error of a file operation as a sentence. */
export function fileError(name: string, error: unknown): HostError {
  const reason = error instanceof Error ? error.message : String(error);
  const message = MEANINGS[errorCode(error)]?.(name) ?? `The file ${name} cannot be used: ${reason}.`;
  return new HostError(message, { cause: error });
}
