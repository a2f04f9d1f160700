/**
 * The clause table: each normative device clause of the virtio specification for what is built here, and the test that
 * shows it. The data lies in clauses/*.json, one file a chapter: scripts/clause-coverage.mjs reads it too.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A test: a file below src, and a part of the full name of the tests in it that show the clause; all must pass. */
export interface ClauseTest {
  readonly file: string;
  readonly title: string;
}

/** One clause, named by its section and its number there; `says` is ours, the words are the specification's. */
export interface Clause {
  readonly id: string;
  readonly level: string;
  readonly says: string;
  readonly tests?: readonly ClauseTest[];
  /** A feature without which the clause says nothing, and which no device here offers. */
  readonly notOffered?: string;
  /** Why no test shows it. */
  readonly uncovered?: string;
}

export interface ClauseSection {
  /** Label of the section in the specification's source: "devicenormative:…". */
  readonly anchor: string;
  readonly clauses: readonly Clause[];
}

export interface ClauseChapter {
  readonly chapter: string;
  readonly title: string;
  readonly sections: readonly ClauseSection[];
}

const FOLDER = fileURLToPath(new URL("clauses/", import.meta.url));

/** All chapters, by the names of their files. */
export function clauseChapters(): ClauseChapter[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => JSON.parse(readFileSync(FOLDER + name, "utf8")) as ClauseChapter);
}

/** Bits of the features that clauses are about and that nothing here offers. */
export const FEATURE_BITS: Readonly<Record<string, number>> = {
  VIRTIO_BLK_F_LIFETIME: 15,
  VIRTIO_BLK_F_SECURE_ERASE: 16,
  VIRTIO_BLK_F_ZONED: 17,
  VIRTIO_NET_F_MQ: 22,
  VIRTIO_NET_F_HASH_TUNNEL: 51,
  VIRTIO_NET_F_VQ_NOTF_COAL: 52,
  VIRTIO_NET_F_NOTF_COAL: 53,
  VIRTIO_NET_F_HASH_REPORT: 57,
  VIRTIO_NET_F_RSS: 60,
  VIRTIO_NET_F_RSC_EXT: 61,
  VIRTIO_NET_F_SPEED_DUPLEX: 63,
  VIRTIO_F_ADMIN_VQ: 41,
};

/** The features that a chapter says are not offered. */
export function notOffered(chapter: string): string[] {
  const clauses = clauseChapters()
    .filter((row) => row.chapter === chapter)
    .flatMap(({ sections }) => sections.flatMap((section) => section.clauses));
  return [...new Set(clauses.flatMap((clause) => clause.notOffered ?? []))];
}
