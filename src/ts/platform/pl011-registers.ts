/** Registers and bits of the PL011 (Arm DDI 0183 chapter 3), by their names there. */

/** Register offsets (table 3-1). */
export const UARTDR = 0x000;
export const UARTRSR = 0x004;
export const UARTFR = 0x018;
export const UARTILPR = 0x020;
export const UARTIBRD = 0x024;
export const UARTFBRD = 0x028;
export const UARTLCR_H = 0x02c;
export const UARTCR = 0x030;
export const UARTIFLS = 0x034;
export const UARTIMSC = 0x038;
export const UARTRIS = 0x03c;
export const UARTMIS = 0x040;
export const UARTICR = 0x044;
export const UARTDMACR = 0x048;

/** UARTPeriphID0-3, UARTPCellID0-3: part 0x011, designer Arm, revision 1. */
export const ID = [0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1] as const;

export const FR_CTS = 1 << 0;
export const FR_DSR = 1 << 1;
export const FR_DCD = 1 << 2;
export const FR_RXFE = 1 << 4;
export const FR_RXFF = 1 << 6;
export const FR_TXFE = 1 << 7;
export const FR_RI = 1 << 8;

/** UARTDR: break error, received as a character. */
export const DR_BE = 1 << 10;
/** UARTRSR: overrun error. */
export const RSR_OE = 1 << 3;

export const LCR_BRK = 1 << 0;
export const LCR_FEN = 1 << 4;

export const CR_LBE = 1 << 7;
export const CR_DTR = 1 << 10;
export const CR_RTS = 1 << 11;
export const CR_OUT1 = 1 << 12;
export const CR_OUT2 = 1 << 13;

export const INT_RI = 1 << 0;
export const INT_CTS = 1 << 1;
export const INT_DCD = 1 << 2;
export const INT_DSR = 1 << 3;
export const INT_RX = 1 << 4;
export const INT_TX = 1 << 5;
export const INT_RT = 1 << 6;
export const INT_OE = 1 << 10;
export const INT_MODEM = INT_RI | INT_CTS | INT_DCD | INT_DSR;
export const INT_ALL = 0x7ff;
