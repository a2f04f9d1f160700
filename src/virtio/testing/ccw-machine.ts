/** Machines with one virtio-blk device over channel I/O, and what tests of that transport say often. */
import { expect } from "vitest";
import * as S from "../spec/channel-io.ts";
import type { VirtioCcw } from "../transport/ccw/ccw.ts";
import type { CcwDriver, CommandWord } from "./ccw-driver.ts";
import { Harness, type TransportName } from "./harness.ts";
import { MemoryDisk } from "./memory-disk.ts";

/** Device status of a program that was run to its end. */
export const ENDED = S.DSTAT_CHANNEL_END | S.DSTAT_DEVICE_END;

export interface CcwMachine {
  readonly vm: Harness;
  readonly driver: CcwDriver;
  readonly transport: VirtioCcw;
  readonly disk: MemoryDisk;
}

export function ccwMachine(
  name: TransportName = "ccw 2",
  properties: Record<string, string | number> = {},
): CcwMachine {
  const disk = new MemoryDisk(2 ** 20, { sync: true });
  const entropy = { fill: (): void => {} };
  const vm = new Harness(name, "virtio-blk", { drive: "disk", ...properties }, { backends: { block: disk, entropy } });
  return { vm, driver: vm.driver as CcwDriver, transport: vm.transport as VirtioCcw, disk };
}

/** The status of a rejected command, and what BASIC SENSE says about it. */
export function expectReject(driver: CcwDriver, words: readonly CommandWord[]): void {
  const status = driver.run(words);
  expect(status.device).toBe(ENDED | S.DSTAT_UNIT_CHECK);
  expect(status.subchannel).toBe(0);
  expect(status.control & S.SCSW_STCTL_ALERT).not.toBe(0);
  const sense = driver.send(S.CCW_CMD_BASIC_SENSE, new Uint8Array(S.SENSE_BYTES));
  expect([...sense.data]).toEqual([S.SENSE_COMMAND_REJECT, ...new Array<number>(S.SENSE_BYTES - 1).fill(0)]);
  // Taken once, it is gone.
  expect(driver.send(S.CCW_CMD_BASIC_SENSE, new Uint8Array(S.SENSE_BYTES)).data[0]).toBe(0);
}

/** A command with bytes as its data. */
export function command(vm: Harness, code: number, bytes: Uint8Array | readonly number[], flags = 0): CommandWord {
  const data = Uint8Array.from(bytes);
  return { command: code, count: data.length, address: vm.ram.place(data), flags };
}
