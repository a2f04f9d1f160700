import type { ConfigFieldValue, EventSuppression, RingPosition } from "../../src/ts/api/index.ts";

/** An address or a register as the specification writes them: 0x4a3f0000. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** A number with its thousands apart: 12 345. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** How long something took: "0.42 ms", "3.1 s"; null is not known. */
export function duration(milliseconds: number | null): string {
  if (milliseconds === null) return "–";
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 1 : 0)} s`;
  if (milliseconds >= 10) return `${Math.round(milliseconds)} ms`;
  // Browsers do not tell the time more finely than that.
  return milliseconds < 0.1 ? "< 0.1 ms" : `${milliseconds.toFixed(1)} ms`;
}

/** A limit of the latency histogram: "0.125 ms", "16 ms", "2 s". */
export function limit(milliseconds: number): string {
  return milliseconds >= 1000 ? `${Math.round(milliseconds / 1000)} s` : `${milliseconds} ms`;
}

/** A place in a ring, with the wrap counter of a packed one. */
export function position({ index, wrap }: RingPosition): string {
  return wrap === null ? String(index) : `${index}, wrap ${wrap ? 1 : 0}`;
}

/** What one side wants to hear of. */
export function suppression(events: EventSuppression | null): string {
  if (events === null) return "unreadable: not in memory";
  const { wanted, index, wrap } = events;
  if (wanted === "never") return "off";
  return wanted === "always" || index === null ? "on" : `past index ${position({ index, wrap })}`;
}

/** The value of a configuration field: decimal where it is short, and hexadecimal. */
export function fieldValue({ value, bytes }: ConfigFieldValue): string {
  if (value === null) return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return value < 10 ? String(value) : `${value} (${hex(value)})`;
}
