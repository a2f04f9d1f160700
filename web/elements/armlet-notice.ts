import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { controls } from "../styles/controls.ts";
import "./copy-button.ts";

/** Something that happened and what can be done about it. */
export interface Notice {
  /** `trouble` is red and interrupts; `calm` is a state one may be in. */
  readonly tone: "trouble" | "calm";
  /** A card in the middle of an empty stage, or a strip above the terminal. */
  readonly shape: "card" | "strip";
  readonly title: string;
  readonly text: string;
  readonly advice?: string;
  readonly url?: string | null;
  /** Text folded away, such as a crash report. */
  readonly details?: string;
  readonly primary?: { readonly label: string; run(): void };
  readonly secondary?: { readonly label: string; run(): void };
  /** Makes the report that can be copied. */
  readonly report?: () => string | Promise<string>;
  readonly dismiss?: () => void;
  /** "Dismiss" unless given. */
  readonly dismissLabel?: string;
}

/** Shows a notice. */
export class ArmletNotice extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: block;
        color: var(--text);
        font: 15px/1.5 var(--sans);
      }

      :host([shape="card"]) {
        position: absolute;
        z-index: 2;
        inset: 0;
        display: grid;
        place-items: center;
        overflow: auto;
        padding: 20px 16px;
        background: var(--scrim);
      }

      section {
        width: min(36rem, 100%);
        padding: 24px 26px;
        border: 1px solid var(--line);
        border-radius: 14px;
        background: var(--surface);
        box-shadow: var(--shadow);
        animation: arrive var(--slow) cubic-bezier(0.2, 0.8, 0.2, 1);
      }

      @keyframes arrive {
        from { opacity: 0; transform: translateY(8px); }
      }

      @media (prefers-reduced-motion: reduce) { section { animation: none; } }

      :host([shape="strip"]) section {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 12px 24px;
        width: 100%;
        padding: 12px 14px 12px 18px;
        border-width: 0 0 1px;
        border-radius: 0;
        box-shadow: none;
      }

      :host([shape="strip"]) .words {
        flex: 1 1 20rem;
        min-width: 0;
      }

      section.trouble {
        border-color: var(--bad-line);
        background: linear-gradient(var(--bad-surface), var(--surface) 130px);
      }

      h2 {
        margin: 0 0 6px;
        font-size: 18px;
        font-weight: 640;
        line-height: 1.3;
        letter-spacing: -0.01em;
        text-wrap: balance;
      }

      .trouble h2 { color: var(--bad); }

      :host([shape="strip"]) h2 { font-size: 15.5px; }

      p { margin: 0; overflow-wrap: anywhere; }
      p + p { margin-top: 6px; }
      .advice { color: var(--muted); }

      .url {
        display: block;
        margin: 12px 0;
        padding: 9px 12px;
        border: 1px solid var(--line);
        border-radius: var(--radius-small);
        background: var(--bg);
        color: var(--text);
        font: 13px/1.45 var(--mono);
        overflow-wrap: anywhere;
      }

      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        margin-top: 18px;
      }

      :host([shape="strip"]) .actions { margin-top: 0; }

      details { margin-top: 14px; }

      summary {
        display: inline-flex;
        align-items: center;
        min-height: var(--target);
        color: var(--muted);
        font-size: 14px;
        cursor: pointer;
      }

      summary::before { content: "▸"; margin-right: 8px; }
      details[open] summary::before { content: "▾"; }

      pre {
        max-height: min(40vh, 320px);
        margin: 0;
        padding: 12px;
        border: 1px solid var(--line);
        border-radius: var(--radius-small);
        background: var(--bg);
        font: 12.5px/1.5 var(--mono);
        overflow: auto;
      }

      @media (max-width: 520px) {
        section { padding: 18px; }
        .actions > * { flex: 1 1 auto; }
      }
    `,
  ];

  static override properties = { notice: { attribute: false } };

  declare notice: Notice | null;
  #focusedFor = "";

  constructor() {
    super();
    this.notice = null;
  }

  override willUpdate(): void {
    if (this.notice !== null) this.setAttribute("shape", this.notice.shape);
  }

  /** A card stands where the terminal was: the keyboard goes to what can be done now. */
  override updated(): void {
    if (this.notice?.shape !== "card" || this.notice.title === this.#focusedFor) return;
    this.#focusedFor = this.notice.title;
    if (window.self === window.top) this.renderRoot.querySelector<HTMLElement>("button.primary")?.focus();
  }

  override render(): TemplateResult | typeof nothing {
    const { notice } = this;
    if (notice === null) return nothing;
    const { primary, secondary, report, dismiss, dismissLabel = "Dismiss" } = notice;
    return html`
      <section class=${notice.tone} role=${notice.tone === "trouble" ? "alert" : "status"} aria-labelledby="title">
        <div class="words">
        <h2 id="title">${notice.title}</h2>
        <p>${notice.text}</p>
        ${notice.url === undefined || notice.url === null ? nothing : html`<code class="url">${notice.url}</code>`}
        ${notice.advice === undefined || notice.advice === "" ? nothing : html`<p class="advice">${notice.advice}</p>`}
        ${
          notice.details === undefined
            ? nothing
            : html`<details><summary>Show the report</summary><pre tabindex="0">${notice.details}</pre></details>`
        }
        </div>
        <div class="actions">
          ${primary === undefined ? nothing : html`<button class="primary" @click=${() => primary.run()}>${primary.label}</button>`}
          ${secondary === undefined ? nothing : html`<button @click=${() => secondary.run()}>${secondary.label}</button>`}
          ${report === undefined ? nothing : html`<copy-button label="Copy report" .text=${report}></copy-button>`}
          ${dismiss === undefined ? nothing : html`<button @click=${dismiss}>${dismissLabel}</button>`}
        </div>
      </section>
    `;
  }
}

customElements.define("armlet-notice", ArmletNotice);
