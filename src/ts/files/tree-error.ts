/** Errors of the host's file operations as the guest sees them. */
import { type ErrnoName, ERRNO } from "../../virtio/spec/9p.ts";
import { TreeError } from "../../virtio/file-tree.ts";

/** A sentence about a file tree that cannot be opened; `advice` is another, or empty. */
export class FilesError extends Error {
  override readonly name = "FilesError";
  readonly advice: string;

  constructor(message: string, advice: string, options?: ErrorOptions) {
    super(message, options);
    this.advice = advice;
  }
}

/** What ends in the host failing, so that the user should hear of it. */
const HOST_FAILURES: readonly ErrnoName[] = ["EIO", "EMFILE", "ENFILE", "ENOSPC", "EDQUOT"];

/** An error of Node, whose codes are Linux's names; anything else stays what it is. */
export function fromNodeError(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOTSUP") return new TreeError("EOPNOTSUPP");
  if (typeof code !== "string" || !Object.hasOwn(ERRNO, code)) return error;
  const errno = code as ErrnoName;
  return new TreeError(errno, (error as Error).message, { isHostError: HOST_FAILURES.includes(errno) });
}
