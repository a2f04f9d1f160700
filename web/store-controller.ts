import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { Disposable } from "../src/ts/lib/emitter.ts";

/** Something that tells when it has changed. */
export interface Observable {
  onChange(listener: () => void): Disposable;
}

/** Renders an element anew whenever the store changes, as long as the element is on the page. */
export class StoreController implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #store: Observable;
  #subscription: Disposable | null = null;

  constructor(host: ReactiveControllerHost, store: Observable) {
    this.#host = host;
    this.#store = store;
    host.addController(this);
  }

  hostConnected(): void {
    this.#subscription = this.#store.onChange(() => this.#host.requestUpdate());
  }

  hostDisconnected(): void {
    this.#subscription?.dispose();
    this.#subscription = null;
  }
}
