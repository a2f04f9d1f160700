import { type SVGTemplateResult, svg } from "lit";

/** Line icons on a 24 by 24 grid. */
function icon(paths: SVGTemplateResult): SVGTemplateResult {
  return svg`<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${paths}</svg>`;
}

export const pauseIcon = icon(svg`<path d="M8.5 5.5v13M15.5 5.5v13"/>`);
export const playIcon = icon(svg`<path d="M8 5.3v13.4L18.6 12z"/>`);
export const resetIcon = icon(svg`<path d="M4.5 4.5v5h5"/><path d="M5 9.5A8 8 0 1 1 4 13"/>`);
export const powerIcon = icon(svg`<path d="M12 3.5v8"/><path d="M7 6.7a8 8 0 1 0 10 0"/>`);
export const moreIcon = icon(
  svg`<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>`,
);
export const closeIcon = icon(svg`<path d="m6 6 12 12M18 6 6 18"/>`);
export const copyIcon = icon(
  svg`<rect x="8.5" y="8.5" width="11" height="11" rx="2.5"/><path d="M15.5 5.5v-.2A1.8 1.8 0 0 0 13.7 3.5H6.3a1.8 1.8 0 0 0-1.8 1.8v8.4a1.8 1.8 0 0 0 1.8 1.8h.2"/>`,
);
export const linkIcon = icon(
  svg`<path d="M10 14a4.2 4.2 0 0 0 6 0l3-3a4.2 4.2 0 0 0-6-6l-1 1"/><path d="M14 10a4.2 4.2 0 0 0-6 0l-3 3a4.2 4.2 0 0 0 6 6l1-1"/>`,
);

export const machinesIcon = icon(
  svg`<rect x="4" y="4.5" width="6.5" height="6.5" rx="1.6"/><rect x="13.5" y="4.5" width="6.5" height="6.5" rx="1.6"/><rect x="4" y="13.5" width="6.5" height="6.5" rx="1.6"/><rect x="13.5" y="13.5" width="6.5" height="6.5" rx="1.6"/>`,
);

/** A chip with its pins. */
export const devicesIcon = icon(
  svg`<rect x="6.8" y="6.8" width="10.4" height="10.4" rx="2"/><path d="M9.7 6.8V3.8M14.3 6.8V3.8M9.7 20.2v-3M14.3 20.2v-3M6.8 9.7h-3M6.8 14.3h-3M20.2 9.7h-3M20.2 14.3h-3"/>`,
);
export const disksIcon = icon(
  svg`<ellipse cx="12" cy="6" rx="7.5" ry="2.9"/><path d="M4.5 6v12c0 1.6 3.4 2.9 7.5 2.9s7.5-1.3 7.5-2.9V6"/><path d="M4.5 12c0 1.6 3.4 2.9 7.5 2.9s7.5-1.3 7.5-2.9"/>`,
);
/** Packets on a wire, and the arrow that saves them. */
export const captureIcon = icon(
  svg`<path d="M3.5 6h3M17.5 6h3"/><rect x="8" y="3.5" width="8" height="5" rx="1.4"/><path d="M12 11.5v8M8.2 15.9l3.8 3.8 3.8-3.8"/>`,
);
export const dropIcon = icon(
  svg`<path d="M12 3.5v11M7.5 10.5l4.5 4.5 4.5-4.5"/><path d="M4.5 16v2.3a2.2 2.2 0 0 0 2.2 2.2h10.6a2.2 2.2 0 0 0 2.2-2.2V16"/>`,
);
export const editIcon = icon(
  svg`<path d="m5 19 .8-3.6L16 5.2a1.7 1.7 0 0 1 2.4 0l.4.4a1.7 1.7 0 0 1 0 2.4L8.6 18.2z"/><path d="m14.5 6.7 2.8 2.8"/>`,
);

/** An open ring around a prompt. */
export const logo = svg`<svg class="logo" viewBox="0 0 32 32" width="26" height="26" fill="none" stroke="currentColor" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"><path d="M20.5 5.2a12 12 0 1 1-9 0"/><path d="m12 14 4 4-4 4"/></svg>`;
