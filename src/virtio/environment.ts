/** What the machine gives to its virtio devices. All shapes are structural, so that the machine's own objects fit. */

/** A level-triggered interrupt input. Setting the level it already has does nothing. */
export interface IrqLine {
  set(level: boolean): void;
}

/** Time, injected so that tests can own it. */
export interface Clock {
  /** Monotonic real time in milliseconds. */
  nowMs(): number;
}

/** One-shot timers of the worker's event loop. */
export interface Timers {
  /** Runs `callback` once in about `delayMs`; the function it returns cancels that. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Where errors go: never to an exception. Both are counted, and shown once for each `place`. */
export interface DeviceLog {
  /** The guest did what the specification forbids; the machine goes on as the specification says. */
  guestError(place: string, detail: string): void;
  /** The host failed the guest (disk, network): `detail` is a sentence for the user. */
  hostError(place: string, detail: string): void;
}
