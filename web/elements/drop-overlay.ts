import { css, html, LitElement, type TemplateResult } from "lit";
import { type DragHint, dragHints } from "../disks/drag-hints.ts";
import type { DraggedFile } from "../disks/drop-zone.ts";
import { dropIcon } from "../icons.ts";
import { controls } from "../styles/controls.ts";

/** Lies over the page while files are dragged over it, and says what will become of them. */
export class DropOverlay extends LitElement {
  static override styles = [
    controls,
    css`
      /* In the top layer, above dialogs; the drag itself is the page's. */
      :host {
        position: fixed;
        inset: 0;
        width: 100%;
        height: 100%;
        margin: 0;
        padding: 14px;
        border: 0;
        background: var(--scrim);
        color: var(--text);
        font: 15px/1.5 var(--sans);
        pointer-events: none;
      }

      .frame {
        display: grid;
        place-items: center;
        height: 100%;
        padding: 16px;
        border: 2px dashed var(--accent);
        border-radius: 16px;
        overflow: hidden;
      }

      .card {
        width: min(30rem, 100%);
        padding: 24px 26px;
        border: 1px solid var(--line);
        border-radius: 14px;
        background: var(--surface);
        box-shadow: var(--shadow);
      }

      .icon { color: var(--accent); }
      h2 { margin: 6px 0 10px; font-size: 19px; font-weight: 640; letter-spacing: -0.01em; }
      ul { margin: 0; padding: 0; list-style: none; }
      li + li { margin-top: 8px; }
      strong { font-weight: 600; }
      .quiet { margin: 14px 0 0; color: var(--muted); font-size: 13.5px; }
    `,
  ];

  static override properties = { files: { state: true } };

  declare private files: readonly DraggedFile[];

  constructor() {
    super();
    this.files = [];
    this.popover = "manual";
  }

  /** Shows what is known of the files that are being dragged. */
  show(files: readonly DraggedFile[]): void {
    this.files = files;
    if (!this.matches(":popover-open")) this.showPopover();
  }

  hide(): void {
    if (this.matches(":popover-open")) this.hidePopover();
  }

  override render(): TemplateResult {
    const count = this.files.length;
    return html`<div class="frame"><div class="card" role="status">
      <span class="icon">${dropIcon}</span>
      <h2>${count === 1 ? "Drop it for the machine" : `Drop ${count === 0 ? "them" : `${count} files`} for the machine`}</h2>
      <ul>${dragHints(this.files).map(hintItem)}</ul>
      <p class="quiet">You choose what happens before anything does. Files stay on this computer: nothing is uploaded.</p>
    </div></div>`;
  }
}

function hintItem({ what, becomes, count }: DragHint): TemplateResult {
  return html`<li><strong>${what}${count > 1 ? ` (${count})` : ""}</strong> ${becomes}.</li>`;
}

customElements.define("drop-overlay", DropOverlay);
