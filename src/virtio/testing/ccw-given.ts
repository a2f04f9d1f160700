/**
 * What a channel program gives to the device: the guest memory that its commands let it write. Reads the program on its
 * own, so that fuzzers can hold the transport's writes against it.
 */
import * as C from "../spec/ccw.ts";
import * as S from "../spec/channel-io.ts";
import type { GuestRam } from "./guest-ram.ts";

/** Guest physical memory that a device may write. */
export interface Given {
  readonly gpa: number;
  readonly length: number;
}

/** A piece of a command's data; null where its bytes are skipped. */
interface Piece {
  readonly gpa: number | null;
  readonly length: number;
}

interface Command {
  readonly code: number;
  readonly data: Piece[];
}

/** Commands whose answer goes into their data. */
const ANSWERING: readonly number[] = [
  S.CCW_CMD_BASIC_SENSE,
  S.CCW_CMD_SENSE_ID,
  C.CCW_CMD_READ_FEAT,
  C.CCW_CMD_READ_CONF,
  C.CCW_CMD_READ_STATUS,
  C.CCW_CMD_READ_VQ_CONF,
];
/** What an indirect word covers where the ORB asks for nothing else. */
const INDIRECT_BLOCK = 2048;

/** A big-endian number. */
function number(bytes: Iterable<number>): number {
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

function inRam(ram: GuestRam, gpa: number, length: number): boolean {
  return gpa >= ram.end - ram.sizeBytes && gpa + length <= ram.end;
}

/** The data of one channel command word, up to the first piece that is not RAM. */
function piecesOf(ram: GuestRam, flags: number, count: number, address: number): Piece[] {
  const isSkipped = (flags & S.CCW_FLAG_SKIP) !== 0;
  const pieces: Piece[] = [];
  let left = count;
  for (let list = address; left > 0; list += 4) {
    let [gpa, length] = [address, left];
    if ((flags & S.CCW_FLAG_INDIRECT) !== 0) {
      if (!inRam(ram, list, 4)) break;
      gpa = number(ram.bytes(list, 4));
      length = Math.min(left, INDIRECT_BLOCK - (gpa % INDIRECT_BLOCK));
    }
    if (!isSkipped && !inRam(ram, gpa, length)) break;
    pieces.push({ gpa: isSkipped ? null : gpa, length });
    left -= length;
  }
  return pieces;
}

/** The commands of the program at `program`: words of format 1, each looked at once. */
function commandsOf(ram: GuestRam, program: number): Command[] {
  const commands: Command[] = [];
  const seen = new Set<number>();
  let open: Command | null = null;
  for (let at = program; inRam(ram, at, S.CCW_SIZE) && !seen.has(at); ) {
    seen.add(at);
    const word = ram.bytes(at, S.CCW_SIZE);
    const [code, flags] = [word[S.CCW_COMMAND] as number, word[S.CCW_FLAGS] as number];
    const count = number(word.subarray(S.CCW_COUNT, S.CCW_COUNT + 2));
    const address = number(word.subarray(S.CCW_DATA_ADDRESS));
    if ((code & 0x0f) === S.CCW_CMD_TIC) {
      at = address;
      continue;
    }
    at += S.CCW_SIZE;
    const command: Command = open ?? { code, data: [] };
    if (open === null) commands.push(command);
    command.data.push(...piecesOf(ram, flags, count, address));
    open = (flags & S.CCW_FLAG_CHAIN_DATA) === 0 ? null : command;
    if (open === null && (flags & S.CCW_FLAG_CHAIN_COMMAND) === 0) break;
  }
  return commands;
}

/** What the program at `program` gives to a device with `queues` queues, as guest memory stands now. */
export function givenBy(ram: GuestRam, program: number, queues: number): Given[] {
  return commandsOf(ram, program).flatMap(({ code, data }): Given[] => {
    if (ANSWERING.includes(code)) return data.flatMap(({ gpa, length }) => (gpa === null ? [] : [{ gpa, length }]));
    const block = data.flatMap(({ gpa, length }) => [
      ...(gpa === null ? new Uint8Array(length) : ram.bytes(gpa, length)),
    ]);
    const field = (at: number): number => number(block.slice(at, at + 8));
    if (code === C.CCW_CMD_SET_IND || code === C.CCW_CMD_SET_CONF_IND) {
      return block.length < C.INDICATOR_ADDRESS_SIZE ? [] : [{ gpa: field(0), length: C.CLASSIC_INDICATOR_BITS / 8 }];
    }
    if (code !== C.CCW_CMD_SET_IND_ADAPTER || block.length < C.THININT_SIZE) return [];
    const bit = field(C.THININT_BIT_NR);
    const first = Math.floor(bit / 8);
    const area = { gpa: field(C.THININT_INDICATOR) + first, length: Math.floor((bit + queues - 1) / 8) - first + 1 };
    return [{ gpa: field(C.THININT_SUMMARY), length: 1 }, area];
  });
}
