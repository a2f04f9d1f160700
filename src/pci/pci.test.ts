/** Functions on a bus: what base addresses, the command register, interrupt pins and MSI-X do (PCI Local Bus 3.0, chapter 6). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allOnes } from "./address-space.ts";
import { formatPciAddress, parsePciAddress, PciAddressError } from "./bus.ts";
import { PciFunction, type PciIdentity, type PciRegion } from "./function.ts";
import { PciHostBridge } from "./host-bridge.ts";

const IDENTITY: PciIdentity = {
  vendorId: 0x1234,
  deviceId: 0x5678,
  revisionId: 1,
  classCode: 0xff_0000,
  subsystemVendorId: 0,
  subsystemId: 0,
};
const MEMORY_BASE = 0x1000_0000;
const HIGH_BASE = 0x80_0000_0000;
const [IO, MEMORY, MASTER, INTX_DISABLE] = [1, 2, 4, 0x400];

/** Memory that remembers, and throws when it is reached outside its size. */
function memory(sizeBytes: number): PciRegion & { readonly bytes: Uint8Array } {
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  return {
    bytes,
    read: (offset, size) => (size === 4 ? view.getUint32(offset, true) : (bytes[offset] ?? -1)),
    write: (offset, size, value) => {
      if (size === 4) view.setUint32(offset, value, true);
      else bytes[offset] = value;
    },
  };
}

interface Sent {
  readonly requesterId: number;
  readonly low: number;
  readonly high: number;
  readonly data: number;
}

function machine() {
  const lines = [false, false, false, false];
  const sent: Sent[] = [];
  const bridge = new PciHostBridge({
    setLine: (line, level) => {
      lines[line] = level;
    },
    message: (requesterId, low, high, data) => sent.push({ requesterId, low, high, data }),
  });
  const low = bridge.memoryWindow(MEMORY_BASE);
  const high = bridge.memoryWindow(HIGH_BASE);
  const config = (slot: number) => ({
    read: (offset: number, size: 1 | 2 | 4) => bridge.ecam.read((slot << 15) + offset, size),
    write: (offset: number, size: 1 | 2 | 4, value: number) => bridge.ecam.write((slot << 15) + offset, size, value),
  });
  return { bridge, lines, sent, low, high, config };
}

/** A function with an I/O, a 32-bit and a 64-bit region in the next slot. */
function withRegions(bridge: PciHostBridge) {
  const target = new PciFunction(IDENTITY);
  const [ports, small, wide] = [memory(32), memory(4096), memory(0x4000)];
  target.interruptPin = 1;
  target.addBar(0, { kind: "io", sizeBytes: 32, region: ports });
  target.addBar(1, { kind: "memory32", sizeBytes: 4096, region: small });
  target.addBar(2, { kind: "memory64", prefetchable: true, sizeBytes: 0x4000, region: wide });
  bridge.bus.attach(target);
  return { target, ports, small, wide };
}

describe("base address registers", () => {
  it("answer sizing as the specification says, and decode nothing until the command register lets them", () => {
    const { bridge, low, high, config } = machine();
    const { ports, small, wide } = withRegions(bridge);
    const { read, write } = config(1);
    for (let at = 0x10; at < 0x28; at += 4) write(at, 4, 0xffff_ffff);
    expect([0x10, 0x14, 0x18, 0x1c, 0x20, 0x24].map((at) => read(at, 4))).toEqual([
      0xffff_ffe1, 0xffff_f000, 0xffff_c00c, 0xffff_ffff, 0, 0,
    ]);
    write(0x10, 4, 0x1000);
    write(0x14, 4, MEMORY_BASE + 0x5000);
    write(0x18, 4, 0x8000);
    write(0x1c, 4, 0x80);
    low.write(0x5000, 4, 1);
    high.write(0x8000, 4, 1);
    bridge.pio.write(0x1000, 4, 1);
    expect([low.read(0x5000, 4), high.read(0x8000, 4), bridge.pio.read(0x1000, 4)]).toEqual(Array(3).fill(0xffff_ffff));
    write(4, 2, MEMORY);
    low.write(0x5000, 4, 0x11);
    high.write(0xbffc, 4, 0x22);
    bridge.pio.write(0x1000, 4, 0x33);
    write(4, 2, IO);
    low.write(0x5004, 4, 0x44);
    bridge.pio.write(0x101c, 4, 0x55);
    expect([small.bytes[0], small.bytes[4], wide.bytes[0x3ffc], ports.bytes[0], ports.bytes[0x1c]]).toEqual([
      0x11, 0, 0x22, 0, 0x55,
    ]);
  });

  it("overlapping, misplaced and wrapping ones hurt nobody", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 5 }), fc.nat(0xffff_ffff)), {
          maxLength: 40,
        }),
        fc.array(fc.nat(0xffff), { minLength: 10, maxLength: 10 }),
        (writes, offsets) => {
          const { bridge, low, high, config } = machine();
          for (let slot = 0; slot < 3; ++slot) withRegions(bridge);
          for (let slot = 1; slot <= 3; ++slot) config(slot).write(4, 2, IO | MEMORY);
          for (const [slot, bar, value] of writes) config(slot + 1).write(0x10 + 4 * bar, 4, value);
          for (const offset of offsets) {
            for (const region of [low, high, bridge.pio]) {
              region.write(offset & ~3, 4, 0x1234_5678);
              const value = region.read(offset & ~3, 4);
              expect([0x1234_5678, 0xffff_ffff]).toContain(value);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("what nothing answers reads as all ones, in every width", () => {
    const { bridge, low, high } = machine();
    for (const size of [1, 2, 4] as const) {
      for (const region of [low, high, bridge.pio]) expect(region.read(0x100, size)).toBe(allOnes(size));
    }
  });
});

describe("interrupt pins", () => {
  it("share four lines, one further from slot to slot, and INTx Disable holds them back", () => {
    const { bridge, lines, config } = machine();
    const functions = Array.from({ length: 6 }, () => withRegions(bridge).target);
    functions.forEach((target, index) => {
      target.setInterrupt(true);
      expect(lines.indexOf(true)).toBe((index + 1) % 4);
      expect(config(index + 1).read(6, 2) & 8).toBe(8);
      target.setInterrupt(false);
      expect(lines).not.toContain(true);
    });
    const [first, , , , fifth] = functions as [PciFunction, PciFunction, PciFunction, PciFunction, PciFunction];
    first.setInterrupt(true);
    fifth.setInterrupt(true);
    first.setInterrupt(false);
    expect(lines[1]).toBe(true);
    config(5).write(4, 2, INTX_DISABLE);
    expect(lines[1]).toBe(false);
    // The status bit tells of the interrupt all the same (6.2.3).
    expect(config(5).read(6, 2) & 8).toBe(8);
    config(5).write(4, 2, 0);
    expect(lines[1]).toBe(true);
    fifth.reset();
    expect(lines[1]).toBe(false);
  });
});

describe("MSI-X", () => {
  function withMsix(vectors = 3) {
    const all = machine();
    const target = new PciFunction(IDENTITY);
    target.interruptPin = 1;
    const msix = target.addMsix(vectors, 1);
    all.bridge.bus.attach(target);
    const { read, write } = all.config(1);
    write(0x14, 4, MEMORY_BASE);
    write(4, 2, MEMORY | MASTER);
    const entry = (vector: number, data: number, masked: boolean): void => {
      [0x0802_0040, 0x7, data, masked ? 1 : 0].forEach((word, index) => {
        all.low.write(16 * vector + 4 * index, 4, word);
      });
    };
    const pba = read(0x48, 4) & ~7;
    return { ...all, target, msix, read, write, entry, pba, control: (value: number) => write(0x42, 2, value) };
  }

  it("sends what the table says, with who sent it", () => {
    const { msix, entry, control, sent } = withMsix();
    control(0x8000);
    entry(1, 0x55, false);
    msix.notify(1);
    expect(sent).toEqual([{ requesterId: 8, low: 0x0802_0040, high: 7, data: 0x55 }]);
  });

  it("keeps a masked vector pending, visible in the PBA, and sends it once when it is unmasked", () => {
    const { msix, entry, control, sent, low, pba } = withMsix(70);
    control(0x8000);
    entry(69, 0x69, true);
    msix.notify(69);
    msix.notify(69);
    expect(sent).toEqual([]);
    expect(low.read(pba + 8, 4)).toBe(1 << 5);
    low.write(pba + 8, 4, 0);
    expect(low.read(pba + 8, 4)).toBe(1 << 5);
    low.write(16 * 69 + 12, 4, 0);
    expect(sent.map(({ data }) => data)).toEqual([0x69]);
    expect(low.read(pba + 8, 4)).toBe(0);
    low.write(16 * 69 + 12, 4, 0);
    expect(sent).toHaveLength(1);
  });

  it("the function mask holds all back; without Enable the pin is used", () => {
    const { target, msix, entry, control, sent, lines } = withMsix();
    entry(0, 1, false);
    target.setInterrupt(true);
    expect(lines[1]).toBe(true);
    msix.notify(0);
    control(0xc000);
    expect(lines[1]).toBe(false);
    expect(sent).toEqual([]);
    msix.notify(0);
    expect(sent).toEqual([]);
    control(0x8000);
    expect(sent.map(({ data }) => data)).toEqual([1]);
    control(0);
    expect(lines[1]).toBe(true);
  });

  it("every vector is masked after a reset, and nothing is pending", () => {
    const { target, msix, entry, control, sent, low, write, pba } = withMsix();
    control(0x8000);
    entry(2, 9, true);
    msix.notify(2);
    target.reset();
    write(0x14, 4, MEMORY_BASE);
    write(4, 2, MEMORY | MASTER);
    expect([0, 1, 2].map((vector) => low.read(16 * vector + 12, 4))).toEqual([1, 1, 1]);
    expect(low.read(pba, 4)).toBe(0);
    control(0x8000);
    expect(sent).toEqual([]);
  });

  it("without bus mastering a message is lost", () => {
    const { msix, entry, control, sent, write } = withMsix();
    control(0x8000);
    entry(0, 1, false);
    write(4, 2, MEMORY);
    msix.notify(0);
    expect(sent).toEqual([]);
  });

  it("registers of any offset, width and value do no harm", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.nat(4095), fc.constantFrom(1 as const, 2 as const, 4 as const), fc.nat(0xffff_ffff), fc.nat(5)),
          { maxLength: 60 },
        ),
        (actions) => {
          const { msix, control, low, pba } = withMsix(2);
          control(0x8000);
          for (const [offset, size, value, vector] of actions) {
            low.write(offset, size, value);
            msix.notify(vector);
            expect(low.read(offset, size)).toBeLessThanOrEqual(0xffff_ffff);
          }
          expect(low.read(pba, 4) & ~3).toBe(0);
        },
      ),
    );
  });
});

describe("places on the bus", () => {
  it.each([
    ["1", { slot: 1, fn: 0 }],
    ["1e.7", { slot: 30, fn: 7 }],
    ["0x1f", { slot: 31, fn: 0 }],
    ["06.0", { slot: 6, fn: 0 }],
    ["20", null],
    ["1.8", null],
    ["", null],
    ["1.0.0", null],
    ["-1", null],
  ])("%j is %j", (text, expected) => {
    expect(parsePciAddress(text)).toEqual(expected);
    if (expected !== null) expect(parsePciAddress(formatPciAddress(expected))).toEqual(expected);
  });

  it("one that cannot be had is refused with a reason, and nothing changes", () => {
    const { bus } = machine().bridge;
    const put = (address: { slot: number; fn: number } | null, multi = false): void => {
      const target = new PciFunction(IDENTITY);
      target.multiFunction = multi;
      bus.attach(target, address);
    };
    expect(() => put({ slot: 0, fn: 0 })).toThrow(PciAddressError);
    put({ slot: 4, fn: 0 });
    expect(() => put({ slot: 4, fn: 0 })).toThrow("04.0 is taken already");
    expect(() => put({ slot: 4, fn: 1 })).toThrow("lacks multifunction=on");
    put({ slot: 5, fn: 1 });
    expect(() => put({ slot: 5, fn: 0 })).toThrow("needs multifunction=on");
    put({ slot: 5, fn: 0 }, true);
    for (let count = 0; count < 29; ++count) put(null);
    expect(() => put(null)).toThrow("no free slot is left");
    expect(bus.functions.size).toBe(33);
  });
});

it("a saved configuration space comes back, and one of another function is refused", () => {
  const { bridge, config, low } = machine();
  const { target, small } = withRegions(bridge);
  config(1).write(0x14, 4, MEMORY_BASE);
  config(1).write(4, 2, MEMORY);
  const saved = target.save();
  const other = machine();
  const { target: young, small: memoryOfYoung } = withRegions(other.bridge);
  expect(young.load(saved)).toBe(true);
  other.low.write(0, 4, 7);
  expect([memoryOfYoung.bytes[0], small.bytes[0], low.read(0, 4)]).toEqual([7, 0, 0]);
  saved[2] = 0;
  expect(young.load(saved)).toBe(false);
  expect(young.load(saved.slice(1))).toBe(false);
});
