/** The saved part of a block device beyond configuration space and queues. Requests in flight are served again. */
import { type SavedState, StateReader } from "../../state.ts";

export interface BlkState extends SavedState {
  /** Size of the disk that the guest saw, in bytes. */
  readonly sizeBytes: number;
}

const NAME = "virtio-blk";
const VERSION = 1;

export function saveBlk(sizeBytes: number): BlkState {
  return { name: NAME, version: VERSION, sizeBytes };
}

/** Returns the disk size at the time of saving. */
export function loadBlk(value: unknown): number {
  return StateReader.open(value, NAME, VERSION).integer("sizeBytes", 0, Number.MAX_SAFE_INTEGER);
}
