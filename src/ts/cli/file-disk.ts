/** Disk images in files. */
import { spawnSync } from "node:child_process";
import { close, closeSync, fdatasync, fstatSync, openSync, readSync, type Stats, writeSync } from "node:fs";
import type { BlockBackend } from "../../virtio/backends.ts";
import type { BlockSource } from "../storage/block-source.ts";
import { fileError, HostError } from "./host-error.ts";

/** Zeros that are written at once. */
const ZEROS = new Uint8Array(1 << 20);

/** What `flock` is to exit with where somebody else has the lock; any other status is no answer to that. */
const LOCKED_STATUS = 75;

/** An open disk image. */
export class ImageFile implements BlockSource {
  readonly name: string;
  readonly sizeBytes: number;
  /** Device and inode: the same for two names of one file. */
  readonly identity: string;
  readonly #fd: number;

  private constructor(name: string, fd: number, stats: Stats) {
    this.name = name;
    this.#fd = fd;
    this.sizeBytes = stats.size;
    this.identity = `${stats.dev}:${stats.ino}`;
  }

  /** Opens a file that can be a disk image. Throws HostError. */
  static open(name: string, writable: boolean): ImageFile {
    let fd: number;
    try {
      fd = openSync(name, writable ? "r+" : "r");
    } catch (error) {
      const reason = fileError(name, error);
      const hint = writable ? " Or give the drive readonly=on or snapshot=on." : "";
      throw new HostError(reason.message + (/permissions|read-only/.test(reason.message) ? hint : ""), {
        cause: error,
      });
    }
    try {
      const image = new ImageFile(name, fd, fstatSync(fd));
      image.#check(fstatSync(fd));
      return image;
    } catch (error) {
      closeSync(fd);
      throw error instanceof HostError ? error : fileError(name, error);
    }
  }

  #check(stats: Stats): void {
    if (stats.isDirectory()) throw new HostError(`${this.name} is a folder, where a disk image is needed.`);
    if (!stats.isFile()) throw new HostError(`${this.name} is no regular file: disk images are regular files here.`);
  }

  /**
   * Keeps it for this process until it is closed, or the process ends: `exclusive` for a writer, else with others that
   * only read. Node has no flock(2), whose locks belong to what was opened: the program of that name takes one on our
   * file. Where there is no such program, or no such locks, nothing is guarded. Throws HostError.
   */
  lock(exclusive: boolean): void {
    const mode = exclusive ? "--exclusive" : "--shared";
    const { status } = spawnSync("flock", [mode, "--nonblock", "-E", String(LOCKED_STATUS), "3"], {
      stdio: ["ignore", "ignore", "ignore", this.#fd],
    });
    if (status !== LOCKED_STATUS) return;
    throw new HostError(
      `The file ${this.name} is the disk of another machine that is running, and one of the two writes it: end that one, or take a copy. With snapshot=on in both they share it.`,
    );
  }

  read(offset: number, into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const count = this.#attempt(() => readSync(this.#fd, into, done, into.length - done, offset + done));
      if (count === 0) {
        throw new HostError(`The disk ${this.name} has become shorter while it is in use: something else changes it.`);
      }
      done += count;
    }
  }

  write(offset: number, from: Uint8Array): void {
    for (let done = 0; done < from.length; ) {
      done += this.#attempt(() => writeSync(this.#fd, from, done, from.length - done, offset + done));
    }
  }

  /** Resolves when everything written is on the medium. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#fd, (error) => (error === null ? resolve() : reject(fileError(this.name, error))));
    });
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      close(this.#fd, (error) => (error instanceof Error ? reject(fileError(this.name, error)) : resolve()));
    });
  }

  #attempt(operation: () => number): number {
    try {
      return operation();
    } catch (error) {
      throw fileError(this.name, error);
    }
  }
}

/** A disk whose image is written in place. */
export class FileDisk implements BlockBackend {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly #image: ImageFile;

  constructor(image: ImageFile, readOnly: boolean) {
    this.#image = image;
    this.sizeBytes = image.sizeBytes;
    this.readOnly = readOnly;
  }

  read(offset: number, into: Uint8Array): void {
    this.#image.read(offset, into);
  }

  write(offset: number, from: Uint8Array): void {
    this.#image.write(offset, from);
  }

  flush(): Promise<void> {
    return this.#image.sync();
  }

  /** Keeps the contents: Node has no way to give a file's space back. */
  discard(_offset: number, _length: number): void {}

  writeZeroes(offset: number, length: number, _mayUnmap: boolean): void {
    for (let done = 0; done < length; done += ZEROS.length) {
      this.#image.write(offset + done, ZEROS.subarray(0, Math.min(ZEROS.length, length - done)));
    }
  }
}
