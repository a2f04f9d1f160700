/** A device's log that remembers what went through it, to be looked at. */
import type { DeviceLog } from "./environment.ts";

/** Errors of one kind. */
export interface ErrorRecord {
  /** Whose mistake it was. */
  readonly side: "guest" | "host";
  /** What went wrong, without its values. */
  readonly place: string;
  readonly count: number;
  /** Register and value, or what else was wrong, of the last one. */
  readonly detail: string;
}

/** Kinds that are remembered; those after it are only passed on. */
const MAX_KINDS = 64;

export class ErrorTally implements DeviceLog {
  private readonly out: DeviceLog;
  private readonly kinds = new Map<string, ErrorRecord>();

  constructor(out: DeviceLog) {
    this.out = out;
  }

  guestError(place: string, detail: string): void {
    this.count("guest", place, detail);
    this.out.guestError(place, detail);
  }

  hostError(place: string, detail: string): void {
    this.count("host", place, detail);
    this.out.hostError(place, detail);
  }

  private count(side: ErrorRecord["side"], place: string, detail: string): void {
    const key = `${side} ${place}`;
    const count = (this.kinds.get(key)?.count ?? 0) + 1;
    if (count === 1 && this.kinds.size >= MAX_KINDS) return;
    this.kinds.set(key, { side, place, count, detail });
  }

  /** In the order in which each kind came up first. */
  get records(): readonly ErrorRecord[] {
    return [...this.kinds.values()];
  }
}
