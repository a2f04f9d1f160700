import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { MEMORY_MAP } from "../machine/memory-map.ts";
import { Pl061 } from "./pl061.ts";
import { StateError } from "./state.ts";
import { FakeClock, FakeIrq, FakeLog, randomSequence } from "./testing/fakes.ts";
import { Qtest } from "./testing/qtest.ts";

const BASE = MEMORY_MAP.VIRT_GPIO.base;
const DATA = 0x3fc;
const [DIR, IS, IBE, IEV, IE, RIS, MIS, IC, AFSEL] = [0x400, 0x404, 0x408, 0x40c, 0x410, 0x414, 0x418, 0x41c, 0x420];
const READABLE = [DATA, 0x0f0, DIR, IS, IBE, IEV, IE, RIS, MIS, AFSEL];
const IDS = Array.from({ length: 12 }, (_, index) => 0xfd0 + index * 4);
const POWER = 1 << 3;

let irq: FakeIrq;
let clock: FakeClock;
let log: FakeLog;
let gpio: Pl061;

beforeEach(() => {
  irq = new FakeIrq();
  clock = new FakeClock();
  log = new FakeLog();
  gpio = new Pl061({ irq, clock, log });
});

const word = (offset: number): number => gpio.read(offset, 4);

describe("Pl061 against the pl061 of qemu-system-aarch64 -M virt -S -qtest stdio", () => {
  let qemu: Qtest;
  beforeAll(async () => {
    qemu = await Qtest.start();
  });
  afterAll(() => qemu.stop());

  it("has the same reset values and identification", async () => {
    for (const offset of [...READABLE, ...IDS]) {
      expect(word(offset), offset.toString(16)).toBe(await qemu.read(BASE + offset, 4));
    }
  });

  it("answers a random driver alike: directions, edges, levels, masks", async () => {
    const random = randomSequence(7);
    const written = [DIR, IS, IBE, IEV, IE, IC, AFSEL, RIS, MIS];
    let raised = 0;
    for (let step = 0; step < 600; step++) {
      const offset = random(3) === 0 ? random(256) * 4 : (written[random(written.length)] ?? 0);
      const value = random(256);
      gpio.write(offset, 4, value);
      await qemu.write(BASE + offset, 4, value);
      for (const readable of READABLE) {
        expect(word(readable), `${step}: ${readable.toString(16)}`).toBe(await qemu.read(BASE + readable, 4));
      }
      expect(irq.level).toBe(word(MIS) !== 0);
      if (irq.level) raised++;
    }
    expect(raised).toBeGreaterThan(50);
  }, 30_000);

  it("answers accesses to registers that are not there as QEMU does", async () => {
    for (const offset of [IC, 0x424, 0x500, 0x520, 0xfcc]) expect(word(offset)).toBe(await qemu.read(BASE + offset, 4));
    expect(log.errors.length).toBe(5);
  });
});

describe("Pl061", () => {
  it("raises its interrupt for the power key as Linux's gpio-keys sets it up: both edges", () => {
    gpio.write(IBE, 4, POWER);
    gpio.write(IE, 4, POWER);
    gpio.pressPowerKey();
    expect(word(POWER << 2)).toBe(POWER);
    expect(irq.level).toBe(true);
    gpio.write(IC, 4, POWER);
    expect(irq.level).toBe(false);
    expect(gpio.deadlineMs()).toBe(clock.now + 100);
    clock.advance(99);
    gpio.poll();
    expect(irq.level).toBe(false);
    clock.advance(1);
    gpio.poll();
    expect(irq.level).toBe(true);
    expect(word(POWER << 2)).toBe(0);
    expect(gpio.deadlineMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it("does not let an input override an output", () => {
    gpio.write(DIR, 4, POWER);
    gpio.pressPowerKey();
    expect(word(DATA)).toBe(0);
  });

  it("comes back from its saved state with the key still down", () => {
    gpio.write(IBE, 4, POWER);
    gpio.write(IE, 4, POWER);
    gpio.pressPowerKey();
    clock.advance(40);
    const state = structuredClone(gpio.saveState());
    const otherIrq = new FakeIrq();
    const other = new Pl061({ irq: otherIrq, clock, log });
    other.loadState(state);
    expect(otherIrq.level).toBe(true);
    expect(other.deadlineMs()).toBe(clock.now + 60);
    expect(other.saveState()).toEqual(state);
    other.reset();
    expect(otherIrq.level).toBe(false);
    expect(other.deadlineMs()).toBe(Number.POSITIVE_INFINITY);
    expect(() => other.loadState({ ...state, dir: 256 })).toThrow(StateError);
  });
});
