/** The ITS with PCI's messages, and with tables and commands that no sane software makes. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { IRQ_LINE } from "../cpu/state.ts";
import { GUEST_RAM_BASE, RAM_BASE } from "../layout.ts";
import { registerIndex, SYSTEM_REGISTERS } from "./testing/access-list.ts";
import { compileEngine, Engine } from "./testing/engine.ts";
import { CONFIGURATION, ITS, ItsList, type ItsOptions, pendingTable } from "./testing/its-accesses.ts";

const GITS = 0x0808_0000;
const TRANSLATER = GITS + 0x1_0040;
const PLAIN: ItsOptions = { cpus: 1, indirect: false, pageSize: 2 };
const CREADR = BigInt(GITS + 0x90);

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileEngine();
}, 300_000);

function perform(engine: Engine, list: ItsList): void {
  for (const access of list.accesses.splice(0)) engine.perform(access);
}

function key(name: string): number {
  return SYSTEM_REGISTERS[registerIndex(name)]?.key ?? 0;
}

const acknowledge = (engine: Engine): number =>
  Number(engine.exports.iccRead(engine.exports.cpuBase(0), key("ICC_IAR1_EL1")));

/** A service with device 0x18 (slot 3) and events 0 to 31, of which event 2 is LPI 8300. */
function ready(options = PLAIN): { engine: Engine; list: ItsList } {
  const engine = new Engine(module, 3, options.cpus, true);
  const list = new ItsList(options);
  list.configure(8300, 0xa1).mapCollection(0, 0).mapDevice(0x18, 5).mapEvent(0x18, 2, 8300, 0);
  perform(engine, list);
  expect(engine.guestErrors).toEqual([]);
  return { engine, list };
}

describe("messages of PCI functions", () => {
  it("are translated by who sent them", () => {
    const { engine } = ready();
    expect(engine.exports.gic_message(0x18, TRANSLATER, 0, 2)).toBe(1);
    expect(engine.lines(0)).toBe(Number(IRQ_LINE));
    expect(acknowledge(engine)).toBe(8300);
    expect(engine.lines(0)).toBe(0);
    for (const [device, event] of [
      [0x19, 2],
      [0x18, 3],
      [0x18, 32],
      [0xffff_ffff, 2],
      [0x18, 0xffff_ffff],
    ] as const) {
      const errors = engine.guestErrors.length;
      expect(engine.exports.gic_message(device, TRANSLATER, 0, event)).toBe(1);
      expect(engine.guestErrors.length).toBe(errors + 1);
      expect(engine.lines(0)).toBe(0);
    }
  });

  it("are taken at the translation register and nowhere else, memory least of all", () => {
    const { engine } = ready();
    for (const address of [TRANSLATER + 4, TRANSLATER - 4, GITS, 0x0802_0040, 0x4030_0000, 0]) {
      expect(engine.exports.gic_message(0x18, address, 0, 2)).toBe(0);
    }
    expect(engine.exports.gic_message(0x18, TRANSLATER, 1, 2)).toBe(0);
    expect(engine.view.getUint32(Number(RAM_BASE) + 0x4030_0000 - Number(GUEST_RAM_BASE), true)).toBe(0);
    const without = new Engine(module, 3, 1);
    expect(without.exports.gic_message(0x18, TRANSLATER, 0, 2)).toBe(0);
    const old = new Engine(module, 2, 1);
    expect(old.exports.gic_message(0x18, 0x0802_0040, 0, 80)).toBe(1);
    expect(old.exports.gic_message(0x18, TRANSLATER, 0, 80)).toBe(0);
  });

  it("are dropped while the service is off, and gone after a reset", () => {
    const { engine } = ready();
    engine.exports.gicWrite(0, BigInt(GITS), 4, 0n);
    engine.exports.gic_message(0x18, TRANSLATER, 0, 2);
    expect(engine.lines(0)).toBe(0);
    engine.exports.gic_init(3, 1, 1);
    engine.exports.gic_message(0x18, TRANSLATER, 0, 2);
    expect(engine.lines(0)).toBe(0);
    expect(engine.exports.gicRead(0, BigInt(GITS), 4)).toBe(0x8000_0000n);
  });

  it("a GICv3 made without the service has no frame there", () => {
    const engine = new Engine(module, 3, 1);
    expect(engine.exports.gicContains(BigInt(GITS))).toBe(0);
    expect(new Engine(module, 3, 1, true).exports.gicContains(BigInt(TRANSLATER))).toBe(1);
  });
});

describe("the command queue", () => {
  it("stops at a command whose tables are not in memory, and goes on when software writes GITS_CWRITER again", () => {
    const { engine, list } = ready();
    list.command(ITS.MAPD | 0, 4, (1n << 63n) | 0x1000n).event(ITS.INT, 0, 0);
    perform(engine, list);
    const stalled = engine.exports.gicRead(0, CREADR, 8);
    expect(stalled & 1n).toBe(1n);
    list.mapDevice(0x18, 5);
    perform(engine, list);
    // Device 0 is still the one without memory: its INT is at the head of the queue.
    expect(engine.exports.gicRead(0, CREADR, 8)).toBe(stalled);
  });

  it.each([
    ["a queue outside of memory", (1n << 63n) | 0x8000_0000n, 0x40n],
    ["a queue that is not valid", 0x4040_0000n, 0x40n],
    ["an offset behind the end", (1n << 63n) | 0x4040_0000n, 0x2000n],
  ])("%s changes nothing and hangs nothing", (_, cbaser, cwriter) => {
    const engine = new Engine(module, 3, 1, true);
    engine.exports.gicWrite(0, BigInt(GITS + 0x80), 8, cbaser);
    engine.exports.gicWrite(0, BigInt(GITS), 4, 1n);
    engine.exports.gicWrite(0, BigInt(GITS + 0x88), 8, cwriter);
    expect(engine.exports.gicRead(0, CREADR, 8) & ~1n).toBe(0n);
    expect(engine.guestErrors.length).toBeGreaterThan(0);
  });
});

it("hostile tables, commands and registers: nothing outside of guest memory changes, and a reset heals", () => {
  const memoryBelowRam = (engine: Engine): string => {
    // Everything below the controller's own state; behind it the harness has nothing.
    const bytes = new Uint8Array(engine.view.buffer, 0, 0x1_0000);
    return Buffer.from(bytes).toString("latin1");
  };
  const words = fc.array(fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 64n })), {
    minLength: 4,
    maxLength: 4,
  });
  const step = fc.oneof(
    fc.record({ kind: fc.constant("command" as const), words }),
    fc.record({
      kind: fc.constant("register" as const),
      offset: fc.oneof(fc.nat(0x13f), fc.constantFrom(0x1_0040, 0x80, 0x88, 0x100, 0x108)),
      size: fc.constantFrom(1, 2, 4, 8),
      value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    }),
    fc.record({
      kind: fc.constant("memory" as const),
      // Any of the tables.
      address: fc.integer({ min: 0x4030_0000, max: 0x4060_0000 }),
      value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    }),
    fc.record({ kind: fc.constant("message" as const), device: fc.nat(0x2_0000), event: fc.nat(0xffff_ffff) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { engine, list } = ready({ cpus: 2, indirect: true, pageSize: 0 });
      const before = memoryBelowRam(engine);
      for (const item of steps) {
        if (item.kind === "command") list.command(...item.words);
        else if (item.kind === "register") list.write(GITS + (item.offset & -item.size), item.value, item.size);
        else if (item.kind === "memory") list.write(item.address & ~7, item.value, 8);
        else engine.exports.gic_message(item.device, TRANSLATER, 0, item.event);
        perform(engine, list);
      }
      expect(memoryBelowRam(engine)).toBe(before);
      engine.exports.gic_init(3, 2, 1);
      // What is left of the tables must not be taken for the new ones.
      engine.view.setUint8(Number(RAM_BASE) + pendingTable(0) + (8300 >> 3) - Number(GUEST_RAM_BASE), 0);
      const again = new ItsList(PLAIN);
      again.write(CONFIGURATION + 8300 - 8192, 0xa1, 1).write(pendingTable(0) + (8300 >> 3), 0, 1);
      again.mapCollection(0, 0).mapDevice(0x18, 5).mapEvent(0x18, 2, 8300, 0).event(ITS.CLEAR, 0x18, 2);
      perform(engine, again);
      engine.exports.gic_message(0x18, TRANSLATER, 0, 2);
      const at = Number(RAM_BASE) + pendingTable(0) + (8300 >> 3) - Number(GUEST_RAM_BASE);
      expect((engine.view.getUint8(at) >> (8300 & 7)) & 1).toBe(1);
    }),
    { numRuns: 200 },
  );
});
