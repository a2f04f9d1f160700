import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { BalloonStatus } from "../../src/ts/api/index.ts";
import { formatMemory } from "../format.ts";
import { controls } from "../styles/controls.ts";

const MIB = 2 ** 20;
/** No guest does with less, and a slip of the hand should not cost it its life. */
const LEAST_BYTES = 32 * MIB;
const STEP_BYTES = 8 * MIB;

/** What the guest tells of its memory, in the order of interest. */
const BYTE_STATS: readonly (readonly [name: string, label: string])[] = [
  ["freeMemory", "Free"],
  ["availableMemory", "Available"],
  ["diskCaches", "Disk caches"],
  ["totalMemory", "Total, by the guest's count"],
  ["swapIn", "Swapped in"],
  ["swapOut", "Swapped out"],
];
const COUNT_STATS: readonly (readonly [name: string, label: string])[] = [
  ["majorFaults", "Major faults"],
  ["minorFaults", "Minor faults"],
  ["oomKills", "Killed for want of memory"],
];

/** The memory balloon: how much the guest has, a slider for how much it should have. Emits `target` with bytes. */
export class BalloonControl extends LitElement {
  static override styles = [
    controls,
    css`
      :host { display: block; margin-top: 14px; padding: 12px 14px; border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); }
      .row { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 2px 12px; }
      b { font-size: 15px; font-variant-numeric: tabular-nums; }
      span { color: var(--muted); font-variant-numeric: tabular-nums; }
      label { display: block; margin-top: 6px; }
      input { width: 100%; height: var(--target); margin: 0; accent-color: var(--accent); cursor: pointer; }
      .bar { position: relative; height: 10px; margin: 8px 0 2px; border-radius: 10px; background: var(--line); overflow: hidden; }
      .bar i { position: absolute; inset: 0 auto 0 0; border-radius: 10px; background: var(--accent); transition: width var(--fast); }
      dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 8px 12px; margin: 8px 0 0; }
      dt { color: var(--muted); font-size: 12px; }
      dd { margin: 0; font-variant-numeric: tabular-nums; }
    `,
  ];

  static override properties = { status: { attribute: false } };

  declare status: BalloonStatus | null;
  /** What the slider shows while it is held, in bytes. */
  #wanted: number | null = null;

  constructor() {
    super();
    this.status = null;
  }

  override render(): TemplateResult | typeof nothing {
    const { status } = this;
    if (status === null) return nothing;
    const { totalBytes, targetBytes, actualBytes, stats } = status;
    const wanted = this.#wanted ?? targetBytes;
    return html`
      <div class="row"><b>${formatMemory(actualBytes)}</b><span>of ${formatMemory(totalBytes)} are the guest's</span></div>
      <div class="bar"><i style="width:${((100 * actualBytes) / totalBytes).toFixed(1)}%"></i></div>
      <label>
        <span class="row"><span>Memory that the guest should have</span><b>${formatMemory(wanted)}</b></span>
        <input type="range" min=${Math.min(LEAST_BYTES, totalBytes)} max=${totalBytes} step=${STEP_BYTES} .value=${String(wanted)}
          aria-valuetext=${formatMemory(wanted)}
          @input=${(event: Event) => this.#onInput(event)} @change=${(event: Event) => this.#onChange(event)}>
      </label>
      ${this.#stats(stats)}
    `;
  }

  #stats(stats: BalloonStatus["stats"]): TemplateResult {
    const rows = [
      ...BYTE_STATS.map(([name, label]) => [label, stats[name], formatMemory] as const),
      ...COUNT_STATS.map(([name, label]) => [label, stats[name], String] as const),
    ].filter((row) => row[1] !== undefined);
    if (rows.length === 0) return html`<span>The guest has not told anything of its memory yet.</span>`;
    return html`<dl>${rows.map(([label, value, format]) => html`<div><dt>${label}</dt><dd>${format(value ?? 0)}</dd></div>`)}</dl>`;
  }

  #onInput(event: Event): void {
    this.#wanted = Number((event.target as HTMLInputElement).value);
    this.requestUpdate();
  }

  #onChange(event: Event): void {
    this.#wanted = null;
    const bytes = Number((event.target as HTMLInputElement).value);
    this.dispatchEvent(new CustomEvent("target", { detail: bytes }));
  }
}

customElements.define("balloon-control", BalloonControl);
