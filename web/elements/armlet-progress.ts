import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { FileProgress } from "../../src/ts/api/index.ts";
import { formatBytes } from "../format.ts";
import type { MachineStore } from "../machine-store.ts";
import { StoreController } from "../store-controller.ts";
import { controls } from "../styles/controls.ts";

/** Length of the ring's path in its own units: 300 degrees of a circle of radius 12. */
const RING_LENGTH = 62.8;

/** What is being loaded, in bytes, with a way to stop it. */
export class ArmletProgress extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        position: absolute;
        inset: 0;
        display: grid;
        place-items: center;
        overflow: auto;
        padding: 20px;
        color: var(--text);
        font: 15px/1.45 var(--sans);
      }

      .card {
        display: grid;
        justify-items: center;
        width: min(25rem, 100%);
      }

      .ring {
        width: 92px;
        height: 92px;
        fill: none;
        stroke-linecap: round;
        stroke-linejoin: round;
      }

      .track { stroke: var(--line); stroke-width: 3; }

      .filled {
        stroke: var(--accent);
        stroke-width: 3;
        transition: stroke-dashoffset var(--slow) ease-out;
      }

      .chevron { stroke: var(--accent); stroke-width: 2.4; animation: blink 1.2s steps(2, jump-none) infinite; }

      @keyframes blink { from { opacity: 1; } to { opacity: 0.25; } }

      @media (prefers-reduced-motion: reduce) { .chevron { animation: none; } }

      h2 {
        margin: 18px 0 16px;
        font-size: 17px;
        font-weight: 600;
        letter-spacing: -0.01em;
      }

      ul {
        width: 100%;
        margin: 0 0 18px;
        padding: 0;
        list-style: none;
      }

      li + li { margin-top: 14px; }

      .head {
        display: flex;
        gap: 12px;
        justify-content: space-between;
        margin-bottom: 6px;
        font-size: 13.5px;
      }

      .name {
        overflow: hidden;
        font-family: var(--mono);
        text-overflow: ellipsis;
        white-space: nowrap;
        direction: rtl;
      }

      .bytes {
        color: var(--muted);
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }

      .note {
        margin: 6px 0 0;
        color: var(--warn);
        font-size: 13.5px;
      }

      progress {
        display: block;
        width: 100%;
        height: 4px;
        border: 0;
        border-radius: 4px;
        overflow: hidden;
        background: var(--line);
        appearance: none;
        accent-color: var(--accent);
        color: var(--accent);
      }

      progress::-webkit-progress-bar { background: var(--line); }
      progress::-webkit-progress-value { border-radius: 4px; background: var(--accent); }
      progress::-moz-progress-bar { border-radius: 4px; background: var(--accent); }
    `,
  ];

  readonly store: MachineStore;

  constructor(store: MachineStore) {
    super();
    this.store = store;
    new StoreController(this, store);
  }

  override render(): TemplateResult {
    const files = [...this.store.files.values()];
    const share = loadedShare(files);
    return html`
      <section class="card" aria-label="Loading">
        <svg class="ring" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
          <path class="track" d="M20.5 5.2a12 12 0 1 1-9 0"/>
          <path class="filled" d="M20.5 5.2a12 12 0 1 1-9 0" pathLength=${RING_LENGTH}
            stroke-dasharray=${RING_LENGTH} stroke-dashoffset=${RING_LENGTH * (1 - share)}
            visibility=${share > 0 ? "visible" : "hidden"}/>
          <path class="chevron" d="m12 14 4 4-4 4"/>
        </svg>
        <h2>${share >= 1 ? "Building the machine" : "Loading the machine"}</h2>
        <ul>${files.map((file) => this.#file(file))}</ul>
        <button id="cancel" @click=${() => this.store.vm.cancel()}>Cancel</button>
      </section>
    `;
  }

  #file({ name, loadedBytes, totalBytes, note }: FileProgress): TemplateResult {
    const bytes =
      totalBytes === null ? formatBytes(loadedBytes) : `${formatBytes(loadedBytes)} of ${formatBytes(totalBytes)}`;
    return html`
      <li>
        <div class="head"><span class="name" title=${name}><bdi>${name}</bdi></span><span class="bytes">${bytes}</span></div>
        ${
          totalBytes === null
            ? html`<progress aria-label=${name}></progress>`
            : html`<progress aria-label=${name} max=${Math.max(1, totalBytes)} .value=${totalBytes === 0 ? 1 : loadedBytes}></progress>`
        }
        ${note === null ? nothing : html`<p class="note" role="status">${note}</p>`}
      </li>
    `;
  }
}

/** How much of what is known to come has come, 0 to 1. */
function loadedShare(files: readonly FileProgress[]): number {
  let loaded = 0;
  let total = 0;
  for (const { loadedBytes, totalBytes } of files) {
    loaded += loadedBytes;
    // A file of unknown size is never more than half there.
    total += totalBytes ?? Math.max(1, loadedBytes * 2);
  }
  return total === 0 ? 0 : loaded / total;
}

customElements.define("armlet-progress", ArmletProgress);
