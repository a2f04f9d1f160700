/** Virtio over channel I/O (virtio 1.4, 4.3): revisions, features, status, queues, indicators, and what is refused. */
import { describe, expect, it } from "vitest";
import type { VirtioBlk } from "../../devices/blk/device.ts";
import { createDevice } from "../../registry.ts";
import * as C from "../../spec/ccw.ts";
import * as S from "../../spec/channel-io.ts";
import { VIRTIO_F_RING_RESET, VIRTIO_F_VERSION_1 } from "../../spec/features.ts";
import {
  STATUS_ACKNOWLEDGE,
  STATUS_DEVICE_NEEDS_RESET,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FEATURES_OK,
} from "../../spec/status.ts";
import type { CcwDriver, CommandWord } from "../../testing/ccw-driver.ts";
import { ccwMachine as machine, type CcwMachine, command, ENDED, expectReject } from "../../testing/ccw-machine.ts";
import { Harness } from "../../testing/harness.ts";
import { MemoryDisk } from "../../testing/memory-disk.ts";
import { formatDevno, parseDevno } from "./devno.ts";

const PLAIN = { eventIdx: false, style: "direct" } as const;
const SUBCHANNEL = S.SUBCHANNEL_ID_BASE;

/** The same subchannel, enabled anew: no revision is set. */
function restart({ driver }: CcwMachine): CcwDriver {
  driver.enable(false);
  driver.enable(true);
  return driver;
}

describe("4.3.1: a virtio-ccw proxy device", () => {
  it("SENSE ID tells control unit type 0x3832 and the device's ID as its model", () => {
    const { driver } = machine();
    const { data } = driver.send(S.CCW_CMD_SENSE_ID, new Uint8Array(S.SENSE_ID_BYTES).fill(0xaa));
    expect([...data.subarray(0, 8)]).toEqual([0xff, 0x38, 0x32, 2, 0, 0, 0, 0]);
    expect(data.subarray(8).every((byte) => byte === 0)).toBe(true);
  });

  it("the subchannel has one path, a valid device number, and is enabled by MSCH", () => {
    const { vm, driver } = machine();
    const at = vm.ram.alloc(S.SCHIB_SIZE, 4);
    expect(driver.channels.css.storeSubchannel(SUBCHANNEL, at)).toBe(0);
    const block = vm.ram.bytes(at, S.SCHIB_SIZE);
    expect([...block.subarray(S.PMCW_FLAGS, S.PMCW_FLAGS + 4)]).toEqual([0x18, 0x81, 0x12, 0x34]);
    expect(block[S.PMCW_PIM]).toBe(0x80);
    expect(block[S.PMCW_PAM]).toBe(0x80);
  });

  it("several devices have a subchannel each, with the first free device numbers or those that are wanted", () => {
    const { vm, driver } = machine("ccw 1");
    createDevice("virtio-rng-ccw", { devno: "fe.0.0001" }, vm.context);
    createDevice("virtio-rng-ccw", {}, vm.context);
    const at = vm.ram.alloc(S.SCHIB_SIZE, 4);
    const devno = (number: number): number => {
      expect(driver.channels.css.storeSubchannel(SUBCHANNEL + number, at)).toBe(0);
      return vm.ram.u8(at + S.PMCW_DEVNO) * 256 + vm.ram.u8(at + S.PMCW_DEVNO + 1);
    };
    expect([0, 1, 2].map(devno)).toEqual([0, 1, 2]);
    expect(driver.channels.css.storeSubchannel(SUBCHANNEL + 3, at)).toBe(3);
    expect(() => createDevice("virtio-rng-ccw", { devno: "fe.0.0002" }, vm.context)).toThrow(
      "virtio-ccw: the device number fe.0.0002 is taken already.",
    );
  });

  it("device numbers are read and written as QEMU does", () => {
    expect(parseDevno("fe.0.00Af")).toBe(0xaf);
    expect(formatDevno(0xaf)).toBe("fe.0.00af");
    for (const text of ["0001", "fe.1.0001", "0.0.0001", "fe.0.10000", "fe.0."]) expect(parseDevno(text)).toBe(null);
    expect(() => machine("ccw 2", { devno: "fd.0.0001" })).toThrow('not "fd.0.0001"');
  });

  it.each([0x00, 0x05, 0x14, 0x93, 0xff, C.CCW_CMD_READ_STATUS])(
    "4.3.1.3: command 0x%s that revision 1 does not have is rejected, or is none",
    (code) => {
      const { vm, driver } = machine("ccw 1");
      const words = [command(vm, code, new Uint8Array(8))];
      if ((code & 0x0f) === 0) expect(driver.run(words).subchannel).toBe(S.CSTAT_PROGRAM_CHECK);
      else expectReject(driver, words);
    },
  );
});

describe("4.3.2.1: revisions", () => {
  const setRevision = (driver: CcwDriver, revision: number, length = 0): boolean =>
    driver.send(C.CCW_CMD_SET_VIRTIO_REV, driver.bigEndian([revision, 2], [length, 2])).ok;

  it("one is chosen once; those that do not exist, and data that none has, are rejected", () => {
    const made = machine();
    const driver = restart(made);
    expect(setRevision(driver, 3)).toBe(false);
    expect(setRevision(driver, 0xffff)).toBe(false);
    expect(setRevision(driver, 1, 1)).toBe(false);
    expect(made.transport.revision).toBe(null);
    expect(setRevision(driver, 1)).toBe(true);
    expect(setRevision(driver, 2)).toBe(false);
    expect(setRevision(driver, 1)).toBe(false);
    expect(made.transport.revision).toBe(1);
    expect(restart(made).revision).toBe(2);
    expect(made.transport.revision).toBe(null);
    expect(setRevision(driver, 2)).toBe(true);
  });

  it("max_revision limits them, and the reset of the device leaves it in force", () => {
    const made = machine("ccw 1");
    expect(setRevision(restart(made), 2)).toBe(false);
    expect(setRevision(made.driver, 1)).toBe(true);
    made.driver.reset();
    expect(made.transport.revision).toBe(1);
  });

  it("a driver that begins with another command is a legacy driver", () => {
    const made = machine();
    const driver = restart(made);
    expect(driver.send(C.CCW_CMD_READ_FEAT, new Uint8Array(5)).ok).toBe(true);
    expect(made.transport.revision).toBe(0);
    expect(made.transport.bus.mode).toBe("legacy");
    expect(setRevision(driver, 0)).toBe(false);
    expect(setRevision(driver, 2)).toBe(false);
    expectReject(driver, [command(made.vm, C.CCW_CMD_READ_STATUS, [0])]);
    // Basic commands say nothing about the driver.
    restart(made);
    driver.deviceId();
    expect(made.transport.revision).toBe(null);
  });

  it("feature words: little-endian, by index; the legacy revision has one", () => {
    const word = (driver: CcwDriver, index: number): number => {
      const { data } = driver.send(C.CCW_CMD_READ_FEAT, Uint8Array.of(0xff, 0xff, 0xff, 0xff, index));
      return new DataView(data.buffer).getUint32(0, true);
    };
    const { driver } = machine();
    expect(word(driver, 1) & 1).toBe(VIRTIO_F_VERSION_1 - 31);
    expect(driver.deviceFeatures().has(VIRTIO_F_RING_RESET)).toBe(false);
    expect([word(driver, 4), word(driver, 255)]).toEqual([0, 0]);
    const legacy = machine("ccw 0").driver;
    expect(word(legacy, 0)).not.toBe(0);
    expect(word(legacy, 1)).toBe(0);
  });

  it("features in words that do not exist are rejected unless there are none", () => {
    const { vm, driver } = machine();
    expect(driver.send(C.CCW_CMD_WRITE_FEAT, Uint8Array.of(0, 0, 0, 0, 9)).ok).toBe(true);
    expectReject(driver, [command(vm, C.CCW_CMD_WRITE_FEAT, [1, 0, 0, 0, 9])]);
    expect(vm.log.guestErrors.join()).toContain("features accepted that do not exist");
  });
});

describe("4.3.2.3: status", () => {
  it("a status that cannot be is rejected and leaves the old one", () => {
    const { vm, driver, transport } = machine();
    const write = (value: number): CommandWord[] => [command(vm, C.CCW_CMD_WRITE_STATUS, [value])];
    driver.run(write(STATUS_ACKNOWLEDGE));
    // No feature was accepted, VIRTIO_F_VERSION_1 among them.
    expectReject(driver, write(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK));
    expect(transport.bus.status).toBe(STATUS_ACKNOWLEDGE);
    expectReject(driver, write(STATUS_DRIVER));
    expectReject(driver, write(STATUS_ACKNOWLEDGE | STATUS_DEVICE_NEEDS_RESET));
    expect(transport.bus.status).toBe(STATUS_ACKNOWLEDGE);
    expect(driver.status()).toBe(STATUS_ACKNOWLEDGE);
    expect(driver.run(write(0)).device).toBe(ENDED);
    expect(transport.bus.status).toBe(0);
  });

  it("READ_STATUS shows that the device needs a reset, and RESET ends that", async () => {
    const { vm, driver } = machine();
    vm.start(PLAIN);
    vm.splitRing().offer(9999);
    driver.notify(0);
    expect(driver.status() & STATUS_DEVICE_NEEDS_RESET).not.toBe(0);
    expect(driver.takeInterrupts().config).toBe(true);
    driver.reset();
    expect(driver.status()).toBe(0);
    vm.start(PLAIN);
    expect((await vm.transact([vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)], "direct")).length).toBe(513);
  });
});

describe("4.3.2.2: queues", () => {
  const info = (driver: CcwDriver, fields: readonly (readonly [number, number])[]): Uint8Array =>
    driver.bigEndian(...fields);

  it("READ_VQ_CONF gives the largest size, 0 for a queue that is not there", () => {
    const { driver } = machine("ccw 2", { "num-queues": 2, "queue-size": 64 });
    expect([0, 1, 2, 0xffff].map((index) => driver.queueSizeMax(index))).toEqual([64, 64, 0, 0]);
  });

  it.each([
    ["a queue that is not there", { index: 7 }],
    ["more descriptors than there may be", { num: 512 }],
    ["no descriptors", { num: 0 }],
    ["a size that is no power of two", { num: 3 }],
    ["rings outside of memory", { driver: 0x2000 }],
    ["rings that are misaligned", { device: 2 }],
  ])("SET_VQ with %s is rejected", (_what, wrong) => {
    const { vm, driver, transport } = machine();
    const page = vm.ram.alloc(3 * 4096, 4096);
    const good = { index: 0, num: 16, driver: page + 4096, device: page + 8192 };
    const { index, num, driver: avail, device } = { ...good, ...wrong };
    const used = device === 2 ? page + 8194 : device;
    const block = info(driver, [
      [page, 8],
      [0, 4],
      [index, 2],
      [num, 2],
      [avail, 8],
      [used, 8],
    ]);
    expectReject(driver, [command(vm, C.CCW_CMD_SET_VQ, block)]);
    expect(transport.bus.queue(0)?.ready).toBe(false);
  });

  it("an address of 0 stops a queue", () => {
    const { vm, driver, transport } = machine();
    vm.start(PLAIN);
    expect(transport.bus.queue(0)?.ready).toBe(true);
    expect(driver.send(C.CCW_CMD_SET_VQ, new Uint8Array(C.VQ_INFO_SIZE)).ok).toBe(true);
    expect(transport.bus.queue(0)?.ready).toBe(false);
  });

  it("the legacy block has an alignment, which is 4096", () => {
    const { vm, driver, transport } = machine("ccw 0");
    const page = vm.ram.alloc(3 * 4096, 4096);
    const block = (align: number): Uint8Array =>
      info(driver, [
        [page, 8],
        [align, 4],
        [0, 2],
        [16, 2],
      ]);
    expectReject(driver, [command(vm, C.CCW_CMD_SET_VQ, block(2048))]);
    expect(driver.send(C.CCW_CMD_SET_VQ, block(4096)).ok).toBe(true);
    expect(transport.bus.queue(0)?.ready).toBe(true);
  });
});

describe("4.3.2.6: indicators", () => {
  it("classic and adapter indicators exclude each other, until a reset or an address of 0", () => {
    const { vm, driver } = machine();
    const classic = driver.bigEndian([vm.ram.alloc(8), 8]);
    const adapter = driver.bigEndian([vm.ram.alloc(1), 8], [vm.ram.alloc(8), 8], [3, 8], [1, 1]);
    expect(driver.send(C.CCW_CMD_SET_IND, classic).ok).toBe(true);
    expectReject(driver, [command(vm, C.CCW_CMD_SET_IND_ADAPTER, adapter)]);
    expect(driver.send(C.CCW_CMD_SET_IND, new Uint8Array(8)).ok).toBe(true);
    expect(driver.send(C.CCW_CMD_SET_IND_ADAPTER, adapter).ok).toBe(true);
    expectReject(driver, [command(vm, C.CCW_CMD_SET_IND, classic)]);
    expect(driver.send(C.CCW_CMD_SET_IND_ADAPTER, new Uint8Array(25)).ok).toBe(true);
    expect(driver.send(C.CCW_CMD_SET_IND, classic).ok).toBe(true);
    driver.reset();
    expect(driver.send(C.CCW_CMD_SET_IND_ADAPTER, adapter).ok).toBe(true);
  });

  it("outside of memory, or in an interruption subclass that does not exist, they are rejected", () => {
    const { vm, driver } = machine();
    const ram = vm.ram.alloc(8);
    expectReject(driver, [command(vm, C.CCW_CMD_SET_IND, driver.bigEndian([0x2000, 8]))]);
    expectReject(driver, [command(vm, C.CCW_CMD_SET_CONF_IND, driver.bigEndian([vm.ram.end - 7, 8]))]);
    for (const [summary, area, bit, isc] of [
      [0x2000, ram, 0, 0],
      [ram, 0x2000, 0, 0],
      [ram, ram, 2 ** 40, 0],
      [ram, ram, 0, 8],
    ] as const) {
      const block = driver.bigEndian([summary, 8], [area, 8], [bit, 8], [isc, 1]);
      expectReject(driver, [command(vm, C.CCW_CMD_SET_IND_ADAPTER, block)]);
    }
  });

  it("more than 64 queues have no classic indicators", () => {
    const { vm, driver, transport } = machine();
    const { queues } = transport.bus;
    const many = Array.from({ length: 65 }, () => queues[0]);
    Object.defineProperty(transport.bus, "queues", { value: many });
    expectReject(driver, [command(vm, C.CCW_CMD_SET_IND, driver.bigEndian([vm.ram.alloc(8), 8]))]);
  });

  it("classic: the queue's bit of a big-endian number, and one interruption until its status was taken", async () => {
    const { vm, driver } = machine("ccw 1", { "num-queues": 12 });
    vm.start(PLAIN, [0, 9]);
    const own = vm.ram.alloc(8);
    driver.send(C.CCW_CMD_SET_IND, driver.bigEndian([own, 8]));
    driver.test();
    driver.channels.css.takeInterruption();
    const chain = () => [vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)];
    await vm.transact(chain(), "direct", 9);
    expect([...vm.ram.bytes(own, 8)]).toEqual([0, 0, 0, 0, 0, 0, 2, 0]);
    await vm.transact(chain(), "direct", 0);
    expect([...vm.ram.bytes(own, 8)]).toEqual([0, 0, 0, 0, 0, 0, 2, 1]);
    const { css } = driver.channels;
    expect(css.takeInterruption()).toEqual({ subchannel: SUBCHANNEL, intparm: 0x0badcafe, word: 3 * 2 ** 27 });
    expect(css.takeInterruption()).toBe(null);
    expect(driver.test()?.control).toBe(S.SCSW_STCTL_ALERT | S.SCSW_STCTL_PENDING);
  });

  it("adapter: bits count from the left, and there is no interruption while the summary is set", async () => {
    const { vm, driver } = machine("ccw 2", { "num-queues": 12 });
    driver.reset();
    vm.start(PLAIN, [0, 9]);
    driver.takeInterrupts();
    const [summary, area] = [vm.ram.alloc(1), vm.ram.alloc(8)];
    driver.send(C.CCW_CMD_SET_IND_ADAPTER, driver.bigEndian([summary, 8], [area, 8], [5, 8], [6, 1]));
    driver.takeInterrupts();
    const { css } = driver.channels;
    const chain = () => [vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)];
    await vm.transact(chain(), "direct", 9);
    expect([...vm.ram.bytes(area, 2), vm.ram.u8(summary)]).toEqual([0, 0x02, 1]);
    expect(css.takeInterruption()).toEqual({ subchannel: 0, intparm: 0, word: 6 * 2 ** 27 + 2 ** 31 });
    await vm.transact(chain(), "direct", 0);
    expect([...vm.ram.bytes(area, 2)]).toEqual([0x04, 0x02]);
    expect(css.takeInterruption()).toBe(null);
    vm.ram.setU8(summary, 0);
    await vm.transact(chain(), "direct", 0);
    expect(css.takeInterruption()?.word).toBe(6 * 2 ** 27 + 2 ** 31);
  });

  it.each(["ccw 1", "ccw 2"] as const)("%s: configuration changes interrupt the subchannel", (name) => {
    const { vm, driver, disk } = machine(name);
    vm.start(PLAIN);
    driver.takeInterrupts();
    disk.sizeBytes = 2 ** 21;
    (vm.created.device as VirtioBlk).resized();
    expect(driver.takeInterrupts()).toEqual({ used: false, config: true });
    expect(driver.readConfig(0, 4)).toBe(2 ** 21 / 512);
  });
});

describe("4.3.3.2: the hypercall", () => {
  it("ignores the high half of the register, and refuses what is not there", () => {
    const { vm, driver } = machine();
    vm.start(PLAIN);
    const { css } = driver.channels;
    expect(css.diagnose(3, SUBCHANNEL + 5 * 2 ** 32, 0)).toBe(0);
    expect(css.diagnose(3, SUBCHANNEL + 1, 0)).toBe(C.DIAGNOSE_EINVAL);
    expect(css.diagnose(3, 0, 0)).toBe(C.DIAGNOSE_EINVAL);
    expect(css.diagnose(2, SUBCHANNEL, 0)).toBe(C.DIAGNOSE_EINVAL);
    expect(css.diagnose(3, SUBCHANNEL, 77)).toBe(0);
    expect(vm.log.guestErrors.join()).toContain("queue 77");
  });
});

describe("legacy and modern devices", () => {
  it("max_revision=0 leaves the legacy interface alone", () => {
    const disk = new MemoryDisk(2 ** 20, { sync: true });
    const vm = new Harness("ccw 0", "virtio-blk", { drive: "disk", max_revision: 0 }, { backends: { block: disk } });
    const driver = vm.driver as CcwDriver;
    driver.enable(false);
    driver.enable(true);
    expect(driver.send(C.CCW_CMD_SET_VIRTIO_REV, Uint8Array.of(0, 1, 0, 0)).ok).toBe(false);
    expect(driver.send(C.CCW_CMD_SET_VIRTIO_REV, Uint8Array.of(0, 0, 0, 0)).ok).toBe(true);
    vm.start(PLAIN);
    expect(vm.transport.bus.status & STATUS_DRIVER_OK).not.toBe(0);
  });

  it("machine reset disables the subchannel and forgets the revision", () => {
    const { vm, driver, transport } = machine("ccw 0");
    vm.start(PLAIN);
    transport.reset();
    expect(transport.revision).toBe(null);
    expect(transport.bus.mode).toBe("modern");
    expect(driver.start(driver.writeProgram([{ command: S.CCW_CMD_NOOP }]))).toBe(3);
  });
});
