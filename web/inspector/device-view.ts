import { DEVICE_STATUS_LIGHTS, type DeviceInspection, type ErrorRecord, type Fact } from "../../src/ts/api/index.ts";
import { html, nothing, type TemplateResult } from "lit";
import { count, fieldValue, hex } from "./figures.ts";
import type { InspectionStore } from "./inspection-store.ts";
import { queueView } from "./queue-view.ts";

/** Queues that are open at first; a console has sixty. */
const OPEN_QUEUES = 2;

/** One device, from its status lights to its mistakes. `own` is what only this kind of device has. */
export function deviceView(
  device: DeviceInspection,
  index: number,
  store: InspectionStore,
  own: TemplateResult | typeof nothing,
): TemplateResult {
  return html`
    ${statusLights(device)}
    ${device.needsReset === null ? nothing : html`<p class="alarm" role="status">Needs a reset: ${device.needsReset}</p>`}
    ${own}
    ${facts([
      { name: "Transport", value: `virtio-${device.transport}, ${device.mode} interface` },
      ...device.transportFacts,
      ...device.deviceFacts,
      { name: "Resets", value: count(device.resets) },
      { name: "Configuration interrupts", value: count(device.configInterrupts) },
    ])}
    ${errorList(device.errors)}
    ${queues(device, index, store)}
    ${features(device)}
    ${configuration(device)}
  `;
}

function statusLights({ status }: DeviceInspection): TemplateResult {
  return html`<ul class="lights" aria-label=${`Device status ${hex(status)}`}>
    ${DEVICE_STATUS_LIGHTS.map(({ name, bit, trouble }) => {
      const lit = (status & bit) !== 0;
      return html`<li class="light ${lit ? "lit" : ""} ${trouble ? "trouble" : ""}" data-light=${name}>
        <i></i>${name}<span class="visually-hidden">${lit ? " is on" : " is off"}</span></li>`;
    })}
  </ul>`;
}

function facts(rows: readonly Fact[]): TemplateResult {
  return html`<dl class="facts">${rows.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** What went wrong: whose mistake, how often, and register and value of the last time. */
export function errorList(errors: readonly ErrorRecord[]): TemplateResult | typeof nothing {
  if (errors.length === 0) return nothing;
  return html`<h3>Errors</h3>
    <ul class="errors">${errors.map(
      ({ side, place, detail, count: times }) => html`<li>
        <p><b>${side === "guest" ? "Guest" : "Host"}</b> ${place}<span class="times">${times > 1 ? ` × ${count(times)}` : ""}</span></p>
        ${detail === "" ? nothing : html`<p class="mono">${detail}</p>`}
      </li>`,
    )}</ul>`;
}

function queues({ queues: all }: DeviceInspection, index: number, store: InspectionStore): TemplateResult {
  const ready = all.filter((queue) => queue.ready);
  const rest = all.length - ready.length;
  return html`<h3>Queues</h3>
    ${ready.map((queue, order) => queueView(queue, store.activity(index, queue), order < OPEN_QUEUES))}
    ${rest === 0 ? nothing : html`<p class="quiet">${rest === 1 ? "One queue is" : `${rest} queues are`} not in use.</p>`}`;
}

function features({ features: rows }: DeviceInspection): TemplateResult {
  const negotiated = rows.filter((row) => row.negotiated).length;
  const offered = rows.filter((row) => row.offered).length;
  return html`<h3>Features <span class="quiet">${offered} offered, ${negotiated} negotiated</span></h3>
    <ul class="features">${rows.map((row) => {
      const state = row.negotiated ? "negotiated" : row.offered ? "offered" : "refused";
      const words = { negotiated: "negotiated", offered: "offered, not taken", refused: "taken, but never offered" }[
        state
      ];
      return html`<li class=${state} title=${words}><i></i><span class="mono">${row.name ?? "unknown"}</span>
        <span class="bit">${row.bit}</span><span class="visually-hidden">${words}</span></li>`;
    })}</ul>`;
}

function configuration({ config, configGeneration }: DeviceInspection): TemplateResult | typeof nothing {
  const fields = config.filter(({ exists }) => exists);
  if (fields.length === 0) return nothing;
  return html`<h3>Configuration space <span class="quiet">generation ${configGeneration}</span></h3>
    <dl class="facts config">${fields.map(
      (
        field,
      ) => html`<div><dt><span class="mono">${field.name}</span> <span class="bit">${hex(field.offset)}</span></dt>
        <dd class="mono">${fieldValue(field)}${field.writable ? html` <span class="bit">driver writes</span>` : nothing}</dd></div>`,
    )}</dl>`;
}
