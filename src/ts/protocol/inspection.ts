/** What a page learns about the machine's virtio devices. */
import type { ErrorRecord } from "../../virtio/error-tally.ts";
import type { FilesAction, SharedFile } from "./shared-files.ts";
import type { DeviceInspection } from "../../virtio/inspection.ts";
import {
  STATUS_ACKNOWLEDGE,
  STATUS_DEVICE_NEEDS_RESET,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FAILED,
  STATUS_FEATURES_OK,
} from "../../virtio/spec/status.ts";

/**
 * The lights that a driver and a device put on and off (virtio 1.4, 2.1), in the order in which a driver that comes up
 * goes through them; the last two mean trouble.
 */
export const DEVICE_STATUS_LIGHTS = [
  { name: "ACKNOWLEDGE", bit: STATUS_ACKNOWLEDGE, trouble: false },
  { name: "DRIVER", bit: STATUS_DRIVER, trouble: false },
  { name: "FEATURES_OK", bit: STATUS_FEATURES_OK, trouble: false },
  { name: "DRIVER_OK", bit: STATUS_DRIVER_OK, trouble: false },
  { name: "DEVICE_NEEDS_RESET", bit: STATUS_DEVICE_NEEDS_RESET, trouble: true },
  { name: "FAILED", bit: STATUS_FAILED, trouble: true },
] as const satisfies readonly { readonly name: string; readonly bit: number; readonly trouble: boolean }[];

/** Every virtio device as it stands at one moment. */
export interface MachineInspection {
  /** In the order in which they were made. */
  readonly devices: readonly DeviceInspection[];
  /** What went wrong so far, by kind: devices, processor and interrupt controller. */
  readonly errors: readonly ErrorRecord[];
}

/** The memory balloon. All of them are bytes of the guest's memory, not of the balloon, as in QEMU's monitor. */
export interface BalloonStatus {
  /** The machine's memory: what the guest has with an empty balloon. */
  readonly totalBytes: number;
  /** What the guest was asked to make do with, and what it has by now. */
  readonly targetBytes: number;
  readonly actualBytes: number;
  /**
   * What the guest last said of its memory, by the names of the specification's statistics (`freeMemory`,
   * `availableMemory`, `diskCaches`: bytes; `majorFaults`: events). Empty until it has; what it does not tell is absent.
   */
  readonly stats: Readonly<Record<string, number>>;
}

/** A disk that is put in while the machine runs. */
export interface DiskToAttach {
  /** The drive's id; null for the first free one. */
  readonly id: string | null;
  /** As `-drive file=`: an address, or `disk:ID`. Of a file of the page its name. */
  readonly file: string;
  /** The file of the page; null for an address or a kept disk. */
  readonly content: Blob | null;
  readonly media: "disk" | "cdrom";
  readonly snapshot: boolean;
  readonly readOnly: boolean;
}

/** What a machine can be asked for with words of its own, by name: the question, and what comes back. */
export interface MachineRequests {
  inspect: { readonly params: object; readonly result: MachineInspection };
  /**
   * The balloon, after `memoryBytes` were asked of the guest unless that is null. Each time the guest is asked for new
   * statistics, which the next answer has. null for a machine without a balloon.
   */
  balloon: { readonly params: { readonly memoryBytes: number | null }; readonly result: BalloonStatus | null };
  /** Pulls out or plugs in the cable of a network or of a network card, by the id of either. */
  "set-link": { readonly params: { readonly cable: string; readonly up: boolean }; readonly result: null };
  /** Plugs a disk into the machine's SCSI host; its drive's id comes back. */
  "attach-disk": { readonly params: { readonly disk: DiskToAttach }; readonly result: string };
  /** Takes a disk out; answered when what was written is durable. */
  "detach-disk": { readonly params: { readonly drive: string }; readonly result: null };
  /** Opens the tray of a drive; false where the guest prevents it and it is not forced. */
  "eject-disk": { readonly params: { readonly drive: string; readonly force: boolean }; readonly result: boolean };
  /** What the capture with that id has until now; of a machine that is off, too. */
  capture: { readonly params: { readonly capture: string }; readonly result: Blob };
  /** Something about the shared files with that id (`-fsdev`): a list, a file's contents, or null. */
  files: {
    readonly params: { readonly tree: string; readonly action: FilesAction };
    readonly result: SharedFile[] | Blob | null;
  };
}

export type MachineRequestName = keyof MachineRequests;

/** A question as it is sent. */
export type MachineRequest = {
  [Name in MachineRequestName]: { readonly name: Name } & MachineRequests[Name]["params"];
}[MachineRequestName];
