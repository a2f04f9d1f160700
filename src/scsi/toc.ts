/** The table of contents of a disc with one session and one data track (MMC-6, 6.26). */
import { putBe } from "./cdb.ts";

/** ADR 1 (position), control 4 (data track, digital copy prohibited). */
const DATA_TRACK = 0x14;
const LEAD_OUT = 0xaa;
/** Frames between the start of the disc and its first block. */
const LEAD_IN_FRAMES = 150;
const FRAMES_PER_SECOND = 75;

/** An address in four bytes: a block, or minute, second and frame. */
function address(lba: number, msf: boolean): number[] {
  if (!msf) {
    const bytes = new Uint8Array(4);
    putBe(bytes, 0, 4, lba);
    return [...bytes];
  }
  const frames = lba + LEAD_IN_FRAMES;
  const seconds = Math.floor(frames / FRAMES_PER_SECOND);
  return [0, Math.floor(seconds / 60) % 256, seconds % 60, frames % FRAMES_PER_SECOND];
}

/** First and last track or session, after the length. */
function table(first: number, last: number, entries: readonly number[]): Uint8Array {
  const bytes = Uint8Array.from([0, 0, first, last, ...entries]);
  putBe(bytes, 0, 2, bytes.length - 2);
  return bytes;
}

/** Format 0: the tracks from `start` on, 0xAA for the lead-out alone; null where there is no such track. */
export function formattedToc(blocks: number, msf: boolean, start: number): Uint8Array | null {
  if (start > 1 && start !== LEAD_OUT) return null;
  const track = start <= 1 ? [0, DATA_TRACK, 1, 0, ...address(0, msf)] : [];
  return table(1, 1, [...track, 0, 0x16, LEAD_OUT, 0, ...address(blocks, msf)]);
}

/** Format 1: the first track of the last session. */
export function multiSession(): Uint8Array {
  return table(1, 1, new Array<number>(8).fill(0));
}

/** Format 2: what the lead-in of the session holds. */
export function rawToc(blocks: number, msf: boolean): Uint8Array {
  const entry = (point: number, position: readonly number[]): number[] => [
    1,
    DATA_TRACK,
    0,
    point,
    0,
    0,
    0,
    ...position,
  ];
  return table(1, 1, [
    ...entry(0xa0, [0, 1, 0, 0]),
    ...entry(0xa1, [0, 1, 0, 0]),
    ...entry(0xa2, address(blocks, msf)),
    ...entry(1, address(0, msf)),
  ]);
}
