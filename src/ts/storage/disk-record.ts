/** Where the chunks of a kept disk live. */
export const STORE_KINDS = ["idb", "opfs"] as const;
export type StoreKind = (typeof STORE_KINDS)[number];

/**
 * Size of the chunks of a new disk. Chromium keeps IndexedDB values of less than 64 KiB in its database and larger ones
 * in a file each, which makes them two to three times slower to fetch and to flush. Smaller ones would be more records
 * (docs/performance.md has the figures).
 */
export const DISK_CHUNK_BYTES = 32 * 1024;

/** What a kept disk lies on top of: it is read where nothing was written, and never changed. */
export type DiskBase =
  /** Zeros: all of the disk is in its store. */
  | { readonly kind: "none" }
  /** An image on a server. The validator (ETag or Last-Modified) tells when it is no longer the same. */
  | {
      readonly kind: "url";
      readonly url: string;
      readonly sizeBytes: number;
      readonly validator: string | null;
      readonly sha256: string | null;
      /** As what the file is read; null: unpacked, as its first bytes say. */
      readonly format: "raw" | "qcow2" | null;
    }
  /** A file of this computer that was not copied: it has to be given again after a reload. */
  | {
      readonly kind: "file";
      readonly name: string;
      readonly sizeBytes: number;
      readonly modifiedMs: number;
      readonly format: "raw" | "qcow2";
    };

/** A disk that the browser keeps: one row of the catalogue. Plain data. */
export interface DiskRecord {
  /** Letters, digits and dashes; `-drive file=disk:ID` names it. Never changes. */
  readonly id: string;
  /** For people; unique. */
  readonly name: string;
  /** Size the guest sees: a multiple of 512. */
  readonly sizeBytes: number;
  readonly chunkBytes: number;
  readonly store: StoreKind;
  readonly base: DiskBase;
  /** What it was made of, for people: "debian.img.xz (raw image in xz)". */
  readonly origin: string;
  readonly createdMs: number;
  readonly usedMs: number;
}
