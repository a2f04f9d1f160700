import type { MachineState } from "../src/ts/api/index.ts";

/** What a machine does, in a word. */
export const STATE_LABELS: Record<MachineState, string> = {
  loading: "Loading",
  running: "Running",
  idle: "Idle",
  paused: "Paused",
  stopped: "Off",
  crashed: "Crashed",
};

/** The same in a sentence. */
export const STATE_HINTS: Record<MachineState, string> = {
  loading: "Files are being loaded",
  running: "The guest is computing",
  idle: "The guest waits for something to do and uses no processor time",
  paused: "The guest stands still",
  stopped: "The machine is off",
  crashed: "The engine broke",
};
