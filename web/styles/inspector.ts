import { css } from "lit";

/** The ring inspector. Colours: accent for what waits for the device, calm for what it has, good for what is lit. */
export const inspectorStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    min-width: 0;
    min-height: 0;
    border-left: 1px solid var(--line);
    background: var(--bg);
    color: var(--text);
    font: 13.5px/1.45 var(--sans);
  }

  .head { display: flex; flex: none; align-items: center; gap: 4px; min-height: var(--bar); padding: 0 4px 0 16px; border-bottom: 1px solid var(--line); background: var(--surface); }
  h2 { flex: 1; margin: 0; font-size: 15px; font-weight: 640; letter-spacing: -0.01em; }
  h3 { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 10px; margin: 22px 0 8px; font-size: 13.5px; font-weight: 650; }
  h4 { margin: 14px 0 6px; color: var(--muted); font-size: 12.5px; font-weight: 600; }
  .hold[aria-pressed="true"] { border-color: var(--accent); color: var(--accent); }

  .devices { display: flex; flex: none; gap: 6px; padding: 8px 12px; border-bottom: 1px solid var(--line); background: var(--surface); overflow-x: auto; scrollbar-width: thin; }
  .devices button { position: relative; flex: none; gap: 8px; min-height: 38px; padding: 0 12px; border-radius: 99px; font-size: 13px; white-space: nowrap; }
  .devices button[aria-selected="true"] { border-color: var(--accent); background: var(--raised); }
  .devices button:not([aria-selected="true"]) { background: transparent; color: var(--muted); }
  .devices i { width: 9px; height: 9px; border-radius: 50%; background: var(--line-strong); }
  .devices i.on { background: var(--good); }
  .devices i.trouble { background: var(--bad); }

  .body { flex: 1; min-height: 0; padding: 14px 16px 32px; overflow: auto; overscroll-behavior: contain; scrollbar-width: thin; }
  .body > :first-child { margin-top: 0; }

  .quiet { margin: 6px 0 0; color: var(--muted); font-size: 12.5px; font-weight: 400; }
  .mono { font-family: var(--mono); font-size: 12.5px; overflow-wrap: anywhere; }
  .alarm { margin: 10px 0 0; padding: 8px 12px; border: 1px solid var(--bad-line); border-radius: var(--radius-small); background: var(--bad-surface); color: var(--bad); overflow-wrap: anywhere; }

  .lights { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.2rem, 1fr)); gap: 6px; margin: 0; padding: 0; list-style: none; }
  .light { display: flex; align-items: center; gap: 9px; min-height: 34px; padding: 0 10px; border: 1px solid var(--line); border-radius: var(--radius-small); background: var(--surface); color: var(--muted); font: 600 11.5px/1.2 var(--mono); letter-spacing: 0.01em; }
  .light i { flex: none; width: 12px; height: 12px; border: 1px solid var(--line-strong); border-radius: 50%; background: var(--raised); transition: background-color var(--slow), box-shadow var(--slow); }
  .light.lit { color: var(--text); }
  .light.lit i { border-color: var(--good); background: var(--good); box-shadow: 0 0 9px 1px var(--good); }
  .light.lit.trouble { border-color: var(--bad-line); color: var(--bad); }
  .light.lit.trouble i { border-color: var(--bad); background: var(--bad); box-shadow: 0 0 9px 1px var(--bad); }

  dl { margin: 0; }
  dd { margin: 0; min-width: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
  dt { color: var(--muted); }
  .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 8px 16px; margin-top: 14px; }
  .facts dt { font-size: 12px; }
  .config { margin-top: 0; }
  .config dt { color: var(--text); }
  .bit { color: var(--muted); font: 11.5px/1.4 var(--mono); }

  .queue { margin-top: 10px; padding: 0 14px; border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); }
  .queue[open] { padding-bottom: 14px; }
  .queue > summary { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 2px 12px; min-height: var(--target); margin: 0 -14px; padding: 4px 14px; border-radius: var(--radius); cursor: pointer; list-style: none; }
  .queue > summary::-webkit-details-marker { display: none; }
  .queue > summary .name::before { content: "▸"; display: inline-block; width: 1.2em; color: var(--muted); }
  .queue[open] > summary .name::before { content: "▾"; }
  .rate { display: inline-flex; align-items: center; gap: 8px; color: var(--muted); font-variant-numeric: tabular-nums; }
  .rate .graph { color: var(--calm); }

  .ring-row { display: flex; flex-wrap: wrap; align-items: center; gap: 12px 18px; }
  .ring { flex: none; width: 132px; height: 132px; overflow: visible; }
  .ring .free { fill: var(--line); }
  .ring .waiting { fill: var(--accent); }
  .ring .taken { fill: var(--calm); }
  .ring .hand.available { fill: var(--accent); }
  .ring .hand.used { fill: var(--good); }
  .ring text { fill: var(--text); text-anchor: middle; }
  .ring .big { font: 650 22px/1 var(--sans); }
  .ring .small { fill: var(--muted); font: 10.5px/1 var(--sans); }
  .figures { display: grid; flex: 1 1 13rem; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 12px; font-size: 12.5px; }
  .key { display: inline-block; width: 8px; height: 8px; margin-right: 6px; border-radius: 50%; background: var(--line-strong); }
  .key.available, .key.waiting { background: var(--accent); }
  .key.used { background: var(--good); }

  .counters { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1px; margin-top: 12px; border: 1px solid var(--line); border-radius: var(--radius-small); background: var(--line); overflow: hidden; }
  .counters > div { padding: 7px 10px; background: var(--surface); }
  .counters dt { font-size: 11.5px; }
  .counters dd { font-size: 15px; font-weight: 600; white-space: nowrap; }

  figure { margin: 0; }
  .latency svg { display: block; width: 100%; height: 46px; }
  .latency rect { fill: var(--calm); }
  .latency rect.none { fill: var(--line); }
  .axis { display: flex; justify-content: space-between; margin-top: 3px; color: var(--muted); font-size: 11.5px; }
  figcaption { margin-top: 4px; color: var(--muted); }
  figcaption b { color: var(--text); font-weight: 600; }

  .chains { display: grid; gap: 6px; margin: 0; padding: 0; list-style: none; }
  .chain { display: flex; flex-wrap: wrap; gap: 2px 12px; font-variant-numeric: tabular-nums; }
  .chain .busy { color: var(--calm); }
  .chains > li { padding-left: 10px; border-left: 2px solid var(--line); }
  .buffers { display: flex; flex-wrap: wrap; gap: 4px; margin: 3px 0 0; padding: 0; list-style: none; }
  .buffers > li { padding: 1px 8px; border: 1px solid var(--line); border-radius: 99px; color: var(--muted); font-size: 12px; }
  .buffers .writes > :first-child { color: var(--accent); }
  .buffers .reads > :first-child { color: var(--calm); }

  .features { display: grid; grid-template-columns: repeat(auto-fill, minmax(15.5rem, 1fr)); gap: 2px 14px; margin: 0; padding: 0; list-style: none; }
  .features li { display: flex; align-items: center; gap: 8px; min-width: 0; color: var(--muted); }
  .features .mono { font-size: 12px; }
  .features li.negotiated { color: var(--text); }
  .features i { flex: none; width: 9px; height: 9px; border: 1px solid var(--line-strong); border-radius: 50%; }
  .features .negotiated i { border-color: var(--good); background: var(--good); }
  .features .refused i { border-color: var(--bad); background: var(--bad); }

  .errors { display: grid; gap: 6px; margin: 0; padding: 0; list-style: none; }
  .errors > li { padding: 7px 12px; border: 1px solid var(--bad-line); border-radius: var(--radius-small); }
  .errors p { margin: 0; overflow-wrap: anywhere; }
  .errors b { color: var(--bad); font-weight: 600; }
  .times { color: var(--muted); }

  @media (max-width: 900px) { :host { border-left: 0; } }
  @media (pointer: coarse) { .devices button { min-height: var(--target); } }
`;
