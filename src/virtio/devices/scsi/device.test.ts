/** The SCSI host over every transport and every way of using a ring. */
import { describe, expect, it } from "vitest";
import * as V from "../../spec/scsi.ts";
import type { BlockBackend } from "../../backends.ts";
import { type Configuration, MATRIX } from "../../testing/harness.ts";
import { MemoryDisk } from "../../testing/memory-disk.ts";
import { HarnessScsi, type Plugged } from "./testing/harness-scsi.ts";
import { lunOf } from "./testing/initiator.ts";
import type { Virtqueue } from "../../virtqueue.ts";

const DISK_BYTES = 2 ** 20;
const NONE = new Uint8Array(0);
const TEST_UNIT_READY = [0, 0, 0, 0, 0, 0];
const CHECK_CONDITION = 2;

function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + seed) & 0xff);
}

const read10 = (lba: number, blocks: number): number[] => [
  0x28,
  0,
  0,
  0,
  lba >> 8,
  lba & 255,
  0,
  blocks >> 8,
  blocks & 255,
  0,
];
const write10 = (lba: number, blocks: number, flags = 0): number[] => [
  ...[0x2a, flags, 0, 0, lba >> 8, lba & 255, 0],
  ...[blocks >> 8, blocks & 255, 0],
];

interface Box {
  readonly box: HarnessScsi;
  readonly disk: MemoryDisk;
  readonly disc: MemoryDisk;
}

const UNITS: readonly Plugged[] = [
  ["scsi-hd", { drive: "hd", "scsi-id": 0 }],
  ["scsi-hd", { drive: "hd2", "scsi-id": 0, lun: 300 }],
  ["scsi-cd", { drive: "cd", "scsi-id": 5, id: "cdrom" }],
];

/** A controller with a disk at 0:0 and 0:300 and a CD drive at 5:0, whose unit attentions are gone. */
async function machine(configuration: Configuration, properties = {}, size = 64): Promise<Box> {
  const disk = new MemoryDisk(DISK_BYTES);
  const disc = new MemoryDisk(DISK_BYTES);
  disc.bytes.set(pattern(2048, 1));
  const disks: Record<string, BlockBackend> = {
    hd: disk,
    hd2: new MemoryDisk(4096),
    cd: disc,
    usb: new MemoryDisk(8192),
  };
  const box = new HarnessScsi(configuration, disks, UNITS, properties);
  box.start([0, 1, 2], size);
  for (const [target, lun] of [
    [0, 0],
    [0, 300],
    [5, 0],
  ] as const) {
    const { sense } = await box.command(lunOf(target, lun), TEST_UNIT_READY, NONE, 0);
    expect(sense.slice(0, 3).concat(sense.slice(12, 14))).toEqual([0x70, 0, 6, 0x29, 0]);
  }
  return { box, disk, disc };
}

/** Sense key, additional sense code and qualifier. */
const keyOf = ({ sense }: { readonly sense: readonly number[] }): (number | undefined)[] => [
  sense[2],
  sense[12],
  sense[13],
];

/** Sends a control request and returns the bytes of its answer. */
async function control(box: HarnessScsi, request: Uint8Array, answerBytes: number): Promise<number[]> {
  const answer = box.vm.in(answerBytes);
  await box.vm.transact([box.vm.out(request), answer], box.configuration.style, V.SCSI_CONTROLQ);
  return [...box.vm.content(answer)];
}

function tmf(subtype: number, lun: Uint8Array, id = 0n): Uint8Array {
  const bytes = new Uint8Array(V.SCSI_CTRL_TMF_REQ_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, V.VIRTIO_SCSI_T_TMF, true);
  view.setUint32(4, subtype, true);
  bytes.set(lun, 8);
  view.setBigUint64(16, id, true);
  return bytes;
}

function an(type: number, lun: Uint8Array, events: number): Uint8Array {
  const bytes = new Uint8Array(V.SCSI_CTRL_AN_REQ_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  bytes.set(lun, 4);
  view.setUint32(12, events, true);
  return bytes;
}

/** Sends a READ(10) that is not waited for; returns its chain and where its response comes. */
function sendRead(box: HarnessScsi, lun: Uint8Array, id: bigint, lba = 0) {
  const response = box.vm.in(108);
  const data = box.vm.in(512);
  const head = box.vm.send(
    [box.vm.out(box.header(lun, read10(lba, 1), id)), response, data],
    box.configuration.style,
    V.SCSI_REQUESTQ,
  );
  return { head, response, data };
}

/** An event buffer for the device. */
function offerEvent(box: HarnessScsi, length = V.SCSI_EVENT_SIZE) {
  const buffer = box.vm.in(length);
  box.vm.send([buffer], box.configuration.style, V.SCSI_EVENTQ);
  return buffer;
}

const eventOf = (event: number, target: number, lun: number, reason: number): number[] => {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, event, true);
  bytes.set([1, target, lun > 255 ? 0x40 | (lun >> 8) : 0, lun & 255], 4);
  new DataView(bytes.buffer).setUint32(12, reason, true);
  return [...bytes];
};

describe.each(MATRIX)("virtio-scsi, $transport, $ring", (configuration) => {
  const { style } = configuration;

  it("writes and reads back, a disk and a unit with a flat address; used.len, residual and data agree", async () => {
    const { box, disk } = await machine(configuration);
    expect(box.vm.driver.deviceId()).toBe(8);
    const data = pattern(1024, 3);
    const wrote = await box.command(lunOf(0, 0), write10(5, 2), data, 0);
    expect(wrote).toMatchObject({ response: V.VIRTIO_SCSI_S_OK, status: 0, residual: 0, sense: [], length: 108 });
    expect(disk.bytes.slice(5 * 512, 7 * 512)).toEqual(data);
    expect(disk.calls.at(-1)).toBe("write 2560+1024");
    // More room than the command needs: the rest is the residual, and stays as it was.
    const read = await box.command(lunOf(0, 0), read10(5, 2), NONE, 1500);
    expect(read).toMatchObject({ response: 0, status: 0, residual: 476, length: 108 + 1024 });
    expect(read.data).toEqual(Uint8Array.of(...data, ...new Uint8Array(476).fill(0xee)));
    expect((await box.command(lunOf(0, 300), read10(7, 1), NONE, 512)).status).toBe(0);
    expect(keyOf(await box.command(lunOf(0, 300), read10(8, 1), NONE, 512))).toEqual([5, 0x21, 0]);
    // FUA is a flush.
    await box.command(lunOf(0, 0), write10(0, 1, 8), pattern(512, 1), 0);
    expect(disk.calls.slice(-2)).toEqual(["write 0+512", "flush"]);
    expect(box.vm.log.guestErrors).toEqual([]);
  });

  it("framing is free: a header in pieces, data that shares descriptors with header and response", async () => {
    const { box, disk } = await machine(configuration);
    const { vm } = box;
    const data = pattern(512, 9);
    const request = [...box.header(lunOf(0, 0), write10(2, 1)), ...data];
    const response = vm.in(108);
    const pieces = [0, 7, 19, 40, 60].map((from, index, all) => vm.out(request.slice(from, all[index + 1])));
    expect((await vm.transact([...pieces, response], style, 2)).length).toBe(108);
    expect(disk.bytes.slice(1024, 1536)).toEqual(data);
    const first = vm.in(5);
    const rest = vm.in(103 + 512);
    const used = await vm.transact([vm.out(box.header(lunOf(0, 0), read10(2, 1))), first, rest], style, 2);
    expect(used.length).toBe(620);
    expect(vm.content(rest).slice(103)).toEqual(data);
    expect(vm.content(first)[4]).toBe(0);
  });

  it("addresses: no such target, no such unit, both well known units, formats that do not exist", async () => {
    const { box } = await machine(configuration);
    const inquiry = [0x12, 0, 0, 0, 36, 0];
    const luns = [0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0];
    const ask = async (lun: readonly number[], cdb: readonly number[], bytes: number) =>
      await box.command(
        Uint8Array.from({ length: 8 }, (_, index) => lun[index] ?? 0),
        cdb,
        NONE,
        bytes,
      );
    expect((await ask([1, 9], inquiry, 36)).response).toBe(V.VIRTIO_SCSI_S_BAD_TARGET);
    expect((await ask([1, 0, 0, 1], inquiry, 36)).data[0]).toBe(0x7f);
    expect(keyOf(await ask([1, 0, 0, 1], TEST_UNIT_READY, 0))).toEqual([5, 0x25, 0]);
    // Peripheral and flat addressing of the same unit.
    for (const lun of [
      [1, 0, 0, 0],
      [1, 0, 0x40, 0],
    ])
      expect((await ask(lun, inquiry, 36)).data[0]).toBe(0);
    for (const lun of [[0], [2], [1, 0, 0x80], [1, 0, 1], [1, 0, 0, 0, 1], [0xc1, 2], [1, 0, 0xc1, 2]]) {
      expect((await ask(lun, inquiry, 36)).response, lun.join()).toBe(V.VIRTIO_SCSI_S_BAD_TARGET);
    }
    // Those of the device by their addresses on it, those of a target, and what the target itself lists.
    const entries = async (lun: readonly number[]): Promise<string[]> => {
      const { data } = await ask(lun, luns, 64);
      return Array.from({ length: (data[3] as number) / 8 }, (_, index) =>
        Buffer.from(data.subarray(8 + index * 8, 12 + index * 8)).toString("hex"),
      );
    };
    expect(await entries([0xc1, 1])).toEqual(["01000000", "0100412c", "01050000"]);
    expect(await entries([1, 0, 0xc1, 1])).toEqual(["01000000", "0100412c"]);
    expect(await entries([1, 0])).toEqual(["00000000", "412c0000"]);
    expect((await ask([0xc1, 1], inquiry, 36)).data[0]).toBe(0x1e);
    expect(keyOf(await ask([0xc1, 1], read10(0, 1), 512))).toEqual([5, 0x20, 0]);
  });

  it("data lengths and directions that disagree with the command, and no room at all", async () => {
    const { box, disk } = await machine(configuration);
    const { vm } = box;
    const before = disk.calls.length;
    const of = async (cdb: readonly number[], out: Uint8Array, bytes: number) =>
      (await box.command(lunOf(0, 0), cdb, out, bytes)).response;
    expect(await of(read10(0, 2), NONE, 1023)).toBe(V.VIRTIO_SCSI_S_OVERRUN);
    expect(await of(write10(0, 2), pattern(1023, 0), 0)).toBe(V.VIRTIO_SCSI_S_OVERRUN);
    expect(await of(write10(0, 1), NONE, 512)).toBe(V.VIRTIO_SCSI_S_OVERRUN);
    expect(await of(read10(0, 1), pattern(512, 0), 0)).toBe(V.VIRTIO_SCSI_S_OVERRUN);
    // The largest READ(12) there is.
    expect(await of([0xa8, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0], NONE, 512)).toBe(V.VIRTIO_SCSI_S_OVERRUN);
    expect(await of(write10(0, 1), pattern(512, 0), 512)).toBe(V.VIRTIO_SCSI_S_FAILURE);
    expect(vm.log.guestErrors).toHaveLength(1);
    // Data with a command that has none stays where it is.
    expect(await box.command(lunOf(0, 0), TEST_UNIT_READY, NONE, 100)).toMatchObject({ status: 0, residual: 100 });
    expect(await box.command(lunOf(0, 0), TEST_UNIT_READY, pattern(9, 0), 0)).toMatchObject({ status: 0, residual: 9 });
    expect(disk.calls).toHaveLength(before);
    const header = vm.out(box.header(lunOf(0, 0), TEST_UNIT_READY));
    const chains = [[header], [vm.out(box.header(lunOf(0, 0), []).subarray(0, 50)), vm.in(108)], [header, vm.in(107)]];
    for (const chain of chains) expect((await vm.transact([...chain], style, 2)).length).toBe(0);
    expect(vm.log.guestErrors).toHaveLength(1 + chains.length);
    expect((await box.command(lunOf(0, 0), TEST_UNIT_READY, NONE, 0)).status).toBe(0);
  });

  it("aborts and queries tasks; the answer comes after the last of them", async () => {
    const { box, disk } = await machine(configuration);
    const { vm } = box;
    disk.manual = true;
    const tasks = [1n, 2n, 3n].map((id) => sendRead(box, lunOf(0, 0), id, Number(id)));
    const other = sendRead(box, lunOf(0, 300), 2n);
    const query = async (subtype: number, id = 0n) => (await control(box, tmf(subtype, lunOf(0, 0), id), 1))[0];
    expect(await query(V.VIRTIO_SCSI_T_TMF_QUERY_TASK, 2n)).toBe(V.VIRTIO_SCSI_S_FUNCTION_SUCCEEDED);
    expect(await query(V.VIRTIO_SCSI_T_TMF_QUERY_TASK, 9n)).toBe(V.VIRTIO_SCSI_S_FUNCTION_COMPLETE);
    expect(await query(V.VIRTIO_SCSI_T_TMF_QUERY_TASK_SET)).toBe(V.VIRTIO_SCSI_S_FUNCTION_SUCCEEDED);
    const answer = vm.in(1);
    vm.send([vm.out(tmf(V.VIRTIO_SCSI_T_TMF_ABORT_TASK, lunOf(0, 0), 2n)), answer], style, 0);
    // The medium is at work on it: nothing is answered yet.
    expect(vm.ring(0).take()).toBe(null);
    await disk.release();
    expect(vm.ring(0).take()).not.toBe(null);
    expect(vm.content(answer)[0]).toBe(V.VIRTIO_SCSI_S_FUNCTION_COMPLETE);
    const responses = tasks.map(({ response }) => box.answer(response).response);
    expect(responses).toEqual([V.VIRTIO_SCSI_S_OK, V.VIRTIO_SCSI_S_ABORTED, V.VIRTIO_SCSI_S_OK]);
    expect(tasks.map(({ data }) => vm.content(data)[0] === 0xee)).toEqual([false, true, false]);
    expect(box.answer(other.response).response).toBe(V.VIRTIO_SCSI_S_OK);
    expect(await query(V.VIRTIO_SCSI_T_TMF_QUERY_TASK_SET)).toBe(V.VIRTIO_SCSI_S_FUNCTION_COMPLETE);
    for (let left = tasks.length + 1; left > 0; --left) await vm.receive(2);
  });

  it.each([
    [V.VIRTIO_SCSI_T_TMF_ABORT_TASK_SET, V.VIRTIO_SCSI_S_ABORTED],
    [V.VIRTIO_SCSI_T_TMF_CLEAR_TASK_SET, V.VIRTIO_SCSI_S_ABORTED],
    [V.VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, V.VIRTIO_SCSI_S_RESET],
    [V.VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET, V.VIRTIO_SCSI_S_RESET],
  ])("task management %i ends every task of the unit with response %i", async (subtype, response) => {
    const { box, disk } = await machine(configuration);
    const { vm } = box;
    disk.manual = true;
    const tasks = [1n, 2n].map((id) => sendRead(box, lunOf(0, 0), id));
    const answered = control(box, tmf(subtype, lunOf(0, 0)), 1);
    await disk.release();
    expect(await answered).toEqual([V.VIRTIO_SCSI_S_FUNCTION_COMPLETE]);
    expect(tasks.map((task) => box.answer(task.response).response)).toEqual([response, response]);
    for (const _ of tasks) await vm.receive(2);
    disk.manual = false;
    // A reset is reported by the unit, and by the others of a target that was reset as a whole.
    const after = async (lun: number) => keyOf(await box.command(lunOf(0, lun), TEST_UNIT_READY, NONE, 0));
    const isReset = response === V.VIRTIO_SCSI_S_RESET;
    expect(await after(0)).toEqual(isReset ? [6, 0x29, 0] : [undefined, undefined, undefined]);
    const isWhole = subtype === V.VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET;
    expect(await after(300)).toEqual(isWhole ? [6, 0x29, 0] : [undefined, undefined, undefined]);
  });

  it("task management that cannot be, and control requests that are none", async () => {
    const { box } = await machine(configuration);
    const { vm } = box;
    const of = async (subtype: number, target: number, lun: number) =>
      (await control(box, tmf(subtype, lunOf(target, lun)), 1))[0];
    expect(await of(V.VIRTIO_SCSI_T_TMF_ABORT_TASK, 9, 0)).toBe(V.VIRTIO_SCSI_S_BAD_TARGET);
    expect(await of(V.VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET, 9, 0)).toBe(V.VIRTIO_SCSI_S_BAD_TARGET);
    expect(await of(V.VIRTIO_SCSI_T_TMF_QUERY_TASK, 0, 1)).toBe(V.VIRTIO_SCSI_S_INCORRECT_LUN);
    expect(await of(V.VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, 5, 1)).toBe(V.VIRTIO_SCSI_S_INCORRECT_LUN);
    expect(await of(V.VIRTIO_SCSI_T_TMF_CLEAR_ACA, 0, 0)).toBe(V.VIRTIO_SCSI_S_FUNCTION_REJECTED);
    expect(await of(99, 0, 0)).toBe(V.VIRTIO_SCSI_S_FUNCTION_REJECTED);
    expect(vm.log.guestErrors).toEqual([]);
    const chains = [
      [vm.out([0, 0, 0]), vm.in(8)],
      [vm.out(tmf(0, lunOf(0, 0)).subarray(0, 23)), vm.in(8)],
      [vm.out(tmf(0, lunOf(0, 0)))],
      [vm.out(an(1, lunOf(0, 0), 0)), vm.in(4)],
      [vm.out([9, 0, 0, 0, 1, 2, 3]), vm.in(8)],
      [vm.in(16)],
    ];
    for (const chain of chains) expect((await vm.transact(chain, style, 0)).length).toBe(0);
    expect(vm.log.guestErrors).toHaveLength(chains.length);
  });

  it("asynchronous notification: what a drive can tell, and that it tells it", async () => {
    const { box } = await machine(configuration);
    const all = 0xffff_ffff;
    const both = V.VIRTIO_SCSI_EVT_ASYNC_MEDIA_CHANGE | V.VIRTIO_SCSI_EVT_ASYNC_EXTERNAL_REQUEST;
    expect(await control(box, an(V.VIRTIO_SCSI_T_AN_QUERY, lunOf(5, 0), all), 5)).toEqual([both, 0, 0, 0, 0]);
    expect(await control(box, an(V.VIRTIO_SCSI_T_AN_QUERY, lunOf(0, 0), all), 5)).toEqual([0, 0, 0, 0, 0]);
    expect((await control(box, an(V.VIRTIO_SCSI_T_AN_QUERY, lunOf(9, 0), all), 5))[4]).toBe(V.VIRTIO_SCSI_S_BAD_TARGET);
    expect((await control(box, an(V.VIRTIO_SCSI_T_AN_QUERY, lunOf(5, 1), all), 5))[4]).toBe(
      V.VIRTIO_SCSI_S_INCORRECT_LUN,
    );
    const buffer = offerEvent(box);
    box.scsi.requestEject({ target: 5, lun: 0 });
    expect(box.vm.ring(1).take()).toBe(null);
    const subscribe = an(V.VIRTIO_SCSI_T_AN_SUBSCRIBE, lunOf(5, 0), V.VIRTIO_SCSI_EVT_ASYNC_MEDIA_CHANGE);
    expect(await control(box, subscribe, 5)).toEqual([V.VIRTIO_SCSI_EVT_ASYNC_MEDIA_CHANGE, 0, 0, 0, 0]);
    box.scsi.changeMedium({ target: 5, lun: 0 }, new MemoryDisk(4096));
    expect((await box.vm.receive(1)).length).toBe(16);
    expect([...box.vm.content(buffer)]).toEqual(eventOf(2, 5, 0, V.VIRTIO_SCSI_EVT_ASYNC_MEDIA_CHANGE));
  });

  it("qtest:virtio-scsi/hotplug units come and go, and the driver is told", async () => {
    const { box } = await machine(configuration);
    const first = offerEvent(box);
    const made = box.plug("scsi-hd", { drive: "usb", "scsi-id": 2, lun: 1 });
    expect((await box.vm.receive(1)).length).toBe(16);
    expect([...box.vm.content(first)]).toEqual(eventOf(1, 2, 1, V.VIRTIO_SCSI_EVT_RESET_RESCAN));
    expect(keyOf(await box.command(lunOf(2, 1), TEST_UNIT_READY, NONE, 0))).toEqual([6, 0x29, 0]);
    expect((await box.command(lunOf(2, 1), read10(15, 1), NONE, 512)).status).toBe(0);
    const second = offerEvent(box);
    await made.unplug?.();
    expect([...box.vm.content(second)]).toEqual(eventOf(1, 2, 1, V.VIRTIO_SCSI_EVT_RESET_REMOVED));
    expect((await box.command(lunOf(2, 1), TEST_UNIT_READY, NONE, 0)).response).toBe(V.VIRTIO_SCSI_S_BAD_TARGET);
    expect(box.vm.context.created).not.toContain(made);
    // One that joins a target is reported by its neighbours.
    box.plug("scsi-hd", { drive: "usb", "scsi-id": 5, lun: 1 });
    expect(keyOf(await box.command(lunOf(5, 0), TEST_UNIT_READY, NONE, 0))).toEqual([6, 0x3f, 0x0e]);
    expect(keyOf(await box.command(lunOf(0, 0), TEST_UNIT_READY, NONE, 0))[0]).toBe(undefined);
  });

  it("events that found no buffer are made good with EVENTS_MISSED", async () => {
    const { box } = await machine(configuration);
    const made = box.plug("scsi-hd", { drive: "usb", "scsi-id": 2 });
    await made.unplug?.();
    const buffer = offerEvent(box);
    expect((await box.vm.receive(1)).length).toBe(16);
    expect([...box.vm.content(buffer)]).toEqual([0, 0, 0, 0x80, ...new Array<number>(12).fill(0)]);
    // And no more than once; a buffer that is too short comes back empty and counts as none.
    offerEvent(box, 15);
    box.plug("scsi-hd", { drive: "usb", "scsi-id": 3 });
    expect((await box.vm.receive(1)).length).toBe(0);
    expect(box.vm.log.guestErrors.join()).toContain("event buffer too short");
    const last = offerEvent(box);
    await box.vm.receive(1);
    expect(box.vm.content(last)[3]).toBe(0x80);
    offerEvent(box);
    expect(box.vm.ring(1).take()).toBe(null);
  });

  it("a disk that is taken away in the middle of its work ends that with an error", async () => {
    // In order, the answer to the late command would wait for the task.
    const { box, disk } = await machine({ ...configuration, inOrder: false });
    const made = box.vm.context.created.find(({ name }) => name === "scsi-hd");
    disk.manual = true;
    const task = sendRead(box, lunOf(0, 0), 1n);
    let gone = false;
    const leaving = made?.unplug?.().then(() => {
      gone = true;
    });
    const late = await box.command(lunOf(0, 0), read10(0, 1), NONE, 512);
    expect(keyOf(late)).toEqual([5, 0x25, 0]);
    expect(gone).toBe(false);
    await disk.release();
    await leaving;
    expect(box.answer(task.response).response).toBe(V.VIRTIO_SCSI_S_ABORTED);
  });

  it("a host that fails is an aborted command to the guest, and a sentence to the user", async () => {
    const { box, disk } = await machine(configuration);
    disk.failure = "the storage is full";
    expect(keyOf(await box.command(lunOf(0, 0), write10(0, 1), pattern(512, 0), 0))).toEqual([0xb, 0, 6]);
    expect(box.vm.log.hostErrors).toEqual([
      "virtio-scsi: 0x2a: The disk could not be accessed (SCSI command 0x2a): the storage is full",
    ]);
    disk.failure = null;
    expect((await box.command(lunOf(0, 0), read10(0, 1), NONE, 512)).status).toBe(0);
  });

  it("more commands than run at a time all complete, without another notification", async () => {
    const { box, disk } = await machine(configuration, {}, 256);
    const { vm } = box;
    disk.manual = true;
    const count = 80;
    for (let index = 0; index < count; ++index) {
      const chain = [vm.out(box.header(lunOf(0, 0), read10(index, 1), BigInt(index))), vm.in(108), vm.in(512)];
      vm.ring(2).add(chain, style);
    }
    vm.driver.notify(2);
    expect(disk.pending).toBe(32);
    let returned = 0;
    for (let turn = 0; turn < 10 && returned < count; ++turn) {
      await disk.release();
      while (vm.ring(2).take() !== null) returned += 1;
    }
    expect(returned).toBe(count);
    disk.manual = false;
    await box.command(lunOf(0, 0), TEST_UNIT_READY, NONE, 0);
  });

  it("a transfer larger than the host's buffer is done in slices", async () => {
    const { box, disk } = await machine(configuration);
    const { vm } = box;
    const data = pattern(2 ** 19, 5);
    const pieces = [0, 1, 2, 3].map((index) => vm.out(data.subarray(index * 2 ** 17, (index + 1) * 2 ** 17)));
    const response = vm.in(108);
    await vm.transact([vm.out(box.header(lunOf(0, 0), write10(8, 1024))), ...pieces, response], style, 2);
    expect(box.answer(response)).toMatchObject({ response: 0, status: 0 });
    expect(Buffer.compare(disk.bytes.subarray(4096, 4096 + 2 ** 19), data)).toBe(0);
    expect(disk.calls.filter((call) => call.startsWith("write"))).toHaveLength(2);
    const read = await box.command(lunOf(0, 0), read10(8, 1024), NONE, 2 ** 19);
    expect(read.length).toBe(108 + 2 ** 19);
    expect(Buffer.compare(read.data, data)).toBe(0);
  });

  it("a reset forgets what was in flight, and every unit reports it", async () => {
    const { box, disk } = await machine(configuration);
    disk.manual = true;
    const task = sendRead(box, lunOf(0, 0), 1n);
    box.start();
    await disk.release();
    expect(box.vm.ring(2).take()).toBe(null);
    expect([...box.vm.content(task.response)].every((byte) => byte === 0xee)).toBe(true);
    disk.manual = false;
    const { status, sense } = await box.command(lunOf(0, 0), TEST_UNIT_READY, NONE, 0);
    expect([status, sense[12]]).toEqual([CHECK_CONDITION, 0x29]);
  });
});

const ONE: Configuration = { transport: "mmio v2", eventIdx: true, style: "indirect" };

describe("virtio-scsi configuration", () => {
  it("has QEMU's values, and those of its options", async () => {
    const of = async (properties: object): Promise<number[]> => {
      const { driver } = (await machine(ONE, properties)).box.vm;
      const words = [0, 4, 8, 12, 16, 20, 24].map((offset) => driver.readConfig(offset, 4));
      return [...words, driver.readConfig(28, 2), driver.readConfig(30, 2), driver.readConfig(32, 4)];
    };
    expect(await of({})).toEqual([1, 254, 0xffff, 128, 16, 96, 32, 0, 255, 16383]);
    const options = { num_queues: 4, virtqueue_size: 128, max_sectors: 8, cmd_per_lun: 3, seg_max_adjust: "off" };
    expect(await of(options)).toEqual([4, 126, 8, 3, 16, 96, 32, 0, 255, 16383]);
  });

  it("offers hot-plug and change unless they are off, and never INOUT and T10_PI", async () => {
    const bits = async (properties: object): Promise<number[]> =>
      (await machine(ONE, properties)).box.vm.driver
        .deviceFeatures()
        .bits()
        .filter((bit) => bit < 24);
    expect(await bits({})).toEqual([V.VIRTIO_SCSI_F_HOTPLUG, V.VIRTIO_SCSI_F_CHANGE]);
    expect(await bits({ hotplug: "off", param_change: "off" })).toEqual([]);
  });

  it("without hot-plug nothing can be taken away", async () => {
    const { box } = await machine(ONE, { hotplug: false });
    expect(box.vm.context.created.map(({ unplug }) => unplug)).toEqual([null, null, null, null]);
  });

  it("uses the sizes that the driver writes, up to what SCSI has; a reset restores them", async () => {
    const { box } = await machine(ONE);
    const { vm } = box;
    vm.driver.writeConfig(V.SCSI_CONFIG_SENSE_SIZE, 4, 8);
    vm.driver.writeConfig(V.SCSI_CONFIG_CDB_SIZE, 4, 10);
    const response = vm.in(20);
    const header = vm.out(box.header(lunOf(0, 0), [0x28, 0, 0xff, 0, 0, 0, 0, 0, 0, 0], 1n, 10));
    expect((await vm.transact([header, response], "direct", 2)).length).toBe(20);
    expect([...vm.content(response)]).toEqual([8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x70, 0, 5, 0, 0, 0, 0, 10]);
    // A command that does not fit any more is not known.
    const short = vm.in(20);
    const sixteen = [0x88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0];
    await vm.transact([vm.out(box.header(lunOf(0, 0), sixteen.slice(0, 10), 1n, 10)), short], "direct", 2);
    expect(vm.content(short)[14]).toBe(5);
    for (const [field, value] of [
      [V.SCSI_CONFIG_SENSE_SIZE, 0xffff_ffff],
      [V.SCSI_CONFIG_CDB_SIZE, 0xffff_ffff],
      [V.SCSI_CONFIG_CDB_SIZE, 0],
    ] as const) {
      vm.driver.writeConfig(field, 4, value);
      const chain = [vm.out(new Uint8Array(19 + (value === 0 ? 0 : 260))), vm.in(12 + 252)];
      await vm.transact(chain, "direct", 2);
    }
    expect(vm.log.guestErrors.join()).toContain("size larger than any that SCSI has");
    box.start();
    expect(vm.driver.readConfig(V.SCSI_CONFIG_SENSE_SIZE, 4)).toBe(96);
    expect(vm.driver.readConfig(V.SCSI_CONFIG_CDB_SIZE, 4)).toBe(32);
  });

  it("tells nothing that was not negotiated, and never of CD drives with PARAM_CHANGE", async () => {
    const { box } = await machine(ONE);
    const none = (): void => expect(box.vm.ring(1).take()).toBe(null);
    offerEvent(box);
    box.scsi.resized({ target: 5, lun: 0 });
    none();
    const without = { size: 64, without: [V.VIRTIO_SCSI_F_HOTPLUG, V.VIRTIO_SCSI_F_CHANGE] };
    box.vm.start(ONE, [0, 1, 2], without);
    offerEvent(box);
    const made = box.plug("scsi-hd", { drive: "usb", "scsi-id": 2 });
    await made.unplug?.();
    box.scsi.resized({ target: 0, lun: 0 });
    none();
  });

  it("gigabytes of buffers cost what the command moves, either way", async () => {
    const { box, disk } = await machine(ONE);
    const { vm } = box;
    const length = 0x20_0000;
    const count = 1000;
    const huge = (write: boolean) => {
      const address = vm.ram.alloc(4096);
      vm.ram.bytes(address, 1024).fill(0xee);
      return { buffers: Array.from({ length: count }, () => ({ address, length, write })) };
    };
    const into = huge(true);
    disk.bytes.fill(0x5a, 0, 512);
    const response = vm.in(108);
    const read = [vm.out(box.header(lunOf(0, 0), read10(0, 1))), response, ...into.buffers];
    expect((await vm.transact(read, "indirect", 2)).length).toBe(108 + 512);
    expect(box.answer(response)).toMatchObject({ response: 0, status: 0, residual: count * length - 512 });
    const from = huge(false);
    const wrote = vm.in(108);
    await vm.transact([vm.out(box.header(lunOf(0, 0), write10(1, 1))), ...from.buffers, wrote], "indirect", 2);
    expect(box.answer(wrote)).toMatchObject({ response: 0, status: 0, residual: count * length - 512 });
    expect(disk.bytes.slice(512, 1024)).toEqual(new Uint8Array(512).fill(0xee));
    // As much as the largest command says there is: refused before anything is moved.
    const beyond = vm.in(108);
    const most = [0xa8, 0, 0, 0, 0, 0, 0, 0x3e, 0x80, 0, 0, 0];
    await vm.transact([vm.out(box.header(lunOf(0, 0), most)), beyond, ...into.buffers], "indirect", 2);
    expect(keyOf(box.answer(beyond))).toEqual([5, 0x21, 0]);
  });

  it("tells of another size with PARAM_CHANGE and a unit attention", async () => {
    const { box, disk } = await machine(ONE);
    const buffer = offerEvent(box);
    disk.sizeBytes = 2 * DISK_BYTES;
    box.scsi.resized({ target: 0, lun: 0 });
    await box.vm.receive(1);
    expect([...box.vm.content(buffer)]).toEqual(eventOf(3, 0, 0, 0x2a | (0x09 << 8)));
    expect(keyOf(await box.command(lunOf(0, 0), TEST_UNIT_READY, NONE, 0))).toEqual([6, 0x2a, 9]);
    const { data } = await box.command(lunOf(0, 0), [0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], NONE, 8);
    expect([...data]).toEqual([0, 0, 0x0f, 0xff, 0, 0, 2, 0]);
  });
});

describe("CD drives", () => {
  const ready = async (box: HarnessScsi) => keyOf(await box.command(lunOf(5, 0), TEST_UNIT_READY, NONE, 0));
  const events = async (box: HarnessScsi) =>
    [...(await box.command(lunOf(5, 0), [0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8, 0], NONE, 8)).data].slice(4, 6);

  it("a medium that somebody changes is reported as taken out and as put in, as QEMU does", async () => {
    const { box } = await machine(ONE);
    box.scsi.changeMedium({ target: 5, lun: 0 }, new MemoryDisk(8192));
    expect(await ready(box)).toEqual([6, 0x3a, 0]);
    expect(await ready(box)).toEqual([6, 0x28, 0]);
    expect(await ready(box)).toEqual([undefined, undefined, undefined]);
    expect(await events(box)).toEqual([2, 2]);
    expect(await events(box)).toEqual([0, 2]);
  });

  it("the button opens a drive that is not locked, and is a wish to one that is", async () => {
    const { box } = await machine(ONE);
    const prevent = async (on: number) => await box.command(lunOf(5, 0), [0x1e, 0, 0, 0, on, 0], NONE, 0);
    await prevent(1);
    expect(box.scsi.requestEject({ target: 5, lun: 0 })).toBe(false);
    expect(await events(box)).toEqual([1, 2]);
    expect((await box.command(lunOf(5, 0), read10(0, 1), NONE, 2048)).data.slice(0, 512)).toEqual(pattern(512, 1));
    await prevent(0);
    expect(box.scsi.requestEject({ target: 5, lun: 0 })).toBe(true);
    expect(await ready(box)).toEqual([6, 0x3a, 0]);
    expect(await ready(box)).toEqual([2, 0x3a, 0]);
    expect(await events(box)).toEqual([0, 1]);
  });
});

describe("a saved SCSI host", () => {
  it("goes on with its units, attentions, trays and commands in flight", async () => {
    const { box, disk } = await machine(ONE);
    await box.command(lunOf(5, 0), [0x1b, 0, 0, 0, 2, 0], NONE, 0);
    await box.vm.transport.bus.quiesce();
    const state: unknown = JSON.parse(JSON.stringify(box.scsi.save()));
    const again = await machine(ONE);
    again.box.scsi.load(state);
    expect(keyOf(await again.box.command(lunOf(5, 0), TEST_UNIT_READY, NONE, 0))).toEqual([2, 0x3a, 0]);
    box.vm.transport.bus.resume();
    disk.manual = true;
    const task = sendRead(box, lunOf(0, 0), 1n);
    const quiet = box.vm.transport.bus.quiesce();
    // Nothing is begun while it waits.
    sendRead(box, lunOf(0, 0), 2n);
    expect(disk.pending).toBe(1);
    await disk.release();
    await quiet;
    expect(box.answer(task.response)).toMatchObject({ response: 0, status: 0 });
    disk.manual = false;
    box.vm.transport.bus.resume();
    await box.vm.receive(2);
    await box.vm.receive(2);
  });

  it.each([
    ["queue", ({ vm }: HarnessScsi) => vm.transport.bus.resetQueue(vm.transport.bus.queues[2] as Virtqueue)],
    ["device", ({ vm }: HarnessScsi) => vm.driver.reset()],
  ])("can be saved after a reset of the %s while more commands waited than run at a time", async (_, reset) => {
    const { box, disk } = await machine(ONE, {}, 256);
    disk.manual = true;
    for (let index = 0; index < 80; ++index) sendRead(box, lunOf(0, 0), BigInt(index));
    expect(disk.pending).toBe(32);
    reset(box);
    let isQuiet = false;
    const quiet = box.vm.transport.bus.quiesce().then(() => {
      isQuiet = true;
    });
    await disk.release(31);
    expect(isQuiet).toBe(false);
    await disk.release();
    await quiet;
    // What waited was not begun.
    expect([disk.pending, disk.calls.filter((call) => call.startsWith("read")).length]).toEqual([0, 32]);
    disk.manual = false;
    box.vm.transport.bus.resume();
    box.start();
    expect((await box.command(lunOf(0, 0), [0x12, 0, 0, 0, 36, 0], NONE, 36)).status).toBe(0);
  });

  it.each([
    ["another number of units", (state: { units: object[] }) => state.units.pop()],
    ["a unit that is not there", (state: { units: object[] }) => Object.assign(state.units[0] as object, { lun: 7 })],
    ["another kind of unit", (state: { units: object[] }) => Object.assign(state.units[0] as object, { type: 5 })],
    ["nonsense", (state: { units: object[] }) => Object.assign(state.units[0] as object, { state: 5 })],
  ])("%s is refused", async (_, change) => {
    const { box } = await machine(ONE);
    const state = JSON.parse(JSON.stringify(box.scsi.save())) as { units: object[] };
    change(state);
    expect(() => box.scsi.load(state)).toThrow("saved state, virtio-scsi");
  });
});
