/** A guest that writes files and says which it has made durable, and what must be there after a power cut. */

/** Its file system. */
export const LOAD_DISK_BYTES = 24 * 1024 * 1024;

export interface LoadOptions {
  /** What its lines on the console begin with; loads that run at the same time each have their own. */
  readonly label?: string;
  /** The folder in the file system that all is written to; its root unless given. */
  readonly folder?: string;
  /** Another one, of an earlier load, that is deleted first. */
  readonly remove?: string;
  /** A rest after every third step, in which what was written without fsync gets on its way. */
  readonly restMs?: number;
}

/**
 * The load, for busybox's shell. Each step writes a file of its own with fsync, one that all steps write anew with fsync,
 * then says "synced STEP"; besides it writes without fsync, and deletes. The shell expands `device`.
 */
export function loadScript(device: string, steps: number, options: LoadOptions = {}): string {
  const { label = "", folder = ".", remove, restMs = 600 } = options;
  const mount = `/tmp/load-${label}`;
  const source = `${mount}.step`;
  return [
    // What is written without fsync is on its way soon, too.
    "echo 20 >/proc/sys/vm/dirty_writeback_centisecs; echo 20 >/proc/sys/vm/dirty_expire_centisecs",
    `mkdir -p ${mount}; mount -t ext4 ${device} ${mount} || echo "failed"" 0"; cd ${mount}; mkdir -p ${folder}; cd ${folder}`,
    ...(remove === undefined ? [] : [`rm -rf ${mount}/${remove}`]),
    'content() { yes "step $1" | head -c $(($1 * 7919 % 50000 + 1)); }',
    `i=0; while [ $i -lt ${steps} ]; do i=$((i+1)); content $i >${source}`,
    `dd if=${source} of=own-$i bs=4k conv=fsync 2>/dev/null || echo failed $i`,
    `dd if=${source} of=same bs=4k conv=fsync 2>/dev/null || echo failed $i`,
    `echo "${label}synced"" $i"`,
    "content $((i+1000)) >loose-$((i % 5)); mkdir -p dir-$((i % 7)); mv loose-$((i % 5)) dir-$((i % 7))/; [ $((i % 6)) = 0 ] && rm -rf dir-$((i % 7))",
    `[ $((i % 3)) = 0 ] && usleep ${restMs * 1000}`,
    "done; echo 'load'' done'",
  ].join("\n");
}

/** What step `step` writes. */
export function loadContent(step: number): Buffer {
  return Buffer.alloc(((step * 7919) % 50_000) + 1, `step ${step}\n`);
}

/** The steps that a console says are durable. */
export function syncedSteps(console: string, label = ""): number[] {
  return [...console.matchAll(/^(\w*)synced (\d+)\r?$/gm)]
    .filter(([, said]) => said === label)
    .map(([, , step]) => Number(step));
}

/**
 * What is wrong with the files that are there after the guest had said that `last` is durable; empty where all is well.
 * It may have come further than it was heard to say.
 */
export function checkLoad(last: number, readFile: (name: string) => Buffer | null): string[] {
  const wrong: string[] = [];
  for (let step = 1; step <= last; step++) {
    const found = readFile(`own-${step}`);
    if (found === null) wrong.push(`own-${step} is not there`);
    else if (!found.equals(loadContent(step))) wrong.push(`own-${step} has other bytes, ${found.length} of them`);
  }
  if (last === 0) return wrong;
  const same = readFile("same");
  if (same === null) return [...wrong, "same is not there"];
  // Written anew by the next step perhaps, which truncates it first.
  const step = Number(/^step (\d+)\n/.exec(same.toString("latin1"))?.[1] ?? last + 1);
  const whole = loadContent(step);
  const onItsWay = step > last && whole.subarray(0, same.length).equals(same);
  if (!same.equals(whole) && !onItsWay) wrong.push(`same is of step ${step}, ${same.length} bytes of ${whole.length}`);
  if (step < last) wrong.push(`same is of step ${step}, where ${last} was durable`);
  return wrong;
}
