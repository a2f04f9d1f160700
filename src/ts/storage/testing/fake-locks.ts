import type { Locks } from "../disk-lock.ts";

/** Web Locks for Node, which has none: exclusive ones, `ifAvailable` and `signal`. One object is one browser. */
export function fakeLocks(): Locks {
  const held = new Set<string>();
  const waiting: { name: string; start: () => void }[] = [];
  const run = async (name: string, lock: Lock, callback: (lock: Lock | null) => unknown): Promise<unknown> => {
    held.add(name);
    try {
      return await callback(lock);
    } finally {
      held.delete(name);
      const next = waiting.findIndex((row) => row.name === name);
      if (next >= 0) waiting.splice(next, 1)[0]?.start();
    }
  };
  const request = async (
    name: string,
    options: LockOptions,
    callback: (lock: Lock | null) => unknown,
  ): Promise<unknown> => {
    // The callback is never called before `request` has returned.
    await Promise.resolve();
    const lock: Lock = { name, mode: "exclusive" };
    if (!held.has(name)) return await run(name, lock, callback);
    if (options.ifAvailable === true) return await callback(null);
    await new Promise<void>((resolve, reject) => {
      const entry = { name, start: resolve };
      waiting.push(entry);
      options.signal?.addEventListener("abort", () => {
        waiting.splice(waiting.indexOf(entry), 1);
        reject(options.signal?.reason as Error);
      });
    });
    return await run(name, lock, callback);
  };
  return {
    request: request as Locks["request"],
    query: async () => ({ held: [...held].map((name) => ({ name, mode: "exclusive" as const })), pending: [] }),
  };
}
