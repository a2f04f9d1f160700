import { css } from "lit";

/** Native dialogs, the same in every element. */
export const dialogStyles = css`
  dialog {
    width: min(34rem, calc(100vw - 24px));
    max-height: min(46rem, calc(100dvh - 24px));
    padding: 0;
    border: 1px solid var(--line);
    border-radius: 14px;
    background: var(--surface);
    box-shadow: var(--shadow);
    color: var(--text);
    font: 15px/1.5 var(--sans);
    overflow: auto;
    overscroll-behavior: contain;
  }

  dialog::backdrop {
    background: var(--scrim);
  }

  .title {
    position: sticky;
    top: 0;
    z-index: 1;
    display: flex;
    align-items: center;
    justify-content: space-between;
    padding: 10px 10px 10px 24px;
    border-bottom: 1px solid var(--line);
    background: var(--surface);
  }

  h2 {
    margin: 0;
    font-size: 17px;
    font-weight: 640;
    letter-spacing: -0.01em;
  }

  .body {
    padding: 20px 24px 24px;
  }

  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    margin-top: 16px;
  }

  pre,
  code.block {
    display: block;
    max-height: 30vh;
    margin: 8px 0 0;
    padding: 10px 12px;
    border: 1px solid var(--line);
    border-radius: var(--radius-small);
    background: var(--bg);
    font: 13px/1.5 var(--mono);
    overflow: auto;
    overflow-wrap: anywhere;
    white-space: pre-wrap;
  }
`;
