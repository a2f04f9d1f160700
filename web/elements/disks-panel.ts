import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { DamagedDisk, DiskInfo } from "../../src/ts/api/disk-types.ts";
import type { DiskStatus } from "../../src/ts/api/index.ts";
import type { DiskDesk } from "../disks/disk-desk.ts";
import type { DiskStore } from "../disks/disk-store.ts";
import { fileNameFor, savePlace } from "../disks/save-file.ts";
import { closeIcon } from "../icons.ts";
import { StoreController } from "../store-controller.ts";
import { controls } from "../styles/controls.ts";
import { dialogStyles } from "../styles/dialog.ts";
import { formStyles } from "../styles/forms.ts";
import { ask } from "./ask-dialog.ts";
import "./disk-card.ts";
import { chooseFormat } from "./export-dialog.ts";
import { makeDisk } from "./new-disk-dialog.ts";
import { SharedFolders } from "./shared-folders.ts";
import { StorageMeter } from "./storage-meter.ts";

/** How often the figures of a running machine are looked at while the panel is open. */
const REFRESH_MS = 2000;

/** The disks that this browser keeps, and what can be done with them. */
export class DisksPanel extends LitElement {
  static override styles = [
    controls,
    dialogStyles,
    formStyles,
    css`
      /* At the side, with the terminal beside it. */
      dialog {
        width: min(32rem, 100vw);
        max-width: none;
        height: 100dvh;
        max-height: none;
        margin: 0 0 0 auto;
        border-width: 0 0 0 1px;
        border-radius: 0;
      }

      .top { display: flex; flex-wrap: wrap; gap: 8px; }
      ul { display: grid; gap: 12px; margin: 16px 0 0; padding: 0; list-style: none; }
      .empty { margin-top: 16px; padding: 22px; border: 1px dashed var(--line-strong); border-radius: var(--radius); }
      .empty p { margin: 0; }
      .empty p + p { margin-top: 8px; color: var(--muted); }
      .storage { margin-top: 24px; padding-top: 20px; border-top: 1px solid var(--line); }
      .damaged { padding: 14px 16px; border: 1px solid var(--bad-line); border-radius: var(--radius); }
      .damaged .actions { margin-top: 10px; }
      .damaged h3 { margin: 0; font-size: 15px; }
      @media (max-width: 520px) { .body { padding: 16px; } }
    `,
  ];

  readonly #desk: DiskDesk;
  readonly #disks: DiskStore;
  readonly #meter: StorageMeter;
  readonly #folders: SharedFolders;
  #timer: number | undefined;

  constructor(desk: DiskDesk) {
    super();
    this.#desk = desk;
    this.#disks = desk.disks;
    this.#meter = new StorageMeter(desk.disks);
    this.#folders = new SharedFolders(desk);
    this.#folders.addEventListener("started", () => this.close());
    new StoreController(this, desk.disks);
  }

  /** Opens it, if it is not open. */
  show(): void {
    void this.#refresh();
    void this.#folders.refresh();
    this.#timer ??= window.setInterval(() => void this.#refresh(), REFRESH_MS);
    void this.updateComplete.then(() => {
      const dialog = this.#dialog;
      if (dialog?.open === false) dialog.showModal();
    });
  }

  /** Makes room for what is to be shown instead. */
  close(): void {
    this.#dialog?.close();
  }

  override render(): TemplateResult {
    return html`<dialog aria-labelledby="title" @click=${(event: Event) => this.#onClick(event)} @close=${() => this.#onClose()}>
      <div class="title">
        <h2 id="title">Disks</h2>
        <button class="icon" aria-label="Close" @click=${() => this.#dialog?.close()}>${closeIcon}</button>
      </div>
      <div class="body">
        <div class="top">
          <button class="primary" @click=${() => this.#desk.chooseFiles()}>Add files…</button>
          <button @click=${() => void this.#makeDisk()}>New empty disk…</button>
        </div>
        ${this.#list()}
        <div class="storage">${this.#folders}</div>
        <div class="storage">${this.#meter}</div>
      </div>
    </dialog>`;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }

  #list(): TemplateResult {
    const { disks, damaged, trouble } = this.#disks;
    if (trouble !== null) {
      return html`<div class="empty"><p class="trouble" role="alert">${trouble.message}</p><p>${trouble.advice}</p></div>`;
    }
    if (disks === null) return html`<p class="quiet" role="status">Looking at what there is …</p>`;
    if (disks.length + damaged.length === 0) return EMPTY;
    const open = this.#desk.machine?.vm.disks ?? [];
    const newest = disks.toSorted((a, b) => b.usedMs - a.usedMs);
    return html`<ul>
      ${newest.map((disk) => this.#card(disk, open.find(({ diskId }) => diskId === disk.id) ?? null))}
      ${damaged.map((disk) => this.#damagedCard(disk))}
    </ul>`;
  }

  #card(disk: DiskInfo, status: DiskStatus | null): TemplateResult {
    const { tasks, failures } = this.#disks;
    return html`<li><disk-card .disk=${disk} .disks=${this.#disks} .status=${status}
      .task=${tasks.get(disk.id) ?? null} .failure=${failures.get(disk.id) ?? null} .missing=${this.#disks.isMissingFile(disk)}
      .detachable=${status !== null && this.#desk.hotPlug.has(status.drive)}
      @detach=${() => void this.#detach(disk, status)} @use=${() => void this.#use(disk)} @export=${() => void this.#export(disk)}></disk-card></li>`;
  }

  #damagedCard({ id, reason }: DamagedDisk): TemplateResult {
    const failure = this.#disks.failures.get(id);
    return html`<li class="damaged">
      <h3>A disk that cannot be read</h3>
      <p class="quiet">${reason}</p>
      ${failure === undefined ? nothing : html`<p class="trouble" role="alert">${failure.message} ${failure.advice}</p>`}
      <div class="actions"><button class="small danger" @click=${() => void this.#removeDamaged(id)}>Delete…</button></div>
    </li>`;
  }

  async #refresh(): Promise<void> {
    await this.#disks.refresh();
  }

  async #use(disk: DiskInfo): Promise<void> {
    await this.#desk.use(disk);
  }

  /** It goes as if somebody pulled its cable. */
  async #detach({ name }: DiskInfo, status: DiskStatus | null): Promise<void> {
    if (status === null) return;
    const agreed = await ask({
      title: `Take out ${name}?`,
      text: "If the guest still uses it, unmount it there first: what it has not written yet would be missing on the disk.",
      confirm: "Take it out",
      danger: true,
    });
    if (!agreed) return;
    const trouble = await this.#desk.hotPlug.detach(status.drive);
    if (trouble !== null) await ask({ title: `${name} is still in the machine`, text: trouble, confirm: "Close" });
    await this.#refresh();
  }

  async #export(disk: DiskInfo): Promise<void> {
    const format = await chooseFormat(disk);
    if (format === null) return;
    const place = await savePlace(fileNameFor(disk.name, EXTENSIONS[format]));
    if (place === null) return;
    if (await this.#disks.export(disk.id, format, place.sink)) place.finish();
  }

  async #makeDisk(): Promise<void> {
    await makeDisk(this.#disks);
  }

  async #removeDamaged(id: string): Promise<void> {
    const agreed = await ask({
      title: "Delete the disk that cannot be read?",
      text: "All that is on it is gone for good.",
      confirm: "Delete the disk",
      danger: true,
    });
    if (agreed) await this.#disks.do(id, () => this.#disks.library.remove(id));
  }

  #onClick(event: Event): void {
    // The dialog's content covers it: a click on the element itself is one beside it.
    if (event.target === event.currentTarget) this.#dialog?.close();
  }

  #onClose(): void {
    window.clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const EXTENSIONS = { raw: ".img", qcow2: ".qcow2", changes: ".changes.qcow2" } as const;

const EMPTY = html`<div class="empty">
  <p>This browser keeps no disk yet.</p>
  <p>Drop a disk image anywhere on the page, or add it here: raw, qcow2 or ISO, also packed with gzip, xz or zstd. The guest
    reads and writes it as /dev/vda, and what it writes is still there after a reload. Nothing is uploaded.</p>
</div>`;

customElements.define("disks-panel", DisksPanel);
