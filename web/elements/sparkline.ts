import { type SVGTemplateResult, svg } from "lit";

const WIDTH = 72;
const HEIGHT = 20;
/** Samples the width has room for. */
const SAMPLES = 48;

/** The last values as a small filled graph, newest at the right. Decoration: the number stands beside it. */
export function sparkline(values: readonly number[]): SVGTemplateResult {
  const highest = Math.max(1, ...values);
  const step = WIDTH / (SAMPLES - 1);
  const points = values.map((value, index) => {
    const x = WIDTH - (values.length - 1 - index) * step;
    const y = HEIGHT - 1.5 - (value / highest) * (HEIGHT - 3);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const line = points.join(" ");
  const firstX = WIDTH - Math.max(0, values.length - 1) * step;
  return svg`<svg class="graph" width=${WIDTH} height=${HEIGHT} viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true" focusable="false">
    <polygon points="${firstX.toFixed(1)},${HEIGHT} ${line} ${WIDTH},${HEIGHT}" fill="currentColor" opacity="0.16"></polygon>
    <polyline points=${line} fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round"></polyline>
  </svg>`;
}
