import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { formatMemory, formatMips, formatSeconds } from "../format.ts";
import {
  captureIcon,
  devicesIcon,
  disksIcon,
  linkIcon,
  logo,
  machinesIcon,
  moreIcon,
  pauseIcon,
  playIcon,
  powerIcon,
  resetIcon,
} from "../icons.ts";
import { START_ADDRESS } from "../machine-address.ts";
import { STATE_HINTS, STATE_LABELS } from "../machine-state-texts.ts";
import type { MachineStore } from "../machine-store.ts";
import { StoreController } from "../store-controller.ts";
import { controls } from "../styles/controls.ts";
import { sparkline } from "./sparkline.ts";

/** What can be shown beside the terminal; each by the button with its name as id. */
export type SidePanelName = "devices" | "processor";

/**
 * The slim bar: what the machine does, and what can be done with it. Emits `machines`, `processor`, `devices`, `disks`, `share`
 * and `settings` when those are asked for.
 */
export class ArmletBar extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: block;
        position: relative;
        border-bottom: 1px solid var(--line);
        background: var(--surface);
        color: var(--text);
        font: 14px/1.3 var(--sans);
      }

      .row {
        display: flex;
        align-items: center;
        gap: 4px 14px;
        min-height: var(--bar);
        padding: 0 6px 0 14px;
      }

      .brand {
        margin: 0;
        font-size: 14px;
        display: flex;
        align-items: center;
        gap: 9px;
        font-weight: 650;
        letter-spacing: -0.01em;
      }

      .logo {
        color: var(--accent);
      }

      .machines {
        display: inline-flex;
        flex: none;
        align-items: center;
        gap: 7px;
        min-width: var(--target);
        min-height: var(--target);
        padding: 0 10px;
        border-radius: var(--radius-small);
        color: var(--muted);
        font-weight: 550;
        text-decoration: none;
      }

      .machines:hover {
        background: var(--hover);
        color: var(--text);
      }

      .state {
        display: inline-flex;
        align-items: center;
        gap: 7px;
        min-width: 5.4rem;
        padding: 4px 11px 4px 9px;
        border: 1px solid var(--line);
        border-radius: 99px;
        font-size: 13px;
        font-weight: 550;
        color: var(--state);
        white-space: nowrap;
      }

      .state::before {
        content: "";
        width: 8px;
        height: 8px;
        border-radius: 50%;
        background: var(--state);
      }

      .state[data-state="loading"] { --state: var(--accent); }
      .state[data-state="running"] { --state: var(--good); }
      .state[data-state="idle"] { --state: var(--calm); }
      .state[data-state="paused"] { --state: var(--warn); }
      .state[data-state="stopped"] { --state: var(--muted); }
      .state[data-state="crashed"] { --state: var(--bad); }

      dl {
        display: flex;
        align-items: center;
        gap: 4px 20px;
        min-width: 0;
        margin: 0;
        font-size: 13px;
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }

      dl > div {
        display: flex;
        align-items: center;
        gap: 6px;
      }

      dt {
        color: var(--muted);
      }

      dd {
        margin: 0;
        font-weight: 550;
      }

      .icon.reading {
        justify-content: flex-start;
        min-width: calc(5.2em + 12px);
        margin-right: -6px;
        padding: 0 6px;
        border: 0;
        color: inherit;
        font: inherit;
        font-weight: 550;
        font-variant-numeric: tabular-nums;
        text-decoration: underline dotted var(--line-strong);
        text-underline-offset: 4px;
        white-space: nowrap;
      }

      .icon.reading[aria-expanded="true"] { color: var(--accent); }

      .graph {
        display: block;
        color: var(--good);
      }

      .actions {
        display: flex;
        align-items: center;
        margin-left: auto;
      }

      .actions [aria-expanded="true"] {
        color: var(--accent);
      }

      .actions .armed {
        color: var(--bad);
      }

      /* On its way to the prompt. */
      .line {
        position: absolute;
        inset: auto 0 -1px;
        height: 2px;
        overflow: hidden;
      }

      .line::before {
        content: "";
        position: absolute;
        inset: 0;
        width: 32%;
        border-radius: 2px;
        background: linear-gradient(90deg, transparent, var(--accent), transparent);
        animation: travel 1.3s infinite cubic-bezier(0.5, 0.1, 0.5, 0.9);
      }

      @keyframes travel {
        from { transform: translateX(-100%); }
        to { transform: translateX(320%); }
      }

      @media (prefers-reduced-motion: reduce) {
        .line::before {
          width: 100%;
          animation: none;
          opacity: 0.5;
        }
      }

      @media (max-width: 960px) {
        .graph { display: none; }
        .icon.reading { margin-left: -6px; }
      }

      @media (max-width: 700px) {
        .row {
          flex-wrap: wrap;
          gap: 0 10px;
        }

        .brand span,
        .machines span {
          position: absolute;
          clip-path: inset(50%);
        }

        .machines { padding: 0; justify-content: center; }

        dl {
          order: 3;
          flex-basis: 100%;
          justify-content: space-between;
          gap: 4px 12px;
          padding: 0 8px 8px 0;
        }

        .icon.reading { min-width: var(--target); }
      }

      @media (max-width: 520px) {
        .row {
          gap: 0 8px;
          padding-left: 6px;
        }

        .brand,
        .figure-name {
          position: absolute;
          clip-path: inset(50%);
        }

        .state { min-width: 0; padding: 4px 9px 4px 7px; }

        dl {
          order: 0;
          flex: 1;
          justify-content: flex-end;
          gap: 0 8px;
          padding: 0 4px 0 0;
        }

        .actions {
          flex-basis: 100%;
          justify-content: space-between;
        }
      }
    `,
  ];

  static override properties = { panel: { attribute: false } };

  readonly store: MachineStore;
  /** What is shown beside the terminal. */
  declare panel: SidePanelName | null;

  constructor(store: MachineStore) {
    super();
    this.store = store;
    this.panel = null;
    new StoreController(this, store);
  }

  /** Puts the keyboard on the button that shows `panel`. */
  focusButtonOf(panel: SidePanelName): void {
    this.renderRoot.querySelector<HTMLButtonElement>(`#${panel}`)?.focus();
  }

  /** Takes the keyboard from the terminal. */
  focusFirst(): void {
    this.renderRoot.querySelector<HTMLButtonElement>(".actions button:not(:disabled)")?.focus();
  }

  override render(): TemplateResult {
    const { store } = this;
    const { state } = store;
    const booting = (state === "running" || state === "idle") && store.promptMs === null && store.panic === null;
    return html`
      <div class="row">
        <h1 class="brand">${logo}<span>Armlet</span></h1>
        <a class="machines" href=${START_ADDRESS} title="All machines" @click=${(event: MouseEvent) => this.#onMachines(event)}
          >${machinesIcon}<span>Machines</span></a>
        <span class="state" data-state=${state} role="status" title=${STATE_HINTS[state]}>
          <span class="visually-hidden">Machine: </span>${STATE_LABELS[state]}
        </span>
        ${this.#figures()}
        <div class="actions" role="toolbar" aria-label="Machine">${this.#actions()}</div>
      </div>
      ${booting || state === "loading" ? html`<div class="line"></div>` : nothing}
    `;
  }

  #figures(): TemplateResult {
    const { stats, promptMs, speeds } = this.store;
    const none = "–";
    return html`
      <dl>
        <div title="Time from opening the page (or from the reset) to the guest's prompt">
          <dt class="figure-name">Prompt in</dt>
          <dd class="prompt">${promptMs === null ? none : formatSeconds(promptMs)}</dd>
        </div>
        <div class="speed" title=${`Guest instructions a second; ${Math.round(stats.cpuShare * 100)} % of a processor core. Press for more`}>
          ${sparkline(speeds)}
          <dt class="visually-hidden">Speed</dt>
          <dd><button class="icon reading" id="processor" aria-label=${`${formatMips(stats.mips)} MIPS: processor`}
            aria-expanded=${this.panel === "processor"} @click=${() => this.dispatchEvent(new CustomEvent("processor"))}
            >${formatMips(stats.mips)} MIPS</button></dd>
        </div>
        <div title="The guest's memory">
          <dt class="visually-hidden">Memory</dt>
          <dd>${stats.memoryBytes === 0 ? none : formatMemory(stats.memoryBytes)}</dd>
        </div>
      </dl>
    `;
  }

  #actions(): TemplateResult {
    const { store } = this;
    const { state } = store;
    const on = state === "running" || state === "idle" || state === "paused";
    const paused = state === "paused";
    const powerLabel = store.poweringOff ? "Turn off now" : "Power off";
    return html`
      <button class="icon" id="pause" ?disabled=${!on} aria-label=${paused ? "Resume" : "Pause"}
        title=${paused ? "Resume" : "Pause"} @click=${() => store.togglePause()}>${paused ? playIcon : pauseIcon}</button>
      <button class="icon" id="reset" ?disabled=${!on && state !== "crashed" && !this.#isOff()} aria-label="Reset"
        title="Reset: the guest starts over" @click=${() => store.reset()}>${resetIcon}</button>
      <button class="icon ${store.poweringOff ? "armed" : ""}" id="power" ?disabled=${!on} aria-label=${powerLabel}
        title=${store.poweringOff ? "The guest is shutting down; press again to turn it off now" : "Power off"}
        @click=${() => store.powerOff()}>${powerIcon}</button>
      <button class="icon" id="devices" aria-label="Virtio devices" aria-expanded=${this.panel === "devices"} title="Virtio devices: status lights, rings, requests"
        @click=${() => this.dispatchEvent(new CustomEvent("devices"))}>${devicesIcon}</button>
      <button class="icon" id="disks" aria-label="Disks and files" aria-haspopup="dialog" title="Disks and files"
        @click=${() => this.dispatchEvent(new CustomEvent("disks"))}>${disksIcon}</button>
      ${store.vm.captures.map(
        (capture) => html`
          <button class="icon capture" aria-label=${`Save capture ${capture.file}`}
            title=${`Save the packets of ${capture.netdev} that were captured until now: ${capture.file}`}
            @click=${() => store.saveCapture(capture)}>${captureIcon}</button>`,
      )}
      <button class="icon" id="share" aria-label="Share" aria-haspopup="dialog" title="Share: copy a link to this machine"
        @click=${() => this.dispatchEvent(new CustomEvent("share"))}>${linkIcon}</button>
      <button class="icon" id="settings" aria-label="Settings and help" aria-haspopup="dialog" title="Settings and help"
        @click=${() => this.dispatchEvent(new CustomEvent("settings"))}>${moreIcon}</button>
    `;
  }

  #onMachines(event: MouseEvent): void {
    // With a modifier a link means what it means elsewhere.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.dispatchEvent(new CustomEvent("machines"));
  }

  #isOff(): boolean {
    return this.store.state === "stopped" && this.store.failure === null;
  }
}

customElements.define("armlet-bar", ArmletBar);
