import { css } from "lit";

/** Fields, progress and rows, the same in every dialog. */
export const formStyles = css`
  input[type="text"],
  input[type="number"],
  select {
    min-width: 0;
    min-height: var(--target);
    margin: 0;
    padding: 0 12px;
    border: 1px solid var(--line-strong);
    border-radius: var(--radius-small);
    background: var(--bg);
    color: var(--text);
    font: 15px/1.3 var(--sans);
  }

  select { padding-right: 8px; cursor: pointer; }

  input:disabled,
  select:disabled { opacity: 0.6; cursor: default; }

  .field { display: grid; gap: 4px; min-width: 0; }
  .field > span { color: var(--muted); font-size: 13px; }

  .choice {
    display: flex;
    gap: 12px;
    align-items: flex-start;
    min-height: var(--target);
    padding: 10px 12px;
    border: 1px solid var(--line);
    border-radius: var(--radius-small);
    cursor: pointer;
  }

  .choice + .choice { margin-top: 8px; }
  .choice:has(input:checked) { border-color: var(--accent); background: var(--raised); }
  .choice:has(input:disabled) { cursor: default; }
  .choice input { flex: none; width: 18px; height: 18px; margin: 2px 0 0; accent-color: var(--accent); }
  .choice strong { display: block; font-weight: 600; }
  .choice small { display: block; color: var(--muted); font-size: 13.5px; line-height: 1.4; }
  .choice > span { min-width: 0; overflow-wrap: anywhere; }

  progress {
    display: block;
    width: 100%;
    height: 6px;
    border: 0;
    border-radius: 6px;
    overflow: hidden;
    background: var(--line);
    appearance: none;
    accent-color: var(--accent);
    color: var(--accent);
  }

  progress::-webkit-progress-bar { background: var(--line); }
  progress::-webkit-progress-value { border-radius: 6px; background: var(--accent); }
  progress::-moz-progress-bar { border-radius: 6px; background: var(--accent); }

  .quiet { margin: 0; color: var(--muted); font-size: 13.5px; }
  .trouble { margin: 8px 0 0; color: var(--bad); font-size: 14px; overflow-wrap: anywhere; }
  .warning { margin: 8px 0 0; color: var(--warn); font-size: 14px; overflow-wrap: anywhere; }
  .figures { font-variant-numeric: tabular-nums; }

  button.small { min-height: 36px; padding: 0 12px; font-size: 13.5px; }
  button.danger { color: var(--bad); }

  @media (pointer: coarse) {
    button.small { min-height: var(--target); }
  }
`;
