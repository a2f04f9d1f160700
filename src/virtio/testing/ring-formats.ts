/** Which ring formats a transport carries, as the matrix has them. */
import { MATRIX, type TransportName } from "./harness.ts";

/** Whether rings may be packed on `transport`: false, or false and true. */
export function ringFormats(transport: TransportName): boolean[] {
  const isPacked = MATRIX.some((row) => row.transport === transport && row.packed === true);
  return isPacked ? [false, true] : [false];
}
