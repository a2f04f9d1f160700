/** Saved device state: plain objects that say what and which version they are, checked when they come back. */

/** What every device state has. */
export interface DeviceState {
  readonly name: string;
  readonly version: number;
}

/** A saved state that cannot be loaded. The message is a sentence. */
export class StateError extends Error {
  override name = "StateError";
}

/** Throws StateError unless `state` is one of device `name` in version `version`. */
export function checkState(state: DeviceState, name: string, version: number): void {
  if (state.name !== name) throw new StateError(`A saved state of ${state.name} cannot be loaded into ${name}.`);
  if (state.version !== version) {
    throw new StateError(
      `The saved state of ${name} has version ${state.version}; this machine reads version ${version}.`,
    );
  }
}

/** Throws StateError unless each of `values` is an integer from 0 to `maximum`. */
export function checkRange(name: string, maximum: number, ...values: readonly number[]): void {
  for (const value of values) {
    if (!Number.isInteger(value) || value < 0 || value > maximum) {
      throw new StateError(`The saved state of ${name} is damaged: ${value} is not from 0 to ${maximum}.`);
    }
  }
}
