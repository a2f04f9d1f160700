import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { DiskInfo } from "../../src/ts/api/disk-types.ts";
import { type DiskStore, shownFailure } from "../disks/disk-store.ts";
import { controls } from "../styles/controls.ts";
import { dialogStyles } from "../styles/dialog.ts";
import { formStyles } from "../styles/forms.ts";

const UNITS = { MiB: 2 ** 20, GiB: 2 ** 30 } as const;
type Unit = keyof typeof UNITS;

/** What every disk made here can have at most; it costs only what is written. */
const LARGEST_BYTES = 2 ** 43;

/** Asks for the name and size of an empty disk, and makes it. */
export class NewDiskDialog extends LitElement {
  static override styles = [
    controls,
    dialogStyles,
    formStyles,
    css`
      .fields { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 12px; margin-top: 16px; }
      .wide { grid-column: 1 / -1; }
    `,
  ];

  static override properties = { trouble: { state: true }, busy: { state: true } };

  declare private trouble: string | null;
  declare private busy: boolean;
  readonly #disks: DiskStore;
  readonly #answer: (made: DiskInfo | null) => void;
  #made: DiskInfo | null = null;

  constructor(disks: DiskStore, answer: (made: DiskInfo | null) => void) {
    super();
    this.#disks = disks;
    this.#answer = answer;
    this.trouble = null;
    this.busy = false;
  }

  override render(): TemplateResult {
    return html`<dialog aria-labelledby="title" @close=${() => this.#onClose()}>
      <form class="body" @submit=${(event: Event) => void this.#make(event)}>
        <h2 id="title">New empty disk</h2>
        <p class="quiet">It takes up only what is written to it. The guest makes a file system on it, with mkfs.ext4 for example.</p>
        <div class="fields">
          <label class="field wide"><span>Name</span><input type="text" name="name" value="data" required maxlength="80"></label>
          <label class="field"><span>Size</span><input type="number" name="size" value="4" min="1" step="any" required></label>
          <label class="field"><span>Unit</span><select name="unit"><option>MiB</option><option selected>GiB</option></select></label>
        </div>
        ${this.trouble === null ? nothing : html`<p class="trouble" role="alert">${this.trouble}</p>`}
        <div class="actions">
          <button class="primary" ?disabled=${this.busy}>Make the disk</button>
          <button type="button" @click=${() => this.#dialog?.close()}>Cancel</button>
        </div>
      </form>
    </dialog>`;
  }

  override firstUpdated(): void {
    this.#dialog?.showModal();
    this.renderRoot.querySelector<HTMLInputElement>('input[name="name"]')?.select();
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }

  async #make(event: Event): Promise<void> {
    event.preventDefault();
    const bytes = Math.floor((Number(this.#field("size")) * UNITS[this.#field("unit") as Unit]) / 512) * 512;
    if (!(bytes >= 512 && bytes <= LARGEST_BYTES)) {
      this.trouble = "A disk has between 512 bytes and 8192 GiB.";
      return;
    }
    this.busy = true;
    try {
      this.#made = await this.#disks.library.createEmpty(this.#field("name").trim() || "data", bytes);
      await this.#disks.refresh();
      this.#dialog?.close();
    } catch (error) {
      const failure = shownFailure(error);
      this.trouble = failure === null ? null : `${failure.message} ${failure.advice}`;
    } finally {
      this.busy = false;
    }
  }

  #field(name: string): string {
    return this.renderRoot.querySelector<HTMLInputElement | HTMLSelectElement>(`[name="${name}"]`)?.value ?? "";
  }

  #onClose(): void {
    this.#answer(this.#made);
    this.remove();
  }
}

customElements.define("new-disk-dialog", NewDiskDialog);

/** Asks for a new disk; resolves with it, or null where none was made. */
export function makeDisk(disks: DiskStore): Promise<DiskInfo | null> {
  return new Promise((resolve) => {
    document.body.append(new NewDiskDialog(disks, resolve));
  });
}
