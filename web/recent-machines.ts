/** A machine that was opened in this browser. */
export interface RecentMachine {
  /** The query of its address: "?args=…". Fragments are never kept, since secrets belong there. */
  readonly address: string;
  /** What it was called when it was opened. */
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly openedMs: number;
  /** The page itself made this address (history-state.ts). */
  readonly trusted: boolean;
  /** Nothing that this browser keeps was withheld from it: there was none, or the user agreed. */
  readonly disks?: boolean;
}

const KEY = "armlet:recent";

/** How many are kept. */
export const MOST_RECENT_MACHINES = 12;

/** Longer than any address that a server takes. */
const LONGEST_ADDRESS = 16_384;
const LONGEST_TITLE = 200;

/** The machines that were opened in this browser, newest first. They are kept here and go nowhere else. */
export class RecentMachines {
  #storage: Storage | null;
  #machines: readonly RecentMachine[];

  /** `storage` is null where the browser keeps nothing: the list then lives as long as the page. */
  constructor(storage: Storage | null) {
    this.#storage = storage;
    this.#machines = load(storage);
  }

  /** Whether the list is still there after a reload. */
  get kept(): boolean {
    return this.#storage !== null;
  }

  get machines(): readonly RecentMachine[] {
    return this.#machines;
  }

  /** Puts a machine first; the one that was opened longest ago makes room for it. */
  add(machine: RecentMachine): void {
    if (!isMachine(machine)) return;
    // Another tab may have added some.
    this.#machines = load(this.#storage, this.#machines);
    const others = this.#machines.filter(({ address }) => address !== machine.address);
    this.#set([machine, ...others].slice(0, MOST_RECENT_MACHINES));
  }

  remove(address: string): void {
    this.#machines = load(this.#storage, this.#machines);
    this.#set(this.#machines.filter((machine) => machine.address !== address));
  }

  /** Forgets all of them. */
  clear(): void {
    this.#set([]);
  }

  #set(machines: readonly RecentMachine[]): void {
    this.#machines = machines;
    try {
      if (machines.length === 0) this.#storage?.removeItem(KEY);
      else this.#storage?.setItem(KEY, JSON.stringify(machines));
    } catch {
      // A full disk: from now on the list lives as long as the page.
      this.#storage = null;
    }
  }
}

/** The browser's storage; null in a sandboxed frame, and where the user does not allow it. */
export function pageStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** What was stored, as far as it makes sense; `fallback` where nothing can be stored. */
function load(storage: Storage | null, fallback: readonly RecentMachine[] = []): readonly RecentMachine[] {
  if (storage === null) return fallback;
  try {
    const stored: unknown = JSON.parse(storage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter(isMachine).slice(0, MOST_RECENT_MACHINES) : [];
  } catch {
    // Not ours: as good as empty.
    return [];
  }
}

function isMachine(value: unknown): value is RecentMachine {
  if (typeof value !== "object" || value === null) return false;
  const { address, title, openedMs, trusted, disks = false } = value as Record<string, unknown>;
  return (
    typeof address === "string" &&
    // It becomes a link: nothing but a query of this page.
    address.startsWith("?") &&
    !address.includes("#") &&
    address.length <= LONGEST_ADDRESS &&
    typeof title === "string" &&
    title.length <= LONGEST_TITLE &&
    typeof openedMs === "number" &&
    Number.isFinite(openedMs) &&
    typeof trusted === "boolean" &&
    typeof disks === "boolean"
  );
}
