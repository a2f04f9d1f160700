import { css, html, LitElement, type TemplateResult } from "lit";
import { linkIcon, pauseIcon, playIcon, powerIcon, resetIcon } from "../icons.ts";
import type { MachineStore } from "../machine-store.ts";
import { STATE_HINTS, STATE_LABELS } from "../machine-state-texts.ts";
import { StoreController } from "../store-controller.ts";
import { controls } from "../styles/controls.ts";

/** The frame's bar: the least that a machine needs. */
export class EmbedBar extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: block;
        border-bottom: 1px solid var(--line);
        background: var(--surface);
        color: var(--text);
        font: 13px/1.3 var(--sans);
      }

      .row {
        display: flex;
        align-items: center;
        gap: 8px;
        padding: 0 4px 0 12px;
      }

      .name {
        flex: 1;
        min-width: 0;
        margin: 0;
        overflow: hidden;
        font-size: 13px;
        font-weight: 600;
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      .state { color: var(--muted); white-space: nowrap; }
      .actions { display: flex; }

      a.icon {
        display: inline-flex;
        align-items: center;
        justify-content: center;
        min-width: var(--target);
        min-height: var(--target);
        border-radius: var(--radius-small);
        color: var(--muted);
      }

      a.icon:hover { background: var(--hover); color: var(--text); }
    `,
  ];

  readonly store: MachineStore;
  readonly #title: string;
  readonly #pageAddress: string;

  /** `pageAddress` is that of the same machine on a page of its own. */
  constructor(store: MachineStore, title: string, pageAddress: string) {
    super();
    this.store = store;
    this.#title = title;
    this.#pageAddress = pageAddress;
    new StoreController(this, store);
  }

  /** Takes the keyboard from the terminal. */
  focusFirst(): void {
    this.renderRoot.querySelector<HTMLElement>("button:not(:disabled), a")?.focus();
  }

  override render(): TemplateResult {
    const { store } = this;
    const { state } = store;
    const paused = state === "paused";
    const off = state === "stopped" && store.stopReason !== null;
    return html`<div class="row">
      <h1 class="name">${this.#title}</h1>
      <span class="state" role="status" title=${STATE_HINTS[state]}>${STATE_LABELS[state]}</span>
      <div class="actions" role="toolbar" aria-label="Machine">
        <button class="icon" ?disabled=${!store.isOn} aria-label=${paused ? "Resume" : "Pause"}
          title=${paused ? "Resume" : "Pause"} @click=${() => store.togglePause()}>${paused ? playIcon : pauseIcon}</button>
        <button class="icon" ?disabled=${!store.isOn && state !== "crashed" && !off} aria-label="Reset"
          title="Reset: the guest starts over" @click=${() => store.reset()}>${resetIcon}</button>
        <button class="icon" ?disabled=${!store.isOn} aria-label=${store.poweringOff ? "Turn off now" : "Power off"}
          title=${store.poweringOff ? "Turn off now" : "Power off"} @click=${() => store.powerOff()}>${powerIcon}</button>
        <a class="icon" href=${this.#pageAddress} target="_blank" rel="noopener" aria-label="Open on a page of its own"
          title="Open on a page of its own">${linkIcon}</a>
      </div>
    </div>`;
  }
}

customElements.define("embed-bar", EmbedBar);
