/** A logical unit: finds the command, reports unit attentions, executes. */
import { cdbLength } from "./cdb.ts";
import {
  answer,
  type CommandRow,
  type Outcome,
  type ScsiTask,
  type Steps,
  type Transfer,
  NO_TRANSFER,
} from "./command.ts";
import { descriptorSense, fixedSense, SENSE, type Sense } from "./sense.ts";
import { GET_CONFIGURATION, GET_EVENT_STATUS_NOTIFICATION, INQUIRY, REPORT_LUNS, REQUEST_SENSE } from "./spec.ts";

/** Commands that neither report a unit attention nor clear it (SPC-4, 5.14; MMC-6, 4.1.6.1). */
const PASS_ATTENTION: readonly number[] = [INQUIRY, REPORT_LUNS, GET_CONFIGURATION, GET_EVENT_STATUS_NOTIFICATION];

/** What a unit asks of the target that it is part of. */
export interface TargetView {
  /** Addresses of the target's logical units; 0 is always among them. */
  luns(): readonly number[];
}

/** What a unit keeps that a saved state has to hold. */
export interface UnitState {
  readonly attentions: readonly Sense[];
}

export abstract class LogicalUnit {
  /** Peripheral qualifier and device type: byte 0 of INQUIRY data. */
  abstract readonly peripheral: number;
  /** The target; set when the unit is put there. */
  target: TargetView = { luns: () => [0] };
  private attentions: readonly Sense[] = [SENSE.powerOnOrReset];

  /** Why commands that need the medium cannot have it now, or null. */
  abstract notReady(): Sense | null;

  protected abstract find(opcode: number, serviceAction: number): CommandRow<this> | undefined;

  private lookUp(cdb: Uint8Array): CommandRow<this> | undefined {
    const opcode = cdb[0] as number;
    return cdb.length < cdbLength(opcode) ? undefined : this.find(opcode, (cdb[1] as number) & 0x1f);
  }

  /** What the command moves; nothing for one that is not known. `cdb` may be longer than the command. */
  transferOf(cdb: Uint8Array): Transfer {
    return this.lookUp(cdb)?.transfer(cdb, this) ?? NO_TRANSFER;
  }

  /** Carries a command out. */
  *execute(task: ScsiTask): Steps {
    const opcode = task.cdb[0] as number;
    const attention = this.attentions[0];
    if (attention !== undefined && !PASS_ATTENTION.includes(opcode)) {
      this.attentions = this.attentions.slice(1);
      return opcode === REQUEST_SENSE ? answerSense(task, attention) : attention;
    }
    const command = this.lookUp(task.cdb);
    if (command === undefined) return SENSE.invalidOperationCode;
    const missing = command.withoutMedium === true ? null : this.notReady();
    if (missing !== null) return missing;
    const outcome = command.run(this, task);
    return isSteps(outcome) ? yield* outcome : outcome;
  }

  /** The next command that is not passed over reports this. */
  attend(sense: Sense): void {
    if (!this.attentions.includes(sense)) this.attentions = [...this.attentions, sense];
  }

  /** As after power on: everything volatile is forgotten. */
  reset(): void {
    this.attentions = [SENSE.powerOnOrReset];
  }

  save(): UnitState {
    return { attentions: this.attentions };
  }

  load({ attentions }: UnitState): void {
    const known: readonly Sense[] = Object.values(SENSE);
    // `attend` compares by identity.
    this.attentions = attentions.flatMap(
      (saved) =>
        known.find(({ key, asc, ascq }) => key === saved.key && asc === saved.asc && ascq === saved.ascq) ?? [],
    );
  }
}

function isSteps(outcome: Outcome | Steps): outcome is Steps {
  return outcome !== null && Symbol.iterator in outcome;
}

/** REQUEST SENSE: DESC chooses the format. */
export function answerSense(task: ScsiTask, sense: Sense): Outcome {
  return answer(task, ((task.cdb[1] as number) & 1) === 1 ? descriptorSense(sense) : fixedSense(sense));
}
