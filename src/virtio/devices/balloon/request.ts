/** What comes through the balloon's queues, parsed. */
import type { Chain } from "../../chain.ts";
import { BALLOON_STAT_SIZE, BALLOON_STAT_TAGS } from "../../spec/balloon.ts";

/** The guest's memory as it counts it; bytes, or events since its start. What it does not tell is absent. */
export type BalloonStats = Partial<Record<(typeof BALLOON_STAT_TAGS)[number], number>>;

/** Linux sends 256 page numbers at a time; a chain of any length is taken in pieces of so many. */
const PIECE_PAGES = 1024;

/** Calls `visit` with each page number of a chain; what is left of a number at the end means nothing. */
export function forEachPage(chain: Chain, visit: (page: number) => void): void {
  const reader = chain.reader();
  const piece = new Uint8Array(PIECE_PAGES * 4);
  const view = new DataView(piece.buffer);
  while (reader.remaining > 0) {
    const bytes = reader.read(piece);
    for (let at = 0; at + 4 <= bytes; at += 4) visit(view.getUint32(at, true));
  }
}

/** Reads the statistics of a chain; unknown tags are left out (5.5.6.3.1). */
export function parseStats(chain: Chain): BalloonStats {
  const stats: BalloonStats = {};
  const bytes = chain.reader().take(BALLOON_STAT_SIZE * 64);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + BALLOON_STAT_SIZE <= bytes.length; at += BALLOON_STAT_SIZE) {
    const tag = BALLOON_STAT_TAGS[view.getUint16(at, true)];
    const value = view.getUint32(at + 6, true) * 2 ** 32 + view.getUint32(at + 2, true);
    if (tag !== undefined) stats[tag] = value;
  }
  return stats;
}

/** The command id that a chain of the free page queue begins with, or null where it carries hints. */
export function commandId(chain: Chain): number | null {
  if (chain.readableBytes < 4) return null;
  const bytes = chain.reader().take(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}
