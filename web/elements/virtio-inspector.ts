import { html, LitElement, nothing, type TemplateResult } from "lit";
import { DEVICE_STATUS_LIGHTS, type DeviceInspection, type VirtualMachine } from "../../src/ts/api/index.ts";
import { closeIcon } from "../icons.ts";
import { deviceView, errorList } from "../inspector/device-view.ts";
import { InspectionStore, deviceTitle } from "../inspector/inspection-store.ts";
import { StoreController } from "../store-controller.ts";
import { controls } from "../styles/controls.ts";
import { inspectorStyles } from "../styles/inspector.ts";
import "./balloon-control.ts";
import "./copy-button.ts";

/** What the small light beside a device's name tells. */
function summary({ status }: DeviceInspection): "trouble" | "on" | "" {
  const lit = DEVICE_STATUS_LIGHTS.filter(({ bit }) => (status & bit) !== 0);
  if (lit.some(({ trouble }) => trouble)) return "trouble";
  return lit.some(({ name }) => name === "DRIVER_OK") ? "on" : "";
}

/**
 * The machine's virtio devices as they stand: status lights, features, configuration, rings, what is in flight. Emits `close`
 * when it is to be put away. It looks at the machine as long as it is on the page.
 */
export class VirtioInspector extends LitElement {
  static override styles = [controls, inspectorStyles];

  readonly #store: InspectionStore;
  /** Number of the device that is shown, in the order of the machine. */
  #shown = 0;
  #wantsFocus = false;

  constructor(machine: () => VirtualMachine) {
    super();
    this.#store = new InspectionStore(machine);
    new StoreController(this, this.#store);
    this.addEventListener("keydown", (event) => this.#onKey(event));
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute("role", "complementary");
    this.setAttribute("aria-label", "Virtio devices");
    this.#store.start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#store.stop();
  }

  /** Takes the keyboard, as soon as there is something to take it. */
  override focus(): void {
    this.#wantsFocus = true;
    this.requestUpdate();
  }

  override updated(): void {
    if (!this.#wantsFocus || (this.#store.inspection === null && this.#store.trouble === null)) return;
    this.#wantsFocus = false;
    const tab = this.renderRoot.querySelector<HTMLElement>("[role=tab][aria-selected=true]");
    (tab ?? this.renderRoot.querySelector<HTMLElement>(".close"))?.focus();
  }

  override render(): TemplateResult {
    const { inspection, held } = this.#store;
    return html`
      <div class="head">
        <h2>Virtio devices</h2>
        <button class="hold" aria-pressed=${held} title="Keep this picture while the machine goes on"
          @click=${() => this.#store.hold(!held)}>Hold</button>
        <copy-button label="Copy" .text=${() => JSON.stringify(this.#store.inspection, null, 2)}></copy-button>
        <button class="icon close" aria-label="Close" @click=${() => this.#close()}>${closeIcon}</button>
      </div>
      ${inspection === null ? this.#nothing() : this.#devices(inspection.devices)}
    `;
  }

  #nothing(): TemplateResult {
    const text = this.#store.trouble ?? "Looking at the machine …";
    return html`<div class="body"><p role="status">${text}</p></div>`;
  }

  #devices(devices: readonly DeviceInspection[]): TemplateResult {
    const machineErrors = this.#store.inspection?.errors ?? [];
    const known = new Set(devices.flatMap(({ errors }) => errors.map(({ place }) => place)));
    const others = machineErrors.filter(({ place }) => !known.has(place));
    const index = Math.min(this.#shown, devices.length - 1);
    const device = devices[index];
    if (device === undefined) {
      return html`<div class="body"><p>This machine has no virtio device. <span class="mono">-device virtio-blk-device,drive=…</span> adds
        one to its command line.</p>${errorList(others)}</div>`;
    }
    return html`
      <div class="devices" role="tablist" aria-label="Devices" @keydown=${(event: KeyboardEvent) => this.#onTabKey(event, devices.length)}>
        ${devices.map((row, order) => this.#tab(row, order, order === index))}
      </div>
      <div class="body" role="tabpanel" id="device" tabindex="0" aria-labelledby=${`tab-${index}`}>
        ${this.#store.trouble === null ? nothing : html`<p class="alarm" role="status">${this.#store.trouble}</p>`}
        ${deviceView(device, index, this.#store, this.#own(device))}
        ${errorList(others)}
      </div>
    `;
  }

  #tab(device: DeviceInspection, order: number, isShown: boolean): TemplateResult {
    const light = summary(device);
    const words = { trouble: ", in trouble", on: "", "": ", no driver" }[light];
    return html`<button role="tab" id=${`tab-${order}`} aria-selected=${isShown} aria-controls="device" tabindex=${isShown ? 0 : -1}
      @click=${() => this.#show(order)}><i class=${light}></i>${deviceTitle(device)}<span class="visually-hidden">${words}</span></button>`;
  }

  #own({ device }: DeviceInspection): TemplateResult | typeof nothing {
    if (device !== "virtio-balloon") return nothing;
    return html`<balloon-control .status=${this.#store.balloon}
      @target=${(event: CustomEvent<number>) => void this.#store.setBalloon(event.detail)}></balloon-control>`;
  }

  #show(order: number): void {
    this.#shown = order;
    this.requestUpdate();
  }

  /** Arrow keys move along tabs (ARIA Authoring Practices). */
  #onTabKey(event: KeyboardEvent, tabs: number): void {
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: this.#shown + 1,
      ArrowLeft: this.#shown - 1,
      Home: 0,
      End: tabs - 1,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.#show((step + tabs) % tabs);
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector<HTMLElement>("[role=tab][aria-selected=true]")?.focus(),
    );
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === "Escape") this.#close();
  }

  #close(): void {
    this.dispatchEvent(new CustomEvent("close"));
  }
}

customElements.define("virtio-inspector", VirtioInspector);
