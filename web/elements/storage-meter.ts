import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { type DiskStore, QUOTA_WARNING, usedShare } from "../disks/disk-store.ts";
import { formatBytes } from "../format.ts";
import { StoreController } from "../store-controller.ts";
import { controls } from "../styles/controls.ts";
import { formStyles } from "../styles/forms.ts";

/** How much of the browser's storage is used, and whether the browser promised to keep it. */
export class StorageMeter extends LitElement {
  static override styles = [
    controls,
    formStyles,
    css`
      :host { display: block; color: var(--text); font: 15px/1.45 var(--sans); }
      .head { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 16px; }
      h3 { margin: 0; font-size: 15px; font-weight: 640; }

      meter { display: block; width: 100%; height: 10px; margin: 8px 0 10px; border: 0; border-radius: 10px; background: var(--line); }
      meter::-webkit-meter-inner-element { display: block; }
      meter::-webkit-meter-bar { height: 10px; border: 0; border-radius: 10px; background: var(--line); }
      meter::-webkit-meter-optimum-value { border-radius: 10px; background: var(--accent); }
      meter::-webkit-meter-suboptimum-value { border-radius: 10px; background: var(--warn); }
      meter::-moz-meter-bar { border-radius: 10px; background: var(--accent); }
      meter:-moz-meter-sub-optimum::-moz-meter-bar { background: var(--warn); }

      .keep { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 8px 16px; margin-top: 8px; }
      .keep p { flex: 1 1 16rem; }
    `,
  ];

  readonly #disks: DiskStore;

  constructor(disks: DiskStore) {
    super();
    this.#disks = disks;
    new StoreController(this, disks);
  }

  override render(): TemplateResult | typeof nothing {
    const { storage } = this.#disks;
    if (storage === null) return nothing;
    const { usageBytes, quotaBytes } = storage;
    const share = usedShare(storage);
    const left = Math.max(0, quotaBytes - usageBytes);
    const figures = `${formatBytes(usageBytes)} of ${formatBytes(quotaBytes)}`;
    return html`
      <div class="head"><h3>Storage of this browser</h3><span class="quiet figures">${figures} used (${Math.round(share * 100)} %)</span></div>
      <meter min="0" max="1" high=${QUOTA_WARNING} optimum="0" value=${share} aria-label="Storage used">${figures}</meter>
      ${
        share >= QUOTA_WARNING
          ? html`<p class="warning" role="alert">Only ${formatBytes(left)} are left. When there is no room the guest gets errors for what it writes: save disks as files, then delete what is not needed.</p>`
          : nothing
      }
      ${this.#keeping(storage.persisted)}
    `;
  }

  #keeping(persisted: boolean): TemplateResult {
    if (persisted) return html`<p class="quiet">The browser promised to keep the disks until you delete them.</p>`;
    const refused = this.#disks.persistAnswer === false;
    return html`<div class="keep">
      <p class="quiet" role="status">${
        refused
          ? "The browser did not promise it. It decides by itself, for example when this page is installed or among the bookmarks. Save what is dear to you as a file."
          : "When this computer runs out of room, the browser may throw the disks away."
      }</p>
      <button class="small" @click=${() => void this.#disks.persist()}>${refused ? "Ask again" : "Ask the browser to keep them"}</button>
    </div>`;
  }
}

customElements.define("storage-meter", StorageMeter);
