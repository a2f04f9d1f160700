import { html, LitElement, type TemplateResult } from "lit";
import { copyText } from "../clipboard.ts";
import { copyIcon } from "../icons.ts";
import { controls } from "../styles/controls.ts";

const CONFIRMATION_MS = 2500;

/** A button that copies a text which may take a moment to make, and says whether it worked. */
export class CopyButton extends LitElement {
  static override styles = [controls];
  static override properties = { label: {}, result: { state: true } };

  declare label: string;
  /** Makes the text. */
  text: () => string | Promise<string> = () => "";
  declare private result: string | null;

  constructor() {
    super();
    this.label = "Copy";
    this.result = null;
  }

  override render(): TemplateResult {
    return html`<button @click=${() => void this.#copy()}>${copyIcon}<span>${this.result ?? this.label}</span></button>
      <span class="visually-hidden" role="status">${this.result ?? ""}</span>`;
  }

  async #copy(): Promise<void> {
    const copied = await copyText(await this.text());
    this.result = copied ? "Copied" : "The browser does not allow it";
    window.setTimeout(() => {
      this.result = null;
    }, CONFIRMATION_MS);
  }
}

customElements.define("copy-button", CopyButton);
