/**
 * QEMU's firmware configuration device (docs/specs/fw_cfg.rst), memory-mapped: items that firmware and Linux read by number or, through
 * the file directory, by name; byte by byte through the data register or at once by DMA.
 */
import { type AccessSize, type GuestLog, hex, type MmioRegion, truncate } from "./host.ts";
import { checkRange, checkState, type DeviceState } from "./state.ts";

/** Register offsets of the memory-mapped layout; data is 8 bytes wide. */
const DATA_END = 0x08;
const SELECTOR = 0x08;
const DMA_ADDRESS_HIGH = 0x10;
const DMA_ADDRESS_LOW = 0x14;
const DMA_END = 0x18;

/** Item numbers (selector keys). */
export const FW_CFG_SIGNATURE = 0x00;
export const FW_CFG_ID = 0x01;
export const FW_CFG_UUID = 0x02;
export const FW_CFG_NOGRAPHIC = 0x04;
export const FW_CFG_NB_CPUS = 0x05;
export const FW_CFG_BOOT_MENU = 0x0e;
export const FW_CFG_FILE_DIR = 0x19;
export const FW_CFG_FILE_FIRST = 0x20;

/** Files the directory has room for: FW_CFG_FILE_SLOTS_DFLT. */
const FILE_SLOTS = 0x20;
const FILE_ENTRY_BYTES = 64;
const FILE_NAME_BYTES = 56;
/** Selector bits 13:0 are the item; bit 14 asked for writing until QEMU 2.4, bit 15 marks items of one architecture. */
const FW_CFG_ENTRY_MASK = 0x3fff;
const FW_CFG_ARCH_LOCAL = 0x8000;
const FW_CFG_INVALID = 0xffff;

/** FW_CFG_ID bits. */
const FW_CFG_VERSION = 0x01;
const FW_CFG_VERSION_DMA = 0x02;

/** Bits of the control word of a DMA access. */
const DMA_CTL_ERROR = 0x01;
const DMA_CTL_READ = 0x02;
const DMA_CTL_SKIP = 0x04;
const DMA_CTL_SELECT = 0x08;
const DMA_CTL_WRITE = 0x10;
/** FWCfgDmaAccess: control, length, address; all big-endian. */
const DMA_ACCESS_BYTES = 16;

const SIGNATURE = new TextEncoder().encode("QEMU");
/** What the DMA address register reads as. */
const DMA_SIGNATURE = new TextEncoder().encode("QEMU CFG");

/** Guest memory as the device reaches it. */
export interface DmaMemory {
  /** The guest-physical range as bytes that can be read and written, or undefined where not all of it is RAM. */
  range(gpa: number, sizeBytes: number): Uint8Array | undefined;
}

/** What a fw_cfg device needs. */
export interface FwCfgOptions {
  memory: DmaMemory;
  log: GuestLog;
  cpuCount: number;
  /** Whether the machine has no graphics (-nographic). */
  noGraphic: boolean;
}

/** Saved state of a fw_cfg device; the items belong to the machine's configuration and are not part of it. */
export interface FwCfgState extends DeviceState {
  readonly name: "fw_cfg";
  readonly version: 1;
  selected: number;
  position: number;
  dmaAddressHigh: number;
}

/** The device. */
export class FwCfg implements MmioRegion {
  readonly #memory: DmaMemory;
  readonly #log: GuestLog;
  readonly #items = new Map<number, Uint8Array>();
  readonly #files = new Map<string, Uint8Array>();
  #selected = FW_CFG_SIGNATURE;
  #position = 0;
  #dmaAddressHigh = 0;

  constructor(options: FwCfgOptions) {
    this.#memory = options.memory;
    this.#log = options.log;
    this.setItem(FW_CFG_SIGNATURE, SIGNATURE);
    this.setItem(FW_CFG_ID, littleEndian(FW_CFG_VERSION | FW_CFG_VERSION_DMA, 4));
    this.setItem(FW_CFG_UUID, new Uint8Array(16));
    this.setItem(FW_CFG_NOGRAPHIC, littleEndian(options.noGraphic ? 1 : 0, 2));
    this.setItem(FW_CFG_NB_CPUS, littleEndian(options.cpuCount, 2));
    this.setItem(FW_CFG_BOOT_MENU, littleEndian(0, 2));
    this.addFile("bios-geometry", new Uint8Array(0));
    this.addFile("bootorder", new Uint8Array(0));
    this.addFile("etc/boot-fail-wait", littleEndian(0xffff_ffff, 4));
  }

  reset(): void {
    this.#selected = FW_CFG_SIGNATURE;
    this.#position = 0;
    this.#dmaAddressHigh = 0;
  }

  /** Sets an item by number; the guest cannot change it. */
  setItem(key: number, bytes: Uint8Array): void {
    if (!Number.isInteger(key) || key < 0 || key >= FW_CFG_FILE_FIRST + FILE_SLOTS) {
      throw new RangeError(`There is no fw_cfg item ${hex(key)}.`);
    }
    this.#items.set(key, bytes);
  }

  /** Adds a file; a name already there is replaced. Throws RangeError with a sentence where it cannot be added. */
  addFile(name: string, bytes: Uint8Array): void {
    const nameBytes = new TextEncoder().encode(name).length;
    if (nameBytes === 0 || nameBytes >= FILE_NAME_BYTES || name.includes("\0")) {
      throw new RangeError(
        `A fw_cfg file name has 1 to ${FILE_NAME_BYTES - 1} bytes: ${JSON.stringify(name)} does not.`,
      );
    }
    if (!this.#files.has(name) && this.#files.size >= FILE_SLOTS) {
      throw new RangeError(`There is no room for another fw_cfg file: ${FILE_SLOTS} are the most.`);
    }
    this.#files.set(name, bytes);
    this.#numberFiles();
  }

  /** Files are numbered in the order of their names, and listed with size and number, both big-endian. */
  #numberFiles(): void {
    const directory = new Uint8Array(4 + FILE_SLOTS * FILE_ENTRY_BYTES);
    const view = new DataView(directory.buffer);
    const names = [...this.#files.keys()].sort(compareBytes);
    view.setUint32(0, names.length);
    names.forEach((name, index) => {
      const bytes = this.#files.get(name) ?? new Uint8Array(0);
      const entry = 4 + index * FILE_ENTRY_BYTES;
      view.setUint32(entry, bytes.length);
      view.setUint16(entry + 4, FW_CFG_FILE_FIRST + index);
      directory.set(new TextEncoder().encode(name), entry + 8);
      this.setItem(FW_CFG_FILE_FIRST + index, bytes);
    });
    this.setItem(FW_CFG_FILE_DIR, directory);
  }

  read(offset: number, size: AccessSize): number {
    let value = 0;
    // An 8-byte access to the data register arrives as two halves, so both of them deliver the next bytes.
    if (offset < DATA_END) {
      for (let index = 0; index < size; index++) value |= this.#nextByte() << (8 * index);
    } else if (offset >= DMA_ADDRESS_HIGH && offset + size <= DMA_END) {
      const at = offset - DMA_ADDRESS_HIGH;
      for (let index = 0; index < size; index++) value |= (DMA_SIGNATURE[at + index] ?? 0) << (8 * index);
    } else {
      this.#log.guestError("fw_cfg read", `there is no readable register at ${hex(offset)} for ${size} bytes`);
    }
    return value >>> 0;
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (offset === SELECTOR && size === 2) {
      this.#select(swap16(value));
    } else if (offset === DMA_ADDRESS_HIGH && size === 4) {
      this.#dmaAddressHigh = swap32(value);
    } else if (offset === DMA_ADDRESS_LOW && size === 4) {
      const gpa = this.#dmaAddressHigh * 2 ** 32 + swap32(value);
      this.#dmaAddressHigh = 0;
      this.#dma(gpa);
    } else if (offset >= DATA_END) {
      this.#log.guestError(
        "fw_cfg write",
        `there is no register at ${hex(offset)} for ${size} bytes: ${hex(truncate(value, size))}`,
      );
    }
    // Writes to the data register are ignored since QEMU 2.4.
  }

  #select(key: number): void {
    this.#position = 0;
    this.#selected = (key & FW_CFG_ENTRY_MASK) < FW_CFG_FILE_FIRST + FILE_SLOTS ? key : FW_CFG_INVALID;
  }

  /** The selected item from the current position on; empty where there is none. */
  #rest(): Uint8Array {
    if (this.#selected === FW_CFG_INVALID || (this.#selected & FW_CFG_ARCH_LOCAL) !== 0) return new Uint8Array(0);
    return this.#items.get(this.#selected & FW_CFG_ENTRY_MASK)?.subarray(this.#position) ?? new Uint8Array(0);
  }

  /** Behind the end of an item there are zeros. */
  #nextByte(): number {
    const byte = this.#rest()[0];
    if (byte === undefined) return 0;
    this.#position++;
    return byte;
  }

  #dma(gpa: number): void {
    const access = this.#memory.range(gpa, DMA_ACCESS_BYTES);
    if (access === undefined) {
      this.#log.guestError("fw_cfg DMA", `the access structure at ${hex(gpa)} is not in RAM`);
      return;
    }
    const view = new DataView(access.buffer, access.byteOffset, access.length);
    const control = view.getUint32(0);
    if ((control & DMA_CTL_SELECT) !== 0) this.#select(control >>> 16);
    const address = view.getUint32(8) * 2 ** 32 + view.getUint32(12);
    const done = this.#transfer(control, view.getUint32(4), address);
    view.setUint32(0, done ? 0 : DMA_CTL_ERROR);
  }

  /** Does the transfer of one DMA access; false where it failed. */
  #transfer(control: number, length: number, address: number): boolean {
    const rest = this.#rest();
    const reads = (control & DMA_CTL_READ) !== 0;
    const writes = !reads && (control & DMA_CTL_WRITE) !== 0;
    if (length === 0 || (!reads && !writes && (control & DMA_CTL_SKIP) === 0)) return true;
    const copied = rest.subarray(0, length);
    this.#position += copied.length;
    if (writes) {
      this.#log.guestError("fw_cfg DMA write", `item ${hex(this.#selected)} cannot be written`);
      return false;
    }
    if (!reads) return true;
    const target = this.#memory.range(address, length);
    if (target === undefined) {
      this.#log.guestError("fw_cfg DMA read", `${length} bytes at ${hex(address)} are not in RAM`);
      return false;
    }
    target.set(copied);
    target.fill(0, copied.length);
    return true;
  }

  saveState(): FwCfgState {
    return {
      name: "fw_cfg",
      version: 1,
      selected: this.#selected,
      position: this.#position,
      dmaAddressHigh: this.#dmaAddressHigh,
    };
  }

  loadState(state: FwCfgState): void {
    checkState(state, "fw_cfg", 1);
    checkRange("fw_cfg", 0xffff, state.selected);
    checkRange("fw_cfg", 0xffff_ffff, state.position, state.dmaAddressHigh);
    this.#selected = state.selected;
    this.#position = state.position;
    this.#dmaAddressHigh = state.dmaAddressHigh;
  }
}

function littleEndian(value: number, sizeBytes: 2 | 4): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, index) => (value >>> (8 * index)) & 0xff);
}

function swap16(value: number): number {
  return ((value & 0xff) << 8) | ((value >> 8) & 0xff);
}

function swap32(value: number): number {
  return (swap16(value & 0xffff) * 0x1_0000 + swap16(value >>> 16)) >>> 0;
}

/** Order of strcmp. */
function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
