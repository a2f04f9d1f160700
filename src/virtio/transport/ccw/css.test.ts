/** Channel I/O under the virtio commands: lengths, channel programs, instructions, interruptions. */
import { describe, expect, it } from "vitest";
import * as C from "../../spec/ccw.ts";
import * as S from "../../spec/channel-io.ts";
import { STATUS_ACKNOWLEDGE, STATUS_DRIVER } from "../../spec/status.ts";
import type { CcwDriver, CommandWord } from "../../testing/ccw-driver.ts";
import { ccwMachine as machine, command, ENDED, expectReject } from "../../testing/ccw-machine.ts";
import type { Harness } from "../../testing/harness.ts";
import { MAX_PROGRAM_WORDS } from "./channel-program.ts";

const SUBCHANNEL = S.SUBCHANNEL_ID_BASE;

describe("4.3.1.3: lengths", () => {
  const SIZES: readonly (readonly [number, number])[] = [
    [C.CCW_CMD_SET_VQ, 32],
    [C.CCW_CMD_SET_IND, 8],
    [C.CCW_CMD_SET_CONF_IND, 8],
    [C.CCW_CMD_SET_IND_ADAPTER, 25],
    [C.CCW_CMD_READ_FEAT, 5],
    [C.CCW_CMD_WRITE_FEAT, 5],
    [C.CCW_CMD_WRITE_STATUS, 1],
    [C.CCW_CMD_READ_STATUS, 1],
    [C.CCW_CMD_READ_VQ_CONF, 4],
  ];

  it.each(SIZES)("command 0x%s has %i bytes", (code, size) => {
    const { vm, driver, transport } = machine();
    const before = transport.bus.status;
    for (const length of [size - 1, size + 1]) {
      const status = driver.run([command(vm, code, new Uint8Array(length))]);
      expect(status.subchannel).toBe(S.CSTAT_INCORRECT_LENGTH);
      expect(status.device).toBe(ENDED);
      expect(status.count).toBe(Math.max(0, length - size));
    }
    // Length checks suppressed: too little cannot be executed, more is as good.
    const short = driver.run([command(vm, code, new Uint8Array(size - 1), S.CCW_FLAG_SUPPRESS_LENGTH)]);
    expect(short.device).toBe(ENDED | S.DSTAT_UNIT_CHECK);
    expect(transport.bus.status).toBe(before);
    const long = driver.run([command(vm, C.CCW_CMD_READ_VQ_CONF, new Uint8Array(7), S.CCW_FLAG_SUPPRESS_LENGTH)]);
    expect([long.device, long.subchannel, long.count]).toEqual([ENDED, 0, 3]);
  });

  it("the configuration space is read and written from its beginning, as far as the program wants", () => {
    const { vm, driver, transport } = machine();
    const bytes = transport.configBytes;
    const word = command(vm, C.CCW_CMD_READ_CONF, new Uint8Array(8));
    expect(driver.run([word]).subchannel).toBe(0);
    expect(vm.ram.u32(word.address as number)).toBe(2 ** 20 / 512);
    const whole = driver.run([command(vm, C.CCW_CMD_READ_CONF, new Uint8Array(bytes + 3))]);
    expect([whole.subchannel, whole.count]).toEqual([S.CSTAT_INCORRECT_LENGTH, 3]);
    const suppressed = command(vm, C.CCW_CMD_READ_CONF, new Uint8Array(256), S.CCW_FLAG_SUPPRESS_LENGTH);
    expect(driver.run([suppressed])).toMatchObject({ device: ENDED, subchannel: 0, count: 256 - bytes });
  });

  it("SENSE ID of fewer bytes gives those and reports the length, unless that is suppressed", () => {
    const { vm, driver } = machine();
    const word = command(vm, S.CCW_CMD_SENSE_ID, new Uint8Array(7));
    expect(driver.run([word]).subchannel).toBe(S.CSTAT_INCORRECT_LENGTH);
    expect([...vm.ram.bytes(word.address as number, 4)]).toEqual([0xff, 0x38, 0x32, 2]);
    expect(driver.run([{ ...word, flags: S.CCW_FLAG_SUPPRESS_LENGTH }]).subchannel).toBe(0);
  });
});

describe("channel programs", () => {
  it("command chaining runs all commands, transfers in channel among them, until one fails", () => {
    const { vm, driver, transport } = machine();
    const second = vm.ram.alloc(16, 8);
    const write = (value: number, flags = 0): CommandWord => command(vm, C.CCW_CMD_WRITE_STATUS, [value], flags);
    driver.writeProgram([write(STATUS_ACKNOWLEDGE | STATUS_DRIVER)], second);
    const chained = S.CCW_FLAG_CHAIN_COMMAND;
    const status = driver.run([
      { command: S.CCW_CMD_NOOP, flags: chained },
      write(STATUS_ACKNOWLEDGE, chained),
      { command: S.CCW_CMD_TIC, address: second },
    ]);
    expect([status.device, status.subchannel, status.address]).toEqual([ENDED, 0, second + 8]);
    expect(transport.bus.status).toBe(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    expectReject(driver, [command(vm, 0x07, [1], chained), write(0)]);
    expect(transport.bus.status).toBe(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
  });

  it("data is chained over words, skipped, and found through indirect address words of both formats", () => {
    const { vm, driver } = machine();
    const first = vm.ram.place(Uint8Array.of(0, 0));
    const rest = vm.ram.place(Uint8Array.of(0xee, 0xee, 0));
    const words = [
      { command: C.CCW_CMD_READ_FEAT, count: 2, address: first, flags: S.CCW_FLAG_CHAIN_DATA },
      { command: 0xff, count: 3, address: rest },
    ];
    expect(driver.run(words)).toMatchObject({ device: ENDED, subchannel: 0, count: 0 });
    const low = vm.driver.deviceFeatures().word(0);
    expect(vm.ram.u16(first) + vm.ram.u16(rest) * 65536).toBe(low >>> 0);
    // Skipped: nothing is stored.
    const kept = vm.ram.place(Uint8Array.of(9, 9));
    const skipping = [
      { ...(words[0] as CommandWord), address: kept, flags: S.CCW_FLAG_CHAIN_DATA | S.CCW_FLAG_SKIP },
      words[1] as CommandWord,
    ];
    expect(driver.run(skipping).subchannel).toBe(0);
    expect(vm.ram.u16(kept)).toBe(0x0909);
    // The block crosses from one 2 KiB, or 4 KiB, block into one somewhere else.
    for (const [wide, blockBytes] of [
      [false, 2048],
      [true, 4096],
      [true, 2048],
    ] as const) {
      const here = vm.ram.alloc(blockBytes, blockBytes) + blockBytes - 3;
      const there = vm.ram.alloc(blockBytes, blockBytes);
      vm.ram.setU16(there, 0);
      const list = driver.bigEndian([here, wide ? 8 : 4], [there, wide ? 8 : 4]);
      const control = S.ORB_FORMAT_1 | (wide ? S.ORB_INDIRECT_64 : 0) | (blockBytes === 2048 ? S.ORB_INDIRECT_2K : 0);
      const word = { command: C.CCW_CMD_READ_FEAT, count: 5, address: vm.ram.place(list), flags: S.CCW_FLAG_INDIRECT };
      expect(driver.run([word], control).subchannel).toBe(0);
      expect(vm.ram.u8(here) + vm.ram.u16(here + 1) * 256 + vm.ram.u8(there) * 2 ** 24).toBe(low >>> 0);
    }
  });

  it("a chain that holds more than the command takes reports its length, also where the check is suppressed", () => {
    const { vm, driver } = machine();
    const at = vm.ram.place(new Uint8Array(16));
    const chain = (last: number): CommandWord[] => [
      {
        command: C.CCW_CMD_READ_CONF,
        count: 4,
        address: at,
        flags: S.CCW_FLAG_CHAIN_DATA | S.CCW_FLAG_SUPPRESS_LENGTH,
      },
      { command: 0, count: last, address: at + 4, flags: S.CCW_FLAG_SUPPRESS_LENGTH },
    ];
    expect(driver.run(chain(8)).subchannel).toBe(0);
    const { device, subchannel } = driver.run([
      { command: C.CCW_CMD_READ_STATUS, count: 4, address: at, flags: S.CCW_FLAG_CHAIN_DATA },
      { command: 0, count: 2, address: at + 4, flags: S.CCW_FLAG_SUPPRESS_LENGTH },
    ]);
    expect([device, subchannel]).toEqual([ENDED, S.CSTAT_INCORRECT_LENGTH]);
  });

  const PROGRAM_CHECKS: readonly (readonly [string, (vm: Harness, driver: CcwDriver) => CommandWord[]])[] = [
    ["data outside of memory", () => [{ command: C.CCW_CMD_WRITE_STATUS, count: 1, address: 0x1000 }]],
    ["no data address", () => [{ command: C.CCW_CMD_WRITE_STATUS, count: 1, address: 0 }]],
    ["an address of 32 bits", () => [{ command: S.CCW_CMD_NOOP, address: 0x8000_0000 }]],
    ["a transfer in channel first", () => [{ command: S.CCW_CMD_TIC, address: 0x4000_1000 }]],
    [
      "two transfers in channel",
      (vm, driver) => {
        const at = vm.ram.alloc(16, 8);
        driver.writeProgram([{ command: S.CCW_CMD_TIC, address: at }], at);
        return [
          { command: S.CCW_CMD_NOOP, flags: S.CCW_FLAG_CHAIN_COMMAND },
          { command: S.CCW_CMD_TIC, address: at },
        ];
      },
    ],
    [
      "a transfer in channel with a count",
      (vm) => [
        { command: S.CCW_CMD_NOOP, flags: S.CCW_FLAG_CHAIN_COMMAND },
        { command: S.CCW_CMD_TIC, address: vm.ram.alloc(8, 8), count: 1 },
      ],
    ],
    ["a transfer in channel of format 0", () => [{ command: 0x18, address: 0x4000_1000 }]],
    ["suspension", () => [{ command: S.CCW_CMD_NOOP, flags: S.CCW_FLAG_SUSPEND }]],
    ["modified indirect addresses", () => [{ command: S.CCW_CMD_NOOP, flags: S.CCW_FLAG_MODIFIED_INDIRECT }]],
    ["chained data without a count", () => [{ command: C.CCW_CMD_READ_FEAT, flags: S.CCW_FLAG_CHAIN_DATA }]],
    [
      "a misaligned list of addresses",
      (vm) => [{ command: C.CCW_CMD_READ_FEAT, count: 5, address: vm.ram.alloc(16) + 2, flags: S.CCW_FLAG_INDIRECT }],
    ],
    [
      "a list of addresses outside of memory",
      () => [{ command: C.CCW_CMD_READ_FEAT, count: 5, address: 0x2000, flags: S.CCW_FLAG_INDIRECT }],
    ],
  ];

  it.each(PROGRAM_CHECKS)("%s is a program check, and nothing was done", (_what, words) => {
    const { vm, driver, transport } = machine();
    const status = driver.run(words(vm, driver));
    expect([status.device, status.subchannel]).toEqual([0, S.CSTAT_PROGRAM_CHECK]);
    expect(status.control & S.SCSW_STCTL_ALERT).not.toBe(0);
    expect(transport.bus.status).toBe(0);
  });

  it("an endless program ends", () => {
    const { vm, driver } = machine();
    const at = vm.ram.alloc(16, 8);
    driver.writeProgram(
      [
        { command: S.CCW_CMD_NOOP, flags: S.CCW_FLAG_CHAIN_COMMAND },
        { command: S.CCW_CMD_TIC, address: at },
      ],
      at,
    );
    expect(driver.start(at)).toBe(0);
    expect(driver.test()?.subchannel).toBe(S.CSTAT_PROGRAM_CHECK);
    expect(MAX_PROGRAM_WORDS).toBeLessThan(10_000);
  });

  it("words of format 0, and words that are not aligned or not in memory, are program checks", () => {
    const { driver } = machine();
    for (const [at, control] of [
      [0x4000_1000, 0],
      [0x4000_1004, S.ORB_FORMAT_1],
      [0x1000, S.ORB_FORMAT_1],
    ] as const) {
      expect(driver.start(at, control)).toBe(0);
      expect(driver.test()?.subchannel).toBe(S.CSTAT_PROGRAM_CHECK);
    }
  });

  it("a word may ask for an interruption of its own, which comes with the end", () => {
    const { driver } = machine();
    const status = driver.run([{ command: S.CCW_CMD_NOOP, flags: S.CCW_FLAG_PCI }]);
    expect([status.device, status.subchannel]).toEqual([ENDED, S.CSTAT_PCI]);
    expect(status.control & S.SCSW_STCTL_ALERT).toBe(0);
  });
});

describe("instructions", () => {
  it("name a subchannel that there is, and a block in memory at a multiple of four", () => {
    const { vm, driver } = machine();
    const { css } = driver.channels;
    const at = vm.ram.alloc(64, 8);
    for (const name of ["storeSubchannel", "modifySubchannel", "startSubchannel", "testSubchannel"] as const) {
      expect([name, css[name](0, at)]).toEqual([name, "operand"]);
      expect([name, css[name](SUBCHANNEL, at + 2)]).toEqual([name, "specification"]);
      expect([name, css[name](SUBCHANNEL, 0x2000)]).toEqual([name, "addressing"]);
      expect([name, css[name](SUBCHANNEL + 1, at)]).toEqual([name, 3]);
    }
    expect(css.haltSubchannel(0x0002_0000)).toBe("operand");
    expect(css.clearSubchannel(SUBCHANNEL + 7)).toBe(3);
    expect(css.testPendingInterruption(at + 1, 0xff)).toBe("specification");
  });

  it("a disabled subchannel takes nothing but STSCH and MSCH", () => {
    const { vm, driver } = machine();
    const { css } = driver.channels;
    driver.enable(false);
    const at = vm.ram.alloc(64, 8);
    expect(driver.start(driver.writeProgram([{ command: S.CCW_CMD_NOOP }]))).toBe(3);
    expect(css.testSubchannel(SUBCHANNEL, at)).toBe(3);
    expect(css.haltSubchannel(SUBCHANNEL)).toBe(3);
    expect(css.clearSubchannel(SUBCHANNEL)).toBe(3);
    expect(css.diagnose(3, SUBCHANNEL, 0)).toBe(C.DIAGNOSE_EINVAL);
    expect(css.storeSubchannel(SUBCHANNEL, at)).toBe(0);
  });

  it("a status that is pending keeps others out until it was tested", () => {
    const { vm, driver } = machine();
    const { css } = driver.channels;
    const program = driver.writeProgram([{ command: S.CCW_CMD_NOOP }]);
    expect(driver.start(program)).toBe(0);
    expect(driver.start(program)).toBe(1);
    expect(css.haltSubchannel(SUBCHANNEL)).toBe(1);
    const at = vm.ram.alloc(S.SCHIB_SIZE, 4);
    expect(css.storeSubchannel(SUBCHANNEL, at)).toBe(0);
    expect(css.modifySubchannel(SUBCHANNEL, at)).toBe(1);
    expect(css.testSubchannel(SUBCHANNEL, vm.ram.alloc(64, 4))).toBe(0);
    expect(css.testSubchannel(SUBCHANNEL, vm.ram.alloc(64, 4))).toBe(1);
    expect(css.takeInterruption()).toBe(null);
  });

  it("HSCH and CSCH end in a status of their own", () => {
    const { driver } = machine();
    const { css } = driver.channels;
    expect(css.haltSubchannel(SUBCHANNEL)).toBe(0);
    expect(driver.test()?.control).toBe(S.SCSW_FCTL_HALT | S.SCSW_STCTL_PENDING);
    expect(css.clearSubchannel(SUBCHANNEL)).toBe(0);
    expect(driver.test()?.control).toBe(S.SCSW_FCTL_CLEAR | S.SCSW_STCTL_PENDING);
  });

  it("without a path that may be used the condition code comes late", () => {
    const { driver } = machine();
    expect(driver.start(driver.writeProgram([{ command: S.CCW_CMD_NOOP }]), S.ORB_FORMAT_1, 0x7f)).toBe(0);
    const status = driver.test();
    expect((status?.flags ?? 0) & S.SCSW_FLAG_DEFERRED_CC_3).toBe(S.SCSW_FLAG_DEFERRED_CC_3);
  });

  it("TPI stores whose interruption it is, of the subclasses that are enabled", () => {
    const { vm, driver } = machine();
    const { css } = driver.channels;
    driver.start(driver.writeProgram([{ command: S.CCW_CMD_NOOP }]));
    expect(driver.channels.calls).toBeGreaterThan(0);
    const at = vm.ram.alloc(8, 4);
    expect(css.testPendingInterruption(at, 0xef)).toBe(0);
    expect(css.testPendingInterruption(at, 0x10)).toBe(1);
    expect([...vm.ram.bytes(at, 8)]).toEqual([0, 1, 0, 0, 0x0b, 0xad, 0xca, 0xfe]);
    expect(css.testPendingInterruption(at, 0xff)).toBe(0);
  });

  it("concurrent sense: TSCH brings the sense data along", () => {
    const { vm, driver } = machine();
    const { css } = driver.channels;
    const at = vm.ram.alloc(S.SCHIB_SIZE, 4);
    css.storeSubchannel(SUBCHANNEL, at);
    vm.ram.setU8(at + S.PMCW_CHARS + 3, S.PMCW_CHARS_CONCURRENT_SENSE);
    expect(css.modifySubchannel(SUBCHANNEL, at)).toBe(0);
    driver.start(driver.writeProgram([command(vm, 0x07, [0])]));
    const irb = vm.ram.alloc(S.IRB_SIZE, 4);
    expect(css.testSubchannel(SUBCHANNEL, irb)).toBe(0);
    expect(vm.ram.u8(irb + S.IRB_ECW)).toBe(S.SENSE_COMMAND_REJECT);
    expect(vm.ram.u8(irb + S.IRB_ESW + 6)).toBe(S.SENSE_BYTES);
    expect(driver.send(S.CCW_CMD_BASIC_SENSE, new Uint8Array(S.SENSE_BYTES)).data[0]).toBe(0);
  });

  it("MSCH refuses reserved bits", () => {
    const { vm, driver } = machine();
    const at = vm.ram.alloc(S.SCHIB_SIZE, 4);
    for (const [offset, bits] of [
      [S.PMCW_FLAGS, 0x04],
      [S.PMCW_CHARS, 0x80],
      [S.PMCW_CHARS + 3, 0x08],
    ] as const) {
      driver.channels.css.storeSubchannel(SUBCHANNEL, at);
      vm.ram.setU8(at + offset, vm.ram.u8(at + offset) | bits);
      expect(driver.channels.css.modifySubchannel(SUBCHANNEL, at)).toBe("operand");
    }
  });
});
