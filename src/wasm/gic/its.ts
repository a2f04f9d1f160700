/** GICv3: the registers of the Interrupt Translation Service (IHI 0069 12.18), and the messages that arrive there. */
import { guest_error } from "../host";
import { GIC_BASE } from "../layout";
import { GUEST_ERROR_GIC_READ, GUEST_ERROR_GIC_WRITE, GUEST_ERROR_ITS } from "../lib/guest-error";
import { GIC_IIDR_V3, idByteV3 } from "./ids-v3";
import { runCommands } from "./its-commands";
import {
  baserAddress,
  COLLECTION_TABLE,
  DEVICE_TABLE,
  MAX_ID_BITS,
  TABLE_ENTRY_BYTES,
  translatedCpu,
  translatedIntid,
  translateEvent,
  TRANSLATION_ENTRY_BYTES,
} from "./its-tables";
import { ITS_CBASER, ITS_CREADR, ITS_CTLR, ITS_CWRITER, replaceBits } from "./layout";
import { setLpi } from "./lpi";
import {
  GIC_ID_V3,
  GITS_BASE,
  GITS_BASER,
  GITS_CBASER,
  GITS_CREADR,
  GITS_CTLR,
  GITS_CTLR_ENABLED,
  GITS_CTLR_QUIESCENT,
  GITS_CWRITER,
  GITS_CWRITER_RETRY,
  GITS_IIDR,
  GITS_TRANSLATER,
  GITS_TYPER,
} from "./registers";
import { updateV3 } from "./select-v3";

/** PIDR0 of GIC-500's ITS. */
const PIDR0_ITS: u32 = 0x94;

/** CIL and CIDbits, Devbits, ID_bits, ITT_entry_size, Physical: IDs of 16 bits, CPUs by number. */
const TYPER_VALUE: u64 =
  (1 << 36) |
  ((<u64>MAX_ID_BITS - 1) << 32) |
  ((<u64>MAX_ID_BITS - 1) << 13) |
  ((<u64>MAX_ID_BITS - 1) << 8) |
  ((<u64>TRANSLATION_ENTRY_BYTES - 1) << 4) |
  1;

/** GITS_BASER: type and entry size are read-only; at reset the pages have 64 KiB. */
const BASER_FIXED: u64 = 0x071f_0000_0000_0000;
const BASER_TYPE_DEVICE: u64 = 1 << 56;
const BASER_TYPE_COLLECTION: u64 = 4 << 56;
const BASER_ENTRY_SIZE: u64 = (TABLE_ENTRY_BYTES - 1) << 48;
const BASER_PAGE_64K: u64 = 2 << 8;

/** Sets the registers to their reset values. */
export function resetIts(): void {
  store<u32>(GIC_BASE, GITS_CTLR_QUIESCENT, ITS_CTLR);
  store<u64>(baserAddress(DEVICE_TABLE), BASER_TYPE_DEVICE | BASER_ENTRY_SIZE | BASER_PAGE_64K);
  store<u64>(baserAddress(COLLECTION_TABLE), BASER_TYPE_COLLECTION | BASER_ENTRY_SIZE | BASER_PAGE_64K);
}

/** An 8-byte register; the unimplemented GITS_BASER read as zero. False when there is none at `offset`. */
function isDoubleWord(offset: u32): bool {
  if (offset >= GITS_BASER && offset < GITS_BASER + 0x40) return true;
  return offset == GITS_TYPER || offset == GITS_CBASER || offset == GITS_CWRITER || offset == GITS_CREADR;
}

function readDoubleWord(offset: u32): u64 {
  switch (offset) {
    case GITS_TYPER:
      return TYPER_VALUE;
    case GITS_CBASER:
      return load<u64>(GIC_BASE, ITS_CBASER);
    case GITS_CWRITER:
      return load<u64>(GIC_BASE, ITS_CWRITER);
    case GITS_CREADR:
      return load<u64>(GIC_BASE, ITS_CREADR);
    default: {
      const table = (offset - GITS_BASER) >> 3;
      return table <= COLLECTION_TABLE ? load<u64>(baserAddress(table)) : 0;
    }
  }
}

/** Load of `size` bytes at `offset` in the ITS's frames, naturally aligned: words and double words. */
export function itsRead(offset: u32, size: u32): u64 {
  if ((size == 8 || size == 4) && isDoubleWord(offset & ~7)) {
    const value = readDoubleWord(offset & ~7);
    return size == 8 ? value : (value >> <u64>((offset & 4) << 3)) & 0xffff_ffff;
  }
  if (size == 4) {
    if (offset == GITS_CTLR) return <u64>load<u32>(GIC_BASE, ITS_CTLR);
    if (offset == GITS_IIDR) return GIC_IIDR_V3;
    if (offset >= GIC_ID_V3 && offset < GIC_ID_V3 + 0x30) return idByteV3((offset - GIC_ID_V3) >> 2, PIDR0_ITS);
  }
  guest_error(GUEST_ERROR_GIC_READ, <u32>GITS_BASE + offset, size);
  return 0;
}

/** Writes the bits of `mask` of an 8-byte register; those of tables and queue are read-only while the ITS is enabled. */
function writeDoubleWord(offset: u32, mask: u64, value: u64): void {
  const enabled = (load<u32>(GIC_BASE, ITS_CTLR) & GITS_CTLR_ENABLED) != 0;
  if (offset == GITS_CWRITER) {
    const merged = (load<u64>(GIC_BASE, ITS_CWRITER) & ~mask) | (value & mask);
    store<u64>(GIC_BASE, merged & ~GITS_CWRITER_RETRY, ITS_CWRITER);
    runCommands();
  } else if (offset == GITS_CBASER) {
    if (enabled) return;
    store<u64>(GIC_BASE, (load<u64>(GIC_BASE, ITS_CBASER) & ~mask) | (value & mask), ITS_CBASER);
    store<u64>(GIC_BASE, 0, ITS_CREADR);
  } else if (offset >= GITS_BASER) {
    const table = (offset - GITS_BASER) >> 3;
    if (enabled || table > COLLECTION_TABLE) return;
    const written = mask & ~BASER_FIXED;
    const host = baserAddress(table);
    store<u64>(host, (load<u64>(host) & ~written) | (value & written));
  }
}

/** Store of the low `size` bytes of `value` at `offset` in the ITS's frames, naturally aligned. */
export function itsWrite(offset: u32, size: u32, value: u64): void {
  if (offset == GITS_TRANSLATER && (size == 2 || size == 4)) {
    // A CPU has no device ID of its own: as in QEMU it is device 0.
    itsMessage(0, <u32>value & (size == 2 ? 0xffff : 0xffff_ffff));
  } else if (size == 4 && offset == GITS_CTLR) {
    replaceBits(GIC_BASE + ITS_CTLR, GITS_CTLR_ENABLED, <u32>value);
    runCommands();
  } else if (size == 8 && isDoubleWord(offset)) {
    writeDoubleWord(offset, u64.MAX_VALUE, value);
  } else if (size == 4 && isDoubleWord(offset & ~7)) {
    const shift = <u64>((offset & 4) << 3);
    writeDoubleWord(offset & ~7, (<u64>0xffff_ffff) << shift, value << shift);
  } else if (size != 4 || (offset != GITS_IIDR && offset < GIC_ID_V3)) {
    guest_error(GUEST_ERROR_GIC_WRITE, <u32>GITS_BASE + offset, <u32>value);
  }
}

/** A message of device `device`: the LPI of its event becomes pending. What is mapped to nothing is dropped. */
export function itsMessage(device: u32, event: u32): void {
  if ((load<u32>(GIC_BASE, ITS_CTLR) & GITS_CTLR_ENABLED) == 0) return;
  if (!translateEvent(device, event)) {
    guest_error(GUEST_ERROR_ITS, event, device);
    return;
  }
  const cpu = translatedCpu();
  setLpi(cpu, translatedIntid(), true);
  updateV3(cpu);
}
