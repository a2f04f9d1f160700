/**
 * The commands of the Interrupt Translation Service (IHI 0069 5.3). A command that cannot be is counted and skipped; memory
 * that is not there stops the queue, as in QEMU.
 */
import { guest_error } from "../host";
import { GIC_BASE } from "../layout";
import { GUEST_ERROR_ITS } from "../lib/guest-error";
import { hostAddress } from "../mmu/ram";
import {
  collectionCpu,
  COLLECTION_TABLE,
  DEVICE_TABLE,
  deviceEntry,
  deviceEvents,
  lookupUnreachable,
  makeCollectionEntry,
  makeDeviceEntry,
  MAX_ID_BITS,
  tableEntries,
  translatedCpu,
  translatedEntry,
  translatedIntid,
  translateEvent,
  translationEntry,
  writeTableEntry,
  writeTranslation,
} from "./its-tables";
import { DIST_CPUS, distWord, FIRST_LPI, ITS_CBASER, ITS_CREADR, ITS_CTLR, ITS_CWRITER } from "./layout";
import { moveLpis, setLpi, updateLpis } from "./lpi";
import { GITS_CREADR_STALLED, GITS_CTLR_ENABLED, GITS_QUEUE_OFFSET } from "./registers";
import { updateAllV3 } from "./select-v3";

const COMMAND_BYTES: u64 = 32;

const CMD_MOVI: u32 = 0x01;
const CMD_INT: u32 = 0x03;
const CMD_CLEAR: u32 = 0x04;
const CMD_SYNC: u32 = 0x05;
const CMD_MAPD: u32 = 0x08;
const CMD_MAPC: u32 = 0x09;
const CMD_MAPTI: u32 = 0x0a;
const CMD_MAPI: u32 = 0x0b;
const CMD_INV: u32 = 0x0c;
const CMD_INVALL: u32 = 0x0d;
const CMD_MOVALL: u32 = 0x0e;
const CMD_DISCARD: u32 = 0x0f;

const VALID: u64 = 1 << 63;
const CBASER_ADDRESS: u64 = 0x000f_ffff_ffff_f000;

/** What became of a command. */
const DONE: u32 = 0;
/** It means nothing: it is skipped. */
const REFUSED: u32 = 1;
/** It needs memory that is not RAM. */
const STALLED: u32 = 2;

/** Of a look-up that found nothing. */
function missing(): u32 {
  return lookupUnreachable() ? STALLED : REFUSED;
}

/** MAPD: gives a device its translation table, or takes it away. */
function mapDevice(device: u32, word1: u64, word2: u64): u32 {
  const eventBits = <u32>word1 & 0x1f;
  if (<u64>device >= tableEntries(DEVICE_TABLE) || eventBits >= MAX_ID_BITS) return REFUSED;
  const entry = (word2 & VALID) != 0 ? makeDeviceEntry(eventBits, word2) : 0;
  return writeTableEntry(DEVICE_TABLE, device, entry) ? DONE : STALLED;
}

/** MAPC: sends a collection to a CPU, by its number since GITS_TYPER.PTA is 0. */
function mapCollection(word2: u64): u32 {
  const collection = <u32>word2 & 0xffff;
  const cpu = <u32>(word2 >> 16);
  const valid = (word2 & VALID) != 0;
  if (<u64>collection >= tableEntries(COLLECTION_TABLE)) return REFUSED;
  if (valid && cpu >= distWord(DIST_CPUS)) return REFUSED;
  return writeTableEntry(COLLECTION_TABLE, collection, valid ? makeCollectionEntry(cpu) : 0) ? DONE : STALLED;
}

/** MAPTI and MAPI: gives an event of a device an LPI and a collection. */
function mapEvent(device: u32, event: u32, intid: u32, collection: u32): u32 {
  const entry = deviceEntry(device);
  if (entry == 0) return missing();
  const isLpi = intid >= FIRST_LPI && intid >> MAX_ID_BITS == 0;
  if (<u64>event >= deviceEvents(entry) || !isLpi || <u64>collection >= tableEntries(COLLECTION_TABLE)) return REFUSED;
  const host = translationEntry(entry, event);
  if (host == 0) return missing();
  writeTranslation(host, true, intid, collection);
  return DONE;
}

/** MOVI: sends an event to another collection, with the pending state of its LPI. */
function moveEvent(device: u32, event: u32, collection: u32): u32 {
  if (!translateEvent(device, event)) return missing();
  const intid = translatedIntid();
  const from = translatedCpu();
  const to = collectionCpu(collection);
  if (to < 0) return missing();
  writeTranslation(translatedEntry(), true, intid, collection);
  moveLpis(from, <u32>to, intid);
  return DONE;
}

/** INT, CLEAR, DISCARD: what they do to an event's LPI. */
function changeEvent(command: u32, device: u32, event: u32): u32 {
  if (!translateEvent(device, event)) return missing();
  setLpi(translatedCpu(), translatedIntid(), command == CMD_INT);
  if (command == CMD_DISCARD) writeTranslation(translatedEntry(), false, 0, 0);
  return DONE;
}

function moveAll(word2: u64, word3: u64): u32 {
  const cpus = distWord(DIST_CPUS);
  const from = <u32>(word2 >> 16);
  const to = <u32>(word3 >> 16);
  if (from >= cpus || to >= cpus) return REFUSED;
  moveLpis(from, to, 0);
  return DONE;
}

function execute(command: usize): u32 {
  const word0 = load<u64>(command);
  const word1 = load<u64>(command, 8);
  const word2 = load<u64>(command, 16);
  const word3 = load<u64>(command, 24);
  const opcode = <u32>word0 & 0xff;
  const device = <u32>(word0 >> 32);
  const event = <u32>word1;
  switch (opcode) {
    case CMD_MAPD:
      return mapDevice(device, word1, word2);
    case CMD_MAPC:
      return mapCollection(word2);
    case CMD_MAPTI:
      return mapEvent(device, event, <u32>(word1 >> 32), <u32>word2 & 0xffff);
    case CMD_MAPI:
      return mapEvent(device, event, event, <u32>word2 & 0xffff);
    case CMD_MOVI:
      return moveEvent(device, event, <u32>word2 & 0xffff);
    case CMD_INT:
    case CMD_CLEAR:
    case CMD_DISCARD:
      return changeEvent(opcode, device, event);
    case CMD_MOVALL:
      return moveAll(word2, word3);
    case CMD_INV:
      // What is kept of the configuration tables is looked up anew behind every batch of commands.
      return translateEvent(device, event) ? DONE : missing();
    case CMD_INVALL:
    case CMD_SYNC:
      return DONE;
    default:
      return REFUSED;
  }
}

/** Executes what is in the command queue, while the ITS is enabled. */
export function runCommands(): void {
  if ((load<u32>(GIC_BASE, ITS_CTLR) & GITS_CTLR_ENABLED) == 0) return;
  const cbaser = load<u64>(GIC_BASE, ITS_CBASER);
  const bytes = ((cbaser & 0xff) + 1) << 12;
  const end = load<u64>(GIC_BASE, ITS_CWRITER) & GITS_QUEUE_OFFSET;
  let at = load<u64>(GIC_BASE, ITS_CREADR) & GITS_QUEUE_OFFSET;
  if ((cbaser & VALID) == 0 || end >= bytes || at >= bytes) {
    guest_error(GUEST_ERROR_ITS, <u32>end, <u32>at);
    return;
  }
  let stalled: u64 = 0;
  while (at != end) {
    const host = hostAddress((cbaser & CBASER_ADDRESS) + at, COMMAND_BYTES);
    const result = host == 0 ? STALLED : execute(host);
    if (result != DONE)
      guest_error(GUEST_ERROR_ITS, host == 0 ? 0 : load<u32>(host), host == 0 ? 0 : load<u32>(host, 4));
    if (result == STALLED) {
      stalled = GITS_CREADR_STALLED;
      break;
    }
    at += COMMAND_BYTES;
    if (at == bytes) at = 0;
  }
  store<u64>(GIC_BASE, at | stalled, ITS_CREADR);
  const cpus = distWord(DIST_CPUS);
  for (let index: u32 = 0; index < cpus; index++) updateLpis(index);
  updateAllV3();
}
