/** Something that listens or holds a resource until it is told to let go. */
export interface Disposable {
  dispose(): void;
}

/**
 * Typed events. `Events` maps an event name to what its listeners receive.
 *
 * A listener that throws does not keep the others from being called: its error is rethrown from a microtask, where
 * it reaches the console (or the process) as an uncaught error of its own.
 */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();

  /** Calls `listener` on every `name` event until the result is disposed. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Disposable {
    let listeners = this.#listeners.get(name);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(name, listeners);
    }
    // A wrapper of its own, so that the same function may be registered twice and disposed once.
    const entry = (event: Events[Name]): void => listener(event);
    listeners.add(entry);
    return { dispose: () => void listeners.delete(entry) };
  }

  /** Calls every listener of `name`, in the order in which they came. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return;
    for (const listener of [...listeners]) {
      try {
        (listener as (event: Events[Name]) => void)(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Forgets all listeners. */
  clear(): void {
    this.#listeners.clear();
  }
}
