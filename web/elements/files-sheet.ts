import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { ConfigError } from "../../src/ts/config/config-error.ts";
import { type Arrivals, partsOf } from "../disks/arrivals.ts";
import type { DiskDesk } from "../disks/disk-desk.ts";
import {
  type Beginnings,
  beginningsOf,
  buildMachine,
  type Proposal,
  proposals,
  warnings,
} from "../disks/next-machine.ts";
import { FailureError } from "../../src/ts/api/index.ts";
import { sentences } from "../disks/hot-plug.ts";
import { takesDisks } from "../disks/takes-disks.ts";
import { closeIcon } from "../icons.ts";
import { StoreController } from "../store-controller.ts";
import { controls } from "../styles/controls.ts";
import { dialogStyles } from "../styles/dialog.ts";
import { formStyles } from "../styles/forms.ts";
import "./arrival-card.ts";
import { ask } from "./ask-dialog.ts";

/** What was added, and the machine that comes of it. */
export class FilesSheet extends LitElement {
  static override styles = [
    controls,
    dialogStyles,
    formStyles,
    css`
      dialog { width: min(44rem, calc(100vw - 24px)); max-height: calc(100dvh - 24px); }
      ul { display: grid; gap: 12px; margin: 0; padding: 0; list-style: none; }
      h3 { margin: 22px 0 10px; font-size: 15px; font-weight: 640; }
      fieldset { margin: 0; padding: 0; border: 0; }
      .none { margin: 0; padding: 24px; border: 1px dashed var(--line-strong); border-radius: var(--radius); color: var(--muted); text-align: center; }
      .more { margin-top: 12px; }
      .foot {
        position: sticky;
        bottom: 0;
        margin: 20px -24px -24px;
        padding: 14px 24px;
        border-top: 1px solid var(--line);
        background: var(--surface);
      }
      .foot .actions { margin: 0; }
      .foot .trouble { margin: 0 0 10px; }
      @media (max-width: 520px) {
        .body { padding: 16px; }
        .foot { margin: 16px -16px -16px; padding: 12px 16px; }
        .foot .actions > * { flex: 1 1 auto; }
      }
    `,
  ];

  static override properties = {
    choice: { state: true },
    busy: { state: true },
    trouble: { state: true },
  };

  /** Which machine is to be made, as `idOf` has it; null: the likeliest. */
  declare private choice: string | null;
  /** Files are being taken in, or the machine is being changed. */
  declare private busy: boolean;
  /** Why the machine cannot be made: a sentence. */
  declare private trouble: string | null;
  readonly #desk: DiskDesk;
  readonly #arrivals: Arrivals;

  constructor(desk: DiskDesk) {
    super();
    this.#desk = desk;
    this.#arrivals = desk.arrivals;
    this.choice = null;
    this.busy = false;
    this.trouble = null;
    new StoreController(this, desk.arrivals);
  }

  /** Opens it, if it is not open. */
  show(): void {
    // The page's own machine may have become known since.
    this.requestUpdate();
    void this.updateComplete.then(() => {
      const dialog = this.#dialog;
      if (dialog?.open === false) dialog.showModal();
    });
  }

  override render(): TemplateResult {
    const { list } = this.#arrivals;
    return html`<dialog aria-labelledby="title" @cancel=${(event: Event) => this.#onCancel(event)} @close=${() => this.#onClose()}>
      <div class="title">
        <h2 id="title">Add to the machine</h2>
        <button class="icon" aria-label="Close" @click=${() => void this.#leave()}>${closeIcon}</button>
      </div>
      <div class="body">
        ${
          list.length === 0
            ? html`<p class="none">Nothing is chosen. Drop files here, or press “Add files…”.</p>`
            : html`<ul>${list.map((arrival) => html`<li><arrival-card .arrival=${arrival} .arrivals=${this.#arrivals} ?locked=${this.busy}></arrival-card></li>`)}</ul>`
        }
        <div class="more"><button ?disabled=${this.busy} @click=${() => this.#desk.chooseFiles()}>Add files…</button></div>
        ${this.#machine()}
      </div>
    </dialog>`;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }

  get #beginnings(): Beginnings {
    return beginningsOf(this.#desk.machine?.profile ?? null, this.#desk.standard);
  }

  /** Whether there is a machine that disks can be plugged into now. */
  get #takesDisks(): boolean {
    const { machine } = this.#desk;
    return machine?.isOn === true && takesDisks(machine.profile.args);
  }

  #machine(): TemplateResult {
    const parts = partsOf(this.#arrivals.list);
    const isEmpty = parts.disks.length === 0 && parts.files.length === 0;
    const choices = isEmpty ? [] : proposals(parts, this.#beginnings);
    const chosen = this.#chosen(choices);
    const waiting = this.busy || this.#arrivals.isBusy;
    return html`
      ${warnings(parts).map((text) => html`<p class="warning">${text}</p>`)}
      ${
        choices.length === 0
          ? nothing
          : html`<h3 id="next">The machine that comes of it</h3>
            <fieldset aria-labelledby="next">${choices.map((proposal) => this.#choiceRow(proposal, proposal === chosen))}</fieldset>`
      }
      <div class="foot">
        ${this.trouble === null ? nothing : html`<p class="trouble" role="alert">${this.trouble}</p>`}
        <div class="actions">
          <button class="primary" ?disabled=${waiting || chosen === null} @click=${() => void this.#start()}>Start the machine with ${this.#arrivals.list.length === 1 ? "it" : "these"}</button>
          ${
            parts.disks.length > 0 && this.#takesDisks
              ? html`<button ?disabled=${waiting} @click=${() => void this.#attach()}>Attach ${parts.disks.length === 1 ? "the disk" : "the disks"} now</button>`
              : nothing
          }
          ${
            parts.disks.some(({ key }) => this.#isNew(key))
              ? html`<button ?disabled=${waiting} @click=${() => void this.#keep()}>Only keep ${parts.disks.length === 1 ? "the disk" : "the disks"}</button>`
              : nothing
          }
          <button @click=${() => void this.#leave()}>Cancel</button>
        </div>
      </div>
    `;
  }

  #choiceRow(proposal: Proposal, isChosen: boolean): TemplateResult {
    return html`<label class="choice">
      <input type="radio" name="next" .checked=${isChosen} ?disabled=${this.busy} @change=${() => this.#choose(proposal)}>
      <span><strong>${proposal.title}</strong><small>${proposal.reason}</small></span>
    </label>`;
  }

  #choose(proposal: Proposal): void {
    this.choice = idOf(proposal);
    this.trouble = null;
  }

  /** The systems that were found, to see whether unpacking brought some to light. */
  #systems(): string {
    return partsOf(this.#arrivals.list)
      .disks.map(({ findings }) => findings?.system?.title ?? "")
      .join("\n");
  }

  #chosen(choices: readonly Proposal[]): Proposal | null {
    return choices.find((proposal) => idOf(proposal) === this.choice) ?? choices[0] ?? null;
  }

  #isNew(key: number): boolean {
    return this.#arrivals.list.some((arrival) => arrival.key === key && arrival.disk === null);
  }

  /** Makes disks of the files. What fails is told beside each. */
  async #takeIn(): Promise<boolean> {
    this.busy = true;
    this.trouble = null;
    try {
      return await this.#arrivals.importAll();
    } finally {
      this.busy = false;
    }
  }

  async #keep(): Promise<void> {
    if (!(await this.#takeIn())) return;
    this.#dialog?.close();
    void this.#desk.showPanel();
  }

  /** Plugs the disks into the machine that runs. */
  async #attach(): Promise<void> {
    if (!(await this.#takeIn())) return;
    this.busy = true;
    try {
      await this.#desk.hotPlug.attach(partsOf(this.#arrivals.list).disks);
      this.#dialog?.close();
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      this.trouble = sentences(error);
    } finally {
      this.busy = false;
    }
  }

  async #start(): Promise<void> {
    const before = this.#systems();
    const beginnings = this.#beginnings;
    const shown = this.#chosen(proposals(partsOf(this.#arrivals.list), beginnings));
    if (shown === null || !(await this.#takeIn())) return;
    const parts = partsOf(this.#arrivals.list);
    const chosen = proposals(parts, beginnings).find((proposal) => idOf(proposal) === idOf(shown));
    if (chosen === undefined || (this.choice === null && this.#systems() !== before)) {
      this.trouble = "Now that it is unpacked it is known what is on it: choose once more what is to be started.";
      return;
    }
    try {
      const machine = buildMachine(chosen, parts, beginnings);
      if (await this.#desk.start(machine)) this.#dialog?.close();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.trouble = error.message;
    }
  }

  #onCancel(event: Event): void {
    event.preventDefault();
    void this.#leave();
  }

  /** Closes it; asks where that stops something. */
  async #leave(): Promise<void> {
    const copying = this.#arrivals.list.some(({ phase }) => phase === "importing");
    const question = {
      title: "Stop copying?",
      text: "What is not copied yet is left out. Disks that are complete stay in the browser.",
      confirm: "Stop",
    };
    if (copying && !(await ask(question))) return;
    this.#dialog?.close();
  }

  #onClose(): void {
    this.#arrivals.clear();
    this.choice = null;
    this.trouble = null;
  }
}

function idOf({ kind, disk }: Proposal): string {
  return `${kind} ${disk ?? ""}`;
}

customElements.define("files-sheet", FilesSheet);
