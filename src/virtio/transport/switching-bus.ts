/** The bus of a transport whose driver chooses between the legacy and the modern interface. */
import { type BusEnvironment, VirtioBus } from "../bus.ts";
import type { InterfaceMode } from "../negotiation.ts";

export abstract class SwitchingBus extends VirtioBus {
  private current: InterfaceMode;

  /** `mode` is the interface that is spoken until the driver chooses. */
  constructor(environment: BusEnvironment, mode: InterfaceMode) {
    super(environment);
    this.current = mode;
  }

  get mode(): InterfaceMode {
    return this.current;
  }

  /** The driver speaks that interface from now on; a change resets the device. */
  switchTo(mode: InterfaceMode): void {
    if (this.current !== mode) this.resetTo(mode);
  }

  /** Resets the device, which speaks that interface from then on. */
  resetTo(mode: InterfaceMode): void {
    this.reset();
    this.current = mode;
    this.offer();
  }
}
