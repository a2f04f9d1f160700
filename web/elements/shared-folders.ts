import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { FolderLibrary, type SharedFolder } from "../../src/ts/api/folder-library.ts";
import type { DiskDesk } from "../disks/disk-desk.ts";
import { sharedFolders, withFolder } from "../disks/shared-folder.ts";
import { controls } from "../styles/controls.ts";
import { formStyles } from "../styles/forms.ts";

/** Folders of this computer that the guest may use: choosing them, allowing them again after a reload, sharing them. */
export class SharedFolders extends LitElement {
  static override styles = [
    controls,
    formStyles,
    css`
      h3 { margin: 0; font-size: 15px; }
      p { margin: 6px 0 12px; color: var(--muted); }
      ul { display: grid; gap: 10px; margin: 0 0 12px; padding: 0; list-style: none; }
      li { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; padding: 10px 14px; border: 1px solid var(--line); border-radius: var(--radius); }
      .name { flex: 1 1 8rem; min-width: 0; overflow-wrap: anywhere; }
      .name small { display: block; color: var(--muted); font-size: 13px; }
    `,
  ];

  readonly #desk: DiskDesk;
  readonly #library = new FolderLibrary();
  #folders: readonly SharedFolder[] = [];
  #trouble = "";

  constructor(desk: DiskDesk) {
    super();
    this.#desk = desk;
  }

  /** Looks what there is. */
  async refresh(): Promise<void> {
    await this.#try(async () => {
      this.#folders = await this.#library.list();
    });
  }

  override render(): TemplateResult {
    return html`<section aria-labelledby="folders">
      <h3 id="folders">Shared folders</h3>
      <p>
        ${
          FolderLibrary.isSupported
            ? "The guest reads and writes a folder of this computer, at /mnt. What it writes is in the folder."
            : "This browser does not let pages use folders. Chrome and Edge do."
        }
      </p>
      ${this.#folders.length === 0 ? nothing : html`<ul>${this.#folders.map((folder) => this.#row(folder))}</ul>`}
      ${
        FolderLibrary.isSupported
          ? html`<button @click=${() => void this.#choose()}>Share a folder with the guest…</button>`
          : nothing
      }
      <p class="trouble" role="alert">${this.#trouble}</p>
    </section>`;
  }

  #row(folder: SharedFolder): TemplateResult {
    const isShared = this.#sharedNow().includes(folder.id);
    return html`<li>
      <span class="name">${folder.name}<small>${this.#state(folder, isShared)}</small></span>
      <button class="small" @click=${() => void this.#share(folder)}>
        ${folder.allowed ? (isShared ? "Start again" : "Share") : "Allow"}
      </button>
      <button class="small" aria-label=${`Forget ${folder.name}`} @click=${() => void this.#forget(folder)}>Forget</button>
    </li>`;
  }

  #state({ allowed }: SharedFolder, isShared: boolean): string {
    if (!allowed) return "The browser asks again before it may be used.";
    return isShared ? "This machine shares it." : "Not shared by this machine.";
  }

  #sharedNow(): string[] {
    const profile = this.#desk.machine?.profile;
    return profile === undefined ? [] : sharedFolders(profile.args);
  }

  async #choose(): Promise<void> {
    await this.#try(async () => {
      const folder = await this.#library.choose();
      if (folder !== null) await this.#start(folder);
    });
  }

  async #share(folder: SharedFolder): Promise<void> {
    await this.#try(async () => {
      if (folder.allowed || (await this.#library.allow(folder.id))) await this.#start(folder);
    });
  }

  /** The guest finds its folders when it starts. */
  async #start(folder: SharedFolder): Promise<void> {
    const profile = this.#desk.machine?.profile ?? (await this.#desk.standardProfile());
    if (profile === null) throw new Error("There is no machine on this page that could share it.");
    if (await this.#desk.start(withFolder(profile, folder))) this.dispatchEvent(new Event("started"));
  }

  async #forget({ id }: SharedFolder): Promise<void> {
    await this.#try(() => this.#library.forget(id));
  }

  async #try(work: () => Promise<void>): Promise<void> {
    this.#trouble = "";
    try {
      await work();
      this.#folders = await this.#library.list();
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error);
    }
    this.requestUpdate();
  }
}

customElements.define("shared-folders", SharedFolders);
