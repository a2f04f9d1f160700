import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { DiskInfo, DiskProgress } from "../../src/ts/api/disk-types.ts";
import type { DiskStatus, Failure } from "../../src/ts/api/index.ts";
import type { DiskStore, DiskTask } from "../disks/disk-store.ts";
import { formatAge, formatBytes, formatDiskSize } from "../format.ts";
import { editIcon } from "../icons.ts";
import { controls } from "../styles/controls.ts";
import { formStyles } from "../styles/forms.ts";
import { ask } from "./ask-dialog.ts";

const STORE_NAMES: Record<DiskInfo["store"], string> = {
  idb: "in this browser (IndexedDB)",
  opfs: "in this browser (its private file system)",
};

/** One disk of this browser, and what can be done with it. Emits `use`, `export` and `detach` when those are asked for. */
export class DiskCard extends LitElement {
  static override styles = [
    controls,
    formStyles,
    css`
      :host {
        display: block;
        padding: 14px 16px 16px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        color: var(--text);
        font: 15px/1.45 var(--sans);
      }

      .head { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; min-height: var(--target); margin-top: -6px; }
      h3 { margin: 0; font-size: 15.5px; font-weight: 640; overflow-wrap: anywhere; }
      form { display: flex; flex: 1; flex-wrap: wrap; gap: 8px; }
      form input { flex: 1 1 10rem; }

      .tag {
        padding: 2px 9px;
        border: 1px solid var(--line);
        border-radius: 99px;
        color: var(--calm);
        font-size: 12.5px;
        white-space: nowrap;
      }

      .tag.unsaved { color: var(--warn); }
      p { overflow-wrap: anywhere; }
      .quiet + .quiet { margin-top: 3px; }
      .actions { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 12px; }
      .work { display: flex; align-items: center; gap: 12px; margin-top: 12px; }
      .work > div { flex: 1; display: grid; gap: 6px; }
    `,
  ];

  static override properties = {
    disk: { attribute: false },
    status: { attribute: false },
    task: { attribute: false },
    failure: { attribute: false },
    missing: { attribute: false },
    detachable: { attribute: false },
    renaming: { state: true },
  };

  declare disk: DiskInfo | null;
  /** The drive of the open machine that has it; null where it has not. */
  declare status: DiskStatus | null;
  /** The export of it that is under way. */
  declare task: DiskTask | null;
  /** What went wrong with it last. */
  declare failure: Failure | null;
  /** The file under it has to be given again. */
  declare missing: boolean;
  /** It can be taken out of the machine while that runs. */
  declare detachable: boolean;
  declare private renaming: boolean;
  disks: DiskStore | null = null;
  readonly #file = document.createElement("input");

  constructor() {
    super();
    this.disk = null;
    this.status = null;
    this.task = null;
    this.failure = null;
    this.missing = false;
    this.detachable = false;
    this.renaming = false;
    this.#file.type = "file";
    this.#file.addEventListener("change", () => this.#giveFile());
  }

  override render(): TemplateResult | typeof nothing {
    const { disk, failure, task, missing } = this;
    if (disk === null) return nothing;
    return html`
      <div class="head">${this.renaming ? this.#renameForm(disk) : this.#title(disk)}</div>
      <p class="quiet figures">${this.#figures(disk)}</p>
      <p class="quiet">${originOf(disk)}</p>
      <p class="quiet">Made ${age(disk.createdMs)}, last used ${age(disk.usedMs)}</p>
      ${
        missing && disk.base.kind === "file"
          ? html`<p class="warning">It lies over the file ${disk.base.name} of this computer, which has to be given again after a reload.</p>`
          : nothing
      }
      ${task === null ? nothing : work(task, disk.name)}
      ${failure === null ? nothing : html`<p class="trouble" role="alert">${failure.message} ${failure.advice}</p>`}
      <div class="actions">
        ${
          missing
            ? html`<button class="small primary" @click=${() => this.#file.click()}>Give the file…</button>`
            : html`<button class="small" ?disabled=${this.status !== null} @click=${() => this.#emit("use")}>Start with it…</button>`
        }
        ${this.detachable ? html`<button class="small" @click=${() => this.#emit("detach")}>Take out…</button>` : nothing}
        <button class="small" ?disabled=${missing || task !== null} @click=${() => this.#emit("export")}>Save as a file…</button>
        ${
          disk.base.kind === "none"
            ? nothing
            : html`<button class="small" ?disabled=${disk.inUse} @click=${() => void this.#reset(disk)}>Reset…</button>`
        }
        <button class="small danger" ?disabled=${disk.inUse} @click=${() => void this.#remove(disk)}>Delete…</button>
      </div>
    `;
  }

  #figures({ sizeBytes, usedBytes, store, base }: DiskInfo): string {
    const used = formatBytes(this.status?.usedBytes ?? usedBytes);
    const what = base.kind === "none" ? `takes up ${used}` : `${used} written over what it lies on, kept`;
    return `${formatDiskSize(sizeBytes)}, ${what} ${STORE_NAMES[store]}`;
  }

  #title(disk: DiskInfo): TemplateResult {
    const { status } = this;
    const unsaved = (status?.dirtyBytes ?? 0) > 0;
    return html`
      <h3>${disk.name}</h3>
      <button class="icon" id="rename" aria-label=${`Rename ${disk.name}`} title="Rename" @click=${() => this.#startRenaming()}>${editIcon}</button>
      ${status !== null ? html`<span class="tag">in this machine</span>` : disk.inUse ? html`<span class="tag">in use in another tab</span>` : nothing}
      ${unsaved ? html`<span class="tag unsaved">${formatBytes(status?.dirtyBytes ?? 0)} being kept</span>` : nothing}
    `;
  }

  #renameForm(disk: DiskInfo): TemplateResult {
    return html`<form @submit=${(event: Event) => void this.#rename(event, disk)} @keydown=${(event: KeyboardEvent) => this.#onKey(event)}>
      <input type="text" aria-label="Name of the disk" maxlength="80" required .value=${disk.name}>
      <button class="small primary">Rename</button>
      <button class="small" type="button" @click=${() => this.#stopRenaming()}>Cancel</button>
    </form>`;
  }

  #startRenaming(): void {
    this.renaming = true;
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLInputElement>("form input")?.select());
  }

  #stopRenaming(): void {
    this.renaming = false;
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>("#rename")?.focus());
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key !== "Escape") return;
    // The panel around it stays open.
    event.preventDefault();
    event.stopPropagation();
    this.#stopRenaming();
  }

  async #rename(event: Event, disk: DiskInfo): Promise<void> {
    event.preventDefault();
    const name = this.renderRoot.querySelector<HTMLInputElement>("form input")?.value.trim() ?? "";
    this.#stopRenaming();
    const { disks } = this;
    if (name === "" || name === disk.name || disks === null) return;
    await disks.do(disk.id, () => disks.library.rename(disk.id, name));
  }

  async #reset(disk: DiskInfo): Promise<void> {
    const { disks } = this;
    const agreed = await ask({
      title: `Reset “${disk.name}”?`,
      text: `Everything that was written to it (${formatBytes(disk.usedBytes)}) is thrown away. ${originOf(disk)}`,
      confirm: "Reset the disk",
      danger: true,
    });
    if (agreed && disks !== null) await disks.do(disk.id, () => disks.library.reset(disk.id));
  }

  async #remove(disk: DiskInfo): Promise<void> {
    const { disks } = this;
    const agreed = await ask({
      title: `Delete “${disk.name}”?`,
      text: "All that is on it is gone for good. A file of this computer or an image on a server under it stays.",
      confirm: "Delete the disk",
      danger: true,
    });
    if (agreed && disks !== null) await disks.do(disk.id, () => disks.library.remove(disk.id));
  }

  #giveFile(): void {
    const { disk, disks } = this;
    const file = this.#file.files?.[0];
    this.#file.value = "";
    if (file === undefined || disk === null || disks === null) return;
    void disks.do(disk.id, () => disks.library.giveFile(disk.id, file));
  }

  #emit(name: "use" | "export" | "detach"): void {
    this.dispatchEvent(new CustomEvent(name, { detail: this.disk }));
  }
}

/** What a disk lies over, or was made of: a sentence. */
function originOf({ base, origin }: DiskInfo): string {
  switch (base.kind) {
    case "none":
      return origin === "" ? "Made here." : `It began as ${origin}.`;
    case "url":
      return `It lies over ${base.url}, which is read as it is needed and stays as it is.`;
    case "file":
      return `It lies over the file ${base.name} (${formatBytes(base.sizeBytes)}) of this computer, which stays as it is.`;
  }
}

function work({ format, progress, cancel }: DiskTask, name: string): TemplateResult {
  const { doneBytes, totalBytes }: DiskProgress = progress;
  const bytes =
    totalBytes === null ? formatBytes(doneBytes) : `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
  const label = `Saving ${name} (${format})`;
  return html`<div class="work">
    <div>
      <span class="quiet figures">${bytes}</span>
      ${
        totalBytes === null
          ? html`<progress aria-label=${label}></progress>`
          : html`<progress aria-label=${label} max=${Math.max(1, totalBytes)} .value=${doneBytes}></progress>`
      }
    </div>
    <button class="small" @click=${cancel}>Cancel</button>
  </div>`;
}

function age(timeMs: number): string {
  return formatAge(Math.max(0, Date.now() - timeMs));
}

customElements.define("disk-card", DiskCard);
