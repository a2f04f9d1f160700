/** Bytes on their way to the listeners above which the guest's serial port is held back, and below which it goes on. */
export const HIGH_WATER_BYTES = 128 * 1024;
export const LOW_WATER_BYTES = 64 * 1024;

/** A message is sent when so much has come together, or when a slice ends. */
const CHUNK_BYTES = 32 * 1024;

/** A guest that goes on in spite of being held back loses what it says beyond this. */
const LIMIT_BYTES = 8 * 1024 * 1024;

export interface OutputGateEvents {
  /** Takes the bytes over. */
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** Holds the guest's output back, or lets it go on. */
  setPaused(paused: boolean): void;
  /** Bytes were dropped since the guest does not heed that it is held back; said once per flood. */
  onDropped(): void;
}

/**
 * Flow control from the guest's serial port to whoever shows it: collects bytes into messages, counts what is not yet
 * acknowledged, holds the guest back above a limit.
 */
export class OutputGate {
  readonly #events: OutputGateEvents;
  #buffer = new Uint8Array(CHUNK_BYTES);
  #length = 0;
  #unacknowledgedBytes = 0;
  #paused = false;
  #dropping = false;

  constructor(events: OutputGateEvents) {
    this.#events = events;
  }

  /** Copies `bytes`. */
  push(bytes: Uint8Array): void {
    if (this.#unacknowledgedBytes + this.#length + bytes.length > LIMIT_BYTES) {
      if (!this.#dropping) this.#events.onDropped();
      this.#dropping = true;
      return;
    }
    this.#dropping = false;
    for (let taken = 0; taken < bytes.length; ) {
      const part = bytes.subarray(taken, taken + CHUNK_BYTES - this.#length);
      this.#buffer.set(part, this.#length);
      this.#length += part.length;
      taken += part.length;
      if (this.#length === CHUNK_BYTES) this.flush();
    }
  }

  /** Sends what has come together. */
  flush(): void {
    if (this.#length === 0) return;
    const bytes = this.#buffer.slice(0, this.#length);
    this.#length = 0;
    this.#unacknowledgedBytes += bytes.length;
    this.#events.send(bytes);
    if (!this.#paused && this.#unacknowledgedBytes > HIGH_WATER_BYTES) {
      this.#paused = true;
      this.#events.setPaused(true);
    }
  }

  acknowledge(byteCount: number): void {
    this.#unacknowledgedBytes = Math.max(0, this.#unacknowledgedBytes - byteCount);
    if (this.#paused && this.#unacknowledgedBytes < LOW_WATER_BYTES) {
      this.#paused = false;
      this.#events.setPaused(false);
    }
  }

  /** After a new machine took the old one's place: it knows nothing of being held back. */
  reapply(): void {
    if (this.#paused) this.#events.setPaused(true);
  }
}
