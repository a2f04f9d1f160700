import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { BlockBackend } from "../../virtio/backends.ts";
import { type DriveConfig, keptDiskId } from "../config/machine-config.ts";
import { HashMismatchError } from "../machine/checked-file.ts";
import { OverlayDisk } from "../storage/overlay-disk.ts";
import { FileDisk, ImageFile } from "./file-disk.ts";
import { HostError } from "./host-error.ts";

interface OpenImage {
  readonly image: ImageFile;
  readonly writable: boolean;
}

/** The disks of one machine, from when they are opened until they are closed. */
export class Disks {
  readonly #open: OpenImage[] = [];

  /**
   * Opens the disk of a `-drive` once its image was found to be the one that its hash was given for. Rejects with a HostError or
   * a HashMismatchError.
   */
  async openChecked(drive: DriveConfig): Promise<BlockBackend> {
    const disk = this.open(drive);
    // What was opened last is what `open` opened.
    const image = this.#open.at(-1)?.image;
    if (drive.sha256 !== null && image !== undefined) await checkImage(image, drive.sha256);
    return disk;
  }

  /** Opens the disk of a `-drive`, whatever its hash. Throws HostError. */
  open(drive: DriveConfig): BlockBackend {
    const writable = !drive.readOnly && !drive.snapshot;
    if (keptDiskId(drive.file) !== null) {
      throw new HostError(
        `${drive.file} is a disk that a browser keeps: export it there, then name the file. A file of that name is ./${drive.file}.`,
      );
    }
    if (drive.format === "qcow2") {
      throw new HostError(
        `The disk ${drive.file} cannot be used as qcow2 here: qemu-img convert -O raw makes a raw image of it.`,
      );
    }
    const image = ImageFile.open(drive.file, writable, drive.format === "raw");
    const other = this.#open.find((row) => row.image.identity === image.identity);
    this.#open.push({ image, writable });
    if (other !== undefined && (writable || other.writable)) {
      throw new HostError(
        `The file ${drive.file} is the disk of two drives, and one writes it: give one a copy, or both snapshot=on.`,
      );
    }
    return drive.snapshot ? new OverlayDisk(image, drive.readOnly) : new FileDisk(image, drive.readOnly);
  }

  /** Makes everything durable that was written, then closes the files. Rejects with a HostError after all were tried. */
  async close(): Promise<void> {
    const images = this.#open.splice(0);
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
