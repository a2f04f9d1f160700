/**
 * The interpreter of channel programs (Principles of Operation, chapter 15): fetches channel command words of format 1,
 * follows chains, moves data, and says how it ended. A program runs to its end at once.
 */
import type { GuestMemory } from "../../guest-memory.ts";
import * as S from "../../spec/channel-io.ts";
import { DataArea, type IndirectFormat } from "./data-area.ts";

/** What a device's command makes of the bytes that the program gave: bytes to give back, nothing, or a refusal. */
export type CommandAnswer = Uint8Array | "done" | "reject";

/** One command of a device. */
export interface ChannelCommand {
  /** Bytes that it transfers. */
  readonly sizeBytes: number;
  /**
   * What happens when the program has fewer bytes, or more and does not suppress the length check. `exact`: the command
   * is not executed. `short`: fewer are as good. `any`: it is executed, and the length reported.
   */
  readonly length: "exact" | "short" | "any";
  /** `data` is what the program's storage holds, at most `sizeBytes`. */
  run(data: Uint8Array<ArrayBuffer>): CommandAnswer;
}

/** How a program ended, as the subchannel status word has it. */
export interface ProgramEnd {
  readonly deviceStatus: number;
  readonly subchannelStatus: number;
  /** Bytes of the last command that were not transferred. */
  readonly residualCount: number;
  /** Address behind the last channel command word. */
  readonly address: number;
  /** The device has refused a command: this is its sense data, else null. */
  readonly sense: Uint8Array | null;
}

/** What a program runs on. */
export interface ProgramEnvironment {
  readonly memory: GuestMemory;
  readonly indirect: IndirectFormat;
  /** The device's command of that code, or null. */
  command(code: number): ChannelCommand | null;
}

/** Programs of guests have a handful; an endless loop ends here with a program check. */
export const MAX_PROGRAM_WORDS = 4096;

const ENDED = S.DSTAT_CHANNEL_END | S.DSTAT_DEVICE_END;

interface CommandWord {
  readonly command: number;
  readonly flags: number;
  readonly count: number;
  readonly address: number;
}

/** One command with all the words that its data is chained over. */
interface Operation {
  readonly command: number;
  readonly area: DataArea;
  /** The last word's. */
  readonly flags: number;
  readonly lastCount: number;
}

class ProgramCheck extends Error {}

class ChannelProgram {
  private readonly environment: ProgramEnvironment;
  private next: number;
  private words = 0;
  /** A transfer in channel must not follow another, nor begin a program. */
  private transferred = true;
  private subchannelStatus = 0;

  constructor(environment: ProgramEnvironment, address: number) {
    this.environment = environment;
    this.next = address;
  }

  run(): ProgramEnd {
    try {
      for (;;) {
        const operation = this.fetchOperation();
        const end = this.execute(operation);
        if (end !== null) return end;
      }
    } catch (error) {
      if (!(error instanceof ProgramCheck)) throw error;
      return this.end(0, S.CSTAT_PROGRAM_CHECK, 0);
    }
  }

  private end(
    deviceStatus: number,
    status: number,
    residualCount: number,
    sense: Uint8Array | null = null,
  ): ProgramEnd {
    const subchannelStatus = this.subchannelStatus | status;
    return { deviceStatus, subchannelStatus, residualCount, address: this.next, sense };
  }

  /** The next word that is no transfer in channel; `next` is behind it. */
  private fetch(): CommandWord {
    for (;;) {
      const word = this.fetchWord();
      if ((word.command & 0x0f) !== S.CCW_CMD_TIC) {
        this.transferred = false;
        return word;
      }
      // Format 1 has nothing but the code and the address in it.
      const wrong = word.command !== S.CCW_CMD_TIC || word.flags !== 0 || word.count !== 0;
      if (wrong || this.transferred) throw new ProgramCheck();
      this.transferred = true;
      this.next = word.address;
    }
  }

  private fetchWord(): CommandWord {
    const at = this.next;
    const host = at % S.CCW_SIZE === 0 && at < 2 ** 31 ? this.environment.memory.at(at, S.CCW_SIZE) : 0;
    this.next = at + S.CCW_SIZE;
    this.words += 1;
    if (host === 0 || this.words > MAX_PROGRAM_WORDS) throw new ProgramCheck();
    const view = new DataView(new ArrayBuffer(S.CCW_SIZE));
    this.environment.memory.read(host, new Uint8Array(view.buffer));
    const word = {
      command: view.getUint8(S.CCW_COMMAND),
      flags: view.getUint8(S.CCW_FLAGS),
      count: view.getUint16(S.CCW_COUNT),
      address: view.getUint32(S.CCW_DATA_ADDRESS),
    };
    if (word.address >= 2 ** 31) throw new ProgramCheck();
    return word;
  }

  private fetchOperation(): Operation {
    const first = this.fetch();
    if ((first.command & 0x0f) === 0) throw new ProgramCheck();
    const area = new DataArea(this.environment.memory);
    let word = first;
    this.addData(area, word);
    while ((word.flags & S.CCW_FLAG_CHAIN_DATA) !== 0) {
      word = this.fetch();
      // Of a word that goes on with data the command code is not looked at; it has to have data.
      if (word.count === 0) throw new ProgramCheck();
      this.addData(area, word);
    }
    return { command: first.command, area, flags: word.flags, lastCount: word.count };
  }

  private addData(area: DataArea, { flags, count, address }: CommandWord): void {
    // Suspension and modified indirect addressing are not installed.
    if ((flags & (S.CCW_FLAG_SUSPEND | S.CCW_FLAG_MODIFIED_INDIRECT)) !== 0) throw new ProgramCheck();
    if (count === 0 && (flags & S.CCW_FLAG_CHAIN_DATA) !== 0) throw new ProgramCheck();
    if ((flags & S.CCW_FLAG_PCI) !== 0) this.subchannelStatus |= S.CSTAT_PCI;
    const skip = (flags & S.CCW_FLAG_SKIP) !== 0;
    const { indirect } = this.environment;
    const found =
      (flags & S.CCW_FLAG_INDIRECT) === 0
        ? area.add(address, count, skip)
        : area.addIndirect(address, count, indirect, skip);
    if (!found) throw new ProgramCheck();
  }

  /** Executes one operation; null when the program goes on. */
  private execute({ command: code, area, flags, lastCount }: Operation): ProgramEnd | null {
    const command = this.environment.command(code);
    if (command === null) return this.reject(area.length);
    const transferred = Math.min(area.length, command.sizeBytes);
    const residual = area.length - transferred;
    // Where data ends before its last word is reached, the check cannot be suppressed.
    const suppressed = (flags & S.CCW_FLAG_SUPPRESS_LENGTH) !== 0 && residual <= lastCount;
    const tooShort = area.length < command.sizeBytes && command.length !== "short";
    const mismatch = tooShort || residual > 0;
    if (mismatch && command.length === "exact") {
      if (!suppressed) return this.end(ENDED, S.CSTAT_INCORRECT_LENGTH, residual);
      // Without the check, more is as good; with less the command cannot be executed (4.3.1.3).
      if (tooShort) return this.reject(residual);
    }
    const answer = command.run(area.read(transferred));
    if (answer === "reject") return this.reject(residual);
    if (answer !== "done") area.write(answer.subarray(0, transferred));
    if (mismatch && !suppressed) return this.end(ENDED, S.CSTAT_INCORRECT_LENGTH, residual);
    if ((flags & S.CCW_FLAG_CHAIN_COMMAND) !== 0) return null;
    return this.end(ENDED, 0, residual);
  }

  /** A unit check whose sense data says "command reject". */
  private reject(residual: number): ProgramEnd {
    const sense = new Uint8Array(S.SENSE_BYTES);
    sense[0] = S.SENSE_COMMAND_REJECT;
    return this.end(ENDED | S.DSTAT_UNIT_CHECK, 0, residual, sense);
  }
}

/** Runs the program at `address`. Nothing in it can throw. */
export function runChannelProgram(environment: ProgramEnvironment, address: number): ProgramEnd {
  return new ChannelProgram(environment, address).run();
}
