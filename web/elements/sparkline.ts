import { type SVGTemplateResult, svg } from "lit";

const WIDTH = 72;
const HEIGHT = 20;
/** Samples the width has room for. */
const SAMPLES = 48;

/** Before the first value there was no speed. */
function padded(values: readonly number[]): readonly number[] {
  return [...new Array<number>(Math.max(0, SAMPLES - values.length)).fill(0), ...values];
}

/** The last values as a small filled graph, newest at the right. Decoration: the number stands beside it. */
export function sparkline(values: readonly number[]): SVGTemplateResult {
  const highest = Math.max(1, ...values);
  const step = WIDTH / (SAMPLES - 1);
  const points = padded(values).map((value, index) => {
    const x = index * step;
    const y = HEIGHT - 1.5 - (value / highest) * (HEIGHT - 3);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const line = points.join(" ");
  return svg`<svg class="graph" width=${WIDTH} height=${HEIGHT} viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true" focusable="false">
    <polygon points="0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}" fill="currentColor" opacity="0.16"></polygon>
    <polyline points=${line} fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round"></polyline>
  </svg>`;
}
