import { html, LitElement, nothing, type TemplateResult } from "lit";
import type { MachineStore } from "../machine-store.ts";
import { type NoticeHost, noticeFor } from "../notices.ts";
import type { Settings } from "../settings.ts";
import { StoreController } from "../store-controller.ts";
import type { ConsoleSize } from "../terminal-view.ts";
import { ArmletBar, type SidePanelName } from "./armlet-bar.ts";
import { ArmletKeys } from "./armlet-keys.ts";
import { ArmletProgress } from "./armlet-progress.ts";
import type { ArmletSettings } from "./armlet-settings.ts";
import { ArmletTerminal } from "./armlet-terminal.ts";
import type { Notice } from "./armlet-notice.ts";
import "./armlet-notice.ts";

/** What surrounds this machine. */
export interface ArmletAppHost extends NoticeHost {
  /** What there is to say about how one came here, one after the other, until it is dismissed. */
  readonly remarks: readonly Notice[];
  /** A size of the console that stays; null: as large as there is room for. */
  readonly size: ConsoleSize | null;
  showMachines(): void;
  showDisks(): void;
  /** Shows the machine as a link; the terminal has that size. */
  share(size: ConsoleSize): void;
}

/** What is beside the terminal when it is asked for: an element that emits `close` and takes the keyboard. */
const PANELS: Readonly<Record<SidePanelName, (store: MachineStore) => Promise<HTMLElement>>> = {
  async devices(store) {
    const { VirtioInspector } = await import("./virtio-inspector.ts");
    return new VirtioInspector(() => store.vm);
  },
  async processor(store) {
    const { ProcessorPanel } = await import("./processor-panel.ts");
    return new ProcessorPanel(store);
  },
};
const PANEL_NAMES = Object.keys(PANELS) as readonly SidePanelName[];

/** The page around one machine. */
export class ArmletApp extends LitElement {
  readonly store: MachineStore;
  readonly #host: ArmletAppHost;
  readonly #bar: ArmletBar;
  readonly #terminal: ArmletTerminal;
  readonly #keys: ArmletKeys;
  readonly #progress: ArmletProgress;
  #settings: ArmletSettings | null = null;
  #remarks: readonly Notice[];
  #ran = false;
  #panel: HTMLElement | null = null;

  constructor(store: MachineStore, settings: Settings, host: ArmletAppHost) {
    super();
    this.store = store;
    this.#host = host;
    this.#remarks = host.remarks;
    this.#bar = new ArmletBar(store);
    this.#terminal = new ArmletTerminal(store, settings);
    if (host.size !== null) void this.#terminal.setSize(host.size);
    this.#keys = new ArmletKeys(this.#terminal);
    this.#progress = new ArmletProgress(store);
    this.#bar.addEventListener("settings", () => void this.#showSettings(settings));
    this.#bar.addEventListener("share", () => void this.#share());
    this.#bar.addEventListener("machines", () => host.showMachines());
    for (const name of PANEL_NAMES) this.#bar.addEventListener(name, () => void this.#togglePanel(name));
    this.#bar.addEventListener("disks", () => host.showDisks());
    this.#terminal.addEventListener("leave", () => this.#bar.focusFirst());
    new StoreController(this, store);
  }

  override createRenderRoot(): this {
    return this;
  }

  override render(): TemplateResult {
    const { state } = this.store;
    const notice = noticeFor(this.store, this.#host);
    const shown = notice === null ? nothing : html`<armlet-notice .notice=${notice}></armlet-notice>`;
    const loading = state === "loading";
    const empty = loading || this.store.failure !== null;
    const dimmed = state === "paused" || state === "stopped" || state === "crashed";
    return html`
      <header>${this.#bar}</header>
      ${notice?.shape === "strip" ? shown : this.#remark()}
      <main class="stage ${empty ? "empty" : ""} ${dimmed ? "dimmed" : ""}">
        ${this.#terminal}
        ${loading ? this.#progress : nothing}
        ${notice?.shape === "card" ? shown : nothing}
      </main>
      ${this.#panel ?? nothing}
      <footer>${this.#keys}</footer>
      ${this.#settings ?? nothing}
    `;
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

  override updated(): void {
    const { state } = this.store;
    const runs = state === "running" || state === "idle";
    // What started it (a notice, a button of one) is gone: on to typing.
    if (runs && !this.#ran) this.#focusTerminal();
    this.#ran = runs;
  }

  override firstUpdated(): void {
    this.#focusTerminal();
  }

  /** Shows what `name` says in place of what is shown, or puts it away. What that takes is loaded when it is asked for. */
  async #togglePanel(name: SidePanelName): Promise<void> {
    if (this.#bar.panel === name) {
      this.#closePanel(name);
      return;
    }
    this.#bar.panel = name;
    const panel = await PANELS[name](this.store);
    // Another press was faster.
    if (this.#bar.panel !== name) return;
    panel.addEventListener("close", () => this.#closePanel(name));
    this.#panel = panel;
    this.requestUpdate();
    await this.updateComplete;
    panel.focus();
  }

  #closePanel(name: SidePanelName): void {
    this.#panel = null;
    this.#bar.panel = null;
    this.requestUpdate();
    this.#bar.focusButtonOf(name);
  }

  /** Shows the settings, which are loaded when they are first asked for. */
  async #showSettings(settings: Settings): Promise<void> {
    const { ArmletSettings } = await import("./armlet-settings.ts");
    if (this.#settings === null) {
      this.#settings = new ArmletSettings(this.store, settings);
      this.#settings.addEventListener("share", () => void this.#share());
      this.requestUpdate();
    }
    await this.updateComplete;
    await this.#settings.updateComplete;
    this.#settings.show();
  }

  async #share(): Promise<void> {
    this.#host.share(await this.#terminal.size());
  }

  #focusTerminal(): void {
    // Inside somebody else's page the keyboard is theirs until the terminal is clicked.
    if (window.self === window.top) void this.#terminal.focusTerminal();
  }
}

customElements.define("armlet-app", ArmletApp);
