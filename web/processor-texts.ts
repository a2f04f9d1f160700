import type { MachineStats } from "../src/ts/api/index.ts";

/** A share as a person reads it, rounded down: "100 %" is all of it. */
export function formatShare(share: number): string {
  const tenths = Math.floor(share * 1000 + 1e-9);
  return `${tenths === 1000 ? "100" : (tenths / 10).toFixed(1)} %`;
}

/** Share of the instructions since the start that compiled code executed, 0 to 1; null where there are none yet. */
export function compiledShare({ instructions, compiler }: MachineStats): number | null {
  if (compiler === null || instructions === 0) return null;
  return Math.min(1, compiler.instructions / instructions);
}

/** What the figures mean, in one sentence. */
export function processorSentence(stats: MachineStats): string {
  if (stats.instructions === 0) return "The guest has not executed anything yet.";
  if (stats.compiler === null) {
    return "This machine was started with -accel interp: the interpreter executes every instruction, and none is compiled.";
  }
  const share = compiledShare(stats) ?? 0;
  const rest = "; the interpreter executed the rest";
  return `Of the guest's instructions ${formatShare(share)} ran as WebAssembly that was compiled from its hot code${share === 1 ? "" : rest}.`;
}
