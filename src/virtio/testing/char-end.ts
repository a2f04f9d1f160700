/** The host's end of a character stream for tests. */
import type { CharBackend, CharFrontend } from "../backends.ts";

export class CharEnd implements CharBackend {
  readonly open: boolean;
  /** All output so far. */
  readonly received: number[] = [];
  /** Bytes that `output` still takes. */
  room = Number.POSITIVE_INFINITY;
  /** Calls of `inputRoom` and `guestOpen`. */
  readonly events: string[] = [];
  private frontend: CharFrontend | null = null;

  constructor(open = true) {
    this.open = open;
  }

  get attached(): boolean {
    return this.frontend !== null;
  }

  /** The device's end. */
  get device(): CharFrontend {
    if (this.frontend === null) throw new Error("no device is attached");
    return this.frontend;
  }

  get text(): string {
    return String.fromCharCode(...this.received);
  }

  attach(frontend: CharFrontend): void {
    this.frontend = frontend;
  }

  output(bytes: Uint8Array): number {
    const taken = Math.min(this.room, bytes.length);
    this.received.push(...bytes.subarray(0, taken));
    this.room -= taken;
    return taken;
  }

  /** Takes `count` more bytes. */
  makeRoom(count: number): void {
    this.room += count;
    this.device.outputRoom();
  }

  inputRoom(): void {
    this.events.push("input room");
  }

  guestOpen(open: boolean): void {
    this.events.push(open ? "guest open" : "guest closed");
  }
}

/** Bytes of a text. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
