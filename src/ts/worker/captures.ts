import type { CaptureConfig } from "../config/machine-config.ts";
import type { CaptureSink } from "../net/network.ts";

/** What a capture may come to: a file that programs still open. */
export const MAX_CAPTURE_BYTES = 512 * 1024 * 1024;
/** Bytes that are collected before the browser is given them to keep. */
const PIECE_BYTES = 1024 * 1024;

class Capture implements CaptureSink {
  readonly #onFull: () => void;
  readonly #kept: Blob[] = [];
  #piece: Uint8Array<ArrayBuffer>[] = [];
  #pieceBytes = 0;
  #totalBytes = 0;
  #isFull = false;

  constructor(onFull: () => void) {
    this.#onFull = onFull;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isFull) return false;
    if (this.#totalBytes + bytes.length > MAX_CAPTURE_BYTES) {
      this.#isFull = true;
      this.#onFull();
      return false;
    }
    this.#piece.push(bytes.slice());
    this.#pieceBytes += bytes.length;
    this.#totalBytes += bytes.length;
    if (this.#pieceBytes >= PIECE_BYTES) this.#keep();
    return true;
  }

  /** What was captured until now stays to be saved. */
  close(): void {
    this.#keep();
  }

  blob(): Blob {
    this.#keep();
    return new Blob(this.#kept, { type: "application/vnd.tcpdump.pcap" });
  }

  /** Large blobs are the browser's to keep where it likes, outside this worker's memory. */
  #keep(): void {
    if (this.#piece.length > 0) this.#kept.push(new Blob(this.#piece));
    this.#piece = [];
    this.#pieceBytes = 0;
  }
}

/** The captures of the machine of a worker, as files that the page can ask for. */
export class Captures {
  readonly #captures = new Map<string, Capture>();
  readonly #say: (sentence: string) => void;

  /** `say` hears a sentence for the user when a capture is as large as it may become. */
  constructor(say: (sentence: string) => void) {
    this.#say = say;
  }

  /** Begins a capture; one of the same id, of the machine before, is forgotten. */
  open({ id, file }: CaptureConfig): CaptureSink {
    const limitMib = MAX_CAPTURE_BYTES / 2 ** 20;
    const capture = new Capture(() =>
      this.#say(`The capture ${file} has reached ${limitMib} MiB and ends there. What it has can be saved.`),
    );
    this.#captures.set(id, capture);
    return capture;
  }

  /** What was captured so far: a file that is whole; null for an unknown id. */
  file(id: string): Blob | null {
    return this.#captures.get(id)?.blob() ?? null;
  }
}
