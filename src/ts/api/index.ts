/** The public package: everything a page needs to run a machine. */
export type { Disposable } from "../lib/emitter.ts";
export { DISK_KEEPING, type DiskKeeping, type DiskStatus, type DiskTrouble } from "../protocol/disk-status.ts";
export { FAILURE_CODES, type Failure, type FailureCode, FailureError } from "../protocol/failure.ts";
export {
  type CaptureDescription,
  type FileProgress,
  type LogLevel,
  MACHINE_STATES,
  type MachineState,
  type StopReason,
} from "../protocol/messages.ts";
export type { CompilerMetrics, CompilerStats, LockstepStats } from "../protocol/guest-counters.ts";
export { type BalloonStatus, DEVICE_STATUS_LIGHTS, type MachineInspection } from "../protocol/inspection.ts";
export type { ErrorRecord } from "../../virtio/error-tally.ts";
export type * from "../../virtio/inspection.ts";
export type { ConfigFieldValue } from "../../virtio/layout.ts";
export type { GuestPanic } from "./console-watch.ts";
export { createDiskLibrary } from "./disk-library.ts";
export * from "./disk-types.ts";
export { compileEngine } from "./engine.ts";
export { HeadStart } from "./head-start.ts";
export type { MachinePort } from "./machine-port.ts";
export type { SerialListener, SerialPort } from "./serial-port.ts";
export type {
  AttachDiskOptions,
  MachineCrash,
  MachineLog,
  MachineStats,
  StateChange,
  VirtualMachineEvents,
  VirtualMachineOptions,
} from "./types.ts";
export {
  FRAME_EVENTS,
  FRAME_METHODS,
  FRAME_PROTOCOL_VERSION,
  type FrameError,
  type FrameErrorCode,
  type FrameEventName,
  type FrameEvents,
  type FrameMessage,
  type FrameMethodName,
  type FrameMethods,
  type FrameReady,
  type FrameRequest,
} from "./frame-protocol.ts";
export { MachineFrame, MachineFrameError, type MachineFrameOptions } from "./machine-frame.ts";
export { MachineFiles } from "./machine-files.ts";
export type { SharedFile } from "../protocol/shared-files.ts";
export { VirtualMachine } from "./virtual-machine.ts";
