/** Where two runs of one list part. */
import { type Access, describeAccess } from "./access-list.ts";
import { isDataAbort, isTrapped, TRAPPED } from "./engine.ts";

/** The first difference in words, or undefined. An abort for an address that is nobody's is compared as such. */
export function firstDifference(
  list: readonly Access[],
  expected: readonly bigint[],
  actual: readonly bigint[],
): string | undefined {
  for (const [i, access] of list.entries()) {
    const want = expected[i] ?? 0n;
    const got = actual[i] ?? 0n;
    if (want === got || (isDataAbort(want) && got === 0xeeeen << 48n) || (isTrapped(want) && got === TRAPPED)) continue;
    const before = list
      .slice(Math.max(0, i - 30), i)
      .map((a, n) => `${describeAccess(a)} -> ${expected[Math.max(0, i - 30) + n]?.toString(16)}`);
    return `${before.join("\n")}\n#${i} ${describeAccess(access)}: QEMU 0x${want.toString(16)}, engine 0x${got.toString(16)}`;
  }
  return undefined;
}
