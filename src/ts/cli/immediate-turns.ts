/** Turns of Node's event loop. */
import type { Turns } from "../worker/turns.ts";

/** Timers take 32 bits. */
const LONGEST_TIMER_MS = 60_000;

/**
 * Turns through setImmediate, between which Node serves sockets, the terminal and timers. A MessageChannel would not do: Node hands out
 * a thousand messages in a row, those that come meanwhile among them, so that a guest that computes had its keyboard read after seconds.
 */
export function immediateTurns(): Turns {
  let pending: (() => void) | null = null;
  let turn: NodeJS.Immediate | null = null;
  // Node ends when nothing is left to wait for, but a guest that waits for nothing is not done.
  const alive = setInterval(() => undefined, LONGEST_TIMER_MS);
  return {
    post(callback) {
      pending = callback;
      turn ??= setImmediate(() => {
        turn = null;
        const due = pending;
        pending = null;
        due?.();
      });
    },
    after(delayMs, callback) {
      const timer = setTimeout(callback, Math.min(delayMs, LONGEST_TIMER_MS));
      return () => clearTimeout(timer);
    },
    dispose() {
      pending = null;
      if (turn !== null) clearImmediate(turn);
      turn = null;
      clearInterval(alive);
    },
  };
}
