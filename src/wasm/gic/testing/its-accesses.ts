/** Lists that drive an Interrupt Translation Service: its tables, its commands, and what comes out at the CPUs. */
import { AccessList } from "./access-list.ts";
import { Random } from "./random-accesses.ts";

const GICD = 0x0800_0000;
const GITS = 0x0808_0000;
const GICR = 0x080a_0000;

/** Places of the tables, all in the RAM that both sides have. */
export const CONFIGURATION = 0x4030_0000;
const PENDING = 0x4032_0000;
const QUEUE = 0x4040_0000;
const DEVICES = 0x4042_0000;
const COLLECTIONS = 0x4044_0000;
const SECOND_LEVEL = 0x4046_0000;
const TRANSLATIONS = 0x4050_0000;
const QUEUE_BYTES = 0x1000;

const VALID = 1n << 63n;
const INDIRECT = 1n << 62n;

/** Opcodes (IHI 0069 5.3). */
export const ITS = {
  MOVI: 0x01,
  INT: 0x03,
  CLEAR: 0x04,
  SYNC: 0x05,
  MAPD: 0x08,
  MAPC: 0x09,
  MAPTI: 0x0a,
  MAPI: 0x0b,
  INV: 0x0c,
  INVALL: 0x0d,
  MOVALL: 0x0e,
  DISCARD: 0x0f,
} as const;

/** Physical address of CPU `cpu`'s pending table. */
export const pendingTable = (cpu: number): number => PENDING + cpu * 0x1_0000;
/** Where device `device` has its translation table. */
const translations = (device: number): number => TRANSLATIONS + (device % 32) * 0x2000;

/** How a list sets the service up. */
export interface ItsOptions {
  readonly cpus: number;
  /** The device table has two levels. */
  readonly indirect: boolean;
  /** GITS_BASER.Page_Size: 0 for 4 KiB, 1 for 16, 2 for 64. */
  readonly pageSize: number;
}

/** An access list with a command queue. */
export class ItsList extends AccessList {
  #at = 0;

  /** LPIs on at every CPU, tables and queue in place, the service on. */
  constructor({ cpus, indirect, pageSize }: ItsOptions) {
    super();
    this.write(GICD, 3);
    for (let cpu = 0; cpu < cpus; cpu++) {
      const frame = GICR + cpu * 0x2_0000;
      this.on(cpu).msr("ICC_PMR_EL1", 0xff).msr("ICC_IGRPEN1_EL1", 1);
      this.write(frame + 0x70, CONFIGURATION | 15, 8)
        .write(frame + 0x78, pendingTable(cpu), 8)
        .write(frame, 1);
    }
    this.on(0);
    const table = (index: number, address: number, flags: bigint): void => {
      this.write(GITS + 0x100 + 8 * index, VALID | flags | BigInt(address) | (BigInt(pageSize) << 8n), 8);
      this.read(GITS + 0x100 + 8 * index, 8).read(GITS + 0x104 + 8 * index);
    };
    if (indirect) this.write(DEVICES, VALID | BigInt(SECOND_LEVEL), 8);
    table(0, DEVICES, indirect ? INDIRECT : 0n);
    table(1, COLLECTIONS, 0n);
    this.write(GITS + 0x80, VALID | BigInt(QUEUE), 8).read(GITS + 0x90, 8);
    this.write(GITS, 1).read(GITS);
  }

  /** Puts a command into the queue and lets the service see it. */
  command(...words: readonly (number | bigint)[]): this {
    for (let index = 0; index < 4; index++) this.write(QUEUE + this.#at + 8 * index, words[index] ?? 0, 8);
    this.#at = (this.#at + 32) % QUEUE_BYTES;
    return this.write(GITS + 0x88, this.#at, 8).read(GITS + 0x90, 8);
  }

  mapDevice(device: number, eventBits: number, valid = true): this {
    const word2 = BigInt(translations(device)) | (valid ? VALID : 0n);
    return this.command(opcode(ITS.MAPD, device), eventBits - 1, word2);
  }

  mapCollection(collection: number, cpu: number, valid = true): this {
    return this.command(ITS.MAPC, 0, BigInt(collection) | (BigInt(cpu) << 16n) | (valid ? VALID : 0n));
  }

  mapEvent(device: number, event: number, intid: number, collection: number): this {
    return this.command(opcode(ITS.MAPTI, device), BigInt(event) | (BigInt(intid) << 32n), collection);
  }

  /** A command that names a device and an event. */
  event(code: number, device: number, event: number, collection = 0): this {
    return this.command(opcode(code, device), event, collection);
  }

  /** Priority and enable bit of an LPI. */
  configure(intid: number, entry: number): this {
    return this.write(CONFIGURATION + intid - 8192, entry, 1);
  }

  /** The pending bits around an LPI at a CPU, then what the CPU sees. */
  look(cpu: number, intid: number): this {
    return this.read(pendingTable(cpu) + (intid >> 3), 1)
      .on(cpu)
      .mrs("ISR_EL1")
      .mrs("ICC_HPPIR1_EL1");
  }
}

const opcode = (code: number, device: number): bigint => BigInt(code) | (BigInt(device) << 32n);

/** Few of each, so that they meet; and some that cannot be. */
const DEVICE_IDS = [0, 0, 1, 8, 8, 0x18, 0x100, 0x1fff, 0xffff, 0x1_0000];
const EVENTS = [0, 0, 1, 1, 2, 3, 7, 31, 32, 0xffff, 8192];
const LPIS = [8192, 8193, 8194, 8200, 9000, 16384, 65535, 8191, 0, 65536];
const COLLECTION_IDS = [0, 0, 1, 1, 2, 0x1ff, 0xffff];

/** About `length` accesses: commands of every kind in any order, messages of device 0, acknowledgements. */
export function randomIts(seed: number, options: ItsOptions, length: number): AccessList {
  const random = new Random(seed);
  const { cpus } = options;
  const list = new ItsList(options);
  for (const intid of LPIS.slice(0, 7)) list.configure(intid, random.pick([0xa1, 0x41, 0x41, 0x80, 0x21]));
  list
    .mapCollection(0, 0)
    .mapCollection(1, cpus - 1)
    .mapDevice(0, 5)
    .mapDevice(8, 2)
    .mapEvent(0, 0, 8192, 0);
  const device = (): number => random.pick(DEVICE_IDS);
  const event = (): number => random.pick(EVENTS);
  const lpi = (): number => random.pick(LPIS);
  const collection = (): number => random.pick(COLLECTION_IDS);
  const steps: (() => unknown)[] = [
    () => list.mapDevice(device(), random.pick([1, 2, 3, 5, 5, 16, 17, 32]), random.below(6) !== 0),
    () => list.mapCollection(collection(), random.below(cpus + 1), random.below(6) !== 0),
    () => list.mapEvent(device(), event(), lpi(), collection()),
    () => list.mapEvent(device(), event(), lpi(), collection()),
    () => list.mapEvent(0, random.below(8), random.pick(LPIS.slice(0, 6)), random.below(2)),
    () => list.event(ITS.MAPI, device(), event(), collection()),
    () => list.event(random.pick([ITS.INT, ITS.INT, ITS.CLEAR]), device(), event()),
    () => list.event(ITS.INT, 0, random.below(8)),
    () => list.event(ITS.INT, 0, random.below(8)),
    () => list.event(ITS.CLEAR, 0, random.below(8)),
    () => list.event(ITS.DISCARD, device(), event()),
    () => list.event(ITS.MOVI, device(), event(), collection()),
    () => list.event(ITS.MOVI, 0, random.below(8), random.below(2)),
    () => list.command(ITS.MOVALL, 0, random.below(cpus + 1) << 16, random.below(cpus + 1) << 16),
    () => list.command(random.pick([ITS.SYNC, ITS.INVALL]), 0, random.below(2)),
    () => list.command(random.pick([0, 0x10, 0x7f, 0xff]), random.word(), random.word()),
    () => list.write(GITS + 0x1_0040, random.pick(EVENTS), random.pick([2, 4])),
    () => list.write(GITS + 0x1_0040, random.below(8)),
    // What is kept of a configuration may be old until it is invalidated.
    () =>
      list
        .configure(random.pick(LPIS.slice(0, 7)), random.pick([0xa1, 0x41, 0x20, 0xf9, 0x03]))
        .command(ITS.INVALL, 0, 0),
    () => list.on(random.below(cpus)).mrs("ICC_HPPIR1_EL1").mrs("ICC_IAR1_EL1").msr("ICC_EOIR1_EL1", random.pick(LPIS)),
  ];
  while (list.accesses.length < length) {
    list.on(random.below(cpus));
    random.pick(steps)();
    for (let cpu = 0; cpu < cpus; cpu++) list.look(cpu, random.pick(LPIS.slice(0, 7)));
  }
  return list;
}
