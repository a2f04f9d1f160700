import type { BlockBackend } from "../../virtio/backends.ts";
import type { DriveConfig } from "../config/machine-config.ts";
import type { DiskStatus, DiskTrouble } from "../protocol/disk-status.ts";
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
  readonly #disks: MachineDisk[] = [];
  #reported = "";
  #cancelReport: (() => void) | null = null;
  #closed = false;

  constructor(openDrive: OpenDrive, reports: DiskReports) {
    this.#openDrive = openDrive;
    this.#reports = reports;
  }

  /** The disk of a drive, opened once. Rejects with a FailureError; then the next call tries again. */
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
    await allTried(this.#disks.map(async (disk) => await disk.flushNow()));
    await this.#report();
  }

  /** Makes everything durable and lets go of all disks; other tabs may have them then. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelReport?.();
    this.#opening.clear();
    await allTried(this.#disks.splice(0).map(async (disk) => await disk.close()));
  }

  async #open(drive: DriveConfig, services: WorkerServices): Promise<MachineDisk> {
    const disk = await this.#openDrive(drive, services, {
      onTrouble: (trouble) => this.#reports.onTrouble(trouble),
      onActivity: () => this.#changed(),
    });
    this.#disks.push(disk);
    this.#changed();
    return disk;
  }

  #changed(): void {
    if (this.#closed) return;
    this.#cancelReport ??= this.#reports.after(REPORT_INTERVAL_MS, () => {
      this.#cancelReport = null;
      void this.#report();
    });
  }

  async #report(): Promise<void> {
    const status = await Promise.all(this.#disks.map(async (disk) => await disk.status()));
    // What is in a cache becomes durable by itself, without anything to be seen from here.
    if (status.some(({ dirtyBytes }) => dirtyBytes > 0)) this.#changed();
    const text = JSON.stringify(status);
    if (this.#closed || text === this.#reported) return;
    this.#reported = text;
    this.#reports.onStatus(status);
  }
}

async function allTried(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
