import { describe, expect, it } from "vitest";
import * as C from "../spec/ccw.ts";
import * as S from "../spec/channel-io.ts";
import { givenBy } from "./ccw-given.ts";
import { ccwMachine } from "./ccw-machine.ts";

const { vm, driver } = ccwMachine();
const { ram } = vm;
/** A block of big-endian numbers in guest memory. */
const block = (...fields: readonly (readonly [number, number])[]): number => ram.place(driver.bigEndian(...fields));
const given = (...words: Parameters<typeof driver.writeProgram>[0]): unknown =>
  givenBy(ram, driver.writeProgram(words), 2);

describe("what a channel program gives", () => {
  it("is where an answer goes, but not where skipped bytes would", () => {
    const address = ram.alloc(64);
    const skipped = { command: S.CCW_CMD_SENSE_ID, count: 4, address, flags: S.CCW_FLAG_SKIP | S.CCW_FLAG_CHAIN_DATA };
    const rest = { command: 0, count: 12, address: address + 32, flags: S.CCW_FLAG_CHAIN_COMMAND };
    const config = { command: C.CCW_CMD_READ_CONF, count: 8, address };
    expect(given(skipped, rest, config)).toEqual([
      { gpa: address + 32, length: 12 },
      { gpa: address, length: 8 },
    ]);
  });

  it("is nothing where the device only reads, nor behind the program's end", () => {
    const address = ram.alloc(64);
    const write = { command: C.CCW_CMD_WRITE_CONF, count: 8, address };
    expect(given(write, { command: C.CCW_CMD_READ_CONF, count: 8, address })).toEqual([]);
  });

  it("are indicators, whose address may be in pieces", () => {
    const indicators = ram.alloc(8);
    const address = block([indicators, 8]);
    const first = { command: C.CCW_CMD_SET_IND, count: 5, address, flags: S.CCW_FLAG_CHAIN_DATA };
    expect(given(first, { command: 0, count: 3, address: address + 5 })).toEqual([{ gpa: indicators, length: 8 }]);
    expect(given({ ...first, flags: 0 })).toEqual([]);
  });

  it("are a summary and the bytes with the bits of the queues", () => {
    const [summary, area] = [ram.alloc(1), ram.alloc(8)];
    const at = (bit: number): unknown => {
      const address = block([summary, 8], [area, 8], [bit, 8], [0, 1]);
      return given({ command: C.CCW_CMD_SET_IND_ADAPTER, count: C.THININT_SIZE, address });
    };
    const one = { gpa: summary, length: 1 };
    expect(at(14)).toEqual([one, { gpa: area + 1, length: 1 }]);
    expect(at(15)).toEqual([one, { gpa: area + 1, length: 2 }]);
  });

  it("follows transfers, indirect words, and ends in a loop", () => {
    const data = 0x4000_2ffc;
    const list = block([data, 4], [0x4000_4000, 4]);
    const read = { command: S.CCW_CMD_SENSE_ID, count: 10, address: list };
    const flags = S.CCW_FLAG_INDIRECT | S.CCW_FLAG_CHAIN_COMMAND;
    const start = driver.writeProgram([]);
    expect(given({ ...read, flags }, { command: S.CCW_CMD_TIC, address: start })).toEqual([
      { gpa: data, length: 4 },
      { gpa: 0x4000_4000, length: 6 },
    ]);
  });
});
