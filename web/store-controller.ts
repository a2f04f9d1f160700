import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { Disposable } from "../src/ts/lib/emitter.ts";
import type { MachineStore } from "./machine-store.ts";

/** Renders an element anew whenever the store changes, as long as the element is on the page. */
export class StoreController implements ReactiveController {
  readonly #host: ReactiveControllerHost & { readonly store: MachineStore };
  #subscription: Disposable | null = null;

  constructor(host: ReactiveControllerHost & { readonly store: MachineStore }) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected(): void {
    this.#subscription = this.#host.store.onChange(() => this.#host.requestUpdate());
  }

  hostDisconnected(): void {
    this.#subscription?.dispose();
    this.#subscription = null;
  }
}
