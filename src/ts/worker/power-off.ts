import type { Turns } from "./turns.ts";

/** How long a guest that was asked to power off may do nothing before it counts as not listening. */
const PATIENCE_MS = 3000;

/** Handling the key's interrupt and ticking timers takes less than this; shutting down takes more. */
const REACTION_INSTRUCTIONS = 30_000_000;

export interface PowerOffGuest {
  pressPowerKey(): void;
  instructions(): number;
  serialBytes(): number;
  /** Nobody listens: end the machine. */
  forceOff(): void;
}

/**
 * The power button. The guest is asked; as long as it works or says something it gets all the time it wants. One that
 * does neither for three seconds has nothing that listens to the key and is turned off, which is what the person who
 * pressed the button wants. Returns how to call it off.
 */
export function requestPowerOff(guest: PowerOffGuest, turns: Turns): () => void {
  let cancel = (): void => {};
  let instructions = guest.instructions();
  let serialBytes = guest.serialBytes();
  const look = (): void => {
    const reacted = guest.instructions() - instructions > REACTION_INSTRUCTIONS || guest.serialBytes() !== serialBytes;
    if (!reacted) {
      guest.forceOff();
      return;
    }
    instructions = guest.instructions();
    serialBytes = guest.serialBytes();
    cancel = turns.after(PATIENCE_MS, look);
  };
  guest.pressPowerKey();
  cancel = turns.after(PATIENCE_MS, look);
  return () => cancel();
}
