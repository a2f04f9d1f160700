import type { MachineLink } from "../src/ts/config/link.ts";
import { writeHistoryState, readHistoryState } from "./history-state.ts";
import type { MachineStore } from "./machine-store.ts";

/**
 * Starts a machine. What a stranger's link wants to type into it is asked about first; until there is an answer nothing is
 * loaded. `agreed`: the user said yes to this address before. Aborting `signal` takes the question back.
 */
export async function startMachine(
  store: MachineStore,
  link: MachineLink | null,
  { agreed, signal }: { readonly agreed: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const { texts, needsConfirmation } = link?.typed ?? { texts: [], needsConfirmation: false };
  if (link !== null && needsConfirmation && !agreed) {
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
  store.start();
}
