import { css } from "lit";

/** Buttons and focus, the same in every element. */
export const controls = css`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }

  [hidden] {
    display: none !important;
  }

  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-width: var(--target);
    min-height: var(--target);
    margin: 0;
    padding: 0 16px;
    border: 1px solid var(--line);
    border-radius: var(--radius-small);
    background: var(--raised);
    color: var(--text);
    font: 500 14px/1.2 var(--sans);
    cursor: pointer;
    transition: background-color var(--fast), border-color var(--fast), color var(--fast);
    -webkit-tap-highlight-color: transparent;
  }

  button:hover:not(:disabled) {
    background: var(--hover);
  }

  button:disabled {
    color: var(--muted);
    opacity: 0.45;
    cursor: default;
  }

  button.primary {
    border-color: transparent;
    background: var(--accent);
    color: var(--on-accent);
    font-weight: 600;
  }

  button.primary:hover:not(:disabled) {
    background: var(--accent-hover);
  }

  button.icon {
    padding: 0;
    border-color: transparent;
    background: transparent;
    color: var(--muted);
  }

  button.icon:hover:not(:disabled) {
    background: var(--hover);
    color: var(--text);
  }

  :focus-visible {
    outline: 2px solid var(--focus);
    outline-offset: 2px;
  }

  /* A heading is where reading goes on: nothing can be done with it by a key. */
  h1[tabindex="-1"]:focus-visible,
  h2[tabindex="-1"]:focus-visible {
    outline: none;
  }

  button.icon:focus-visible {
    outline-offset: -3px;
  }

  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;
