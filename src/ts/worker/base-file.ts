/** The image below a disk, as a file: how the file of the disk's changes names it, and how it is found again. */
import type { DiskCatalog } from "../storage/disk-catalog.ts";
import type { BlockSource } from "../storage/block-source.ts";
import { BlobSource } from "../storage/blob-source.ts";
import { urlDiskId, urlDiskName } from "../storage/disk-id.ts";
import type { DiskBase, DiskRecord } from "../storage/disk-record.ts";
import type { Changes } from "../storage/image/import-changes.ts";
import { openImage } from "../storage/image/open-image.ts";
import type { BackingFile } from "../storage/image/qcow2-layout.ts";
import { StorageError } from "../storage/storage-error.ts";
import type { DriveImage } from "./drive-source.ts";

interface BaseHost {
  readonly catalog: Pick<DiskCatalog, "get">;
  /** The image at an absolute URL. */
  openAddress(url: string): Promise<DriveImage>;
}

/** What changes lie over: the file that was given, or an image on a server; `id` where that decides it. */
export async function changedBase(
  { backing, sizeBytes }: Changes,
  given: File | null,
  host: BaseHost,
): Promise<{ source: BlockSource; base: DiskBase; id: string | null }> {
  const { name, base: recorded } = backing;
  if (given === null && recorded !== null && recorded.url !== null) {
    const { url } = recorded;
    const id = await urlDiskId(url);
    const other = await host.catalog.get(id);
    if (other !== null) throw alreadyChanged(other);
    const { source, base } = await host.openAddress(url);
    if (base === null || base.sizeBytes !== recorded.sizeBytes || source.sizeBytes !== sizeBytes) throw otherBase(url);
    return { source, base, id };
  }
  if (given === null) {
    throw new StorageError(
      "gone",
      `The file holds only the changes to ${name === "" ? "another image" : name}.`,
      "Give that file too.",
    );
  }
  if (recorded !== null && recorded.sizeBytes !== given.size) throw otherBase(given.name);
  const { source, formats, needsUnpacking } = await openImage(new BlobSource(given));
  if (needsUnpacking) throw compressedBase(given.name, "Unpack it first.");
  return { source, base: fileBase(given, formats), id: null };
}

/** The file that a disk lies over, as the file of its changes names it: without a folder, to be put beside it. */
export function backingOf({ base }: DiskRecord): BackingFile | null {
  switch (base.kind) {
    case "none":
      return null;
    case "url":
      // A compressed one is no image that others could lie over.
      if (base.format === null) return null;
      return {
        name: urlDiskName(base.url),
        format: base.format,
        base: { url: base.url, sizeBytes: base.sizeBytes },
      };
    case "file":
      return { name: base.name, format: base.format, base: { url: null, sizeBytes: base.sizeBytes } };
  }
}

/** As what the file is read, whatever it was packed in. */
export function innerFormat(formats: readonly string[]): "raw" | "qcow2" {
  return formats.at(-1) === "qcow2" ? "qcow2" : "raw";
}

/** A file of this computer as what a disk lies over; `formats` as OpenImage has them. */
export function fileBase(file: File, formats: readonly string[]): DiskBase {
  return {
    kind: "file",
    name: file.name,
    sizeBytes: file.size,
    modifiedMs: file.lastModified,
    format: innerFormat(formats),
  };
}

/** A compressed file cannot lie under a disk. */
export function compressedBase(name: string, advice: string): StorageError {
  return new StorageError("format", `The file ${name} is compressed, and cannot be read where it is.`, advice);
}

function otherBase(name: string): StorageError {
  return new StorageError(
    "changed",
    `${name} is not the image that the changes were made to: its size differs.`,
    "Give the one that they were made to.",
  );
}

function alreadyChanged({ name }: DiskRecord): StorageError {
  return new StorageError(
    "busy",
    `The disk “${name}” of this browser lies over the same image, which can have only one.`,
    "Save that one as a file if it is needed, reset it, and try again.",
  );
}
