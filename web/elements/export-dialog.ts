import { html, LitElement, nothing, type TemplateResult } from "lit";
import type { DiskInfo, ExportFormat } from "../../src/ts/api/disk-types.ts";
import { canStream, LARGE_DOWNLOAD_BYTES } from "../disks/save-file.ts";
import { formatBytes } from "../format.ts";
import { controls } from "../styles/controls.ts";
import { dialogStyles } from "../styles/dialog.ts";
import { formStyles } from "../styles/forms.ts";

/** What a qcow2 image has beside the data. */
const QCOW2_BYTES = 200_000;

interface FormatChoice {
  readonly format: ExportFormat;
  readonly title: string;
  readonly text: string;
  /** About how large the file becomes. */
  readonly sizeBytes: number;
}

/** Asks as what a disk is to be saved. */
export class ExportDialog extends LitElement {
  static override styles = [controls, dialogStyles, formStyles];
  static override properties = { format: { state: true } };

  declare private format: ExportFormat;
  readonly #disk: DiskInfo;
  readonly #answer: (format: ExportFormat | null) => void;

  constructor(disk: DiskInfo, answer: (format: ExportFormat | null) => void) {
    super();
    this.#disk = disk;
    this.#answer = answer;
    this.format = "raw";
  }

  override render(): TemplateResult {
    const choices = choicesFor(this.#disk);
    const chosen = choices.find(({ format }) => format === this.format);
    const large = !canStream() && (chosen?.sizeBytes ?? 0) > LARGE_DOWNLOAD_BYTES;
    return html`<dialog aria-labelledby="title" @close=${(event: Event) => this.#onClose(event)}>
      <form method="dialog" class="body">
        <h2 id="title">Save “${this.#disk.name}” as a file</h2>
        <p class="quiet">The disk stays in the browser. A machine that has it open goes on when the file is complete.</p>
        <fieldset style="margin:16px 0 0;padding:0;border:0" aria-labelledby="title">${choices.map((choice) => this.#row(choice))}</fieldset>
        ${
          large
            ? html`<p class="warning" role="status">This browser collects the whole file before it can be saved: there has to be room for it twice.</p>`
            : nothing
        }
        <div class="actions">
          <button class="primary" value="save">Save</button>
          <button value="">Cancel</button>
        </div>
      </form>
    </dialog>`;
  }

  override firstUpdated(): void {
    this.renderRoot.querySelector("dialog")?.showModal();
  }

  #row({ format, title, text, sizeBytes }: FormatChoice): TemplateResult {
    return html`<label class="choice">
      <input type="radio" name="format" .checked=${format === this.format} @change=${() => this.#choose(format)}>
      <span><strong>${title}</strong><small>${text} About ${formatBytes(sizeBytes)}.</small></span>
    </label>`;
  }

  #choose(format: ExportFormat): void {
    this.format = format;
  }

  #onClose(event: Event): void {
    this.#answer((event.target as HTMLDialogElement).returnValue === "save" ? this.format : null);
    this.remove();
  }
}

function choicesFor({ base, sizeBytes, usedBytes }: DiskInfo): FormatChoice[] {
  const whole = base.kind === "none" ? usedBytes : Math.min(sizeBytes, base.sizeBytes + usedBytes);
  const raw = "Every byte of the disk, as every program reads it.";
  const qcow2 = "Only what is not zero, for QEMU and its kin.";
  const below = base.kind === "file" ? `the file ${base.name}` : "the image that it lies over";
  const changes = `Only what was written since the beginning. To get the disk back, drop it here together with ${below}.`;
  const changesOfUrl =
    "Only what was written since the beginning. Dropped here, it finds the image that it lies over by its address.";
  return [
    { format: "raw", title: "Raw image", text: raw, sizeBytes },
    { format: "qcow2", title: "qcow2 image", text: qcow2, sizeBytes: whole + QCOW2_BYTES },
    ...(base.kind === "none"
      ? []
      : [
          {
            format: "changes",
            title: "Only the changes",
            text: base.kind === "url" ? changesOfUrl : changes,
            sizeBytes: usedBytes + QCOW2_BYTES,
          } as const,
        ]),
  ];
}

customElements.define("export-dialog", ExportDialog);

/** Asks; resolves with the format, or null where nothing is to be saved. */
export function chooseFormat(disk: DiskInfo): Promise<ExportFormat | null> {
  return new Promise((resolve) => {
    document.body.append(new ExportDialog(disk, resolve));
  });
}
