import type { DiskBase, DiskRecord } from "./disk-record.ts";
import { StorageError } from "./storage-error.ts";

type UrlBase = Extract<DiskBase, { kind: "url" }>;

/**
 * Rejects an image that is no longer the one that a disk lies over: what was written would not fit it any more.
 * `diskBytes` is the size of the disk that is in it.
 */
export function checkUrlBase(record: DiskRecord, now: UrlBase, diskBytes: number): void {
  const { base } = record;
  if (base.kind !== "url" || base.url !== now.url) {
    throw new StorageError(
      "damaged",
      `The disk “${record.name}” does not belong to ${now.url}.`,
      "Delete it in the list of disks, or add snapshot=on to the drive.",
    );
  }
  const differs = (was: string | null, is: string | null): boolean => was !== null && is !== null && was !== is;
  const same =
    base.sizeBytes === now.sizeBytes &&
    record.sizeBytes === diskBytes &&
    !differs(base.validator, now.validator) &&
    !differs(base.sha256, now.sha256);
  if (same) return;
  throw new StorageError(
    "changed",
    `The image ${now.url} has changed on the server since something was written over it, and what was written does not fit it any more.`,
    `Reset the disk “${record.name}” in the list of disks, which forgets what was written; or add snapshot=on to the drive, which leaves it aside.`,
  );
}

/** Rejects a file that is not the one that a disk was made over. */
export function checkFileBase(record: DiskRecord, file: Blob): void {
  const { base } = record;
  if (base.kind !== "file") {
    throw new StorageError("failed", `The disk “${record.name}” needs no file: it lies over none.`, "");
  }
  // What is no File has no date; then its size has to do.
  const modifiedMs = "lastModified" in file ? file.lastModified : base.modifiedMs;
  if (base.sizeBytes === file.size && base.modifiedMs === modifiedMs) return;
  throw new StorageError(
    "changed",
    `The file that was given is not the one that the disk “${record.name}” was made over: its size or its date differ.`,
    `Give the file ${base.name} as it was, or reset the disk.`,
  );
}

export function missingFile(record: DiskRecord): StorageError {
  const name = record.base.kind === "file" ? record.base.name : record.name;
  return new StorageError(
    "gone",
    `The disk “${record.name}” lies over the file ${name}, which was not copied into the browser.`,
    "Give the file again.",
  );
}
