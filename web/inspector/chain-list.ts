import type { ChainInspection } from "../../src/ts/api/index.ts";
import { html, nothing, type TemplateResult } from "lit";
import { formatBytes } from "../format.ts";
import { duration, hex } from "./figures.ts";

/** Descriptor chains with their buffers, in the order of the chain. */
export function chainList(title: string, chains: readonly ChainInspection[], total: number): TemplateResult {
  if (chains.length === 0) return html``;
  return html`<h4>${title}</h4>
    <ol class="chains">${chains.map((chain) => html`<li>${chainRow(chain)}</li>`)}</ol>
    ${total > chains.length ? html`<p class="quiet">and ${total - chains.length} more</p>` : nothing}`;
}

function chainRow({ head, heldMs, usedBytes, segments, segmentCount }: ChainInspection): TemplateResult {
  return html`<div class="chain">
      <b class="mono">${head}</b><span>${duration(heldMs)}</span>
      ${usedBytes === null ? html`<span class="busy">in flight</span>` : html`<span>used length ${usedBytes}</span>`}
    </div>
    <ul class="buffers">
      ${segments.map(
        ({ address, sizeBytes, writable }) =>
          html`<li class=${writable ? "writes" : "reads"}><span>${writable ? "writes" : "reads"}</span>
            <span class="mono">${hex(address)}</span> <span>${formatBytes(sizeBytes)}</span></li>`,
      )}
      ${segmentCount > segments.length ? html`<li>and ${segmentCount - segments.length} more</li>` : nothing}
    </ul>`;
}
