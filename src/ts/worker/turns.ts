/** How the scheduler gives way to messages and comes back, and how it sleeps. */
export interface Turns {
  /** Calls `callback` as a new task, after the messages that already wait. At most one is outstanding. */
  post(callback: () => void): void;
  /** Calls `callback` after at least `delayMs`; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void;
  dispose(): void;
}

/** The longest delay timers are asked for: far below the 2^31 ms at which they wrap round to zero. */
const LONGEST_TIMER_MS = 60_000;

/**
 * Turns through a MessageChannel. A timer that is set from a timer's callback is clamped to 4 ms after a few rounds
 * (HTML, timer nesting level); a message is not, and a timer set from a message's task starts at level 0 again. So a
 * timer's callback only posts a turn, and everything else happens there.
 */
export function messageChannelTurns(): Turns {
  const channel = new MessageChannel();
  let pending: (() => void) | null = null;
  channel.port1.onmessage = () => {
    const callback = pending;
    pending = null;
    callback?.();
  };
  return {
    post(callback) {
      if (pending === null) channel.port2.postMessage(null);
      pending = callback;
    },
    after(delayMs, callback) {
      const timer = setTimeout(callback, Math.min(delayMs, LONGEST_TIMER_MS));
      return () => clearTimeout(timer);
    },
    dispose() {
      pending = null;
      channel.port1.onmessage = null;
      channel.port1.close();
      channel.port2.close();
    },
  };
}
