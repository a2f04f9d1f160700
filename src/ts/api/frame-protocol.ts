/**
 * What `embed.html` and the page around it say to each other by postMessage. docs/embedding.md describes it; MachineFrame
 * speaks it for a page.
 */
import type { DiskStatus, DiskTrouble } from "../protocol/disk-status.ts";
import type { Failure, FailureCode } from "../protocol/failure.ts";
import type { FileProgress, MachineState } from "../protocol/messages.ts";
import type { GuestPanic } from "./console-watch.ts";
import type { MachineCrash, MachineLog, MachineStats, StateChange } from "./types.ts";

/** Raised when a message's meaning changes; new methods and events alone do not raise it. */
export const FRAME_PROTOCOL_VERSION = 1;

/** Codes of errors: those of a machine, and `bad-request` for a message that asks for what there is not. */
export type FrameErrorCode = FailureCode | "bad-request";

/** An error as it is sent. */
export interface FrameError {
  readonly code: FrameErrorCode;
  /** What happened. */
  readonly message: string;
  /** What to do about it; may be empty. */
  readonly advice: string;
  readonly url: string | null;
}

/** What can be asked of a frame: by name, what to send and what comes back. */
export interface FrameMethods {
  /** The same as the event `ready`, for a page that came later than that. */
  hello: { params: object; result: FrameReady };
  /**
   * Starts the machine, or another one in its place: `args` is a command line, `profile` one of the machines beside the
   * frame's page, `files` contents that take the place of what a name in the command line would be loaded from. Answers
   * when the guest runs.
   */
  start: {
    params: { readonly args?: string; readonly profile?: string; readonly files?: Readonly<Record<string, Blob>> };
    result: undefined;
  };
  /** Types text (as UTF-8), at most 1 Mi characters; Enter is "\r". */
  write: { params: { readonly text: string }; result: undefined };
  /** Types texts at the guest's prompts, one at each; "\n" is Enter. */
  type: { params: { readonly texts: readonly string[] }; result: undefined };
  /** What the guest wrote so far; with `last` only so many characters of its end. */
  text: { params: { readonly last?: number }; result: { readonly text: string } };
  /** Sends events of these names from now on. */
  subscribe: { params: { readonly events: readonly FrameEventName[] }; result: undefined };
  unsubscribe: { params: { readonly events: readonly FrameEventName[] }; result: undefined };
  pause: { params: object; result: undefined };
  resume: { params: object; result: undefined };
  reset: { params: object; result: undefined };
  /** Answers when the machine is off. */
  powerOff: { params: { readonly force?: boolean }; result: undefined };
  /** Size of the console in characters; without a size it follows the frame's again. */
  resize: { params: { readonly columns?: number; readonly rows?: number }; result: undefined };
  state: { params: object; result: { readonly state: MachineState } };
  stats: { params: object; result: MachineStats };
  /** The machine's drives, and where what is written to them goes. */
  disks: { params: object; result: { readonly disks: readonly DiskStatus[] } };
  /** Answers at the guest's first prompt, at once where that was before. */
  prompt: { params: object; result: { readonly elapsedMs: number } };
  /** Text to copy: command line, registers, end of the console. */
  report: { params: object; result: { readonly text: string } };
  /** Answers when what the guest wrote to its disks is safe. */
  flush: { params: object; result: undefined };
}

export type FrameMethodName = keyof FrameMethods;

/** Names of all methods, as the frame's `ready` says them. */
export const FRAME_METHODS: readonly FrameMethodName[] = [
  "hello",
  "start",
  "write",
  "type",
  "text",
  "subscribe",
  "unsubscribe",
  "pause",
  "resume",
  "reset",
  "powerOff",
  "resize",
  "state",
  "stats",
  "disks",
  "prompt",
  "report",
  "flush",
];

/** Events that can be subscribed to, with what they bring. */
export interface FrameEvents {
  /** What the guest wrote since the last one. */
  output: { readonly text: string };
  state: StateChange;
  progress: FileProgress;
  /** About twice a second while the guest works. */
  stats: MachineStats;
  prompt: { readonly elapsedMs: number };
  panic: GuestPanic;
  crash: MachineCrash;
  failure: Failure;
  log: MachineLog;
  /** About twice a second while something about a drive changes. */
  disks: { readonly disks: readonly DiskStatus[] };
  /** The browser's storage failed a drive. */
  "disk-trouble": DiskTrouble;
}

export type FrameEventName = keyof FrameEvents;

/** Names of all events. */
export const FRAME_EVENTS: readonly FrameEventName[] = [
  "output",
  "state",
  "progress",
  "stats",
  "prompt",
  "panic",
  "crash",
  "failure",
  "log",
  "disks",
  "disk-trouble",
];

/** Sent without being asked for, once the frame listens. */
export interface FrameReady {
  readonly version: typeof FRAME_PROTOCOL_VERSION;
  readonly methods: readonly FrameMethodName[];
  readonly events: readonly FrameEventName[];
  /** Whether what the guest writes to its disks can outlive the frame: not in a sandboxed one. */
  readonly storage: boolean;
}

/** To the frame. `armlet` is the protocol's version. */
export interface FrameRequest<Name extends FrameMethodName = FrameMethodName> {
  readonly armlet: typeof FRAME_PROTOCOL_VERSION;
  /** Comes back with the answer. */
  readonly id: string | number;
  readonly method: Name;
  readonly params?: FrameMethods[Name]["params"];
}

/** From the frame. */
export type FrameMessage =
  | { readonly armlet: typeof FRAME_PROTOCOL_VERSION; readonly event: "ready"; readonly data: FrameReady }
  | {
      readonly armlet: typeof FRAME_PROTOCOL_VERSION;
      readonly event: FrameEventName;
      readonly data: FrameEvents[FrameEventName];
    }
  | {
      readonly armlet: typeof FRAME_PROTOCOL_VERSION;
      readonly id: string | number;
      readonly ok: true;
      readonly result: unknown;
    }
  | {
      readonly armlet: typeof FRAME_PROTOCOL_VERSION;
      readonly id: string | number | null;
      readonly ok: false;
      readonly error: FrameError;
    };
