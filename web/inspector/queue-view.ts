import type { QueueInspection } from "../../src/ts/api/index.ts";
import { html, nothing, type TemplateResult } from "lit";
import { sparkline } from "../elements/sparkline.ts";
import { formatBytes } from "../format.ts";
import { chainList } from "./chain-list.ts";
import { count } from "./figures.ts";
import { latencyHistogram } from "./histogram.ts";
import type { QueueActivity } from "./inspection-store.ts";
import { ringDrawing, ringFigures } from "./ring-drawing.ts";

/** One virtqueue; `isOpen` is how it is shown first. */
export function queueView(queue: QueueInspection, activity: QueueActivity, isOpen: boolean): TemplateResult {
  const { index, name, size, sizeMax, ring, inFlight, inFlightCount, recent, latency } = queue;
  const rate = activity.at(-1) ?? 0;
  return html`<details class="queue" ?open=${isOpen}>
    <summary>
      <span class="name"><b>${name}</b> <span class="quiet">queue ${index}</span></span>
      <span class="rate"><span class="graph" aria-hidden="true">${sparkline(activity)}</span>${count(rate)}/s</span>
    </summary>
    ${
      ring === null
        ? html`<p class="quiet">The driver has not enabled it.</p>`
        : html`<div class="ring-row">${ringDrawing(queue, ring)}${ringFigures(queue, ring)}</div>`
    }
    <p class="quiet">${ring === null ? "" : `${ring.kind} ring, `}${size} of at most ${sizeMax} descriptors</p>
    ${countersOf(queue)}
    <h4>Time in the device</h4>
    ${latencyHistogram(latency)}
    ${chainList("Chains in flight, by head", inFlight, inFlightCount)}
    ${recent.length === 0 ? nothing : chainList("Last chains, by head", recent, recent.length)}
  </details>`;
}

function countersOf({ counts }: QueueInspection): TemplateResult {
  const cells: readonly (readonly [label: string, value: string, title: string])[] = [
    ["Notifications", count(counts.notifications), "Available buffer notifications of the driver"],
    ["Chains", count(counts.chainsReturned), "Descriptor chains that the device has returned"],
    ["Read", formatBytes(counts.readBytes), "Device-readable bytes of those chains"],
    ["Written", formatBytes(counts.writtenBytes), "Bytes that the device wrote into them"],
    ["Interrupts", count(counts.interruptsSent), "Used buffer notifications that were sent"],
    ["Suppressed", count(counts.interruptsSuppressed), "Those that the driver did not want"],
  ];
  return html`<dl class="counters">
    ${cells.map(([label, value, title]) => html`<div title=${title}><dt>${label}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}
