/** The Interrupt Translation Service against QEMU's: the same accesses, in the same order, must return the same values. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessList, OP_MRS } from "./testing/access-list.ts";
import { firstDifference } from "./testing/difference.ts";
import { compileEngine, runEngine } from "./testing/engine.ts";
import { ITS, ItsList, type ItsOptions, randomIts } from "./testing/its-accesses.ts";
import { QemuInterpreter, qemuAvailable } from "./testing/qemu.ts";

const GITS = 0x0808_0000;
const PLAIN: ItsOptions = { cpus: 1, indirect: false, pageSize: 2 };

describe.runIf(qemuAvailable())("the ITS equals QEMU's", () => {
  let engine: WebAssembly.Module;
  let qemu: QemuInterpreter;

  beforeAll(async () => {
    engine = await compileEngine();
    qemu = new QemuInterpreter();
  }, 300_000);
  afterAll(() => qemu?.dispose());

  /** Compares; answers how many values were INTIDs of LPIs. */
  function compare(list: AccessList, cpus: number): number {
    const expected = qemu.run(list.accesses, 3, cpus, true);
    const actual = runEngine(engine, list.accesses, 3, cpus, true);
    expect(firstDifference(list.accesses, expected, actual)).toBeUndefined();
    return list.accesses.filter(({ op }, index) => op === OP_MRS && (expected[index] ?? 0n) >= 8192n).length;
  }

  it("every word at reset, and some of other widths", () => {
    const list = new AccessList();
    for (let offset = 0; offset < 0x1_0000; offset += 4) list.read(GITS + offset);
    // Bytes and half words, which no register has, QEMU answers with an abort and this machine with zero.
    for (let offset = 0; offset < 0x200; offset += 8) list.read(GITS + offset, 8);
    for (const offset of [0xffd0, 0xffe0, 0xffe8]) list.read(GITS + offset, 8).read(GITS + offset);
    compare(list, 1);
  });

  it("registers hold what is written, in words and double words, and some only while the service is off", () => {
    const list = new AccessList();
    for (const enabled of [0, 1]) {
      for (const offset of [0x80, 0x100, 0x108, 0x110, 0x138]) {
        for (const value of [-1, 0x1234_5678_9abc_def0n, 0x0fff_0000_0000_0000n]) {
          list.write(GITS + offset, value, 8).read(GITS + offset, 8);
          list.write(GITS + offset, 0x5566_7788).write(GITS + offset + 4, 0x1122_3344);
          list.read(GITS + offset).read(GITS + offset + 4);
        }
        list.write(GITS + offset, 0, 8);
      }
      list
        .write(GITS + 8, -1, 8)
        .read(GITS + 8, 8)
        .write(GITS + 4, -1)
        .read(GITS + 4);
      list.write(GITS, enabled === 0 ? 0xffff_ffff : 0).read(GITS);
    }
    list
      .write(GITS + 0x88, -1, 8)
      .read(GITS + 0x88, 8)
      .write(GITS + 0x88, 0x40)
      .write(GITS + 0x8c, 5)
      .read(GITS + 0x88, 8);
    compare(list, 1);
  });

  it.each([0, 1, 2])("an interrupt from the first command to its end, pages of size %i", (pageSize) => {
    const list = new ItsList({ ...PLAIN, pageSize });
    list
      .configure(8195, 0xa1)
      .mapCollection(3, 0)
      .mapDevice(0, 5)
      .mapEvent(0, 4, 8195, 3)
      .event(ITS.INV, 0, 4)
      .command(ITS.SYNC);
    list
      .write(GITS + 0x1_0040, 4)
      .look(0, 8195)
      .mrs("ICC_IAR1_EL1")
      .look(0, 8195)
      .mrs("ICC_RPR_EL1")
      .msr("ICC_EOIR1_EL1", 8195);
    list
      .write(GITS + 0x1_0040, 4)
      .write(GITS, 0)
      .look(0, 8195)
      .mrs("ICC_IAR1_EL1")
      .msr("ICC_EOIR1_EL1", 8195);
    list.write(GITS + 0x1_0040, 4).look(0, 8195);
    compare(list, 1);
  });

  it.each([
    [1, PLAIN],
    [2, { cpus: 2, indirect: false, pageSize: 0 }],
    [3, { cpus: 2, indirect: true, pageSize: 2 }],
    [4, { cpus: 1, indirect: true, pageSize: 0 }],
    [5, { cpus: 4, indirect: true, pageSize: 1 }],
  ] as [number, ItsOptions][])("random commands, seed %i, %j", (seed, options) => {
    const lpis = compare(randomIts(seed, options, options.cpus > 2 ? 1500 : 5000), options.cpus);
    expect(lpis).toBeGreaterThan(50);
  });
});
