/** Configuration writes of transports where the driver hands over bytes of the whole space rather than one field. */
import type { VirtioBus } from "../bus.ts";

/** What one configuration write may be. */
const MAX_WRITE_BYTES = 4;

/**
 * Writes to the bus what `theirs` has otherwise than `ours`, each run of bytes that differ as one write: a field that
 * changes in all of its bytes is written once.
 */
export function writeConfigDifferences(bus: VirtioBus, ours: Uint8Array, theirs: Uint8Array): void {
  for (let at = 0; at < theirs.length; ) {
    let end = at;
    while (end < theirs.length && end - at < MAX_WRITE_BYTES && theirs[end] !== ours[end]) end += 1;
    let value = 0;
    for (let index = end - 1; index >= at; --index) value = value * 256 + (theirs[index] as number);
    // A write has 1, 2 or 4 bytes.
    if (end - at === 3) end -= 1;
    if (end > at) bus.writeConfig(at, end - at, value % 2 ** (8 * (end - at)));
    at = Math.max(end, at + 1);
  }
}
