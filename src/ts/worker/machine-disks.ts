import type { BlockBackend } from "../../virtio/backends.ts";
import { type DriveConfig, keptDiskId } from "../config/machine-config.ts";
import type { DiskStatus, DiskTrouble } from "../protocol/disk-status.ts";
import { urlDiskId } from "../storage/disk-id.ts";
import { StorageError } from "../storage/storage-error.ts";
import type { WorkerServices } from "./blueprint.ts";
import type { MachineDisk, MachineDiskHost } from "./machine-disk.ts";

/** How often the page hears of disks at most. */
const REPORT_INTERVAL_MS = 500;

/** Opens what a drive names. Rejects with a FailureError or a StorageError. */
export type OpenDrive = (drive: DriveConfig, services: WorkerServices, host: MachineDiskHost) => Promise<MachineDisk>;

/** How the page hears of disks. */
export interface DiskReports {
  /** All drives, when something about one has changed. */
  onStatus(disks: readonly DiskStatus[]): void;
  onTrouble(trouble: DiskTrouble): void;
  after(delayMs: number, callback: () => void): () => void;
}

/**
 * The disks of one worker, by drive. They outlive a machine that broke: what the guest wrote is there for the next
 * one.
 */
export class MachineDisks {
  readonly #openDrive: OpenDrive;
  readonly #reports: DiskReports;
  readonly #opening = new Map<string, Promise<MachineDisk>>();
  /** By drive. */
  readonly #disks = new Map<string, MachineDisk>();
  /** Drives that are open or being opened, and the images that they read or write in place. */
  readonly #images = new Map<DriveConfig, string>();
  #reported = "";
  #cancelReport: (() => void) | null = null;
  #closed = false;

  constructor(openDrive: OpenDrive, reports: DiskReports) {
    this.#openDrive = openDrive;
    this.#reports = reports;
  }

  /**
   * The disk of a drive, opened once. Rejects with a FailureError or a StorageError, as where another drive has the same
   * disk and one of the two writes it; then the next call tries again.
   */
  open(drive: DriveConfig, services: WorkerServices): Promise<BlockBackend> {
    const known = this.#opening.get(drive.id);
    if (known !== undefined) return known;
    const opening = this.#open(drive, services);
    this.#opening.set(drive.id, opening);
    opening.catch(() => this.#opening.delete(drive.id));
    return opening;
  }

  /** Makes everything durable that was written; rejects with the first error after all were tried. */
  async flush(): Promise<void> {
    await allTried([...this.#disks.values()].map(async (disk) => await disk.flushNow()));
    await this.#report();
  }

  /** Makes everything durable and lets go of all disks; other tabs may have them then. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelReport?.();
    this.#opening.clear();
    this.#images.clear();
    const disks = [...this.#disks.values()];
    this.#disks.clear();
    await allTried(disks.map(async (disk) => await disk.close()));
  }

  /** Makes durable what was written to one drive, and lets go of its disk. */
  async closeOne(drive: string): Promise<void> {
    const disk = this.#disks.get(drive);
    this.#opening.delete(drive);
    this.#disks.delete(drive);
    for (const image of this.#images.keys()) if (image.id === drive) this.#images.delete(image);
    this.#changed();
    await disk?.close();
  }

  /** Lets go of all disks but those of `drives`: a machine that is built anew has none that were put in later. */
  async retain(drives: readonly string[]): Promise<void> {
    const others = [...this.#disks.keys()].filter((drive) => !drives.includes(drive));
    await allTried(others.map(async (drive) => await this.closeOne(drive)));
  }

  async #open(drive: DriveConfig, services: WorkerServices): Promise<MachineDisk> {
    await this.#claim(drive, services);
    const opening = this.#openDrive(drive, services, {
      onTrouble: (trouble) => this.#reports.onTrouble(trouble),
      onActivity: () => this.#changed(),
    });
    const disk = await opening.catch((error: unknown) => {
      this.#images.delete(drive);
      throw error;
    });
    this.#disks.set(drive.id, disk);
    this.#changed();
    return disk;
  }

  /** As QEMU does it: what one drive writes no other one has, not even to read it. */
  async #claim(drive: DriveConfig, services: WorkerServices): Promise<void> {
    const image = await imageOf(drive, services);
    if (image === null) return;
    for (const [other, taken] of this.#images) {
      if (taken !== image || (!isWritten(drive) && !isWritten(other))) continue;
      throw new StorageError(
        "busy",
        `The drives ${other.id} and ${drive.id} are the same disk, ${drive.file}, and one of them writes it.`,
        "Give one of them another disk, or both of them snapshot=on.",
      );
    }
    this.#images.set(drive, image);
  }

  #changed(): void {
    if (this.#closed) return;
    this.#cancelReport ??= this.#reports.after(REPORT_INTERVAL_MS, () => {
      this.#cancelReport = null;
      void this.#report();
    });
  }

  async #report(): Promise<void> {
    const status = await Promise.all([...this.#disks.values()].map(async (disk) => await disk.status()));
    // What is in a cache becomes durable by itself, without anything to be seen from here.
    if (status.some(({ dirtyBytes }) => dirtyBytes > 0)) this.#changed();
    const text = JSON.stringify(status);
    if (this.#closed || text === this.#reported) return;
    this.#reported = text;
    this.#reports.onStatus(status);
  }
}

function isWritten({ readOnly, snapshot }: DriveConfig): boolean {
  return !readOnly && !snapshot;
}

/** The id that the disk has in the browser, or would have; null for a file of the page, which nobody writes. */
async function imageOf({ file }: DriveConfig, services: WorkerServices): Promise<string | null> {
  const id = keptDiskId(file);
  if (id !== null) return id;
  return services.file(file) === null ? await urlDiskId(services.resolve(file)) : null;
}

async function allTried(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
