import { css, html, LitElement, type TemplateResult } from "lit";
import { controls } from "../styles/controls.ts";
import type { ArmletTerminal } from "./armlet-terminal.ts";

/** Keys that the on-screen keyboards of phones lack: what is on the key, what it is called, what it sends. */
const KEYS: readonly (readonly [label: string, name: string, text: string])[] = [
  ["Esc", "Escape", "\u001b"],
  ["Tab", "Tab", "\t"],
  ["^C", "Control C", "\u0003"],
  ["←", "Left", "\u001b[D"],
  ["↓", "Down", "\u001b[B"],
  ["↑", "Up", "\u001b[A"],
  ["→", "Right", "\u001b[C"],
  ["/", "Slash", "/"],
  ["-", "Minus", "-"],
  ["|", "Pipe", "|"],
];

/** A row of keys under the terminal, on devices whose first pointer is a finger. */
export class ArmletKeys extends LitElement {
  static override styles = [
    controls,
    css`
      :host { display: none; }

      @media (pointer: coarse) {
        :host {
          display: block;
          border-top: 1px solid var(--line);
          background: var(--surface);
        }
      }

      div {
        display: flex;
        gap: 4px;
        padding: 4px 6px;
        overflow-x: auto;
        scrollbar-width: none;
      }

      button {
        flex: 1 0 auto;
        padding: 0 10px;
        font: 500 14px/1 var(--mono);
      }

      button[aria-pressed="true"] {
        border-color: transparent;
        background: var(--accent);
        color: var(--on-accent);
      }
    `,
  ];

  static override properties = { control: { state: true } };

  declare private control: boolean;
  readonly #terminal: ArmletTerminal;

  constructor(terminal: ArmletTerminal) {
    super();
    this.#terminal = terminal;
    this.control = false;
  }

  override render(): TemplateResult {
    return html`<div role="toolbar" aria-label="Keys">
      <button aria-pressed=${this.control} aria-label="Control" @mousedown=${keepFocus} @click=${() => this.#toggle()}>Ctrl</button>
      ${KEYS.map(
        ([label, name, text]) =>
          html`<button aria-label=${name} @mousedown=${keepFocus} @click=${() => void this.#terminal.type(text)}>${label}</button>`,
      )}
    </div>`;
  }

  #toggle(): void {
    this.control = !this.control;
    void this.#terminal.armControl(this.control, () => {
      this.control = false;
    });
  }
}

/** The on-screen keyboard stays open as long as the terminal keeps the focus. */
function keepFocus(event: Event): void {
  event.preventDefault();
}

customElements.define("armlet-keys", ArmletKeys);
