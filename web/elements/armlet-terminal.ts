import { html, LitElement, type TemplateResult } from "lit";
import type { VirtualMachine } from "../../src/ts/api/index.ts";
import type { Disposable } from "../../src/ts/lib/emitter.ts";
import type { MachineStore } from "../machine-store.ts";
import type { Settings } from "../settings.ts";
import type { ConsoleSize, TerminalView } from "../terminal-view.ts";
import { confirmPaste } from "./paste-dialog.ts";

/** How the terminal is left by keyboard; Tab belongs to the guest. */
export const LEAVE_KEYS = "Ctrl+Shift+L";

/**
 * The guest's console. The terminal itself is loaded while the machine is; what the guest says meanwhile waits, held
 * back like everything else that is not on the screen yet.
 */
export class ArmletTerminal extends LitElement {
  static override properties = { focused: { state: true } };

  declare private focused: boolean;
  readonly #store: MachineStore;
  readonly #settings: Settings;
  readonly #view: Promise<TerminalView>;
  readonly #machines: Disposable;
  #output: Disposable;

  constructor(store: MachineStore, settings: Settings) {
    super();
    this.#store = store;
    this.#settings = settings;
    this.focused = false;
    this.#view = this.#load();
    this.#output = this.#show(store.vm);
    this.#machines = store.onMachine((vm) => {
      this.#output.dispose();
      this.#output = this.#show(vm);
      void this.#view.then((view) => view.connect(vm));
    });
  }

  /** xterm's style sheet is the page's: no shadow root. */
  override createRenderRoot(): this {
    return this;
  }

  override render(): TemplateResult {
    return html`
      <div class="screen" role="region" aria-label="Terminal" aria-describedby="leave-hint"
        @focusin=${() => this.#setFocused(true)} @focusout=${() => this.#setFocused(false)}></div>
      <span class="visually-hidden" id="leave-hint">Keys go to the guest. ${LEAVE_KEYS} leaves the terminal.</span>
      ${this.focused ? html`<kbd class="leave-hint" aria-hidden="true">${LEAVE_KEYS} leaves the terminal</kbd>` : ""}
    `;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#machines.dispose();
    this.#output.dispose();
    void this.#view.then((view) => view.dispose());
  }

  /** Gives the keyboard to the guest, unless something else on the page has it by then. */
  async focusTerminal(): Promise<void> {
    const view = await this.#view;
    if (document.activeElement === document.body) view.focus();
  }

  async size(): Promise<ConsoleSize> {
    return (await this.#view).size;
  }

  /** A size in characters that stays, with scroll bars where there is no room; null: as large as there is room for. */
  async setSize(size: ConsoleSize | null): Promise<void> {
    (await this.#view).setSize(size);
  }

  /** Text as if typed, with the terminal's own rules for a pending Ctrl key. */
  async type(text: string): Promise<void> {
    (await this.#view).type(text);
  }

  /** The next key typed counts as pressed with Ctrl, until it came; `onUsed` is called then. */
  async armControl(armed: boolean, onUsed: () => void): Promise<void> {
    (await this.#view).armControl(armed, onUsed);
  }

  #show(vm: VirtualMachine): Disposable {
    return vm.serial.onData(async (bytes) => await (await this.#view).write(bytes));
  }

  #setFocused(focused: boolean): void {
    this.focused = focused;
  }

  async #load(): Promise<TerminalView> {
    const [{ TerminalView }] = await Promise.all([import("../terminal-view.ts"), this.updateComplete]);
    const screen = this.renderRoot.querySelector<HTMLElement>(".screen");
    if (screen === null) throw new Error("the terminal element was not rendered");
    return new TerminalView(screen, this.#store.vm, this.#settings, {
      leave: () => this.dispatchEvent(new CustomEvent("leave")),
      confirmPaste,
    });
  }
}

customElements.define("armlet-terminal", ArmletTerminal);
