import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { MachineStats } from "../../src/ts/api/index.ts";
import { formatBytes, formatMips, formatSeconds } from "../format.ts";
import { closeIcon } from "../icons.ts";
import type { MachineStore } from "../machine-store.ts";
import { compiledShare, formatShare, processorSentence } from "../processor-texts.ts";
import { StoreController } from "../store-controller.ts";
import { controls } from "../styles/controls.ts";

const count = new Intl.NumberFormat("en");

/** What the guest's processor does, and how much of it as compiled code. Emits `close` when it is to be put away. */
export class ProcessorPanel extends LitElement {
  static override styles = [
    controls,
    css`
      :host { display: flex; flex-direction: column; min-width: 0; min-height: 0; border-left: 1px solid var(--line); background: var(--bg); color: var(--text); font: 13.5px/1.45 var(--sans); }
      .head { display: flex; flex: none; align-items: center; min-height: var(--bar); padding: 0 4px 0 16px; border-bottom: 1px solid var(--line); background: var(--surface); }
      h2 { flex: 1; margin: 0; font-size: 15px; font-weight: 640; letter-spacing: -0.01em; }
      h3 { margin: 20px 0 8px; font-size: 13.5px; font-weight: 650; }
      .body { flex: 1; min-height: 0; padding: 14px 16px 32px; overflow: auto; overscroll-behavior: contain; scrollbar-width: thin; }
      .now { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 12px; margin: 0; }
      .now b { font-size: 26px; font-weight: 650; line-height: 1.2; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
      .now span { color: var(--muted); font-variant-numeric: tabular-nums; }
      .meaning { margin: 8px 0 0; }
      .share { margin: 0 0 12px; }
      .share > div { display: flex; justify-content: space-between; gap: 12px; font-variant-numeric: tabular-nums; }
      .share span { color: var(--muted); }
      .share b { font-weight: 600; }
      .share i { display: block; height: 8px; margin-top: 4px; border-radius: 8px; background: var(--line-strong); overflow: hidden; }
      .share i::before { content: ""; display: block; width: var(--share); height: 100%; background: var(--good); transition: width var(--fast); }
      .key { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0; color: var(--muted); font-size: 12.5px; }
      .key span::before { content: ""; display: inline-block; width: 8px; height: 8px; margin-right: 6px; border-radius: 50%; background: var(--line-strong); }
      .key .compiled::before { background: var(--good); }
      dl { margin: 0; }
      dl > div { display: flex; justify-content: space-between; gap: 16px; padding: 5px 0; border-bottom: 1px solid var(--line); }
      dt { color: var(--muted); }
      dd { margin: 0; font-weight: 550; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
      @media (max-width: 900px) { :host { border-left: 0; } }
    `,
  ];

  readonly #store: MachineStore;

  constructor(store: MachineStore) {
    super();
    this.#store = store;
    new StoreController(this, store);
    this.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this.#close();
    });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute("role", "complementary");
    this.setAttribute("aria-label", "Processor");
  }

  /** Takes the keyboard. */
  override focus(): void {
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(".close")?.focus());
  }

  override render(): TemplateResult {
    const { stats } = this.#store;
    return html`
      <div class="head">
        <h2>Processor</h2>
        <button class="icon close" aria-label="Close" @click=${() => this.#close()}>${closeIcon}</button>
      </div>
      <div class="body" role="group" aria-label="Figures of the processor" tabindex="0">
        <p class="now"><b>${formatMips(stats.mips)} MIPS</b><span>${Math.round(stats.cpuShare * 100)} % of a processor core</span></p>
        <p class="meaning">${processorSentence(stats)}</p>
        ${this.#compiler(stats)}
      </div>
    `;
  }

  #compiler(stats: MachineStats): TemplateResult | typeof nothing {
    const { compiler } = stats;
    if (compiler === null) return nothing;
    const { guestInstructions, moduleBytes } = compiler;
    const rows: readonly (readonly [label: string, value: string, hint: string])[] = [
      ["Regions", count.format(compiler.regions), "Pieces of guest code that are there in their compiled form"],
      ["Compiled since the start", count.format(compiler.compiledRegions), "Regions that were compiled"],
      ["Dropped", count.format(compiler.droppedRegions), "Regions whose code changed, or whose room others needed"],
      [
        "Guest instructions compiled",
        count.format(guestInstructions),
        "Instructions in all regions that were compiled",
      ],
      ["WebAssembly", formatBytes(moduleBytes), "Size of all modules that were made"],
      [
        "Bytes per guest instruction",
        guestInstructions === 0 ? "–" : (moduleBytes / guestInstructions).toFixed(1),
        "Bytes of WebAssembly for an instruction of the guest, which has 4",
      ],
      ["Calls", count.format(compiler.calls), "Calls of regions from outside of compiled code"],
      ["… to cold code", count.format(compiler.coldExits), "Calls that came to code that is not compiled"],
      [
        "… to the interpreter",
        count.format(compiler.stops),
        "Calls that came to an instruction for the interpreter: a device, a fault, a system instruction",
      ],
      ["… to an exception", count.format(compiler.handled), "Calls that an exception or a wait for interrupts ended"],
      ["… to the clock", count.format(compiler.stretches), "Calls that ended to look at clocks and devices"],
      ["TLB misses", count.format(compiler.tlbMisses), "Loads and stores whose page the first-level TLB did not have"],
      ["Compile time", formatSeconds(compiler.compileMs), "The browser's time for making modules and instances"],
    ];
    return html`
      <h3>Compiled against interpreted</h3>
      ${share("Last half second", compiler.recentShare)}
      ${share("Since the start", compiledShare(stats))}
      <p class="key"><span class="compiled">compiled</span><span>interpreted</span></p>
      <h3>The compiler</h3>
      <dl>${rows.map(([label, value, hint]) => html`<div title=${hint}><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>
    `;
  }

  #close(): void {
    this.dispatchEvent(new CustomEvent("close"));
  }
}

function share(label: string, value: number | null): TemplateResult {
  return html`
    <div class="share">
      <div><span>${label}</span><b>${value === null ? "–" : `${formatShare(value)} compiled`}</b></div>
      <i style="--share: ${(100 * (value ?? 0)).toFixed(1)}%"></i>
    </div>
  `;
}

customElements.define("processor-panel", ProcessorPanel);
