/** A command as a logical unit knows it, and as it comes to be executed. */
import type { Awaitable } from "./medium.ts";
import type { Sense } from "./sense.ts";

/** What a command moves, by its command descriptor block. */
export interface Transfer {
  readonly direction: "none" | "in" | "out";
  /** The most that is moved: an allocation length, a parameter list length, or blocks. */
  readonly bytes: number;
}

export const NO_TRANSFER: Transfer = { direction: "none", bytes: 0 };

/** A transfer into the initiator's memory; of no bytes it is none. */
export const dataIn = (bytes: number): Transfer => (bytes === 0 ? NO_TRANSFER : { direction: "in", bytes });

/** A transfer out of the initiator's memory. */
export const dataOut = (bytes: number): Transfer => (bytes === 0 ? NO_TRANSFER : { direction: "out", bytes });

/** One command on its way, with the initiator's buffers. There is at least as much of them as the transfer needs. */
export interface ScsiTask {
  /** As many bytes as the operation code asks for. */
  readonly cdb: Uint8Array;
  readonly transfer: Transfer;
  /** Takes the next bytes of the data-out buffer. */
  read(into: Uint8Array): void;
  /** Puts the next bytes into the data-in buffer. */
  write(from: Uint8Array): void;
  /** A buffer of up to `bytes`, the same one each time; at least one block of any medium. */
  slice(bytes: number): Uint8Array;
  /** Called before `bytes` are moved; a promise asks to wait until others had a turn. */
  spend(bytes: number): Awaitable;
}

/** How a command ends: with sense data, or well. */
export type Outcome = Sense | null;

/** Commands that wait for the medium yield what they wait for. */
export type Steps = Generator<Awaitable, Outcome>;

/** A command that units of one kind know. */
export interface CommandRow<Unit> {
  readonly opcode: number;
  /** Low 5 bits of byte 1, where the operation code is shared. */
  readonly serviceAction?: number;
  /** The name of the standard. */
  readonly name: string;
  transfer(cdb: Uint8Array, unit: Unit): Transfer;
  /** Works without a medium. */
  readonly withoutMedium?: true;
  run(unit: Unit, task: ScsiTask): Outcome | Steps;
}

/** Answers with `bytes`, as many of them as the initiator wants. */
export function answer(task: ScsiTask, bytes: Uint8Array): null {
  task.write(bytes.subarray(0, task.transfer.bytes));
  return null;
}

/** All of a parameter list, which is small. */
export function parameterList(task: ScsiTask): Uint8Array {
  const bytes = new Uint8Array(task.transfer.bytes);
  task.read(bytes);
  return bytes;
}
