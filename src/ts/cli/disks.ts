import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { BlockBackend } from "../../virtio/backends.ts";
import { type DriveConfig, keptDiskId } from "../config/machine-config.ts";
import { HashMismatchError } from "../machine/checked-file.ts";
import type { BlockSource } from "../storage/block-source.ts";
import { importImage } from "../storage/image/import-image.ts";
import { type OpenImage, openImage } from "../storage/image/open-image.ts";
import { MemoryChunkStore } from "../storage/memory-chunk-store.ts";
import { OverlayDisk } from "../storage/overlay-disk.ts";
import { StorageError } from "../storage/storage-error.ts";
import { StoreSource } from "../storage/store-source.ts";
import { FileDisk, ImageFile } from "./file-disk.ts";
import { HostError } from "./host-error.ts";

/** Chunks of a disk in memory. */
const CHUNK_BYTES = 64 * 1024;
/** What a compressed image may come to in memory. */
const MAX_UNPACKED_BYTES = 1024 * 1024 * 1024;

interface OpenFile {
  /** Its drive's id. */
  readonly drive: string;
  readonly image: ImageFile;
  readonly writable: boolean;
}

/** The disks of one machine, from when they are opened until they are closed. */
export class Disks {
  #open: OpenFile[] = [];

  /**
   * Opens the disk of a `-drive`, once its image was found to be the one that its hash was given for. Only raw images are
   * written in place. Rejects with a HostError or a HashMismatchError.
   */
  async open(drive: DriveConfig): Promise<BlockBackend> {
    if (keptDiskId(drive.file) !== null) {
      throw new HostError(
        `${drive.file} is a disk that a browser keeps: export it there, then name the file. A file of that name is ./${drive.file}.`,
      );
    }
    const writable = !drive.readOnly && !drive.snapshot;
    const image = ImageFile.open(drive.file, writable);
    const file: OpenFile = { drive: drive.id, image, writable };
    this.#open.push(file);
    try {
      return await this.#use(drive, file);
    } catch (error) {
      this.#open = this.#open.filter((row) => row !== file);
      await image.close();
      throw error;
    }
  }

  async #use(drive: DriveConfig, { image, writable }: OpenFile): Promise<BlockBackend> {
    const other = this.#open.find((row) => row.image !== image && row.image.identity === image.identity);
    if (other !== undefined && (writable || other.writable)) {
      throw new HostError(
        `The file ${drive.file} is the disk of two drives, and one writes it: give one a copy, or both snapshot=on.`,
      );
    }
    image.lock(writable);
    if (drive.sha256 !== null) await checkImage(image, drive.sha256);
    try {
      const opened = await openImage(image, { format: drive.format });
      if (writable) return inPlace(image, opened);
      const source = opened.needsUnpacking ? await unpacked(image) : opened.source;
      return new OverlayDisk(source, drive.readOnly);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      const advice = error.advice === "" ? "" : ` ${error.advice}`;
      throw new HostError(`The disk ${drive.file} cannot be used. ${error.message}${advice}`, { cause: error });
    }
  }

  /** Makes everything durable that was written, then closes the files. Rejects with a HostError after all were tried. */
  async close(): Promise<void> {
    await closeAll(this.#open.splice(0));
  }

  /** The same with the files of one drive. */
  async closeOne(drive: string): Promise<void> {
    const closing = this.#open.filter((row) => row.drive === drive);
    this.#open = this.#open.filter((row) => row.drive !== drive);
    await closeAll(closing);
  }
}

async function closeAll(images: readonly OpenFile[]): Promise<void> {
  const results = await Promise.allSettled(
    images.map(async ({ image, writable }) => {
      try {
        if (writable) await image.sync();
      } finally {
        await image.close();
      }
    }),
  );
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** A disk whose image the guest writes. */
function inPlace(image: ImageFile, { formats, source }: OpenImage): FileDisk {
  if (formats.length > 0) {
    throw new HostError(
      `The disk ${image.name} is ${formats.join(" with ")}, which can be read here but not written: give the drive snapshot=on or readonly=on. qemu-img convert -O raw makes a raw image of a qcow2 one.`,
    );
  }
  if (source.sizeBytes !== image.sizeBytes) {
    throw new HostError(
      `The disk ${image.name} has ${image.sizeBytes} bytes, which is no multiple of 512: it may be cut off. With readonly=on or snapshot=on it is filled up with zeros.`,
    );
  }
  return new FileDisk(image, false);
}

/** The disk in a compressed image, in memory. */
async function unpacked(image: ImageFile): Promise<BlockSource> {
  const store = new MemoryChunkStore(CHUNK_BYTES);
  const { sizeBytes } = await importImage(image, store, {
    signal: new AbortController().signal,
    onProgress: () => {},
    limitBytes: MAX_UNPACKED_BYTES,
    scratch: () => Promise.resolve({ store: new MemoryChunkStore(CHUNK_BYTES), remove: () => Promise.resolve() }),
  });
  return await StoreSource.open(store, null, sizeBytes);
}

/** A part of an image while it is hashed: between two of them signals are heard. */
const HASH_CHUNK_BYTES = 4 << 20;

async function checkImage(image: ImageFile, expected: string): Promise<void> {
  const hash = createHash("sha256");
  const chunk = new Uint8Array(HASH_CHUNK_BYTES);
  for (let at = 0; at < image.sizeBytes; at += HASH_CHUNK_BYTES) {
    const part = chunk.subarray(0, Math.min(HASH_CHUNK_BYTES, image.sizeBytes - at));
    image.read(at, part);
    hash.update(part);
    await setImmediate();
  }
  const actual = hash.digest("hex");
  if (actual === expected) return;
  const advice =
    "It was changed or damaged since, perhaps by a guest: with snapshot=on its disk stays as it is. Get the right one, or leave out sha256= to use it as it is.";
  throw new HashMismatchError(image.name, actual, expected, advice);
}
