/** Words for the guest errors that the engine counts. */
import {
  GUEST_ERROR_GIC_NOT_ACTIVE,
  GUEST_ERROR_GIC_READ,
  GUEST_ERROR_GIC_WRITE,
  GUEST_ERROR_ITS,
  GUEST_ERROR_NO_DEVICE,
  GUEST_ERROR_PSCI,
  GUEST_ERROR_SYSREG,
} from "../../wasm/lib/guest-error.ts";

const PLACES: ReadonlyMap<number, string> = new Map([
  [GUEST_ERROR_GIC_READ, "gic: read of a register that does not exist"],
  [GUEST_ERROR_GIC_WRITE, "gic: write of a register that does not exist"],
  [GUEST_ERROR_GIC_NOT_ACTIVE, "gic: end of an interrupt that is not active"],
  [GUEST_ERROR_ITS, "gic: ITS command or event that means nothing"],
  [GUEST_ERROR_NO_DEVICE, "cpu: access where neither memory nor a device is"],
  [GUEST_ERROR_SYSREG, "cpu: system register that does not exist"],
  [GUEST_ERROR_PSCI, "psci: unknown function"],
]);

/** The place that a code of the engine stands for. */
export function guestErrorPlace(code: number): string {
  return PLACES.get(code) ?? `engine: guest error ${code}`;
}
