import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { MEMORY_MAP } from "../machine/memory-map.ts";
import { Pl011 } from "./pl011.ts";
import { StateError } from "./state.ts";
import { FakeIrq, FakeLog, randomSequence } from "./testing/fakes.ts";
import { Qtest } from "./testing/qtest.ts";

const BASE = MEMORY_MAP.VIRT_UART.base;
const [DR, FR, LCR_H, CR, IMSC, RIS, MIS, ICR] = [0, 0x18, 0x2c, 0x30, 0x38, 0x3c, 0x40, 0x44];
const READABLE = [0x04, FR, 0x20, 0x24, 0x28, LCR_H, CR, 0x34, IMSC, RIS, MIS, 0x48];
const IDS = [0xfe0, 0xfe4, 0xfe8, 0xfec, 0xff0, 0xff4, 0xff8, 0xffc];
const FEN = 0x10;
const INT_RX = 0x10;

let irq: FakeIrq;
let log: FakeLog;
let output: number[];
let ready: number;
let uart: Pl011;

beforeEach(() => {
  irq = new FakeIrq();
  log = new FakeLog();
  output = [];
  ready = 0;
  const backend = { write: (byte: number) => output.push(byte), receiveReady: () => ready++ };
  uart = new Pl011({ irq, backend, log });
});

const text = (characters: string): Uint8Array => new TextEncoder().encode(characters);
const word = (offset: number): number => uart.read(offset, 4);

describe("Pl011 against the pl011 of qemu-system-aarch64 -M virt -S -qtest stdio", () => {
  let qemu: Qtest;
  beforeAll(async () => {
    qemu = await Qtest.start();
  });
  afterAll(() => qemu.stop());

  it("has the same reset values and identification", async () => {
    for (const offset of [DR, ...READABLE, ...IDS]) {
      expect(word(offset), offset.toString(16)).toBe(await qemu.read(BASE + offset, 4));
    }
  });

  it("answers a random driver alike: FIFO on and off, interrupts, characters both ways", async () => {
    const random = randomSequence(42);
    const written = [DR, 0x20, 0x24, 0x28, 0x34, IMSC, ICR, 0x04];
    let sent = 0;
    let waiting = 0;
    const write = async (offset: number, value: number): Promise<void> => {
      uart.write(offset, 4, value);
      await qemu.write(BASE + offset, 4, value);
    };
    const compare = async (offset: number, step: string): Promise<void> => {
      expect(word(offset), `${step}: ${offset.toString(16)}`).toBe(await qemu.read(BASE + offset, 4));
    };
    for (let round = 0; round < 24; round++) {
      for (let step = 0; step < 30; step++) {
        const offset = written[random(written.length)] ?? 0;
        await write(offset, offset === 0x24 ? random(64) : random(0x800));
        for (const readable of READABLE) await compare(readable, `${round}.${step}`);
      }
      // QEMU 7.2 leaves UARTFR as it is when the FIFO is switched with characters in it: switch it empty.
      if (waiting === 0) await write(LCR_H, random(2) * FEN + 0x60);
      const depth = (word(LCR_H) & FEN) !== 0 ? 16 : 1;
      const count = random(depth - waiting + 1);
      const typed = Uint8Array.from({ length: count }, () => 0x20 + random(90));
      sent += count;
      waiting += count;
      uart.receive(typed);
      await qemu.type(typed);
      for (const readable of READABLE) await compare(readable, `${round} typed ${count}`);
      for (let reads = random(waiting + 1); reads > 0; reads--) {
        await compare(DR, `${round} read`);
        waiting--;
        for (const readable of READABLE) await compare(readable, `${round} read`);
        expect(irq.level).toBe(word(MIS) !== 0);
      }
    }
    expect(sent).toBeGreaterThan(50);
    await expect.poll(() => qemu.serialOutput).toBe(String.fromCharCode(...output));
  }, 120_000);

  it("ignores and answers accesses to registers that are not there as QEMU does, and counts them", async () => {
    for (const offset of [0x08, 0x14, 0x1c, 0x4c, 0x80, 0xfdc]) {
      expect(word(offset)).toBe(await qemu.read(BASE + offset, 4));
      uart.write(offset, 4, 0xffff_ffff);
    }
    expect(log.errors.length).toBe(12);
    expect(log.errors[0]).toBe("pl011 read: there is no readable register at 0x8");
  });
});

describe("Pl011", () => {
  it("transmits at once, whatever the access size, and raises the transmit interrupt", () => {
    uart.write(IMSC, 4, 0x20);
    expect(irq.level).toBe(false);
    uart.write(DR, 1, 0x41);
    uart.write(DR, 2, 0x142);
    uart.write(DR, 4, 0xffff_ff43);
    expect(output).toEqual([0x41, 0x42, 0x43]);
    expect(irq.level).toBe(true);
    expect(word(FR) & 0x80).toBe(0x80);
    uart.write(ICR, 4, 0x20);
    expect(irq.level).toBe(false);
  });

  it("delivers every character of a long input to a driver that takes interrupts", () => {
    const input = Uint8Array.from({ length: 5000 }, (_, index) => index & 0xff);
    uart.write(LCR_H, 4, FEN);
    uart.write(IMSC, 4, INT_RX);
    expect(uart.receive(input)).toBe(5000);
    const received: number[] = [];
    for (let pass = 0; irq.level && pass < 10_000; pass++) received.push(word(DR) & 0xff);
    expect(received).toEqual([...input]);
    expect(word(FR) & 0x50).toBe(0x10);
  });

  it("delivers every character to a driver that polls", () => {
    uart.receive(text("polling"));
    let received = "";
    for (let pass = 0; pass < 100; pass++) {
      if ((word(FR) & 0x10) === 0) received += String.fromCharCode(word(DR));
    }
    expect(received).toBe("polling");
  });

  it("loses no more than one FIFO to a driver that empties it before it takes interrupts, as Linux does", () => {
    const input = text("0123456789abcdefghijklmnopqrstuvwxyz");
    uart.write(LCR_H, 4, FEN);
    uart.receive(input);
    for (let count = 0; count < 32 && (word(FR) & 0x10) === 0; count++) uart.read(DR, 4);
    uart.write(IMSC, 4, INT_RX);
    expect(irq.level).toBe(true);
    let received = "";
    while (irq.level) received += String.fromCharCode(word(DR));
    expect(received).toBe("ghijklmnopqrstuvwxyz");
  });

  it("takes no more than it can hold, and says when there is room", () => {
    const flood = new Uint8Array(100_000).fill(0x55);
    const taken = uart.receive(flood);
    expect(taken).toBeLessThan(flood.length);
    expect(uart.receiveSpace).toBe(1);
    expect(uart.receive(flood)).toBe(1);
    expect(uart.receive(flood)).toBe(0);
    expect(uart.receiveBreak()).toBe(false);
    uart.write(IMSC, 4, INT_RX);
    while (ready === 0) uart.read(DR, 4);
    expect(ready).toBe(1);
    expect(uart.receiveSpace).toBeGreaterThan(30_000);
  });

  it("passes a break on as a character with its error bit", () => {
    uart.write(LCR_H, 4, FEN);
    uart.receive(text("a"));
    expect(uart.receiveBreak()).toBe(true);
    expect(word(DR)).toBe(0x61);
    expect(word(0x04)).toBe(0);
    expect(word(DR)).toBe(0x400);
    expect(word(0x04)).toBe(4);
    uart.write(0x04, 4, 0);
    expect(word(0x04)).toBe(0);
  });

  it("loops back data, breaks and modem lines, keeps the line out, and counts an overrun (DDI 0183 3.3.8, 2.4.3)", () => {
    uart.write(LCR_H, 4, FEN);
    uart.write(CR, 4, 0x380 | 0x2400);
    // OUT2 to RI, DTR to DSR.
    expect(word(FR) & 0x107).toBe(0x102);
    uart.receive(text("x"));
    expect(word(FR) & 0x10).toBe(0x10);
    for (let index = 0; index < 17; index++) uart.write(DR, 4, 0x30 + index);
    expect(word(FR) & 0x40).toBe(0x40);
    expect(word(RIS) & 0x400).toBe(0x400);
    expect(word(0x04) & 8).toBe(8);
    for (let index = 0; index < 16; index++) expect(word(DR)).toBe(0x30 + index);
    uart.write(LCR_H, 4, FEN | 1);
    expect(word(DR)).toBe(0x400);
    uart.write(CR, 4, 0x300);
    expect(word(FR) & 0x10).toBe(0x10);
    expect(word(DR)).toBe(0x78);
  });

  it("goes back to its reset values, and keeps what was typed", () => {
    const fresh = READABLE.map(word);
    for (const offset of READABLE) uart.write(offset, 4, 0x35);
    uart.write(DR, 4, 0);
    expect(irq.level).toBe(true);
    uart.reset();
    expect(irq.level).toBe(false);
    expect(READABLE.map(word)).toEqual(fresh);
    // One character is in the receiver and lost; the others have not been sent yet.
    uart.receive(text("abc"));
    uart.reset();
    expect(word(FR) & 0x10).toBe(0x10);
    expect(String.fromCharCode(word(DR))).toBe("b");
  });

  it("comes back from its saved state: registers, FIFO, waiting characters and the interrupt", () => {
    uart.write(LCR_H, 4, FEN);
    uart.write(IMSC, 4, INT_RX);
    uart.receive(text("abcdefghijklmnopqrstuvwxyz"));
    uart.read(DR, 4);
    uart.read(DR, 4);
    const state = structuredClone(uart.saveState());
    const otherIrq = new FakeIrq();
    const other = new Pl011({ irq: otherIrq, backend: { write: () => undefined }, log });
    other.loadState(state);
    expect(otherIrq.level).toBe(true);
    expect(other.saveState()).toEqual(state);
    let received = "";
    while (otherIrq.level) received += String.fromCharCode(other.read(DR, 4));
    expect(received).toBe("cdefghijklmnopqrstuvwxyz");
  });

  it("refuses a state that is another device's, another version's or damaged", () => {
    const state = uart.saveState();
    expect(() => uart.loadState({ ...state, name: "pl031" as "pl011" })).toThrow(StateError);
    expect(() => uart.loadState({ ...state, version: 2 as 1 })).toThrow(/version 2/);
    expect(() => uart.loadState({ ...state, fifo: new Array<number>(17).fill(0) })).toThrow(StateError);
    expect(() => uart.loadState({ ...state, cr: -1 })).toThrow(StateError);
  });
});
