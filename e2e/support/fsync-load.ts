/** A guest that writes files and says which it has made durable, and what must be there after a power cut. */

/** Its file system. */
export const LOAD_DISK_BYTES = 24 * 1024 * 1024;

/**
 * The load, for busybox's shell. Each step writes a file of its own with fsync, one that all steps write anew with fsync,
 * then says "synced STEP"; besides it writes without fsync, and deletes.
 */
export function loadScript(device: string, steps: number): string {
  return [
    // What is written without fsync is on its way soon, too.
    "echo 20 >/proc/sys/vm/dirty_writeback_centisecs; echo 20 >/proc/sys/vm/dirty_expire_centisecs",
    `mkdir -p /tmp/d; mount -t ext4 ${device} /tmp/d; cd /tmp/d`,
    'content() { yes "step $1" | head -c $(($1 * 7919 % 50000 + 1)); }',
    `i=0; while [ $i -lt ${steps} ]; do i=$((i+1))`,
    "content $i | dd of=own-$i bs=4k conv=fsync 2>/dev/null || echo failed $i",
    "content $i | dd of=same bs=4k conv=fsync 2>/dev/null || echo failed $i",
    'echo "synced"" $i"',
    "content $((i+1000)) >loose-$((i % 5)); mkdir -p dir-$((i % 7)); mv loose-$((i % 5)) dir-$((i % 7))/; [ $((i % 6)) = 0 ] && rm -rf dir-$((i % 7))",
    "[ $((i % 3)) = 0 ] && usleep 600000",
    "done; echo 'load'' done'",
  ].join("\n");
}

/** What step `step` writes. */
export function loadContent(step: number): Buffer {
  return Buffer.alloc(((step * 7919) % 50_000) + 1, `step ${step}\n`);
}

/** The steps that a console says are durable. */
export function syncedSteps(console: string): number[] {
  return [...console.matchAll(/^synced (\d+)\r?$/gm)].map(([, step]) => Number(step));
}

/** What is wrong with the files that are there after the guest had said that `last` is durable; empty where all is well. */
export function checkLoad(last: number, readFile: (name: string) => Buffer | null): string[] {
  const wrong: string[] = [];
  for (let step = 1; step <= last; step++) {
    const found = readFile(`own-${step}`);
    if (found === null) wrong.push(`own-${step} is not there`);
    else if (!found.equals(loadContent(step))) wrong.push(`own-${step} has other bytes, ${found.length} of them`);
  }
  if (last === 0) return wrong;
  // Written anew by the next step perhaps, which truncates it first.
  const same = readFile("same");
  const next = loadContent(last + 1);
  const possible =
    same !== null &&
    (same.equals(loadContent(last)) || same.equals(next) || next.subarray(0, same.length).equals(same));
  if (!possible) wrong.push(`same is neither of step ${last} nor on its way to step ${last + 1}`);
  return wrong;
}
