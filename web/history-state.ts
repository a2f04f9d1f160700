/** What the page keeps with an entry of the history: only it can write there, so a stranger's link has none of it. */
export interface HistoryState {
  /** The page itself made this address: it may name disks of this browser. */
  readonly trusted: boolean;
  /** The user agreed to what this address types. */
  readonly typing: boolean;
  /** The user agreed that the machine of this address gets what this browser keeps. */
  readonly disks: boolean;
}

const NONE: HistoryState = { trusted: false, typing: false, disks: false };

export function readHistoryState(state: unknown): HistoryState {
  if (typeof state !== "object" || state === null || !("armlet" in state)) return NONE;
  const { armlet } = state;
  if (typeof armlet !== "object" || armlet === null) return NONE;
  const { trusted, typing, disks } = armlet as Record<string, unknown>;
  return { trusted: trusted === true, typing: typing === true, disks: disks === true };
}

/** As `history.pushState` and `replaceState` take it. */
export function writeHistoryState(state: Partial<HistoryState>): object {
  return { armlet: { ...NONE, ...state } };
}
