import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { PartitionInfo } from "../../src/ts/api/disk-types.ts";
import {
  type Arrival,
  type ArrivalRole,
  type Arrivals,
  baseName,
  becomesDisk,
  isChanges,
  mustCopy,
} from "../disks/arrivals.ts";
import { formatBytes, formatDiskSize } from "../format.ts";
import { closeIcon } from "../icons.ts";
import { controls } from "../styles/controls.ts";
import { formStyles } from "../styles/forms.ts";

const ROLE_NAMES: readonly (readonly [role: ArrivalRole, name: string])[] = [
  ["disk", "Disk"],
  ["cdrom", "CD (cannot be written)"],
  ["kernel", "Kernel"],
  ["initrd", "Initial file system (initrd)"],
  ["dtb", "Device tree"],
  ["none", "Leave it out"],
];

/** One file on its way into the next machine: what it is, what it becomes, how far it is. */
export class ArrivalCard extends LitElement {
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

      .head { display: flex; align-items: flex-start; gap: 8px; }
      .head > div { flex: 1; min-width: 0; }
      h3 { margin: 0; font: 600 14px/1.4 var(--mono); overflow-wrap: anywhere; }
      .head button { margin: -8px -10px 0 0; }
      .summary { margin: 6px 0 0; overflow-wrap: anywhere; }

      .fields {
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
        gap: 10px 12px;
        margin-top: 12px;
      }

      .wide { grid-column: 1 / -1; }
      .below { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; }
      .below p { flex: 1 1 16rem; margin: 0; }

      fieldset { margin: 0; padding: 0; border: 0; }
      .choice { min-height: 0; }

      .work { display: flex; align-items: center; gap: 12px; margin-top: 12px; }
      .work > div { flex: 1; display: grid; gap: 6px; }

      details { margin-top: 8px; }
      summary { display: inline-flex; align-items: center; min-height: 32px; color: var(--muted); font-size: 13.5px; cursor: pointer; }
      summary::before { content: "▸"; margin-right: 8px; }
      details[open] summary::before { content: "▾"; }
      .table { overflow-x: auto; }
      table { width: 100%; border-collapse: collapse; font-size: 13.5px; }
      th, td { padding: 4px 10px 4px 0; text-align: left; white-space: nowrap; }
      th { color: var(--muted); font-weight: 500; }

      @media (max-width: 520px) { .fields { grid-template-columns: minmax(0, 1fr); } }
    `,
  ];

  static override properties = { arrival: { attribute: false }, locked: { type: Boolean } };

  declare arrival: Arrival | null;
  /** Nothing can be chosen while files are being taken in. */
  declare locked: boolean;
  arrivals: Arrivals | null = null;
  readonly #base = document.createElement("input");

  constructor() {
    super();
    this.#base.type = "file";
    this.#base.addEventListener("change", () => this.#giveBase());
    this.arrival = null;
    this.locked = false;
  }

  override render(): TemplateResult | typeof nothing {
    const { arrival } = this;
    if (arrival === null) return nothing;
    const { file, name, phase, findings, failure, disk } = arrival;
    const title = file?.name ?? name;
    return html`
      <div class="head">
        <div>
          <h3>${title}</h3>
          <p class="quiet figures">${this.#facts(arrival)}</p>
        </div>
        <button class="icon" aria-label=${`Take ${title} out`} title="Take it out" @click=${() => this.arrivals?.remove(arrival.key)}>${closeIcon}</button>
      </div>
      ${phase === "looking" ? html`<p class="summary" role="status">Looking at what is in it …</p>` : nothing}
      ${findings === null ? nothing : html`<p class="summary">${findings.summary}</p>${partitionTable(findings.partitions)}`}
      ${phase === "failed" || findings === null ? nothing : this.#choices(arrival)}
      ${phase === "importing" ? this.#work(arrival) : nothing}
      ${failure === null ? nothing : html`<p class="trouble" role="alert">${failure.message} ${failure.advice}</p>`}
      ${
        disk !== null && file !== null
          ? html`<p class="quiet" role="status">It is the disk “${disk.name}” of this browser now.</p>`
          : nothing
      }
    `;
  }

  #facts({ file, findings, disk }: Arrival): string {
    const packed = findings === null || findings.formats.length === 0 ? [] : [findings.formats.join(" with ")];
    const inside = findings?.diskSizeBytes ?? null;
    const size = file?.size ?? null;
    return [
      ...(size === null ? [] : [formatBytes(size)]),
      ...packed,
      ...(inside === null || inside === size ? [] : [`a disk of ${formatDiskSize(inside)}`]),
      ...(file === null && disk !== null ? ["a disk of this browser"] : []),
    ].join(", ");
  }

  #choices(arrival: Arrival): TemplateResult {
    const { key, file, role, name, disk } = arrival;
    const fixed = this.locked || arrival.phase === "importing";
    const roles = ROLE_NAMES.filter(([value]) => disk === null || value === "disk" || value === "cdrom");
    const title = file?.name ?? name;
    return html`<div class="fields">
      <label class="field">
        <span>Use as</span>
        <select aria-label=${`Use ${title} as`} ?disabled=${fixed}
          @change=${(event: Event) => this.#choose({ role: (event.target as HTMLSelectElement).value as ArrivalRole })}>
          ${roles.map(([value, label]) => html`<option value=${value} ?selected=${value === role}>${label}</option>`)}
        </select>
      </label>
      ${
        becomesDisk(arrival) && disk === null
          ? html`<label class="field">
              <span>Name</span>
              <input type="text" aria-label=${`Name of the disk of ${title}`} maxlength="80" .value=${name} ?disabled=${fixed}
                @change=${(event: Event) => this.#rename(event.target as HTMLInputElement, name)}>
            </label>
            ${isChanges(arrival.findings) ? this.#below(arrival, fixed) : this.#copying(key, arrival, fixed)}`
          : nothing
      }
    </div>`;
  }

  /** The image that changes were made to. */
  #below({ file, findings, base }: Arrival, fixed: boolean): TemplateResult {
    const { backing = null } = findings ?? {};
    if (findings === null || backing === null) return html``;
    if (backing.url !== null) {
      return html`<p class="quiet wide">What lies below is read from there as it is needed, and stays as it is.</p>`;
    }
    const name = baseName(findings) || "the image below";
    return html`<div class="wide below">
      ${
        base === null
          ? html`<p class="warning">It needs ${name}, the file that the changes were made to.</p>`
          : html`<p class="quiet">It lies over the file ${base.name}, which stays as it is and has to be given again after a reload.</p>`
      }
      <button class="small" ?disabled=${fixed} aria-label=${`Give the file below ${file?.name ?? ""}`}
        @click=${() => this.#base.click()}>${base === null ? `Give ${name}…` : "Give another…"}</button>
    </div>`;
  }

  #giveBase(): void {
    const file = this.#base.files?.[0];
    // The same file can be chosen again.
    this.#base.value = "";
    if (file !== undefined) this.#choose({ base: file });
  }

  #copying(key: number, { copy, findings, file }: Arrival, fixed: boolean): TemplateResult {
    const must = mustCopy(findings);
    const choose = (value: boolean) => () => this.#choose({ copy: value });
    return html`<fieldset class="wide">
      <legend class="visually-hidden">Where ${file?.name ?? "it"} is read from</legend>
      <label class="choice">
        <input type="radio" name=${`copy-${key}`} .checked=${copy} ?disabled=${fixed} @change=${choose(true)}>
        <span><strong>${must ? "Unpack it into the browser" : "Copy it into the browser"}</strong>
          <small>${must ? "Packed files cannot be read where they are." : "It is there after a reload, and does not need the file any more."}</small></span>
      </label>
      ${
        must
          ? nothing
          : html`<label class="choice">
              <input type="radio" name=${`copy-${key}`} .checked=${!copy} ?disabled=${fixed} @change=${choose(false)}>
              <span><strong>Read it where it is</strong>
                <small>At once, and takes no room. What the guest writes is kept in the browser; the file stays as it is, and has to be given again after a reload.</small></span>
            </label>`
      }
    </fieldset>`;
  }

  #work({ key, progress, file }: Arrival): TemplateResult {
    const { doneBytes, totalBytes } = progress ?? { doneBytes: 0, totalBytes: null };
    const bytes =
      totalBytes === null ? formatBytes(doneBytes) : `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
    const label = `Copying ${file?.name ?? ""}`;
    return html`<div class="work">
      <div>
        <span class="quiet figures">${bytes}</span>
        ${
          totalBytes === null
            ? html`<progress aria-label=${label}></progress>`
            : html`<progress aria-label=${label} max=${Math.max(1, totalBytes)} .value=${doneBytes}></progress>`
        }
      </div>
      <button class="small" @click=${() => this.arrivals?.cancelImport(key)}>Cancel</button>
    </div>`;
  }

  #choose(change: Partial<Pick<Arrival, "role" | "name" | "copy" | "base">>): void {
    if (this.arrival !== null) this.arrivals?.choose(this.arrival.key, change);
  }

  #rename(input: HTMLInputElement, before: string): void {
    const name = input.value.trim();
    input.value = name === "" ? before : name;
    this.#choose({ name: input.value });
  }
}

function partitionTable(partitions: readonly PartitionInfo[]): TemplateResult | typeof nothing {
  if (partitions.length < 2) return nothing;
  return html`<details>
    <summary>${partitions.length} partitions</summary>
    <div class="table" tabindex="0" role="region" aria-label="Partitions">
      <table>
        <thead><tr><th scope="col">Number</th><th scope="col">Size</th><th scope="col">Holds</th><th scope="col">Name</th></tr></thead>
        <tbody>${partitions.map(
          ({ number, sizeBytes, fileSystem, label, name }) =>
            html`<tr><td>${number}</td><td class="figures">${formatBytes(sizeBytes)}</td><td>${fileSystem ?? "unknown"}</td><td>${label ?? name}</td></tr>`,
        )}</tbody>
      </table>
    </div>
  </details>`;
}

customElements.define("arrival-card", ArrivalCard);
