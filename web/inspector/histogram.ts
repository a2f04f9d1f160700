import type { LatencyInspection } from "../../src/ts/api/index.ts";
import { html, svg, type TemplateResult } from "lit";
import { count, duration, limit } from "./figures.ts";

const WIDTH = 240;
const HEIGHT = 46;

/** How long requests took, as bars: each twice as long as the one before it. Their heights are on a scale of logarithms. */
export function latencyHistogram({ count: total, meanMs, maxMs, buckets, firstMs }: LatencyInspection): TemplateResult {
  if (total === 0) return html`<p class="quiet">No chain has come back yet.</p>`;
  const highest = Math.log2(1 + Math.max(...buckets));
  const step = WIDTH / buckets.length;
  const bars = buckets.map((chains, index) => {
    const height = chains === 0 ? 1 : Math.max(3, (Math.log2(1 + chains) / highest) * HEIGHT);
    return svg`<rect class=${chains === 0 ? "none" : ""} x=${index * step + 1} y=${HEIGHT - height} width=${step - 2} height=${height} rx="1.5">
      <title>${count(chains)} ${bucketName(index, buckets.length, firstMs)}</title></rect>`;
  });
  const words = buckets.flatMap((chains, index) =>
    chains === 0 ? [] : [`${count(chains)} ${bucketName(index, buckets.length, firstMs)}`],
  );
  const middle = buckets.length / 2;
  return html`<figure class="latency">
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${`Time in the device: ${words.join(", ")}`}>${bars}</svg>
    <div class="axis" aria-hidden="true"><span>0</span><span>${limit(firstMs * 2 ** (middle - 1))}</span><span>${limit(firstMs * 2 ** (buckets.length - 2))} +</span></div>
    <figcaption>mean <b>${duration(meanMs)}</b>, longest <b>${duration(maxMs)}</b>, of ${count(total)}</figcaption>
  </figure>`;
}

function bucketName(index: number, buckets: number, firstMs: number): string {
  return index === buckets - 1 ? `from ${limit(firstMs * 2 ** (index - 1))}` : `below ${limit(firstMs * 2 ** index)}`;
}
