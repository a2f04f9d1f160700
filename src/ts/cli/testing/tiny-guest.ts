/** Programs of a few instructions in place of a kernel: flat binaries, encoded as in the ARM ARM, C6.2. */

/** MOVZ Xd, #imm, LSL #16 */
const movzHigh = (register: number, immediate: number): number => (0xd2a0_0000 | (immediate << 5) | register) >>> 0;
/** MOVZ Wd, #imm */
const movz = (register: number, immediate: number): number => (0x5280_0000 | (immediate << 5) | register) >>> 0;
/** MOVK Wd, #imm, LSL #16 */
const movkHigh = (register: number, immediate: number): number => (0x72a0_0000 | (immediate << 5) | register) >>> 0;
/** STR W1, [X2] */
const STR_W1_X2 = 0xb900_0041;
const WFI = 0xd503_207f;
const HVC_0 = 0xd400_0002;
/** B to the instruction before. */
const B_BACK = 0x17ff_ffff;

/** Where UARTDR is, in units of 64 KiB (QEMU's virt). */
const UART = 0x0900;
/** PSCI functions (Arm DEN 0022, 5.1). */
const SYSTEM_OFF = 0x8400_0008;
const SYSTEM_RESET = 0x8400_0009;

function program(text: string, end: readonly number[]): Uint8Array {
  const say = [...Buffer.from(text, "latin1")].flatMap((byte) => [movz(1, byte), STR_W1_X2]);
  return new Uint8Array(Uint32Array.from([movzHigh(2, UART), ...say, ...end]).buffer);
}

const psci = (id: number): number[] => [movz(0, id & 0xffff), movkHigh(0, id >>> 16), HVC_0];

/** Writes `text` to the serial port, then powers off. */
export const sayAndPowerOff = (text: string): Uint8Array => program(text, psci(SYSTEM_OFF));
/** Writes `text`, then resets the machine. */
export const sayAndReset = (text: string): Uint8Array => program(text, psci(SYSTEM_RESET));
/** Writes `text`, then waits for ever. */
export const sayAndWait = (text: string): Uint8Array => program(text, [WFI, B_BACK]);
