import type { DriveConfig } from "../config/machine-config.ts";
import type { GuestCounters } from "../protocol/guest-counters.ts";
import type { BalloonStatus, MachineInspection } from "../protocol/inspection.ts";

/** A drive that is put in; without an id it gets the first free one. */
export interface NewDrive extends Omit<DriveConfig, "id"> {
  readonly id: string | null;
}

/** What one slice came to. */
export interface SliceResult {
  readonly state: "running" | "idle" | "stopped";
  /** Milliseconds until the guest's next timer; null where it has none. Meaningful in state `idle`. */
  readonly wakeInMs: number | null;
  readonly stopReason?: "power-off" | "reset";
}

/** What the scheduler runs. */
export interface Runnable {
  /** Runs guest code for about `maxMs`; returns at once when the guest idles. */
  runSlice(maxMs: number): SliceResult;
}

/** The face of src/ts/machine's `Machine` that its host needs; tests put a small machine of their own behind it. */
export interface GuestMachine extends Runnable {
  readonly serial: {
    onOutput: (bytes: Uint8Array) => void;
    /** Returns how many of the bytes there was room for. */
    receive(bytes: Uint8Array): number;
  };
  resizeConsole(columns: number, rows: number): void;
  setOutputPaused(paused: boolean): void;
  reset(): void;
  pressPowerKey(): void;
  /** Pulls out or plugs in the cable of a network or a network card; false where there is none of that name. */
  setLink(name: string, up: boolean): boolean;
  /** Disks that are put in and taken out while the machine runs. Each rejects or throws with a sentence for the user. */
  readonly disks: {
    /** Returns the id of the drive. */
    attach(disk: NewDrive): Promise<string>;
    detach(drive: string): Promise<void>;
    /** False where the guest prevents it, unless it is forced. */
    eject(drive: string, force: boolean): boolean;
  };
  dispose(): void;
  stats(): GuestCounters;
  report(): string;
  /** Every virtio device as it stands; looking changes nothing. */
  inspect(): MachineInspection;
  /** The memory balloon, after asking the guest for `memoryBytes` unless that is null; null where there is none. */
  balloon(memoryBytes: number | null): BalloonStatus | null;
}
