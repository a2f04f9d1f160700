import type { QueueInspection, RingInspection } from "../../src/ts/api/index.ts";
import { html, nothing, type SVGTemplateResult, svg, type TemplateResult } from "lit";
import { position, suppression } from "./figures.ts";

/** Pieces of the circle at most; a larger ring has several entries in each. */
const MAX_PIECES = 64;
const CENTRE = 60;
const INNER = 41;
const OUTER = 55;

/** What an entry of the ring is to the device at the moment. */
type Entry = "free" | "waiting" | "taken";

/** The entries between two places of a ring of `size`, forward. */
const between = (from: number, to: number, size: number): number => (to - from + 2 * size) % size || 0;

/** What each entry of the ring is: those the driver has put there, those the device has, and the rest. */
export function ringEntries(ring: RingInspection, size: number): Entry[] {
  const entries = new Array<Entry>(size).fill("free");
  const used = ring.nextUsed.index % size;
  const next = ring.nextAvailable.index % size;
  // A full ring has gone round once; an index of a split ring tells, a position of a packed one by its wrap counter.
  const isRound = ring.nextUsed.index !== ring.nextAvailable.index || ring.nextUsed.wrap !== ring.nextAvailable.wrap;
  const taken = between(used, next, size) || (isRound ? size : 0);
  for (let step = 0; step < taken; step += 1) entries[(used + step) % size] = "taken";
  for (let step = 0; step < Math.min(ring.pending, size - taken); step += 1) entries[(next + step) % size] = "waiting";
  return entries;
}

function point(angle: number, radius: number): string {
  return `${(CENTRE + radius * Math.sin(angle)).toFixed(2)} ${(CENTRE - radius * Math.cos(angle)).toFixed(2)}`;
}

/** A piece of the circle, from 0 to 1. */
function piece(from: number, to: number, kind: Entry): SVGTemplateResult {
  const start = 2 * Math.PI * from;
  const end = 2 * Math.PI * to;
  const path = `M${point(start, OUTER)}A${OUTER} ${OUTER} 0 0 1 ${point(end, OUTER)}L${point(end, INNER)}A${INNER} ${INNER} 0 0 0 ${point(start, INNER)}Z`;
  return svg`<path class=${kind} d=${path}></path>`;
}

/** A hand that points at a place of the ring, from inside or from outside. */
function hand(at: number, kind: "available" | "used"): SVGTemplateResult {
  const [near, far] = kind === "used" ? [INNER - 2, INNER - 10] : [OUTER + 2, OUTER + 10];
  const angle = 2 * Math.PI * at;
  const width = kind === "used" ? 0.17 : 0.08;
  return svg`<path class="hand ${kind}" d="M${point(angle, near)}L${point(angle - width, far)}L${point(angle + width, far)}Z"></path>`;
}

/** The ring as a circle, its first entry on top: what waits, what the device has, where both sides are. */
export function ringDrawing(queue: QueueInspection, ring: RingInspection): SVGTemplateResult {
  const { size } = queue;
  const entries = ringEntries(ring, size);
  const pieces = Math.min(size, MAX_PIECES);
  const gap = pieces > 1 ? 0.12 / pieces : 0;
  const kinds = Array.from({ length: pieces }, (_, index) => {
    const part = entries.slice(Math.floor((index * size) / pieces), Math.floor(((index + 1) * size) / pieces));
    return part.includes("taken") ? "taken" : part.includes("waiting") ? "waiting" : "free";
  });
  return svg`<svg class="ring" viewBox="-6 -6 132 132" aria-hidden="true" focusable="false">
    ${kinds.map((kind, index) => piece(index / pieces + gap, (index + 1) / pieces - gap, kind))}
    ${hand((ring.nextAvailable.index % size) / size, "available")}
    ${hand((ring.nextUsed.index % size) / size, "used")}
    <text x=${CENTRE} y=${CENTRE + 2} class="big">${queue.inFlightCount}</text>
    <text x=${CENTRE} y=${CENTRE + 15} class="small">in flight</text>
  </svg>`;
}

/** The same in words and numbers. */
export function ringFigures({ driver, desc, device }: QueueInspection, ring: RingInspection): TemplateResult {
  const hexOf = (value: number): string => `0x${value.toString(16)}`;
  const packed = ring.kind === "packed";
  return html`<dl class="figures">
    ${ring.available === null ? nothing : html`<dt>Available index</dt><dd>${position(ring.available)}</dd>`}
    <dt><i class="key available"></i>Next to take</dt><dd>${position(ring.nextAvailable)}</dd>
    <dt><i class="key used"></i>Next to return</dt><dd>${position(ring.nextUsed)}</dd>
    <dt><i class="key waiting"></i>Waiting</dt><dd>${packed ? (ring.pending > 0 ? "some" : "none") : ring.pending}</dd>
    <dt>Interrupts wanted</dt><dd>${suppression(ring.interrupts)}</dd>
    <dt>Notifications wanted</dt><dd>${suppression(ring.notifications)}</dd>
    <dt>${packed ? "Descriptor ring" : "Descriptor table"}</dt><dd class="mono">${hexOf(desc)}</dd>
    <dt>${packed ? "Driver events" : "Available ring"}</dt><dd class="mono">${hexOf(driver)}</dd>
    <dt>${packed ? "Device events" : "Used ring"}</dt><dd class="mono">${hexOf(device)}</dd>
  </dl>`;
}
