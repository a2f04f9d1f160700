import type { DiskStatus, DiskTrouble } from "./disk-status.ts";
import type { Failure } from "./failure.ts";
import type { CompilerMetrics } from "./guest-counters.ts";
import type { MachineRequest } from "./inspection.ts";

/** Raised with every change of a message's shape: a worker from another deployment refuses to talk. */
export const PROTOCOL_VERSION = 7;

/** What the machine does at the moment, as the public API names it. */
export const MACHINE_STATES = ["loading", "running", "idle", "paused", "stopped", "crashed"] as const;
export type MachineState = (typeof MACHINE_STATES)[number];

/** Why a machine is in the state `stopped`. */
export type StopReason = "power-off" | "reset" | "forced";

/**
 * What can be asked of a machine that runs; each is answered by a `reply` with the same id. `flush` and `close` work
 * at any time: everything that was written is durable when they are answered, and after `close` the worker has let go
 * of all disks and does nothing more.
 */
export const CONTROL_ACTIONS = [
  "pause",
  "resume",
  "reset",
  "power-off",
  "force-off",
  "report",
  "flush",
  "close",
] as const;
export type ControlAction = (typeof CONTROL_ACTIONS)[number];

/** A port of the machine: the name that the guest sees, "" for none, and the id of its character device. */
export interface PortDescription {
  readonly id: string;
  readonly name: string;
}

/** What the page says of a port; `port` is the id of its character device. */
export type PortMessage =
  /** The page has the port open from now on. */
  | { readonly kind: "port-open"; readonly port: string }
  /** The next piece follows when this one was taken. */
  | { readonly kind: "port-input"; readonly port: string; readonly bytes: Uint8Array<ArrayBuffer> }
  /** So many bytes of `port-output` were read. */
  | { readonly kind: "port-ack"; readonly port: string; readonly byteCount: number };

/** From the page to the worker. */
export type ToWorker =
  | PortMessage
  | {
      readonly kind: "open";
      readonly version: number;
      /** The machine as a QEMU command line. */
      readonly args: string;
      /** What file names in `args` are relative to: an absolute URL. */
      readonly baseUrl: string;
      /** Files that are also there gzip-compressed, for the way only: by name in `args`, the name of the packed file. */
      readonly packed: Readonly<Record<string, string>>;
      /** Files that take the place of what has their name in `args`. */
      readonly files: Readonly<Record<string, Blob>>;
      readonly columns: number;
      readonly rows: number;
    }
  /** The compiled engine; comes after `open`, so that files load while it compiles. */
  | { readonly kind: "engine"; readonly module: WebAssembly.Module }
  | { readonly kind: "cancel" }
  | { readonly kind: "serial-input"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** So many bytes of `serial-output` were taken in by everybody who listens. */
  | { readonly kind: "serial-ack"; readonly byteCount: number }
  | { readonly kind: "resize"; readonly columns: number; readonly rows: number }
  | { readonly kind: "control"; readonly id: number; readonly action: ControlAction }
  /** Answered by an `answer` with the same id, or by a `reply` that says why not. */
  | { readonly kind: "request"; readonly id: number; readonly request: MachineRequest };

/** A capture of packets that the command line asks for (`-object filter-dump`). */
export interface CaptureDescription {
  readonly id: string;
  /** The network that it listens on. */
  readonly netdev: string;
  /** The name that the command line gives the file. */
  readonly file: string;
}

/** A file on its way. */
export interface FileProgress {
  /** As the command line has it. */
  readonly name: string;
  readonly loadedBytes: number;
  /** null where the server does not say. */
  readonly totalBytes: number | null;
  /** A sentence where something is to be said, such as that a lost connection is being resumed. */
  readonly note: string | null;
}

/** What the command line came to. */
export interface MachineDescription {
  readonly memoryBytes: number;
  readonly cpuCount: number;
  /** What the command line says to type (`-armlet type=`). */
  readonly typed: readonly string[];
  readonly captures: readonly CaptureDescription[];
  /** Character devices whose other end is the page's, and what they are behind. */
  readonly ports: readonly PortDescription[];
}

/** `guest-error`: what the guest must not do; `host-error`: what we owe it and could not do, for the user to read. */
export type LogLevel = "info" | "guest-error" | "host-error";

/** Measured over the last interval of about half a second, counters since the start. */
export interface MachineMetrics {
  readonly instructions: number;
  /** Guest instructions per second of real time, in millions. */
  readonly mips: number;
  /** Share of one host core, 0 to 1. */
  readonly cpuShare: number;
  /** What the guest did that the architecture or a device specification forbids. */
  readonly guestErrors: number;
  /** null where nothing is compiled (`-accel interp`). */
  readonly compiler: CompilerMetrics | null;
}

/** From the worker to the page. */
export type FromWorker =
  | ({ readonly kind: "progress" } & FileProgress)
  | ({ readonly kind: "described" } & MachineDescription)
  | {
      readonly kind: "state";
      readonly state: Exclude<MachineState, "loading" | "crashed">;
      readonly stopReason: StopReason | null;
    }
  | { readonly kind: "serial-output"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "port-output"; readonly port: string; readonly bytes: Uint8Array<ArrayBuffer> }
  /** The guest's side took so much of the last piece of input. */
  | { readonly kind: "port-taken"; readonly port: string; readonly byteCount: number }
  /** A program of the guest opened or closed the port. */
  | { readonly kind: "port-guest"; readonly port: string; readonly open: boolean }
  | ({ readonly kind: "metrics" } & MachineMetrics)
  | { readonly kind: "log"; readonly level: LogLevel; readonly text: string }
  /** All drives, about twice a second while something about one changes. */
  | { readonly kind: "disks"; readonly disks: readonly DiskStatus[] }
  /** Once for each kind of trouble, until a flush gets through again. */
  | ({ readonly kind: "disk-trouble" } & DiskTrouble)
  /** The machine could not be built. */
  | { readonly kind: "failed"; readonly failure: Failure }
  /** The engine broke: our fault, not the guest's. */
  | { readonly kind: "crashed"; readonly message: string; readonly report: string }
  /** The result of a `request`. */
  | { readonly kind: "answer"; readonly id: number; readonly result: unknown }
  | { readonly kind: "reply"; readonly id: number; readonly ok: true; readonly text: string }
  | { readonly kind: "reply"; readonly id: number; readonly ok: false; readonly failure: Failure };

/** What a message gives away: the buffers the sender must not touch again. */
export function transferOf(message: ToWorker | FromWorker): ArrayBuffer[] {
  switch (message.kind) {
    case "serial-input":
    case "serial-output":
    case "port-input":
    case "port-output":
      return [message.bytes.buffer];
    default:
      return [];
  }
}
