import { html, LitElement, nothing, type TemplateResult } from "lit";
import { formatTyped } from "../../src/ts/config/typed-text.ts";
import { controls } from "../styles/controls.ts";
import { dialogStyles } from "../styles/dialog.ts";

/** Asks before a machine types what the maker of a link wanted it to. */
export class LinkDialog extends LitElement {
  static override styles = [controls, dialogStyles];

  readonly #texts: readonly string[];
  readonly #origins: readonly string[];
  readonly #answer: (agreed: boolean) => void;

  constructor(texts: readonly string[], origins: readonly string[], answer: (agreed: boolean) => void) {
    super();
    this.#texts = texts;
    this.#origins = origins;
    this.#answer = answer;
  }

  override render(): TemplateResult {
    const several = this.#texts.length > 1;
    return html`<dialog aria-labelledby="title" @close=${(event: Event) => this.#onClose(event)}>
      <form method="dialog" class="body">
        <h2 id="title">This link wants to type ${several ? "commands" : "a command"} into the machine</h2>
        <p>Whoever made the link wrote ${several ? "them" : "it"}. Run ${several ? "them" : "it"} only if you trust it. Without
          ${several ? "them" : "it"} the machine starts all the same.</p>
        <ol>${this.#texts.map((text) => html`<li><pre tabindex="0">${formatTyped(text)}</pre></li>`)}</ol>
        ${this.#origins.length === 0 ? nothing : html`<p>Files are loaded from ${this.#origins.join(", ")}.</p>`}
        <div class="actions">
          <button class="primary" value="run">Run</button>
          <button value="" autofocus>Don't run</button>
        </div>
      </form>
    </dialog>`;
  }

  override firstUpdated(): void {
    this.renderRoot.querySelector("dialog")?.showModal();
  }

  /** Takes the question back: nobody agreed. */
  withdraw(): void {
    this.renderRoot.querySelector("dialog")?.close("");
  }

  #onClose(event: Event): void {
    this.#answer((event.target as HTMLDialogElement).returnValue === "run");
    this.remove();
  }
}

customElements.define("link-dialog", LinkDialog);

/** Shows the dialog; resolves with whether to type, false where `signal` takes the question back. */
export function confirmTyping(
  texts: readonly string[],
  origins: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const dialog = new LinkDialog(texts, origins, resolve);
    signal.addEventListener("abort", () => dialog.withdraw(), { once: true });
    document.body.append(dialog);
  });
}
