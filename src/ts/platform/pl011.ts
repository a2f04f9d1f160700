/**
 * Arm PrimeCell UART PL011 (Arm DDI 0183), as QEMU has it: transmission is immediate, so that the transmit FIFO is always empty, and
 * the receive interrupt is raised by the first character in an empty FIFO whatever UARTIFLS says, so that the receive timeout never
 * has to be. Loopback follows the manual.
 */
import { type AccessSize, type GuestLog, hex, type IrqLine, type MmioRegion, primeCellId, truncate } from "./host.ts";
import { checkRange, checkState, type DeviceState } from "./state.ts";

/** Register offsets (table 3-1). */
const UARTDR = 0x000;
const UARTRSR = 0x004;
const UARTFR = 0x018;
const UARTILPR = 0x020;
const UARTIBRD = 0x024;
const UARTFBRD = 0x028;
const UARTLCR_H = 0x02c;
const UARTCR = 0x030;
const UARTIFLS = 0x034;
const UARTIMSC = 0x038;
const UARTRIS = 0x03c;
const UARTMIS = 0x040;
const UARTICR = 0x044;
const UARTDMACR = 0x048;

/** UARTPeriphID0-3, UARTPCellID0-3: part 0x011, designer Arm, revision 1. */
const ID = [0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1] as const;

const FR_CTS = 1 << 0;
const FR_DSR = 1 << 1;
const FR_DCD = 1 << 2;
const FR_RXFE = 1 << 4;
const FR_RXFF = 1 << 6;
const FR_TXFE = 1 << 7;
const FR_RI = 1 << 8;

/** UARTDR: break error, received as a character. */
const DR_BE = 1 << 10;
/** UARTRSR: overrun error. */
const RSR_OE = 1 << 3;

const LCR_BRK = 1 << 0;
const LCR_FEN = 1 << 4;

const CR_LBE = 1 << 7;
const CR_DTR = 1 << 10;
const CR_RTS = 1 << 11;
const CR_OUT1 = 1 << 12;
const CR_OUT2 = 1 << 13;

const INT_RI = 1 << 0;
const INT_CTS = 1 << 1;
const INT_DCD = 1 << 2;
const INT_DSR = 1 << 3;
const INT_RX = 1 << 4;
const INT_TX = 1 << 5;
const INT_RT = 1 << 6;
const INT_OE = 1 << 10;
const INT_MODEM = INT_RI | INT_CTS | INT_DCD | INT_DSR;
const INT_ALL = 0x7ff;

/** Characters of the FIFO when it is enabled (revision r1p4 and before). */
const FIFO_DEPTH = 16;
/** Characters the host may have waiting; more are refused until the guest has read some. */
const QUEUE_LIMIT = 65536;

/** Where the transmitted characters go, and who sends the received ones. */
export interface SerialBackend {
  /** One transmitted character, 0 … 255. */
  write(byte: number): void;
  /** There is room again after `receive` took less than it was given. */
  receiveReady?(): void;
}

/** What a PL011 needs. */
export interface Pl011Options {
  irq: IrqLine;
  backend: SerialBackend;
  log: GuestLog;
}

/** Saved state of a PL011. */
export interface Pl011State extends DeviceState {
  readonly name: "pl011";
  readonly version: 1;
  /** UARTRSR, and the modem inputs of UARTFR as far as loopback drives them. */
  rsr: number;
  modem: number;
  ilpr: number;
  ibrd: number;
  fbrd: number;
  lcr: number;
  cr: number;
  ifls: number;
  imsc: number;
  ris: number;
  dmacr: number;
  /** Characters in the receive FIFO, oldest first, with their error bits as in UARTDR. */
  fifo: number[];
  /** Characters the host has sent that are not in the FIFO yet. */
  queue: number[];
}

/** The UART. */
export class Pl011 implements MmioRegion {
  readonly #irq: IrqLine;
  readonly #backend: SerialBackend;
  readonly #log: GuestLog;

  readonly #fifo = new Uint16Array(FIFO_DEPTH);
  #fifoHead = 0;
  #fifoCount = 0;
  /** The character UARTDR returns again when it is read while the FIFO is empty. */
  #lastRead = 0;

  readonly #queue = new Uint16Array(QUEUE_LIMIT);
  #queueHead = 0;
  #queueCount = 0;
  #refused = false;

  #rsr = 0;
  #modem = 0;
  #ilpr = 0;
  #ibrd = 0;
  #fbrd = 0;
  #lcr = 0;
  #cr = 0;
  #ifls = 0;
  #imsc = 0;
  #ris = 0;
  #dmacr = 0;

  constructor(options: Pl011Options) {
    this.#irq = options.irq;
    this.#backend = options.backend;
    this.#log = options.log;
    this.reset();
  }

  /** Register reset values (table 3-1). What the host has waiting stays: it was typed, not received. */
  reset(): void {
    this.#rsr = 0;
    this.#modem = 0;
    this.#ilpr = 0;
    this.#ibrd = 0;
    this.#fbrd = 0;
    this.#lcr = 0;
    this.#cr = 0x300;
    this.#ifls = 0x12;
    this.#imsc = 0;
    this.#ris = 0;
    this.#dmacr = 0;
    this.#lastRead = 0;
    this.#emptyFifo();
    this.#updateIrq();
  }

  /** Characters that `receive` would take now. */
  get receiveSpace(): number {
    return QUEUE_LIMIT - this.#queueCount;
  }

  /**
   * Sends characters to the guest. Returns how many were taken; after less than all of them, `SerialBackend.receiveReady` says when
   * to send on.
   */
  receive(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.receiveSpace);
    for (let index = 0; index < taken; index++) this.#enqueue(bytes[index] ?? 0);
    this.#refused = taken < bytes.length;
    this.#refill();
    return taken;
  }

  /** A break on the line, behind what has been sent; false where the queue is full. */
  receiveBreak(): boolean {
    if (this.receiveSpace === 0) return false;
    this.#enqueue(DR_BE);
    this.#refill();
    return true;
  }

  read(offset: number, size: AccessSize): number {
    return truncate(this.#readRegister(offset & ~3), size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.#writeRegister(offset & ~3, truncate(value, size));
  }

  #readRegister(offset: number): number {
    switch (offset) {
      case UARTDR:
        return this.#readData();
      case UARTRSR:
        return this.#rsr;
      case UARTFR:
        return this.#readFlags();
      case UARTILPR:
        return this.#ilpr;
      case UARTIBRD:
        return this.#ibrd;
      case UARTFBRD:
        return this.#fbrd;
      case UARTLCR_H:
        return this.#lcr;
      case UARTCR:
        return this.#cr;
      case UARTIFLS:
        return this.#ifls;
      case UARTIMSC:
        return this.#imsc;
      case UARTRIS:
        return this.#ris;
      case UARTMIS:
        return this.#ris & this.#imsc;
      case UARTDMACR:
        return this.#dmacr;
    }
    const id = primeCellId(ID, offset);
    if (id === undefined) this.#log.guestError("pl011 read", `there is no readable register at ${hex(offset)}`);
    return id ?? 0;
  }

  #writeRegister(offset: number, value: number): void {
    switch (offset) {
      case UARTDR:
        this.#transmit(value & 0xff);
        return;
      case UARTRSR:
        this.#rsr = 0;
        return;
      case UARTFR:
        return;
      case UARTILPR:
        this.#ilpr = value;
        return;
      case UARTIBRD:
        this.#ibrd = value;
        return;
      case UARTFBRD:
        this.#fbrd = value;
        return;
      case UARTLCR_H:
        this.#writeLineControl(value);
        return;
      case UARTCR:
        this.#cr = value;
        this.#loopModem();
        this.#refillOnInterrupt();
        return;
      case UARTIFLS:
        this.#ifls = value;
        return;
      case UARTIMSC:
        this.#imsc = value;
        this.#updateIrq();
        this.#refillOnInterrupt();
        return;
      case UARTICR:
        this.#ris &= ~value;
        this.#updateIrq();
        return;
      case UARTDMACR:
        this.#dmacr = value;
        if ((value & 3) !== 0)
          this.#log.guestError("pl011 UARTDMACR", `there is no DMA controller to enable with ${hex(value)}`);
        return;
    }
    this.#log.guestError("pl011 write", `there is no writable register at ${hex(offset)} for ${hex(value)}`);
  }

  #readData(): number {
    if (this.#fifoCount > 0) {
      this.#lastRead = this.#fifo[this.#fifoHead] ?? 0;
      this.#fifoHead = (this.#fifoHead + 1) % FIFO_DEPTH;
      this.#fifoCount--;
    }
    if (this.#fifoCount === 0) this.#ris &= ~INT_RX;
    this.#rsr = this.#lastRead >> 8;
    const value = this.#lastRead;
    this.#updateIrq();
    this.#refillOnInterrupt();
    return value;
  }

  #readFlags(): number {
    let flags = FR_TXFE | this.#modem;
    if (this.#fifoCount === 0) flags |= FR_RXFE;
    if (this.#fifoCount === this.#depth()) flags |= FR_RXFF;
    // A driver that empties the FIFO before it takes interrupts (Linux pl011_enable_interrupts) must see its end before more comes.
    if (this.#fifoCount === 0) this.#refill();
    return flags;
  }

  #transmit(byte: number): void {
    this.#backend.write(byte);
    if ((this.#cr & CR_LBE) !== 0) this.#putFifo(byte);
    this.#ris |= INT_TX;
    this.#updateIrq();
  }

  #writeLineControl(value: number): void {
    const changed = this.#lcr ^ value;
    this.#lcr = value;
    if ((changed & LCR_FEN) !== 0) this.#emptyFifo();
    if ((changed & value & LCR_BRK) !== 0 && (this.#cr & CR_LBE) !== 0) this.#putFifo(DR_BE);
    this.#updateIrq();
    this.#refillOnInterrupt();
  }

  /** Loopback wires the modem outputs to the modem inputs (UARTCR bit LBE, 3.3.8). */
  #loopModem(): void {
    if ((this.#cr & CR_LBE) === 0) return;
    const cr = this.#cr;
    this.#modem =
      ((cr & CR_OUT2) !== 0 ? FR_RI : 0) |
      ((cr & CR_OUT1) !== 0 ? FR_DCD : 0) |
      ((cr & CR_RTS) !== 0 ? FR_CTS : 0) |
      ((cr & CR_DTR) !== 0 ? FR_DSR : 0);
    this.#ris =
      (this.#ris & ~INT_MODEM) |
      ((cr & CR_OUT2) !== 0 ? INT_RI : 0) |
      ((cr & CR_OUT1) !== 0 ? INT_DCD : 0) |
      ((cr & CR_RTS) !== 0 ? INT_CTS : 0) |
      ((cr & CR_DTR) !== 0 ? INT_DSR : 0);
    this.#updateIrq();
  }

  #depth(): number {
    return (this.#lcr & LCR_FEN) !== 0 ? FIFO_DEPTH : 1;
  }

  #emptyFifo(): void {
    this.#fifoHead = 0;
    this.#fifoCount = 0;
  }

  #putFifo(character: number): void {
    if (this.#fifoCount >= this.#depth()) {
      this.#rsr |= RSR_OE;
      this.#ris |= INT_OE;
    } else {
      this.#fifo[(this.#fifoHead + this.#fifoCount) % FIFO_DEPTH] = character;
      this.#fifoCount++;
      if (this.#fifoCount === 1) this.#ris |= INT_RX;
    }
    this.#updateIrq();
  }

  #enqueue(character: number): void {
    this.#queue[(this.#queueHead + this.#queueCount) % QUEUE_LIMIT] = character;
    this.#queueCount++;
  }

  /** Moves what fits from the host's queue to the FIFO; in loopback the line is disconnected. */
  #refill(): void {
    if ((this.#cr & CR_LBE) !== 0) return;
    while (this.#queueCount > 0 && this.#fifoCount < this.#depth()) {
      const character = this.#queue[this.#queueHead] ?? 0;
      this.#queueHead = (this.#queueHead + 1) % QUEUE_LIMIT;
      this.#queueCount--;
      this.#putFifo(character);
    }
    if (this.#refused && this.#queueCount <= QUEUE_LIMIT / 2) {
      this.#refused = false;
      this.#backend.receiveReady?.();
    }
  }

  /** Refills at once for a driver that takes receive interrupts; one that polls gets its next characters when it sees the FIFO empty. */
  #refillOnInterrupt(): void {
    if ((this.#imsc & (INT_RX | INT_RT)) !== 0) this.#refill();
  }

  #updateIrq(): void {
    this.#irq.set((this.#ris & this.#imsc & INT_ALL) !== 0);
  }

  saveState(): Pl011State {
    const characters = (ring: Uint16Array, head: number, count: number): number[] =>
      Array.from({ length: count }, (_, index) => ring[(head + index) % ring.length] ?? 0);
    return {
      name: "pl011",
      version: 1,
      rsr: this.#rsr,
      modem: this.#modem,
      ilpr: this.#ilpr,
      ibrd: this.#ibrd,
      fbrd: this.#fbrd,
      lcr: this.#lcr,
      cr: this.#cr,
      ifls: this.#ifls,
      imsc: this.#imsc,
      ris: this.#ris,
      dmacr: this.#dmacr,
      fifo: characters(this.#fifo, this.#fifoHead, this.#fifoCount),
      queue: characters(this.#queue, this.#queueHead, this.#queueCount),
    };
  }

  loadState(state: Pl011State): void {
    checkState(state, "pl011", 1);
    const { rsr, modem, ilpr, ibrd, fbrd, lcr, cr, ifls, imsc, ris, dmacr } = state;
    checkRange("pl011", 0xffff_ffff, rsr, modem, ilpr, ibrd, fbrd, lcr, cr, ifls, imsc, ris, dmacr);
    checkRange("pl011", 0xffff, ...state.fifo);
    for (const character of state.queue) checkRange("pl011", 0xffff, character);
    checkRange("pl011", FIFO_DEPTH, state.fifo.length);
    checkRange("pl011", QUEUE_LIMIT, state.queue.length);
    this.#rsr = rsr;
    this.#modem = modem;
    this.#ilpr = ilpr;
    this.#ibrd = ibrd;
    this.#fbrd = fbrd;
    this.#lcr = lcr;
    this.#cr = cr;
    this.#ifls = ifls;
    this.#imsc = imsc;
    this.#ris = ris;
    this.#dmacr = dmacr;
    this.#fifo.set(state.fifo);
    this.#fifoHead = 0;
    this.#fifoCount = state.fifo.length;
    this.#queue.set(state.queue);
    this.#queueHead = 0;
    this.#queueCount = state.queue.length;
    this.#updateIrq();
  }
}
