/**
 * Codes of `guest_error(code, valueLow, valueHigh)`: things a guest did that the specification forbids or leaves
 * undefined. The machine goes on as the specification says; the host counts them and logs each place once.
 */

/** Interrupt controller: read of an offset or with a size that is no register. low = address, high = size. */
export const GUEST_ERROR_GIC_READ: u32 = 0x100;
/** Interrupt controller: write of an offset or with a size that is no register. low = address, high = value. */
export const GUEST_ERROR_GIC_WRITE: u32 = 0x101;
/** Interrupt controller: end of interrupt, or deactivation, of an interrupt that is not active. low = INTID. */
export const GUEST_ERROR_GIC_NOT_ACTIVE: u32 = 0x102;

/** ITS: a command that cannot be, or an event that is mapped to nothing. low = command or event, high = device. */
export const GUEST_ERROR_ITS: u32 = 0x103;

/** A load or store where neither RAM nor a device is: the physical address. */
export const GUEST_ERROR_NO_DEVICE: u32 = 0x200;
/** An MRS or MSR of a register that does not exist: its encoding (cpu/sysreg-keys.ts). */
export const GUEST_ERROR_SYSREG: u32 = 0x201;
/** An unknown PSCI call: the function identifier. */
export const GUEST_ERROR_PSCI: u32 = 0x202;
