/** The targets that a controller reaches, each with its logical units (SAM-5, 4.5). */
import type { CommandRow } from "./command.ts";
import { LogicalUnit, type TargetView } from "./logical-unit.ts";
import { REPORT_LUNS_COMMAND, reportLuns, requestSense, TEST_UNIT_READY_COMMAND } from "./primary-commands.ts";
import { SENSE, type Sense } from "./sense.ts";
import { answer, dataIn } from "./command.ts";
import { be16 } from "./cdb.ts";
import * as S from "./spec.ts";
import { standardInquiry } from "./vpd-pages.ts";

/** Where a logical unit is. */
export interface UnitAddress {
  /** 0 to 255. */
  readonly target: number;
  /** 0 to LUN_MAX. */
  readonly lun: number;
}

const TARGET_IDENTITY = { vendor: "QEMU", product: "QEMU TARGET", version: "2.5+" };

/** INQUIRY of what is no drive: standard data, and a list of no further pages. */
function inquiry(data: (unit: LogicalUnit) => Uint8Array): CommandRow<LogicalUnit> {
  return {
    opcode: S.INQUIRY,
    name: "INQUIRY",
    withoutMedium: true,
    transfer: (cdb) => dataIn(be16(cdb, 3)),
    run(unit, task) {
      const [, flags = 0, code = 0] = task.cdb;
      if (code !== 0) return SENSE.invalidFieldInCdb;
      const pages = Uint8Array.of(unit.peripheral, 0, 0, 1, 0);
      return answer(task, (flags & 1) === 0 ? data(unit) : pages);
    },
  };
}

/** What answers at an address of a target where there is no logical unit. */
class AbsentUnit extends LogicalUnit {
  readonly peripheral: number;
  private readonly commands: readonly CommandRow<LogicalUnit>[];

  /** LUN 0 answers for the whole target even where it is no unit. */
  constructor(lun: number) {
    super();
    this.peripheral = lun === 0 ? S.TYPE_NOT_CONNECTED : S.TYPE_NO_LUN;
    const inquiryRow = inquiry(({ peripheral }) => standardInquiry(peripheral, false, TARGET_IDENTITY));
    this.commands =
      lun === 0
        ? [inquiryRow, REPORT_LUNS_COMMAND, requestSense(), TEST_UNIT_READY_COMMAND]
        : [inquiryRow, requestSense(SENSE.lunNotSupported)];
    this.load({ attentions: [] });
  }

  notReady(): Sense | null {
    return null;
  }

  protected find(opcode: number): CommandRow<LogicalUnit> {
    return this.commands.find((row) => row.opcode === opcode) ?? NO_SUCH_UNIT;
  }
}

const NO_SUCH_UNIT: CommandRow<LogicalUnit> = {
  opcode: 0,
  name: "any command",
  transfer: () => ({ direction: "none", bytes: 0 }),
  run: () => SENSE.lunNotSupported,
};

/** A REPORT LUNS well known logical unit (SPC-4, 8.2), with the entries that it reports. */
export class ReportLunsUnit extends LogicalUnit {
  readonly peripheral = S.TYPE_WELL_KNOWN_LUN;
  private readonly commands: readonly CommandRow<LogicalUnit>[];

  constructor(entries: () => readonly (readonly number[])[]) {
    super();
    this.commands = [
      inquiry(({ peripheral }) => standardInquiry(peripheral, false, TARGET_IDENTITY)),
      reportLuns(entries),
      requestSense(),
      TEST_UNIT_READY_COMMAND,
    ];
    this.load({ attentions: [] });
  }

  notReady(): Sense | null {
    return null;
  }

  protected find(opcode: number): CommandRow<LogicalUnit> | undefined {
    return this.commands.find((row) => row.opcode === opcode);
  }
}

class Target<Unit extends LogicalUnit> implements TargetView {
  readonly units = new Map<number, Unit>();

  luns(): readonly number[] {
    return [...new Set([0, ...this.units.keys()])].sort((a, b) => a - b);
  }
}

export class ScsiDomain<Unit extends LogicalUnit> {
  private readonly targets = new Map<number, Target<Unit>>();

  /** Every unit with its address, in the order of addresses. */
  *units(): Generator<UnitAddress & { readonly unit: Unit }> {
    for (const target of [...this.targets.keys()].sort((a, b) => a - b)) {
      const { units } = this.targets.get(target) as Target<Unit>;
      for (const [lun, unit] of [...units].sort(([a], [b]) => a - b)) yield { target, lun, unit };
    }
  }

  /** The unit of that address, or undefined. */
  unit({ target, lun }: UnitAddress): Unit | undefined {
    return this.targets.get(target)?.units.get(lun);
  }

  /** Who answers at that address: a unit, a stand-in of the target that says there is none, or nobody at all. */
  at({ target, lun }: UnitAddress): LogicalUnit | null {
    const found = this.targets.get(target);
    if (found === undefined) return null;
    const unit = found.units.get(lun);
    if (unit !== undefined) return unit;
    const absent = new AbsentUnit(lun);
    absent.target = found;
    return absent;
  }

  hasTarget(target: number): boolean {
    return this.targets.has(target);
  }

  /** Puts a unit at a free address. The others of its target report that there is another one. */
  add(address: UnitAddress, unit: Unit): void {
    const target = this.targets.get(address.target) ?? new Target<Unit>();
    if (target.units.has(address.lun)) throw new Error(`there is a unit at ${address.target}:${address.lun} already`);
    for (const other of target.units.values()) other.attend(SENSE.reportedLunsDataHasChanged);
    target.units.set(address.lun, unit);
    unit.target = target;
    this.targets.set(address.target, target);
  }

  /** Takes a unit away. */
  remove(address: UnitAddress): void {
    const target = this.targets.get(address.target);
    if (target === undefined || !target.units.delete(address.lun)) return;
    if (target.units.size === 0) this.targets.delete(address.target);
    for (const other of target.units.values()) other.attend(SENSE.reportedLunsDataHasChanged);
  }
}
