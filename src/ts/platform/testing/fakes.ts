/** Stand-ins for what the machine hands to a device. */
import type { Clock, GuestLog, IrqLine } from "../host.ts";

/** An interrupt line that remembers its level. */
export class FakeIrq implements IrqLine {
  level = false;

  set(level: boolean): void {
    this.level = level;
  }
}

/** A clock that only moves when it is told to. */
export class FakeClock implements Clock {
  now = 1000;
  wall = 1_700_000_000_250;

  nowMs(): number {
    return this.now;
  }

  wallMs(): number {
    return this.wall;
  }

  advance(ms: number): void {
    this.now += ms;
    this.wall += ms;
  }
}

/** A log that keeps what it is told. */
export class FakeLog implements GuestLog {
  errors: string[] = [];

  guestError(place: string, detail: string): void {
    this.errors.push(`${place}: ${detail}`);
  }
}

/** Numbers from 0 to `limit` - 1 that are the same in every run. */
export function randomSequence(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}
