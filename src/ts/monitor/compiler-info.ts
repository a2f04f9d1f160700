/** `info jit`: what was compiled, with the labels of QEMU's that have a meaning here. */
import { MAX_REGIONS } from "../../wasm/jit/limits.ts";
import type { CompilerStats, LockstepStats } from "../protocol/guest-counters.ts";

/** Bytes of an A64 instruction. */
const INSTRUCTION_BYTES = 4;

/** Labels are as wide as QEMU's. */
const row = (label: string, value: string): string => `${label.padEnd(20)}${value}`;

/** A rounded average; 0 where there is nothing. */
const average = (sum: number, count: number): string => String(count === 0 ? 0 : Math.round(sum / count));

function lockstepText({ calls, instructions, spoilt }: LockstepStats): string {
  return `${instructions} instructions in ${calls} calls agree; ${spoilt} calls not compared`;
}

/**
 * A region is what QEMU calls a translation block (TB), though of many blocks. Sizes are of all that was compiled since the start,
 * also of what has been dropped.
 */
export function compilerStatus(stats: CompilerStats): string {
  const { compiledRegions, guestInstructions, moduleBytes } = stats;
  const guestBytes = guestInstructions * INSTRUCTION_BYTES;
  const ratio = guestBytes === 0 ? 0 : moduleBytes / guestBytes;
  return [
    "Translation buffer state:",
    row("gen code size", `${moduleBytes} bytes`),
    row("region count", `${stats.regions}/${MAX_REGIONS}`),
    row("avg target size", `${average(guestBytes, compiledRegions)} bytes`),
    row("avg host size", `${average(moduleBytes, compiledRegions)} bytes (expansion ratio: ${ratio.toFixed(1)})`),
    "",
    "Statistics:",
    row("compiled count", String(compiledRegions)),
    row("invalidate count", String(stats.droppedRegions)),
    row("instruction count", `${stats.instructions} in ${stats.calls} calls`),
    row("interpreter stops", String(stats.stops)),
    row("handler exits", String(stats.handled)),
    row("stretch ends", String(stats.stretches)),
    row("exits to cold code", String(stats.coldExits)),
    row("TLB misses", String(stats.tlbMisses)),
    row("compile time", `${stats.compileMs.toFixed(1)} ms`),
    ...(stats.lockstep === null ? [] : [row("lockstep", lockstepText(stats.lockstep))]),
  ].join("\n");
}
