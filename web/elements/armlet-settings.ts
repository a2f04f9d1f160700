import { css, html, LitElement, type TemplateResult } from "lit";
import { closeIcon } from "../icons.ts";
import type { MachineStore } from "../machine-store.ts";
import { LARGEST_FONT_PX, type Settings, SMALLEST_FONT_PX } from "../settings.ts";
import { controls } from "../styles/controls.ts";
import { dialogStyles } from "../styles/dialog.ts";
import { LEAVE_KEYS } from "./armlet-terminal.ts";
import "./copy-button.ts";

/** Keys that the page keeps for itself; all others are the guest's. */
const SHORTCUTS: readonly (readonly [keys: string, what: string])[] = [
  [LEAVE_KEYS, "leave the terminal; Tab then reaches every control"],
  ["Ctrl+Shift+C", "copy the selection"],
  ["Ctrl+Shift+V", "paste"],
  ["Ctrl+C, Ctrl+Z, Ctrl+D …", "go to the guest"],
];

/** Settings of the terminal, the machine's command line, the keys. Emits `share` when the machine is to be shared. */
export class ArmletSettings extends LitElement {
  static override styles = [
    controls,
    dialogStyles,
    css`
      h3 {
        margin: 26px 0 8px;
        color: var(--muted);
        font-size: 12.5px;
        font-weight: 650;
        letter-spacing: 0.06em;
        text-transform: uppercase;
      }

      h3:first-child { margin-top: 0; }

      .setting {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 16px;
        min-height: var(--target);
        padding: 4px 0;
      }

      .setting small {
        display: block;
        color: var(--muted);
        font-size: 13px;
        line-height: 1.35;
      }

      .stepper { display: flex; align-items: center; gap: 6px; }
      .stepper output { min-width: 3.4em; text-align: center; font-variant-numeric: tabular-nums; }
      .stepper button { padding: 0; font-size: 18px; }

      input[type="checkbox"] {
        flex: none;
        width: 44px;
        height: 26px;
        margin: 9px 0;
        border: 1px solid var(--line-strong);
        border-radius: 26px;
        background: var(--raised);
        appearance: none;
        cursor: pointer;
        transition: background-color var(--fast);
      }

      input[type="checkbox"]::before {
        content: "";
        display: block;
        width: 18px;
        height: 18px;
        margin: 3px;
        border-radius: 50%;
        background: var(--line-strong);
        transition: transform var(--fast), background-color var(--fast);
      }

      input[type="checkbox"]:checked { border-color: var(--accent); background: var(--accent); }
      input[type="checkbox"]:checked::before { background: var(--on-accent); transform: translateX(18px); }

      dl { display: grid; grid-template-columns: max-content 1fr; gap: 6px 16px; margin: 0; }
      dd { margin: 0; color: var(--muted); }

      kbd {
        padding: 2px 7px;
        border: 1px solid var(--line);
        border-radius: 5px;
        background: var(--raised);
        font: 13px/1.6 var(--mono);
      }

      @media (max-width: 480px) {
        dl { grid-template-columns: 1fr; gap: 2px; }
        dd { margin-bottom: 8px; }
      }
    `,
  ];

  readonly #store: MachineStore;
  readonly #settings: Settings;

  constructor(store: MachineStore, settings: Settings) {
    super();
    this.#store = store;
    this.#settings = settings;
    settings.onChange(() => this.requestUpdate());
  }

  /** Opens the dialog; Escape closes it. */
  show(): void {
    this.renderRoot.querySelector("dialog")?.showModal();
  }

  override render(): TemplateResult {
    const { vm } = this.#store;
    return html`<dialog aria-labelledby="title" @click=${closeFromBackdrop}>
      <div class="title">
        <h2 id="title">Settings and help</h2>
        <button class="icon" aria-label="Close" @click=${() => this.renderRoot.querySelector("dialog")?.close()}>${closeIcon}</button>
      </div>
      <div class="body">
        <h3>Terminal</h3>
        ${this.#fontSize()}
        ${this.#toggle("screenReader", "Screen reader mode", "The terminal keeps its text where screen readers find it")}
        ${this.#toggle("copyOnSelect", "Copy on selection", "Selected text is in the clipboard at once")}
        <div class="actions"><copy-button label="Copy everything the guest wrote" .text=${() => vm.serial.text}></copy-button></div>
        <h3>Machine</h3>
        <p style="margin:0">This page's machine, as a QEMU command line:</p>
        <code class="block" tabindex="0">${vm.args}</code>
        <div class="actions">
          <button @click=${() => this.#share()}>Share this machine…</button>
          <copy-button label="Copy report" .text=${() => vm.report()}></copy-button>
        </div>
        <h3>Keys</h3>
        <dl>${SHORTCUTS.map(([keys, what]) => html`<dt><kbd>${keys}</kbd></dt><dd>${what}</dd>`)}</dl>
      </div>
    </dialog>`;
  }

  #share(): void {
    this.renderRoot.querySelector("dialog")?.close();
    this.dispatchEvent(new CustomEvent("share"));
  }

  #fontSize(): TemplateResult {
    const { fontSizePx } = this.#settings.values;
    const step = (by: number) => () => this.#settings.set({ fontSizePx: fontSizePx + by });
    return html`<div class="setting" role="group" aria-label="Text size">
      <span>Text size</span>
      <span class="stepper">
        <button aria-label="Smaller" ?disabled=${fontSizePx <= SMALLEST_FONT_PX} @click=${step(-1)}>−</button>
        <output>${fontSizePx} px</output>
        <button aria-label="Larger" ?disabled=${fontSizePx >= LARGEST_FONT_PX} @click=${step(1)}>+</button>
      </span>
    </div>`;
  }

  #toggle(name: "screenReader" | "copyOnSelect", label: string, hint: string): TemplateResult {
    return html`<label class="setting">
      <span>${label}<small>${hint}</small></span>
      <input type="checkbox" role="switch" .checked=${this.#settings.values[name]}
        @change=${(event: Event) => this.#settings.set({ [name]: (event.target as HTMLInputElement).checked })}>
    </label>`;
  }
}

function closeFromBackdrop(event: Event): void {
  // The dialog's content covers it: a click on the element itself is one beside it.
  if (event.target === event.currentTarget) (event.currentTarget as HTMLDialogElement).close();
}

customElements.define("armlet-settings", ArmletSettings);
