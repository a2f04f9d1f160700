import type { HeadStart } from "../src/ts/api/head-start.ts";
import type { MachineLink } from "../src/ts/config/link.ts";
import { writeHistoryState, readHistoryState } from "./history-state.ts";
import type { MachineStore } from "./machine-store.ts";

export interface StartOptions {
  /** The user said yes to this address before. */
  readonly agreed: boolean;
  /** Aborting it takes the question back. */
  readonly signal: AbortSignal;
  /** What was begun of it before. */
  readonly headStart: HeadStart | null;
}

/**
 * Starts a machine. What a stranger's link wants to type into it is asked about first; until there is an answer nothing is
 * loaded.
 */
export async function startMachine(
  store: MachineStore,
  link: MachineLink | null,
  { agreed, signal, headStart }: StartOptions,
): Promise<void> {
  const { texts, needsConfirmation } = link?.typed ?? { texts: [], needsConfirmation: false };
  if (link !== null && needsConfirmation && !agreed) {
    headStart?.dispose();
    const { confirmTyping } = await import("./elements/link-dialog.ts");
    const run = await confirmTyping(texts, link.origins, signal);
    if (signal.aborted) return;
    if (run) {
      // A reload does not ask again.
      history.replaceState(writeHistoryState({ ...readHistoryState(history.state), typing: true }), "");
      store.vm.type(texts);
    }
  } else {
    store.vm.type(texts);
  }
  store.start(headStart);
}
