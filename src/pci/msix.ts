/** MSI-X: the table of messages and the pending bits, as a region for a base address register (PCI Local Bus 3.0, 6.8.2). */
import type { PciAccessSize, PciRegion } from "./function.ts";
import {
  PCI_MSIX_ENTRY_CTRL_MASKBIT,
  PCI_MSIX_ENTRY_SIZE,
  PCI_MSIX_FLAGS_ENABLE,
  PCI_MSIX_FLAGS_MASKALL,
  PCI_MSIX_MAX_VECTORS,
} from "./registers.ts";

/** Where messages go. */
export interface MessageSink {
  message(addressLow: number, addressHigh: number, data: number): void;
}

/** Words of a table entry. */
const ENTRY_WORDS = PCI_MSIX_ENTRY_SIZE / 4;
const ADDRESS_LOW = 0;
const ADDRESS_HIGH = 1;
const DATA = 2;
const CONTROL = 3;

/** As QEMU lays an exclusive region out: one page, the pending bits in its second half as long as the table leaves it. */
const PAGE_BYTES = 4096;
const PBA_BYTES_ALIGN = 8;

/** A saved table. */
export interface MsixState {
  readonly table: readonly number[];
  readonly pending: readonly number[];
}

export class Msix implements PciRegion {
  readonly vectors: number;
  /** Offset of the pending bit array in the region. */
  readonly pbaOffset: number;
  /** Size of the region. */
  readonly sizeBytes: number;
  readonly #sink: MessageSink;
  readonly #table: Uint32Array;
  readonly #pending: Uint32Array;
  #control = 0;

  constructor(vectors: number, sink: MessageSink) {
    if (vectors < 1 || vectors > PCI_MSIX_MAX_VECTORS) throw new RangeError(`MSI-X with ${vectors} vectors`);
    this.vectors = vectors;
    this.#sink = sink;
    this.pbaOffset = Math.max(PAGE_BYTES / 2, vectors * PCI_MSIX_ENTRY_SIZE);
    const pbaBytes = Math.ceil(vectors / 64) * PBA_BYTES_ALIGN;
    this.sizeBytes = Math.max(PAGE_BYTES, 2 ** Math.ceil(Math.log2(this.pbaOffset + pbaBytes)));
    this.#table = new Uint32Array(vectors * ENTRY_WORDS);
    this.#pending = new Uint32Array(pbaBytes / 4);
    this.#maskAll();
  }

  /** Message Control, as the guest wrote it. */
  set control(value: number) {
    this.#control = value;
    for (let vector = 0; vector < this.vectors; ++vector) this.#deliver(vector);
  }

  get enabled(): boolean {
    return (this.#control & PCI_MSIX_FLAGS_ENABLE) !== 0;
  }

  /** Sends the message of a vector, or keeps it pending while the vector or the function is masked. */
  notify(vector: number): void {
    if (!this.enabled || vector >= this.vectors) return;
    this.#setPending(vector, true);
    this.#deliver(vector);
  }

  /** The vector's event is no longer there to be signalled (6.8.3.4: only while it is masked, which is when it is pending). */
  clearPending(vector: number): void {
    if (vector < this.vectors) this.#setPending(vector, false);
  }

  #deliver(vector: number): void {
    if (!this.#isPending(vector) || !this.enabled || (this.#control & PCI_MSIX_FLAGS_MASKALL) !== 0) return;
    const at = vector * ENTRY_WORDS;
    if ((this.#word(at + CONTROL) & PCI_MSIX_ENTRY_CTRL_MASKBIT) !== 0) return;
    this.#setPending(vector, false);
    this.#sink.message(this.#word(at + ADDRESS_LOW), this.#word(at + ADDRESS_HIGH), this.#word(at + DATA));
  }

  #word(index: number): number {
    return this.#table[index] as number;
  }

  #isPending(vector: number): boolean {
    return (((this.#pending[vector >>> 5] as number) >>> (vector & 31)) & 1) === 1;
  }

  #setPending(vector: number, on: boolean): void {
    const bit = 1 << (vector & 31);
    const word = this.#pending[vector >>> 5] as number;
    this.#pending[vector >>> 5] = on ? word | bit : word & ~bit;
  }

  /** Only whole words can be read (6.8.2.9 has software use nothing else); others read 0. */
  read(offset: number, size: PciAccessSize): number {
    if (size !== 4 || (offset & 3) !== 0) return 0;
    if (offset >= this.pbaOffset) return this.#pending[(offset - this.pbaOffset) >>> 2] ?? 0;
    return this.#table[offset >>> 2] ?? 0;
  }

  write(offset: number, size: PciAccessSize, value: number): void {
    const index = offset >>> 2;
    if (size !== 4 || (offset & 3) !== 0 || index >= this.#table.length) return;
    this.#table[index] = value;
    this.#deliver(Math.floor(index / ENTRY_WORDS));
  }

  #maskAll(): void {
    this.#table.fill(0);
    this.#pending.fill(0);
    for (let at = CONTROL; at < this.#table.length; at += ENTRY_WORDS) this.#table[at] = PCI_MSIX_ENTRY_CTRL_MASKBIT;
  }

  /** Every vector masked, nothing pending, off. */
  reset(): void {
    this.#maskAll();
    this.#control = 0;
  }

  save(): MsixState {
    return { table: Array.from(this.#table), pending: Array.from(this.#pending) };
  }

  /** Takes a saved table of the same size, whose words have been checked; the control follows from the configuration space. */
  load(table: readonly number[], pending: readonly number[]): void {
    this.#table.set(table);
    this.#pending.set(pending);
  }
}
