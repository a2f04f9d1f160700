/** Nothing of the entropy device is saved: random bytes must not be given out twice. */
import { type SavedState, StateReader } from "../../state.ts";

export type RngState = SavedState;

const NAME = "virtio-rng";
const VERSION = 1;

export function saveRng(): RngState {
  return { name: NAME, version: VERSION };
}

export function loadRng(value: unknown): void {
  StateReader.open(value, NAME, VERSION);
}
