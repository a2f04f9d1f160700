/**
 * Arm PrimeCell UART PL011 (Arm DDI 0183), as QEMU has it: transmission is immediate, so that the transmit FIFO is always empty, and
 * the receive interrupt is raised by the first character in an empty FIFO whatever UARTIFLS says, so that the receive timeout never
 * has to be. Loopback follows the manual.
 */
import { CharacterRing } from "./character-ring.ts";
import { type AccessSize, type GuestLog, hex, type IrqLine, type MmioRegion, primeCellId, truncate } from "./host.ts";
import {
  UARTDR,
  UARTRSR,
  UARTFR,
  UARTILPR,
  UARTIBRD,
  UARTFBRD,
  UARTLCR_H,
  UARTCR,
  UARTIFLS,
  UARTIMSC,
  UARTRIS,
  UARTMIS,
  UARTICR,
  UARTDMACR,
  ID,
  FR_CTS,
  FR_DSR,
  FR_DCD,
  FR_RXFE,
  FR_RXFF,
  FR_TXFE,
  FR_RI,
  DR_BE,
  RSR_OE,
  LCR_BRK,
  LCR_FEN,
  CR_LBE,
  CR_DTR,
  CR_RTS,
  CR_OUT1,
  CR_OUT2,
  INT_RI,
  INT_CTS,
  INT_DCD,
  INT_DSR,
  INT_RX,
  INT_TX,
  INT_RT,
  INT_OE,
  INT_MODEM,
  INT_ALL,
} from "./pl011-registers.ts";
import { checkRange, checkState, type DeviceState } from "./state.ts";

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

  readonly #fifo = new CharacterRing(FIFO_DEPTH);
  /** The character UARTDR returns again when it is read while the FIFO is empty. */
  #lastRead = 0;

  readonly #queue = new CharacterRing(QUEUE_LIMIT);
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
    this.#fifo.clear();
    this.#updateIrq();
  }

  /** Characters that `receive` would take now. */
  get receiveSpace(): number {
    return QUEUE_LIMIT - this.#queue.length;
  }

  /**
   * Sends characters to the guest. Returns how many were taken; after less than all of them, `SerialBackend.receiveReady` says when
   * to send on.
   */
  receive(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.receiveSpace);
    for (let index = 0; index < taken; index++) this.#queue.push(bytes[index] ?? 0);
    this.#refused = taken < bytes.length;
    this.#refill();
    return taken;
  }

  /** A break on the line, behind what has been sent; false where the queue is full. */
  receiveBreak(): boolean {
    if (this.receiveSpace === 0) return false;
    this.#queue.push(DR_BE);
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
    if (this.#fifo.length > 0) this.#lastRead = this.#fifo.shift();
    if (this.#fifo.length === 0) this.#ris &= ~INT_RX;
    this.#rsr = this.#lastRead >> 8;
    const value = this.#lastRead;
    this.#updateIrq();
    this.#refillOnInterrupt();
    return value;
  }

  #readFlags(): number {
    let flags = FR_TXFE | this.#modem;
    if (this.#fifo.length === 0) flags |= FR_RXFE;
    if (this.#fifo.length === this.#depth()) flags |= FR_RXFF;
    // A driver that empties the FIFO before it takes interrupts (Linux pl011_enable_interrupts) must see its end before more comes.
    if (this.#fifo.length === 0) this.#refill();
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
    if ((changed & LCR_FEN) !== 0) this.#fifo.clear();
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

  #putFifo(character: number): void {
    if (this.#fifo.length >= this.#depth()) {
      this.#rsr |= RSR_OE;
      this.#ris |= INT_OE;
    } else {
      this.#fifo.push(character);
      if (this.#fifo.length === 1) this.#ris |= INT_RX;
    }
    this.#updateIrq();
  }

  /** Moves what fits from the host's queue to the FIFO; in loopback the line is disconnected. */
  #refill(): void {
    if ((this.#cr & CR_LBE) !== 0) return;
    while (this.#queue.length > 0 && this.#fifo.length < this.#depth()) {
      this.#putFifo(this.#queue.shift());
    }
    if (this.#refused && this.#queue.length <= QUEUE_LIMIT / 2) {
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
      fifo: this.#fifo.toArray(),
      queue: this.#queue.toArray(),
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
    this.#fifo.load(state.fifo);
    this.#queue.load(state.queue);
    this.#updateIrq();
  }
}
