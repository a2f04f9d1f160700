/** What every transport is to the machine, whatever the guest sees of it. */
import type { VirtioBus } from "../bus.ts";
import type { Fact } from "../inspection.ts";

export interface VirtioTransport {
  /** Kind of the transport, as the registry names it. */
  readonly kind: string;
  /** The bus that it was built with; devices are plugged in here. */
  readonly bus: VirtioBus;
  /** Machine reset: transport, bus, queues and device are as after power-on. */
  reset(): void;
  /** The guest-visible state of transport, bus, queues and device. */
  save(): unknown;
  /** Registers that tell somebody who looks at the device something; reading them changes nothing. */
  inspect?(): readonly Fact[];
  /** Takes it back; throws a StateError when it does not fit. */
  load(state: unknown): void;
}
