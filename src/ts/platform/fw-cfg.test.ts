import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { MEMORY_MAP } from "../machine/memory-map.ts";
import { FwCfg } from "./fw-cfg.ts";
import { StateError } from "./state.ts";
import { FakeLog, randomSequence } from "./testing/fakes.ts";
import { Qtest } from "./testing/qtest.ts";

const BASE = MEMORY_MAP.VIRT_FW_CFG.base;
const RAM = MEMORY_MAP.VIRT_MEM.base;
const ACCESS = RAM + 0x1000;
const BUFFER = RAM + 0x2000;
const [READ, SKIP, SELECT, WRITE] = [2, 4, 8, 16];

let ram: Uint8Array;
let log: FakeLog;
let device: FwCfg;

beforeEach(() => {
  ram = new Uint8Array(0x1_0000);
  log = new FakeLog();
  device = newDevice();
});

function newDevice(): FwCfg {
  const memory = {
    range: (gpa: number, sizeBytes: number) =>
      gpa >= RAM && gpa + sizeBytes <= RAM + ram.length ? ram.subarray(gpa - RAM, gpa - RAM + sizeBytes) : undefined,
  };
  return new FwCfg({ memory, log, cpuCount: 1, noGraphic: false });
}

/** The value a little-endian guest stores for a big-endian register. */
const be16 = (value: number): number => ((value & 0xff) << 8) | (value >> 8);
const be32 = (value: number): number => new DataView(new Uint32Array([value]).buffer).getUint32(0);

function accessStructure(control: number, length: number, address: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, control);
  view.setUint32(4, length);
  view.setBigUint64(8, BigInt(address));
  return bytes;
}

function dma(control: number, length: number, address: number): number {
  ram.set(accessStructure(control, length, address), ACCESS - RAM);
  device.write(0x10, 4, be32(0));
  device.write(0x14, 4, be32(ACCESS));
  return new DataView(ram.buffer).getUint32(ACCESS - RAM);
}

function readItem(key: number, sizeBytes: number): Uint8Array {
  device.write(8, 2, be16(key));
  return Uint8Array.from({ length: sizeBytes }, () => device.read(0, 1));
}

describe("FwCfg against the fw_cfg of qemu-system-aarch64 -M virt -S -qtest stdio", () => {
  let qemu: Qtest;
  beforeAll(async () => {
    qemu = await Qtest.start("-fw_cfg", "name=opt/armlet/test,string=Hello", "-fw_cfg", "name=opt/a,string=!");
  });
  afterAll(() => qemu.stop());

  it("has the same items below the files, apart from the directory", async () => {
    for (let key = 0; key < 0x20; key++) {
      if (key === 0x19) continue;
      await qemu.write(BASE + 8, 2, be16(key));
      const theirs = new Uint8Array(20);
      for (let at = 0; at < theirs.length; at++) theirs[at] = await qemu.read(BASE, 1);
      expect(readItem(key, 20), key.toString(16)).toEqual(theirs);
    }
  });

  it("reads alike with every access size, DMA signature included", async () => {
    for (const [offset, size] of [
      [0, 1],
      [0, 2],
      [0, 4],
      [0x10, 4],
      [0x14, 4],
      [0x12, 2],
      [0x17, 1],
    ] as const) {
      await qemu.write(BASE + 8, 2, 0);
      device.write(8, 2, 0);
      expect(device.read(offset, size), `${offset}`).toBe(await qemu.read(BASE + offset, size));
    }
    await qemu.write(BASE + 8, 2, 0);
    device.write(8, 2, 0);
    const quad = BigInt(device.read(0, 4)) | (BigInt(device.read(4, 4)) << 32n);
    expect(quad).toBe(BigInt(await qemu.command(`readq 0x${BASE.toString(16)}`)));
  });

  it("does random DMA accesses alike: select, read, skip, write, out of range", async () => {
    device.addFile("opt/armlet/test", new TextEncoder().encode("Hello"));
    const random = randomSequence(3);
    await qemu.write(BASE + 8, 2, 0);
    const keys = [0, 1, 2, 5, 0x7f, 0x4000, 0x8001, 0x3fff];
    for (let step = 0; step < 250; step++) {
      const flags = random(2) * READ + random(2) * SKIP + (random(4) === 0 ? WRITE : 0);
      const key = keys[random(keys.length)] ?? 0;
      const control = random(2) === 0 ? flags | SELECT | (key << 16) : flags;
      const length = random(40);
      const address = random(10) === 0 ? 0x5000_0000 : BUFFER + random(32);
      const before = Uint8Array.from({ length: 128 }, () => random(256));
      ram.set(before, BUFFER - RAM);
      await qemu.writeMemory(BUFFER, before);
      const ours = dma(control >>> 0, length, address);
      await qemu.writeMemory(ACCESS, accessStructure(control >>> 0, length, address));
      await qemu.write(BASE + 0x10, 4, 0);
      await qemu.write(BASE + 0x14, 4, be32(ACCESS));
      const name = `${step}: control ${control.toString(16)} length ${length} address ${address.toString(16)}`;
      expect(ours, name).toBe(new DataView((await qemu.readMemory(ACCESS, 4)).buffer).getUint32(0));
      expect(ram.slice(BUFFER - RAM, BUFFER - RAM + 128), name).toEqual(await qemu.readMemory(BUFFER, 128));
    }
  }, 30_000);

  it("lists files as QEMU does: sorted by name, with size and number", async () => {
    device.addFile("opt/armlet/test", new TextEncoder().encode("Hello"));
    device.addFile("opt/a", new Uint8Array(1));
    const parse = (bytes: Uint8Array): { name: string; size: number; select: number }[] => {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      return Array.from({ length: view.getUint32(0) }, (_, index) => ({
        name: new TextDecoder().decode(bytes.subarray(12 + index * 64, 68 + index * 64)).replace(/\0.*/s, ""),
        size: view.getUint32(4 + index * 64),
        select: view.getUint16(8 + index * 64),
      }));
    };
    await qemu.write(BASE + 8, 2, be16(0x19));
    const bytes = new Uint8Array(4 + 32 * 64);
    for (let at = 0; at < bytes.length; at++) bytes[at] = await qemu.read(BASE, 1);
    const theirs = parse(bytes);
    const ours = parse(readItem(0x19, bytes.length));
    // Tables of firmware that the machine does not have; numbers follow from the order.
    const common = theirs.filter((file) => !/^etc\/(acpi|smbios|table-loader|tpm)/.test(file.name));
    expect(ours).toEqual(common.map((file, index) => ({ ...file, select: 0x20 + index })));
    const test = ours.find((file) => file.name === "opt/armlet/test");
    expect(new TextDecoder().decode(readItem(test?.select ?? 0, 5))).toBe("Hello");
  });
});

describe("FwCfg", () => {
  it("reports a DMA access outside RAM, in the structure where that can be written", () => {
    expect(dma(SELECT | READ, 16, 0xffff_ffff_f000)).toBe(1);
    device.write(0x10, 4, 0xffff_ffff);
    device.write(0x14, 4, be32(0xffff_fff0));
    expect(log.errors.map((error) => error.split(" at ")[0])).toEqual([
      "fw_cfg DMA read: 16 bytes",
      "fw_cfg DMA: the access structure",
    ]);
  });

  it("cannot be filled with more files, or names, than the directory holds", () => {
    for (let index = 0; index < 29; index++) device.addFile(`opt/file${index}`, new Uint8Array(index));
    expect(() => device.addFile("opt/more", new Uint8Array(1))).toThrow(/no room/);
    device.addFile("opt/file3", new Uint8Array(9));
    expect(() => newDevice().addFile("x".repeat(56), new Uint8Array(1))).toThrow(/1 to 55 bytes/);
    newDevice().addFile("x".repeat(55), new Uint8Array(1));
    expect(() => newDevice().addFile("", new Uint8Array(1))).toThrow(RangeError);
  });

  it("comes back from its saved state in the middle of an item", () => {
    readItem(0, 2);
    device.write(0x10, 4, be32(5));
    const state = structuredClone(device.saveState());
    const other = newDevice();
    other.loadState(state);
    expect(String.fromCharCode(other.read(0, 1), other.read(0, 1), other.read(0, 1))).toBe("MU\0");
    expect(other.saveState().dmaAddressHigh).toBe(5);
    other.reset();
    expect(other.read(0, 4)).toBe(0x554d_4551);
    expect(() => other.loadState({ ...state, name: "pl011" as "fw_cfg" })).toThrow(StateError);
  });
});
