/**
 * The channel subsystem: subchannels, the I/O instructions that a program reaches them with (Principles of Operation,
 * chapter 14), interruptions, and the hypercall of virtio. Operands are guest physical addresses of big-endian blocks.
 *
 * Not there: format 0 channel command words (they reach the first 16 MiB, where the machines here have no memory),
 * suspension, measurement, channel reports; programs run to their end inside of START SUBCHANNEL.
 */
import { GuestMemory } from "../../guest-memory.ts";
import type { RingEngine } from "../../ring-engine.ts";
import { DeviceOptionError } from "../../properties.ts";
import { DIAGNOSE_EINVAL, DIAGNOSE_VIRTIO_CCW_NOTIFY } from "../../spec/ccw.ts";
import * as S from "../../spec/channel-io.ts";
import { runChannelProgram } from "./channel-program.ts";
import { formatDevno } from "./devno.ts";
import { type ChannelDevice, Subchannel } from "./subchannel.ts";

/** A condition code, or the program exception that the instruction ends with. */
export type ConditionCode = 0 | 1 | 2 | 3 | "operand" | "specification" | "addressing";

/** What the subsystem is connected to. */
export interface ChannelEnvironment {
  readonly engine: RingEngine;
  /** Interruptions have come to wait; `takeInterruption` gives them. */
  readonly interrupt: () => void;
}

/** An I/O interruption as the program sees it. */
export interface IoInterruption {
  /** Subsystem identification word; 0 for an adapter. */
  readonly subchannel: number;
  readonly intparm: number;
  /** The subclass in its high bits, and IO_INT_ADAPTER. */
  readonly word: number;
}

const MAX_DEVNO = 0xffff;
const INTERRUPTION_SUBCLASSES = 8;

export class ChannelSubsystem {
  private readonly environment: ChannelEnvironment;
  private readonly memory: GuestMemory;
  private readonly subchannels: Subchannel[] = [];
  /** A bit for each interruption subclass in which an adapter interrupts. */
  private adapters = 0;

  constructor(environment: ChannelEnvironment) {
    this.environment = environment;
    this.memory = new GuestMemory(environment.engine);
  }

  /** A subchannel for a device, with the device number that is wanted or the first free one. */
  attach(device: ChannelDevice, wanted: number | null): Subchannel {
    const taken = new Set(this.subchannels.map(({ place }) => place.devno));
    if (wanted !== null && taken.has(wanted)) {
      throw new DeviceOptionError(`virtio-ccw: the device number ${formatDevno(wanted)} is taken already.`);
    }
    let devno = wanted ?? 0;
    while (taken.has(devno)) devno += 1;
    if (devno > MAX_DEVNO) throw new DeviceOptionError("virtio-ccw: no free device number is left.");
    const place = { number: this.subchannels.length, devno };
    const subchannel = new Subchannel(place, device, () => this.environment.interrupt());
    this.subchannels.push(subchannel);
    return subchannel;
  }

  /** The subchannel that an identification word names; of a 64-bit register the high half does not count. */
  private find(identification: number): Subchannel | null {
    const word = identification % 2 ** 32;
    const number = word - S.SUBCHANNEL_ID_BASE;
    return number >= 0 && number <= 0xffff ? (this.subchannels[number] ?? null) : null;
  }

  /** STSCH. */
  storeSubchannel(identification: number, address: number): ConditionCode {
    if (!isIdentification(identification)) return "operand";
    const subchannel = this.find(identification);
    if (subchannel === null) return 3;
    return this.storeBlock(address, subchannel.store()) ?? 0;
  }

  /** MSCH. */
  modifySubchannel(identification: number, address: number): ConditionCode {
    if (!isIdentification(identification)) return "operand";
    const block = this.fetchBlock(address, S.SCHIB_SIZE);
    if (typeof block === "string") return block;
    if ((block.getUint16(S.PMCW_FLAGS) & S.PMCW_FLAG_RESERVED) !== 0) return "operand";
    if ((block.getUint32(S.PMCW_CHARS) & S.PMCW_CHARS_RESERVED) !== 0) return "operand";
    const subchannel = this.find(identification);
    if (subchannel === null) return 3;
    if (subchannel.statusPending) return 1;
    subchannel.modify(block);
    return 0;
  }

  /** SSCH: runs the program that the operation request block names. */
  startSubchannel(identification: number, address: number): ConditionCode {
    if (!isIdentification(identification)) return "operand";
    const block = this.fetchBlock(address, S.ORB_SIZE);
    if (typeof block === "string") return block;
    const control = block.getUint16(S.ORB_CONTROL);
    const programAddress = block.getUint32(S.ORB_CPA);
    if (programAddress >= 2 ** 31) return "operand";
    const subchannel = this.find(identification);
    if (subchannel === null || !subchannel.enabled) return 3;
    if (subchannel.statusPending) return 1;
    subchannel.starting(block.getUint32(S.ORB_INTPARM));
    if ((block.getUint8(S.ORB_LPM) & S.CHANNEL_PATH) === 0) {
      subchannel.pathNotOperational();
      return 0;
    }
    const wide = (control & S.ORB_INDIRECT_64) !== 0;
    const blockBytes = wide && (control & S.ORB_INDIRECT_2K) === 0 ? 4096 : 2048;
    const environment = {
      memory: this.memory,
      indirect: { wide, blockBytes },
      // Format 0 words are nowhere that a program could have put them.
      command: (code: number) => subchannel.command(code),
    };
    const end =
      (control & S.ORB_FORMAT_1) === 0
        ? runChannelProgram(environment, NOWHERE)
        : runChannelProgram(environment, programAddress);
    subchannel.ended(end);
    return 0;
  }

  /** TSCH: stores the status and takes it. */
  testSubchannel(identification: number, address: number): ConditionCode {
    if (!isIdentification(identification)) return "operand";
    const subchannel = this.find(identification);
    if (subchannel === null || !subchannel.enabled) return 3;
    const refusal = this.checkBlock(address, S.IRB_SIZE);
    if (refusal !== null) return refusal;
    const { block, wasPending } = subchannel.test();
    this.storeBlock(address, block);
    return wasPending ? 0 : 1;
  }

  /** HSCH. */
  haltSubchannel(identification: number): ConditionCode {
    if (!isIdentification(identification)) return "operand";
    const subchannel = this.find(identification);
    if (subchannel === null || !subchannel.enabled) return 3;
    if (subchannel.statusPending) return 1;
    subchannel.halt();
    return 0;
  }

  /** CSCH. */
  clearSubchannel(identification: number): ConditionCode {
    if (!isIdentification(identification)) return "operand";
    const subchannel = this.find(identification);
    if (subchannel === null || !subchannel.enabled) return 3;
    subchannel.clear();
    return 0;
  }

  /** TPI: stores the code of an interruption whose subclass is in `mask` (bit 7 is subclass 0) and takes it. */
  testPendingInterruption(address: number, mask: number): ConditionCode {
    const refusal = this.checkBlock(address, 8);
    if (refusal !== null) return refusal;
    const taken = this.takeInterruption(mask);
    if (taken === null) return 0;
    const code = new DataView(new ArrayBuffer(8));
    code.setUint32(0, taken.subchannel);
    code.setUint32(4, taken.intparm);
    this.storeBlock(address, new Uint8Array(code.buffer));
    return 1;
  }

  /** The waiting interruption of the lowest subclass in `mask` (bit 7 is subclass 0), which waits no more; or null. */
  takeInterruption(mask = 0xff): IoInterruption | null {
    for (let isc = 0; isc < INTERRUPTION_SUBCLASSES; ++isc) {
      if ((mask & (0x80 >> isc)) === 0) continue;
      const word = isc * 2 ** S.IO_INT_ISC_SHIFT;
      for (const subchannel of this.subchannels) {
        const { isc: own, intparm } = subchannel.interruption;
        if (!subchannel.interrupting || own !== isc) continue;
        subchannel.interrupting = false;
        return { subchannel: S.SUBCHANNEL_ID_BASE + subchannel.place.number, intparm, word };
      }
      if ((this.adapters & (1 << isc)) === 0) continue;
      this.adapters &= ~(1 << isc);
      return { subchannel: 0, intparm: 0, word: word + S.IO_INT_ADAPTER };
    }
    return null;
  }

  /** An adapter interrupts in a subclass. */
  adapterInterrupt(isc: number): void {
    this.adapters |= 1 << isc;
    this.environment.interrupt();
  }

  /**
   * The hypercall (diagnose 0x500), with registers 1 to 3: the subcode, a subchannel identification word, data. Returns
   * register 2: 0, which is also the cookie that is not needed, or DIAGNOSE_EINVAL.
   */
  diagnose(subcode: number, identification: number, data: number): number {
    if (subcode !== DIAGNOSE_VIRTIO_CCW_NOTIFY) return DIAGNOSE_EINVAL;
    const subchannel = this.find(identification);
    if (subchannel === null || !subchannel.enabled) return DIAGNOSE_EINVAL;
    subchannel.device.notify(data % 2 ** 32);
    return 0;
  }

  private checkBlock(address: number, length: number): ConditionCode | null {
    if (address % 4 !== 0) return "specification";
    return this.memory.at(address, length) === 0 ? "addressing" : null;
  }

  private fetchBlock(address: number, length: number): DataView | Extract<ConditionCode, string> {
    if (address % 4 !== 0) return "specification";
    const host = this.memory.at(address, length);
    if (host === 0) return "addressing";
    const bytes = new Uint8Array(length);
    this.memory.read(host, bytes);
    return new DataView(bytes.buffer);
  }

  private storeBlock(address: number, block: Uint8Array): ConditionCode | null {
    const refusal = this.checkBlock(address, block.length);
    if (refusal === null) this.memory.write(this.memory.at(address, block.length), block);
    return refusal;
  }

  /** Machine reset, of what belongs to no device. */
  reset(): void {
    this.adapters = 0;
  }
}

/** No word is fetched from there: the program ends with a program check. */
const NOWHERE = 2 ** 31;

/** Whether a register holds an identification word at all: bit 15 of its low half's high half is one, set 0. */
function isIdentification(register: number): boolean {
  return Math.floor((register % 2 ** 32) / 2 ** 16) === 1;
}
