import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { FormattedLink, MissingPart } from "../../src/ts/config/link-format.ts";
import { formatBytes } from "../format.ts";
import { closeIcon } from "../icons.ts";
import { controls } from "../styles/controls.ts";
import { dialogStyles } from "../styles/dialog.ts";
import type { ConsoleSize } from "../terminal-view.ts";
import type { LinkChoices, Shared } from "./shared-machine.ts";
import "../elements/copy-button.ts";

export interface ShareDialogHost {
  /** The terminal's size now. */
  readonly size: ConsoleSize;
  /** Shows the disks of this browser, where they can be saved as files. */
  showDisks(): void;
}

/** The machine as a link, and what a link cannot carry. */
export class ShareDialog extends LitElement {
  static override styles = [
    controls,
    dialogStyles,
    css`
      p { margin: 0 0 12px; }
      .quiet { color: var(--muted); font-size: 14px; }

      .link { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }

      input[type="text"],
      textarea {
        flex: 1 1 14rem;
        width: 100%;
        min-height: var(--target);
        padding: 9px 12px;
        border: 1px solid var(--line-strong);
        border-radius: var(--radius-small);
        background: var(--bg);
        color: var(--text);
        font: 13px/1.45 var(--mono);
      }

      textarea { min-height: 4.6em; resize: vertical; }

      label { display: flex; align-items: center; gap: 10px; min-height: var(--target); }
      label.block { display: block; padding-top: 6px; }
      label.block span { display: block; margin-bottom: 6px; }
      input[type="checkbox"] { flex: none; width: 20px; height: 20px; margin: 0; accent-color: var(--accent); }

      h3 { margin: 22px 0 8px; font-size: 15px; font-weight: 640; }
      ul { margin: 0; padding: 0 0 0 20px; }
      li { margin-bottom: 8px; overflow-wrap: anywhere; }
      li strong { font-weight: 600; }
    `,
  ];

  static override properties = { withSize: { state: true }, typed: { state: true } };

  declare private withSize: boolean;
  /** Commands to type, one a line. */
  declare private typed: string;
  readonly #shared: Shared;
  readonly #host: ShareDialogHost;

  constructor(shared: Shared, host: ShareDialogHost) {
    super();
    this.#shared = shared;
    this.#host = host;
    this.withSize = false;
    this.typed = "";
  }

  override render(): TemplateResult {
    const { url, missing } = this.#link();
    return html`<dialog aria-labelledby="title" @close=${() => this.remove()} @click=${closeFromBackdrop}>
      <div class="title">
        <h2 id="title">Share this machine</h2>
        <button class="icon" aria-label="Close" @click=${() => this.#close()}>${closeIcon}</button>
      </div>
      <div class="body">
        ${url === null ? nothing : this.#address(url)}
        ${missing.length === 0 ? nothing : this.#missing(missing)}
        ${url === null ? nothing : this.#choices()}
      </div>
    </dialog>`;
  }

  override firstUpdated(): void {
    this.renderRoot.querySelector("dialog")?.showModal();
  }

  #link(): FormattedLink {
    const lines = this.typed.split("\n").filter((line) => line.trim() !== "");
    const choices: LinkChoices = {
      size: this.withSize ? this.#host.size : null,
      typed: lines.map((line) => `${line}\n`),
    };
    return this.#shared.link(choices);
  }

  #address(url: string): TemplateResult {
    return html`
      <p>Whoever opens this link gets the same machine, started anew:</p>
      <div class="link">
        <input type="text" readonly aria-label="Link" .value=${url} @focus=${(event: Event) => (event.target as HTMLInputElement).select()}>
        <copy-button label="Copy link" .text=${() => url}></copy-button>
      </div>
      ${
        LOCAL_HOSTS.test(location.hostname)
          ? html`<p class="quiet" style="margin-top:10px">This page is served by this computer: elsewhere the link leads nowhere.</p>`
          : nothing
      }
    `;
  }

  #missing(missing: readonly MissingPart[]): TemplateResult {
    return html`
      <h3 id="missing">Not in the link</h3>
      <ul aria-labelledby="missing">
        ${missing.map(({ what, why }) => html`<li><strong>${capital(what)}.</strong> ${why}</li>`)}
      </ul>
      <div class="actions">
        ${Object.entries(this.#shared.files).map(([name, file]) => this.#file(name, file))}
        ${
          this.#shared.hasDisks
            ? html`<button @click=${() => this.#showDisks()}>Save disks as files…</button>`
            : nothing
        }
      </div>
    `;
  }

  #file(name: string, file: Blob): TemplateResult {
    const title = file instanceof File ? file.name : shortName(name);
    return html`<button @click=${() => download(title, file)}>Download ${title} (${formatBytes(file.size)})</button>`;
  }

  #choices(): TemplateResult {
    const { columns, rows } = this.#host.size;
    return html`
      <h3>More to it</h3>
      <label>
        <input type="checkbox" .checked=${this.withSize} @change=${(event: Event) => this.#onSize(event)}>
        <span>With the size of this terminal, ${columns} by ${rows} characters</span>
      </label>
      <label class="block">
        <span>Commands to type, one a line, each at a prompt. Whoever opens the link is asked first.</span>
        <textarea rows="2" spellcheck="false" autocapitalize="off" .value=${this.typed} @input=${(event: Event) => this.#onTyped(event)}></textarea>
      </label>
    `;
  }

  #onSize(event: Event): void {
    this.withSize = (event.target as HTMLInputElement).checked;
  }

  #onTyped(event: Event): void {
    this.typed = (event.target as HTMLTextAreaElement).value;
  }

  #showDisks(): void {
    this.#close();
    this.#host.showDisks();
  }

  #close(): void {
    this.renderRoot.querySelector("dialog")?.close();
  }
}

const LOCAL_HOSTS = /^(?:localhost|.*\.localhost|127\..*|\[::1\])$/;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const shortName = (name: string): string => name.split("/").at(-1) ?? name;

function download(name: string, file: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The download has its own hold on the contents once it began.
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function closeFromBackdrop(event: Event): void {
  // The dialog's content covers it: a click on the element itself is one beside it.
  if (event.target === event.currentTarget) (event.currentTarget as HTMLDialogElement).close();
}

customElements.define("share-dialog", ShareDialog);
