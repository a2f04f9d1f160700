import { guest_error } from "../host";

/** Counts a guest error (a code of guest-error.ts) with a 64-bit value. */
export function reportGuestError(code: u32, value: u64): void {
  guest_error(code, <u32>value, <u32>(value >> 32));
}
