import { html, LitElement, type TemplateResult } from "lit";
import { controls } from "../styles/controls.ts";
import { dialogStyles } from "../styles/dialog.ts";
import { formStyles } from "../styles/forms.ts";

/** A question before something that cannot be undone. */
export interface Question {
  readonly title: string;
  readonly text: string;
  /** What happens if it is confirmed: a verb. */
  readonly confirm: string;
  /** Something is lost by it. */
  readonly danger?: boolean;
}

/** Asks a question; Escape is no. */
export class AskDialog extends LitElement {
  static override styles = [controls, dialogStyles, formStyles];

  readonly #question: Question;
  readonly #answer: (confirmed: boolean) => void;

  constructor(question: Question, answer: (confirmed: boolean) => void) {
    super();
    this.#question = question;
    this.#answer = answer;
  }

  override render(): TemplateResult {
    const { title, text, confirm, danger } = this.#question;
    return html`<dialog role="alertdialog" aria-labelledby="title" aria-describedby="text" @close=${(event: Event) => this.#onClose(event)}>
      <form method="dialog" class="body">
        <h2 id="title">${title}</h2>
        <p id="text">${text}</p>
        <div class="actions">
          <button class=${danger === true ? "danger" : "primary"} value="yes">${confirm}</button>
          <button value="" autofocus>Cancel</button>
        </div>
      </form>
    </dialog>`;
  }

  override firstUpdated(): void {
    this.renderRoot.querySelector("dialog")?.showModal();
  }

  #onClose(event: Event): void {
    this.#answer((event.target as HTMLDialogElement).returnValue === "yes");
    this.remove();
  }
}

customElements.define("ask-dialog", AskDialog);

/** Shows the question; resolves with whether it was confirmed. */
export function ask(question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    document.body.append(new AskDialog(question, resolve));
  });
}
