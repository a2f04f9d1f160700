import { html, LitElement, nothing, type TemplateResult } from "lit";
import type { MachineStore } from "../machine-store.ts";
import { StoreController } from "../store-controller.ts";
import { controls } from "../styles/controls.ts";
import { dialogStyles } from "../styles/dialog.ts";
import { formStyles } from "../styles/forms.ts";

/** Asks before a machine that is on makes room for another one. */
export class LeaveDialog extends LitElement {
  static override styles = [controls, dialogStyles, formStyles];
  static override properties = { waiting: { state: true } };

  /** The guest is asked to shut down. */
  declare private waiting: boolean;
  readonly #store: MachineStore;
  readonly #answer: (leave: boolean) => void;

  constructor(store: MachineStore, answer: (leave: boolean) => void) {
    super();
    this.#store = store;
    this.#answer = answer;
    this.waiting = false;
    new StoreController(this, store);
  }

  override render(): TemplateResult {
    return html`<dialog role="alertdialog" aria-labelledby="title" aria-describedby="text"
      @cancel=${(event: Event) => this.#onCancel(event)} @close=${(event: Event) => this.#onClose(event)}>
      <form method="dialog" class="body">
        <h2 id="title">The machine that is open makes room</h2>
        <p id="text">What its guest has only in memory is lost. What it wrote to its disks is kept.</p>
        ${this.waiting ? html`<p class="quiet" role="status">The guest is shutting down …</p><progress aria-label="Shutting down"></progress>` : nothing}
        <div class="actions">
          ${
            this.waiting
              ? nothing
              : html`<button type="button" class="primary" @click=${() => void this.#shutDown()}>Shut it down</button>`
          }
          <button value="leave">Turn it off now</button>
          ${this.waiting ? nothing : html`<button value="">Cancel</button>`}
        </div>
      </form>
    </dialog>`;
  }

  override firstUpdated(): void {
    this.#dialog?.showModal();
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }

  async #shutDown(): Promise<void> {
    this.waiting = true;
    await this.#store.vm.powerOff();
    this.#dialog?.close("leave");
  }

  #onCancel(event: Event): void {
    // A shutdown that was asked for cannot be taken back.
    if (this.waiting) event.preventDefault();
  }

  #onClose(event: Event): void {
    this.#answer((event.target as HTMLDialogElement).returnValue === "leave");
    this.remove();
  }
}

customElements.define("leave-dialog", LeaveDialog);

/** Resolves with whether the machine may be replaced; by then it is off, or the user gave it up. */
export function leaveMachine(store: MachineStore): Promise<boolean> {
  return new Promise((resolve) => {
    document.body.append(new LeaveDialog(store, resolve));
  });
}
