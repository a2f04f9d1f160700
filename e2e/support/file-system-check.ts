/** What e2fsprogs says of an image. */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Writes an image of chunks; what is absent are zeros. */
export function writeImage(
  path: string,
  sizeBytes: number,
  chunkBytes: number,
  chunks: ReadonlyMap<number, Uint8Array | "zeros">,
): void {
  const fd = openSync(path, "w");
  try {
    ftruncateSync(fd, sizeBytes);
    for (const [index, chunk] of chunks) {
      if (chunk instanceof Uint8Array) writeSync(fd, chunk, 0, chunk.length, index * chunkBytes);
    }
  } finally {
    closeSync(fd);
  }
}

/** Replays the journal as a mount does, then looks for anything that is wrong. Throws what e2fsck printed. */
export function replayAndCheck(image: string): void {
  const replay = spawnSync("/sbin/e2fsck", ["-y", "-E", "journal_only", image], { encoding: "utf8" });
  // 1: errors corrected, which the replay counts as.
  if (replay.status !== 0 && replay.status !== 1) {
    throw new Error(`the journal cannot be replayed (${replay.status}):\n${replay.stdout}${replay.stderr}`);
  }
  const check = spawnSync("/sbin/e2fsck", ["-f", "-n", image], { encoding: "utf8" });
  if (check.status !== 0) throw new Error(`e2fsck -fn (${check.status}):\n${check.stdout}${check.stderr}`);
}

/** Takes all files out of an image; `use` reads one by its name, null where there is none. */
export function withFiles<T>(image: string, use: (readFile: (name: string) => Buffer | null) => T): T {
  const folder = mkdtempSync(`${image}-files-`);
  try {
    const dump = spawnSync("/sbin/debugfs", ["-R", `rdump / ${folder}`, image], { encoding: "utf8" });
    if (dump.status !== 0) throw new Error(`debugfs (${dump.status}): ${dump.stderr}`);
    return use((name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name)) : null));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
