import * as v from "valibot";
import { type DiskRecord, STORE_KINDS } from "./disk-record.ts";
import { StorageError } from "./storage-error.ts";

/** A record as the catalogue stores it. */
export interface DiskRow extends DiskRecord {
  /** False while the disk is being filled. */
  readonly finished: boolean;
}

/** The largest disk whose every offset is an exact number. */
const MAX_DISK_BYTES = Math.floor(Number.MAX_SAFE_INTEGER / 512) * 512;

const SIZE = v.pipe(v.number(), v.safeInteger(), v.minValue(512), v.maxValue(MAX_DISK_BYTES), v.multipleOf(512));
const BYTES = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const TIME_MS = v.pipe(v.number(), v.finite());

const FORMAT = v.picklist(["raw", "qcow2"]);

const BASE = v.variant("kind", [
  v.strictObject({ kind: v.literal("none") }),
  v.strictObject({
    kind: v.literal("url"),
    url: v.pipe(v.string(), v.url()),
    sizeBytes: BYTES,
    validator: v.nullable(v.string()),
    sha256: v.nullable(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
    format: v.nullable(FORMAT),
  }),
  v.strictObject({ kind: v.literal("file"), name: v.string(), sizeBytes: BYTES, modifiedMs: TIME_MS, format: FORMAT }),
]);

const ROW = v.strictObject({
  id: v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,80}$/)),
  name: v.pipe(v.string(), v.nonEmpty()),
  sizeBytes: SIZE,
  chunkBytes: v.pipe(v.number(), v.safeInteger(), v.minValue(4096), v.maxValue(2 ** 24), v.multipleOf(4096)),
  store: v.picklist(STORE_KINDS),
  base: BASE,
  origin: v.string(),
  createdMs: TIME_MS,
  usedMs: TIME_MS,
  finished: v.boolean(),
});

/** The row, if it is one. Throws a StorageError that names what is wrong with it. */
export function checkRow(id: string, value: unknown): DiskRow {
  const parsed = v.safeParse(ROW, value);
  const problem = parsed.success ? otherId(id, parsed.output.id) : describe(parsed.issues);
  if (problem === null && parsed.success) return parsed.output;
  throw new StorageError(
    "damaged",
    `The entry “${id}” in this browser's list of disks cannot be right: ${problem ?? "it is not readable"}.`,
    "It may be of another version of this page. Delete it if it is not needed.",
  );
}

function otherId(key: string, id: string): string | null {
  return key === id ? null : `it calls itself “${id}”`;
}

function describe(issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  const [issue] = issues;
  const path = v.getDotPath(issue);
  return `${path === null ? "it is no record" : path} (${issue.message})`;
}
