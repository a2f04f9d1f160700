import { StorageError } from "./storage-error.ts";

/** The part of the browser's LockManager (Web Locks API) that is used. */
export type Locks = Pick<LockManager, "request" | "query">;

const PREFIX = "armlet-disk:";

/** How long the page that was here before a reload may take to let go. */
const PATIENCE_MS = 3000;

/**
 * The right to write a disk, which one machine, import or deletion of all tabs has at a time. The browser takes it
 * back when the worker that holds it ends, however it ends.
 */
export class DiskLock {
  readonly id: string;
  readonly #release: () => void;
  /** Settles when others can have it. */
  readonly #released: Promise<void>;

  private constructor(id: string, release: () => void, released: Promise<void>) {
    this.id = id;
    this.#release = release;
    this.#released = released;
  }

  /** null where somebody else has it, after a moment in which a page that is being left may let go. */
  static async acquire(id: string, locks: Locks, patienceMs = PATIENCE_MS): Promise<DiskLock | null> {
    const atOnce = await DiskLock.#request(id, locks, { ifAvailable: true });
    if (atOnce !== null || patienceMs === 0) return atOnce;
    try {
      return await DiskLock.#request(id, locks, { signal: AbortSignal.timeout(patienceMs) });
    } catch (error) {
      if (error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError")) return null;
      throw error;
    }
  }

  /** For work on a disk that nobody may have open. Rejects with the code `busy` and a sentence. */
  static async require(id: string, name: string, locks: Locks): Promise<DiskLock> {
    const lock = await DiskLock.acquire(id, locks, 0);
    if (lock !== null) return lock;
    throw new StorageError(
      "busy",
      `The disk “${name}” is in use by a machine in this or another tab.`,
      "Turn that machine off, or close its tab, then try again.",
    );
  }

  /** Ids of the disks that somebody has. */
  static async held(locks: Locks): Promise<Set<string>> {
    const { held = [] } = await locks.query();
    return new Set(held.flatMap(({ name }) => (name?.startsWith(PREFIX) === true ? [name.slice(PREFIX.length)] : [])));
  }

  /** Resolves when it is free for others. */
  async release(): Promise<void> {
    this.#release();
    await this.#released;
  }

  static async #request(id: string, locks: Locks, options: LockOptions): Promise<DiskLock | null> {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    return await new Promise((resolve, reject) => {
      const granted = (lock: Lock | null): Promise<void> | undefined => {
        resolve(lock === null ? null : new DiskLock(id, release, released));
        return lock === null ? undefined : held;
      };
      const released: Promise<void> = locks
        .request(PREFIX + id, { mode: "exclusive", ...options }, granted)
        .then(() => undefined);
      // A request that fails never got as far as a DiskLock.
      released.catch((error: unknown) => reject(lockError(error)));
    });
  }
}

/** Waiting that came to its end is the caller's; what the browser has against locks (a sandboxed frame) is the user's. */
function lockError(error: unknown): Error {
  if (error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError")) return error;
  return new StorageError(
    "unavailable",
    `The browser does not guard disks against two tabs here: ${String(error)}.`,
    "Open the page by itself, over https.",
    { cause: error },
  );
}

/** A page that is no secure context has no locks. */
export function noLocks(): StorageError {
  return new StorageError(
    "unavailable",
    "The browser does not guard disks against two tabs on a page that was not opened over https.",
    "Open this page over https, or on localhost.",
  );
}
