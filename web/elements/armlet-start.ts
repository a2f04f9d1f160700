import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { formatAge, formatBytes } from "../format.ts";
import { type GuestRecord, type Manifest, NoGuestError } from "../guest-profile.ts";
import { closeIcon, logo } from "../icons.ts";
import { profileAddress } from "../machine-address.ts";
import type { RecentMachine, RecentMachines } from "../recent-machines.ts";
import { controls } from "../styles/controls.ts";
import type { Notice } from "./armlet-notice.ts";
import "./armlet-notice.ts";

/** What surrounds the list. */
export interface ArmletStartHost {
  /** What there is to say about how one came here. */
  readonly remarks: readonly Notice[];
  /** Opens an address of this page. */
  go(address: string, trusted: boolean): void;
  /** Lets the user choose files for a machine. */
  addFiles(): void;
  /** Opens the panel with the disks of this browser. */
  showDisks(): void;
}

/** The list of machines: those beside the page, and those that were opened in this browser. */
export class ArmletStart extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: block;
        height: 100dvh;
        overflow: auto;
        background: var(--bg);
        color: var(--text);
        font: 15px/1.5 var(--sans);
      }

      main {
        width: min(56rem, 100%);
        margin: 0 auto;
        padding: clamp(20px, 6vh, 64px) 20px 48px;
      }

      .logo { color: var(--accent); }

      h1 {
        display: flex;
        align-items: center;
        gap: 12px;
        margin: 0;
        font-size: 24px;
        letter-spacing: -0.015em;
        outline: none;
      }

      .lead { margin: 8px 0 0; color: var(--muted); text-wrap: pretty; }

      h2 {
        margin: 36px 0 12px;
        color: var(--muted);
        font-size: 12.5px;
        font-weight: 650;
        letter-spacing: 0.06em;
        text-transform: uppercase;
      }

      ul { margin: 0; padding: 0; list-style: none; }

      .machines {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr));
        gap: 12px;
      }

      .machines a {
        display: flex;
        flex-direction: column;
        height: 100%;
        padding: 16px 18px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        color: inherit;
        text-decoration: none;
        transition: background-color var(--fast), border-color var(--fast);
      }

      .machines a:hover { border-color: var(--accent); background: var(--raised); }
      .machines strong { font-size: 16px; font-weight: 640; }
      .machines span { margin-top: 4px; color: var(--muted); font-size: 14px; }
      .machines small { margin-top: auto; padding-top: 10px; font-size: 13px; font-variant-numeric: tabular-nums; }

      .own {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 12px 24px;
        padding: 16px 18px;
        border: 1px dashed var(--line-strong);
        border-radius: var(--radius);
      }

      .own p { flex: 1 1 18rem; margin: 0; }
      .own div { display: flex; flex-wrap: wrap; gap: 8px; }

      .recent li {
        display: flex;
        align-items: center;
        gap: 4px;
        border-bottom: 1px solid var(--line);
      }

      .recent a {
        display: flex;
        flex: 1;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 0 14px;
        min-width: 0;
        min-height: var(--target);
        padding: 10px 8px;
        border-radius: var(--radius-small);
        color: inherit;
        text-decoration: none;
        overflow-wrap: anywhere;
      }

      .recent a:hover { background: var(--hover); }
      .recent strong { font-weight: 560; }
      .recent time { color: var(--muted); font-size: 13.5px; white-space: nowrap; }

      .foot { display: flex; flex-wrap: wrap; align-items: center; gap: 10px 16px; margin-top: 14px; }
      .foot p { flex: 1 1 16rem; margin: 0; color: var(--muted); font-size: 13.5px; }

      armlet-notice { margin-top: 16px; }
    `,
  ];

  readonly #manifest: Manifest | NoGuestError;
  readonly #recent: RecentMachines;
  readonly #host: ArmletStartHost;

  constructor(manifest: Manifest | NoGuestError, recent: RecentMachines, host: ArmletStartHost) {
    super();
    this.#manifest = manifest;
    this.#recent = recent;
    this.#host = host;
  }

  /** Who came here by a key goes on from the top, and hears where that is. */
  override firstUpdated(): void {
    this.#heading?.focus({ preventScroll: true });
  }

  override render(): TemplateResult {
    return html`<main>
      <h1 tabindex="-1">${logo}Machines</h1>
      <p class="lead">Computers that run in this page. What you give them and what they write stays in this browser.</p>
      ${this.#host.remarks.map((remark) => html`<armlet-notice .notice=${remark}></armlet-notice>`)}
      ${this.#guests()}
      ${this.#own()}
      ${this.#recent.machines.length === 0 ? nothing : this.#recentList()}
    </main>`;
  }

  get #heading(): HTMLElement | null {
    return this.renderRoot.querySelector("h1");
  }

  #guests(): TemplateResult {
    if (this.#manifest instanceof NoGuestError) {
      const { message, advice, url } = this.#manifest;
      const notice = {
        tone: "calm",
        shape: "strip",
        title: "There is no machine beside this page",
        text: message,
        advice,
        url,
      };
      return html`<armlet-notice .notice=${notice}></armlet-notice>`;
    }
    return html`<h2 id="ready">Ready to run</h2>
      <ul class="machines" aria-labelledby="ready">
        ${this.#manifest.guests.map((guest) => html`<li>${this.#guest(guest)}</li>`)}
      </ul>`;
  }

  #guest({ name, title, description, downloadBytes, hasDisk }: GuestRecord): TemplateResult {
    return html`<a href=${profileAddress(name)} @click=${(event: MouseEvent) => this.#onLink(event, true)}>
      <strong>${title}</strong>
      <span>${description}</span>
      <small>${formatBytes(downloadBytes)} to load${hasDisk ? ", then what is read of its disk" : ""}</small>
    </a>`;
  }

  #own(): TemplateResult {
    return html`<h2>Your own</h2>
      <div class="own">
        <p>Drop a disk image, a CD image or a kernel anywhere on this page. It stays on this computer.</p>
        <div>
          <button @click=${() => this.#host.addFiles()}>Add files…</button>
          <button @click=${() => this.#host.showDisks()}>Disks</button>
        </div>
      </div>`;
  }

  #recentList(): TemplateResult {
    return html`<h2 id="recent">Opened before</h2>
      <ul class="recent" aria-labelledby="recent">${this.#recent.machines.map((machine) => this.#machine(machine))}</ul>
      <div class="foot">
        <p>${
          this.#recent.kept
            ? "This list is kept in this browser and nowhere else."
            : "This browser keeps nothing for this page: the list is gone when it is closed."
        }</p>
        <button id="forget-all" @click=${() => this.#forget(() => this.#recent.clear())}>Forget all</button>
      </div>`;
  }

  #machine({ address, title, openedMs, trusted }: RecentMachine): TemplateResult {
    const opened = new Date(openedMs);
    return html`<li>
      <a href=${address} @click=${(event: MouseEvent) => this.#onLink(event, trusted)}>
        <strong>${title}</strong>
        <time datetime=${opened.toISOString()} title=${opened.toLocaleString()}>${formatAge(Date.now() - openedMs)}</time>
      </a>
      <button class="icon" aria-label=${`Forget ${title}`} title="Forget"
        @click=${() => this.#forget(() => this.#recent.remove(address))}>${closeIcon}</button>
    </li>`;
  }

  #forget(action: () => void): void {
    action();
    this.requestUpdate();
    // The button that had the keyboard is gone.
    this.#heading?.focus();
  }

  #onLink(event: MouseEvent, trusted: boolean): void {
    // With a modifier a link means what it means elsewhere.
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.#host.go((event.currentTarget as HTMLAnchorElement).search, trusted);
  }
}

customElements.define("armlet-start", ArmletStart);
