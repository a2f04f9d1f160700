import { html, LitElement, nothing, type TemplateResult } from "lit";
import type { Notice } from "../elements/armlet-notice.ts";
import { ArmletProgress } from "../elements/armlet-progress.ts";
import { ArmletTerminal } from "../elements/armlet-terminal.ts";
import type { MachineStore } from "../machine-store.ts";
import { noticeFor } from "../notices.ts";
import type { Settings } from "../settings.ts";
import { StoreController } from "../store-controller.ts";
import type { ConsoleSize } from "../terminal-view.ts";
import { EmbedBar } from "./embed-bar.ts";
import "../elements/armlet-notice.ts";

export interface ArmletEmbedHost {
  readonly title: string;
  /** The same machine on a page of its own. */
  readonly pageAddress: string;
  readonly remarks: readonly Notice[];
  readonly size: ConsoleSize | null;
}

/** A machine in a frame of somebody else's page: it never takes the keyboard by itself. */
export class ArmletEmbed extends LitElement {
  readonly store: MachineStore;
  readonly #bar: EmbedBar;
  readonly #terminal: ArmletTerminal;
  readonly #progress: ArmletProgress;
  #remarks: readonly Notice[];

  constructor(store: MachineStore, settings: Settings, { title, pageAddress, remarks, size }: ArmletEmbedHost) {
    super();
    this.store = store;
    this.#remarks = remarks;
    this.#bar = new EmbedBar(store, title, pageAddress);
    this.#terminal = new ArmletTerminal(store, settings);
    this.#progress = new ArmletProgress(store);
    if (size !== null) void this.#terminal.setSize(size);
    this.#terminal.addEventListener("leave", () => this.#bar.focusFirst());
    new StoreController(this, store);
  }

  /** See ArmletTerminal. */
  async setSize(size: ConsoleSize | null): Promise<void> {
    await this.#terminal.setSize(size);
  }

  override createRenderRoot(): this {
    return this;
  }

  override render(): TemplateResult {
    const { state, failure, stopReason } = this.store;
    // Before the first start there is nothing to complain about, but a button.
    const waiting = state === "stopped" && stopReason === null && failure === null;
    const notice = noticeFor(this.store, {});
    const shown = notice === null ? nothing : html`<armlet-notice .notice=${notice}></armlet-notice>`;
    const loading = state === "loading";
    const dimmed = state === "paused" || state === "stopped" || state === "crashed";
    return html`
      <header>${this.#bar}</header>
      ${notice?.shape === "strip" ? shown : this.#remark()}
      <main class="stage ${loading || waiting || failure !== null ? "empty" : ""} ${dimmed ? "dimmed" : ""}">
        ${this.#terminal}
        ${loading ? this.#progress : nothing}
        ${waiting ? html`<armlet-notice .notice=${this.#startNotice()}></armlet-notice>` : nothing}
        ${notice?.shape === "card" ? shown : nothing}
      </main>
    `;
  }

  #startNotice(): Notice {
    return {
      tone: "calm",
      shape: "card",
      title: "An ARM computer",
      text: "It runs in this frame, on your computer.",
      primary: { label: "Start", run: () => this.store.start() },
    };
  }

  #remark(): TemplateResult | typeof nothing {
    const [remark, ...others] = this.#remarks;
    if (remark === undefined) return nothing;
    const dismiss = (): void => {
      this.#remarks = others;
      this.requestUpdate();
    };
    return html`<armlet-notice .notice=${{ ...remark, dismiss }}></armlet-notice>`;
  }
}

customElements.define("armlet-embed", ArmletEmbed);
