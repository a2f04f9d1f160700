import { html, LitElement, type TemplateResult } from "lit";
import { controls } from "../styles/controls.ts";
import { dialogStyles } from "../styles/dialog.ts";

/** Asks before a text of many lines is typed into the guest, which takes each line as a command. */
export class PasteDialog extends LitElement {
  static override styles = [controls, dialogStyles];

  readonly #text: string;
  readonly #lineCount: number;
  readonly #answer: (confirmed: boolean) => void;

  constructor(text: string, lineCount: number, answer: (confirmed: boolean) => void) {
    super();
    this.#text = text;
    this.#lineCount = lineCount;
    this.#answer = answer;
  }

  override render(): TemplateResult {
    return html`<dialog aria-labelledby="title" @close=${(event: Event) => this.#onClose(event)}>
      <form method="dialog" class="body">
        <h2 id="title">Paste ${this.#lineCount} lines?</h2>
        <p>The guest takes each of them as a command, as soon as it arrives.</p>
        <pre tabindex="0">${this.#text}</pre>
        <div class="actions">
          <button class="primary" value="paste">Paste</button>
          <button value="">Cancel</button>
        </div>
      </form>
    </dialog>`;
  }

  override firstUpdated(): void {
    this.renderRoot.querySelector("dialog")?.showModal();
  }

  #onClose(event: Event): void {
    this.#answer((event.target as HTMLDialogElement).returnValue === "paste");
    this.remove();
  }
}

customElements.define("paste-dialog", PasteDialog);

/** Shows the dialog; resolves with whether to paste. */
export function confirmPaste(text: string, lineCount: number): Promise<boolean> {
  return new Promise((resolve) => {
    document.body.append(new PasteDialog(text, lineCount, resolve));
  });
}
