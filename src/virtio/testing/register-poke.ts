/** Any access that a guest can make to a transport: the registers' share of the fuzzers. One line a kind of driver. */
import * as C from "../spec/ccw.ts";
import * as S from "../spec/channel-io.ts";
import { VirtioPci } from "../transport/pci/pci.ts";
import type { DriverTransport } from "./driver-transport.ts";
import { Features } from "../features.ts";
import { GUEST_RAM_BASE } from "./engine.ts";
import type { Harness } from "./harness.ts";
import { CcwDriver } from "./ccw-driver.ts";
import { type Given, givenBy } from "./ccw-given.ts";
import { MmioDriver } from "./mmio-driver.ts";
import { PciDriver } from "./pci-driver.ts";
import type { Source } from "./ring-program.ts";
import { S390_PAGES, S390Driver } from "./s390-driver.ts";

type Size = 1 | 2 | 4;

const MMIO_BYTES = 0x200;

/** A value that is likely to mean something: small numbers, borders, status values, addresses in and near RAM. */
function value(source: Source): number {
  const choice = source.u8();
  if (choice < 90) return choice & 15;
  if (choice < 130) return (GUEST_RAM_BASE + 16 * source.u16()) >>> 0;
  if (choice < 150) return 2 ** (choice & 31);
  if (choice < 180) return (source.u16() * 0x1_0000 + source.u16()) >>> 0;
  if (choice < 210)
    return [0xff, 0xffff, 0xffff_ffff, 0x8000, 0x8000_0000, 0x40, 0x80, 0x7fff_ffff][choice & 7] as number;
  if (choice < 230) return [0, 1, 3, 11, 15, 0x4b, 0x8f, 7][choice & 7] as number;
  return source.u16();
}

function size(source: Source): Size {
  return ([4, 4, 2, 1] as const)[source.u8() & 3] as Size;
}

function pokeMmio({ window }: MmioDriver, source: Source): void {
  const width = size(source);
  const near = source.u8();
  // Mostly whole registers, sometimes anything in the window.
  const offset = near < 200 ? (near & 0x3f) * 4 : near < 225 ? source.u16() % (MMIO_BYTES - 3) : 0x100 + (near & 0x3f);
  if ((source.u8() & 3) === 0) window.read(offset, width);
  else window.write(offset, width, value(source));
}

function pokePci(driver: PciDriver, transport: VirtioPci, source: Source): void {
  const width = size(source);
  const target = source.u8() % 9;
  const write = (source.u8() & 3) !== 0;
  if (target === 7) {
    // The window into anything: any base address register, any offset, any length.
    const length = source.u8();
    const bar = length < 128 ? ([0, 1, 4, 4][length & 3] as number) : source.u8();
    const offset = length < 200 ? source.u16() % 0x4000 : value(source);
    driver.pciCfg(bar, offset, length < 220 ? width : value(source), write ? value(source) : undefined);
    return;
  }
  const region = transport.function.bar(target)?.region;
  if (region === undefined) {
    const offset = source.u8() < 240 ? source.u8() : source.u16() % 0xffc;
    if (write) driver.configWrite(offset, width, value(source));
    else driver.configRead(offset, width);
    return;
  }
  const common = source.u8();
  const offset = common < 180 ? common & 0x3f : source.u16() % 0x4000;
  if (write) region.write(offset, width, value(source));
  else region.read(offset, width);
  // What nobody looks at does not pile up.
  driver.pci.messages.length = 0;
}

function pokeS390(driver: S390Driver, source: Source): void {
  const { ram, hypervisor } = driver;
  const page = source.u8();
  if (page < 120) ram.setU8(driver.descriptor + (source.u8() % 200), value(source) & 0xff);
  else if (page < 140) ram.setU8(driver.descriptor + (source.u16() % (S390_PAGES * 4096)), value(source) & 0xff);
  else {
    const at = source.u8();
    const argument = at < 160 ? driver.descriptor : at < 220 ? driver.descriptor + 4096 * (at & 15) : value(source);
    hypervisor.call(page < 240 ? page & 3 : value(source), argument);
  }
  hypervisor.interrupts.length = 0;
}

const CCW_COMMANDS: readonly number[] = [
  S.CCW_CMD_NOOP,
  S.CCW_CMD_BASIC_SENSE,
  S.CCW_CMD_TIC,
  S.CCW_CMD_SENSE_ID,
  C.CCW_CMD_SET_VQ,
  C.CCW_CMD_VDEV_RESET,
  C.CCW_CMD_SET_IND,
  C.CCW_CMD_SET_CONF_IND,
  C.CCW_CMD_SET_IND_ADAPTER,
  C.CCW_CMD_READ_FEAT,
  C.CCW_CMD_WRITE_FEAT,
  C.CCW_CMD_READ_CONF,
  C.CCW_CMD_WRITE_CONF,
  C.CCW_CMD_WRITE_STATUS,
  C.CCW_CMD_READ_VQ_CONF,
  C.CCW_CMD_SET_VIRTIO_REV,
  C.CCW_CMD_READ_STATUS,
];
const INDICATOR_COMMANDS: readonly number[] = [C.CCW_CMD_SET_IND, C.CCW_CMD_SET_CONF_IND, C.CCW_CMD_SET_IND_ADAPTER];
/** Bytes that a fuzzed command reads and writes, and where indicators may be: in the pages that are the driver's. */
const CCW_BLOCK = 0x8000;

/** A channel program of a few words with any flags and counts, over a block of any content; or another instruction. */
function pokeCcw(driver: CcwDriver, source: Source, queues: number, give: (given: Given) => void): void {
  const { ram } = driver;
  const { css } = driver.channels;
  const own = ram.end - S390_PAGES * 4096 + CCW_BLOCK;
  const identification = source.u8() < 250 ? S.SUBCHANNEL_ID_BASE : value(source);
  const choice = source.u8();
  if (choice < 20) css.diagnose(choice < 18 ? 3 : choice, identification, value(source));
  else if (choice < 24) {
    if (css.storeSubchannel(S.SUBCHANNEL_ID_BASE, own) === 0) ram.setU8(own + S.PMCW_FLAGS + 1, source.u8());
    css.modifySubchannel(S.SUBCHANNEL_ID_BASE, own);
  } else if (choice < 28) css.haltSubchannel(identification);
  else if (choice < 32) css.clearSubchannel(identification);
  else if (choice < 40) {
    const address = source.u8() < 200 ? own + 4 * source.u8() : value(source);
    const instructions = [css.storeSubchannel, css.testSubchannel, css.modifySubchannel, css.startSubchannel];
    // What is stored elsewhere would be an error of the driver's that nobody else has to notice.
    const writes = (choice & 3) < 2;
    instructions[choice & 3]?.call(css, identification, writes ? own + 4 * source.u8() : address);
  } else {
    for (let at = 0; at < 40; ++at) ram.setU8(own + at, source.u8() < 160 ? 0 : value(source) & 0xff);
    const words = Array.from({ length: 1 + (source.u8() & 1) }, (_, index) => {
      const known = source.u8();
      const command = known < 230 ? (CCW_COMMANDS[known % CCW_COMMANDS.length] as number) : known;
      if (INDICATOR_COMMANDS.includes(command)) {
        const place = driver.bigEndian(
          [own + 0x1000 + 8 * (known & 7), 8],
          [own + 0x1800 + (known & 3), 8],
          [known, 8],
        );
        ram.bytes(own, place.length).set(place);
      }
      const count = [0, 1, 4, 5, 8, 16, 25, 32][source.u8() & 7] as number;
      const flags = index === 0 ? source.u8() & ~S.CCW_FLAG_INDIRECT : source.u8() & S.CCW_FLAG_SUPPRESS_LENGTH;
      return { command, count, address: source.u8() < 250 ? own : 0x1000, flags };
    });
    const program = driver.writeProgram(words, own + 0x400);
    const given = (): void => givenBy(ram, program, queues).forEach(give);
    given();
    driver.start(program);
    // A command's answer may be the next one's data.
    given();
  }
  while (css.takeInterruption() !== null);
  if ((choice & 3) !== 0) driver.test();
}

/** For a driver that has no registers of its own here: its own steps with any numbers. */
function pokeDriver(driver: DriverTransport, source: Source): void {
  const features = new Features();
  switch (source.u8() & 7) {
    case 0:
      driver.setStatus(value(source) & 0xff);
      break;
    case 1:
      features.setWord(source.u8() & 3, value(source));
      driver.setDriverFeatures(features);
      break;
    case 2:
      driver.writeConfig(source.u8() & 0x7f, size(source), value(source));
      break;
    case 3:
      driver.readConfig(source.u8(), size(source));
      break;
    case 4:
      driver.queueSizeMax(value(source) & 0xffff);
      break;
    case 5:
      driver.reset();
      break;
    default:
      driver.notify(value(source) & 0xffff);
  }
}

/** One access of the guest to the transport of `vm`, all of it chosen by `source`. `give`: it lets the device write there. */
export function poke(vm: Harness, source: Source, give: (given: Given) => void): void {
  const { driver, transport } = vm;
  if (driver instanceof MmioDriver) pokeMmio(driver, source);
  else if (driver instanceof PciDriver && transport instanceof VirtioPci) pokePci(driver, transport, source);
  else if (driver instanceof S390Driver) pokeS390(driver, source);
  else if (driver instanceof CcwDriver) pokeCcw(driver, source, transport.bus.queues.length, give);
  else pokeDriver(driver, source);
}

/** A machine reset, after which firmware sets the function up again. */
export function powerCycle(vm: Harness): void {
  vm.transport.reset();
  if (vm.driver instanceof CcwDriver) vm.driver = vm.driver.again();
  if (!(vm.driver instanceof PciDriver)) return;
  const { pci, options } = vm.driver;
  vm.driver = new PciDriver(pci, vm.line, vm.ram, options);
  pci.messages.length = 0;
}
