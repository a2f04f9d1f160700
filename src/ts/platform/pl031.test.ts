import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { MEMORY_MAP } from "../machine/memory-map.ts";
import { Pl031 } from "./pl031.ts";
import { StateError } from "./state.ts";
import { FakeClock, FakeIrq, FakeLog } from "./testing/fakes.ts";
import { Qtest } from "./testing/qtest.ts";

const BASE = MEMORY_MAP.VIRT_RTC.base;
const [DR, MR, LR, CR, IMSC, RIS, MIS, ICR] = [0, 4, 8, 0xc, 0x10, 0x14, 0x18, 0x1c];
const READABLE = [MR, LR, CR, IMSC, RIS, MIS];
const IDS = [0xfe0, 0xfe4, 0xfe8, 0xfec, 0xff0, 0xff4, 0xff8, 0xffc];

let irq: FakeIrq;
let clock: FakeClock;
let log: FakeLog;
let rtc: Pl031;

beforeEach(() => {
  irq = new FakeIrq();
  clock = new FakeClock();
  log = new FakeLog();
  rtc = new Pl031({ irq, clock, log });
});

const word = (offset: number): number => rtc.read(offset, 4);

describe("Pl031 against the pl031 of qemu-system-aarch64 -M virt -S -qtest stdio", () => {
  let qemu: Qtest;
  beforeAll(async () => {
    qemu = await Qtest.start();
  });
  afterAll(() => qemu.stop());

  it("has the same reset values and identification, and shows Unix time", async () => {
    for (const offset of [...READABLE, ...IDS]) {
      expect(word(offset), offset.toString(16)).toBe(await qemu.read(BASE + offset, 4));
    }
    const theirs = await qemu.read(BASE + DR, 4);
    expect(Math.abs(theirs - Date.now() / 1000)).toBeLessThan(5);
    expect(word(DR)).toBe(Math.floor(clock.wall / 1000));
  });

  it("answers the same accesses alike", async () => {
    const both = async (offset: number, value: number): Promise<void> => {
      rtc.write(offset, 4, value);
      await qemu.write(BASE + offset, 4, value);
      for (const readable of READABLE) expect(word(readable)).toBe(await qemu.read(BASE + readable, 4));
    };
    await both(LR, 0xffff_ff00);
    expect(Math.abs((await qemu.read(BASE + DR, 4)) - word(DR))).toBeLessThan(5);
    await both(MR, 0x8000_0000);
    await both(IMSC, 0xffff_ffff);
    await both(CR, 0);
    // Load what matches: the interrupt comes at once.
    await both(LR, 0x8000_0000);
    expect(word(MIS)).toBe(1);
    expect(irq.level).toBe(true);
    await both(ICR, 2);
    await both(ICR, 1);
    expect(irq.level).toBe(false);
    await both(IMSC, 0);
    await both(RIS, 1);
    await both(0x20, 1);
    expect(log.errors.length).toBe(2);
  });
});

describe("Pl031", () => {
  it("keeps what the guest sets, and counts on", () => {
    rtc.write(LR, 4, 1000);
    expect(word(DR)).toBe(1000);
    clock.advance(749);
    expect(word(DR)).toBe(1000);
    clock.advance(1);
    expect(word(DR)).toBe(1001);
    clock.advance(0x1_0000_0000 * 1000);
    expect(word(DR)).toBe(1001);
  });

  it("raises its interrupt in the second of the match, and says when that is", () => {
    rtc.write(IMSC, 4, 1);
    expect(rtc.deadlineMs()).toBe(Number.POSITIVE_INFINITY);
    rtc.write(MR, 4, word(DR) + 3);
    // The clock stands at a quarter of a second.
    expect(rtc.deadlineMs()).toBe(clock.now + 2750);
    clock.advance(2749);
    rtc.poll();
    expect(irq.level).toBe(false);
    clock.advance(1);
    rtc.poll();
    expect(irq.level).toBe(true);
    expect(word(DR)).toBe(word(MR));
    expect(rtc.deadlineMs()).toBe(Number.POSITIVE_INFINITY);
    rtc.write(ICR, 4, 1);
    clock.advance(60_000);
    rtc.poll();
    expect(irq.level).toBe(false);
  });

  it("takes a match in the past for one after the counter wraps", () => {
    rtc.write(MR, 4, word(DR) - 1);
    expect(rtc.deadlineMs()).toBeGreaterThan(clock.now + 0xffff_0000 * 1000);
  });

  it("keeps its time over a reset, and drops the match", () => {
    rtc.write(LR, 4, 5000);
    rtc.write(IMSC, 4, 1);
    rtc.write(MR, 4, 5000);
    expect(irq.level).toBe(true);
    rtc.reset();
    expect(irq.level).toBe(false);
    expect(word(DR)).toBe(5000);
    expect([word(MR), word(IMSC), word(RIS)]).toEqual([0, 0, 0]);
  });

  it("comes back from its saved state, a match that came due in between included", () => {
    rtc.write(LR, 4, 5000);
    rtc.write(IMSC, 4, 1);
    rtc.write(MR, 4, 5010);
    const state = structuredClone(rtc.saveState());
    clock.advance(20_000);
    const otherIrq = new FakeIrq();
    const other = new Pl031({ irq: otherIrq, clock, log });
    other.loadState(state);
    expect(other.read(DR, 4)).toBe(5020);
    expect(otherIrq.level).toBe(true);
    expect(() => other.loadState({ ...state, version: 9 as 1 })).toThrow(StateError);
    expect(() => other.loadState({ ...state, imsc: 2 })).toThrow(StateError);
  });
});
