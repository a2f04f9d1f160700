/** The saved part of a balloon beyond its configuration space and queues. */
import { type SavedState, StateReader } from "../../state.ts";

export interface BalloonState extends SavedState {
  /** The last free page command that was begun. */
  readonly commandId: number;
}

const NAME = "virtio-balloon";
const VERSION = 1;

export function saveBalloon(commandId: number): BalloonState {
  return { name: NAME, version: VERSION, commandId };
}

export function loadBalloon(value: unknown): number {
  return StateReader.open(value, NAME, VERSION).integer("commandId", 0, 0xffff_ffff);
}
