/** The saved part of a SCSI host beyond its configuration space and queues. Commands in flight are served again. */
import type { BlockUnit, BlockUnitState } from "../../../scsi/block-unit.ts";
import type { UnitAddress } from "../../../scsi/domain.ts";
import { type SavedState, StateReader } from "../../state.ts";

export interface SavedUnit extends UnitAddress {
  /** Peripheral device type. */
  readonly type: number;
  readonly sizeBytes: number;
  /** Asynchronous notifications that the driver wants. */
  readonly subscribed: number;
  readonly state: BlockUnitState;
}

export interface ScsiState extends SavedState {
  readonly eventsMissed: boolean;
  readonly units: readonly SavedUnit[];
}

const NAME = "virtio-scsi";
const VERSION = 1;

export function saveScsi(eventsMissed: boolean, units: readonly SavedUnit[]): ScsiState {
  return { name: NAME, version: VERSION, eventsMissed, units };
}

/** Units of a saved state by their place, as they are in this machine. */
export type FindUnit = (address: UnitAddress) => BlockUnit | undefined;

/** A unit of this machine and what it was like. */
export interface RestoredUnit {
  readonly unit: BlockUnit;
  readonly sizeBytes: number;
  readonly subscribed: number;
  readonly state: BlockUnitState;
}

/** Reads a saved state; throws a StateError where the units of this machine are not those that were saved. */
export function loadScsi(
  value: unknown,
  count: number,
  find: FindUnit,
): { eventsMissed: boolean; units: RestoredUnit[] } {
  const reader = StateReader.open(value, NAME, VERSION);
  const rows = reader.list("units");
  if (rows.length !== count) throw reader.error(`${rows.length} units, and the machine has ${count}`);
  const units = rows.map((row) => {
    const address = { target: row.integer("target", 0, 0xff), lun: row.integer("lun", 0, 0x3fff) };
    const unit = find(address);
    const type = row.integer("type", 0, 0x1f);
    if (unit?.peripheral !== type) throw row.error(`no unit of type ${type} at ${address.target}:${address.lun}`);
    return {
      unit,
      sizeBytes: row.integer("sizeBytes", 0, Number.MAX_SAFE_INTEGER),
      subscribed: row.integer("subscribed", 0, 0xffff_ffff),
      state: loadUnit(row.section("state")),
    };
  });
  return { eventsMissed: reader.boolean("eventsMissed"), units };
}

function loadUnit(reader: StateReader): BlockUnitState {
  const flag = (name: string): boolean => reader.raw(name) !== undefined && reader.boolean(name);
  const state = {
    attentions: reader.list("attentions").map((sense) => ({
      key: sense.integer("key", 0, 0xf),
      asc: sense.integer("asc", 0, 0xff),
      ascq: sense.integer("ascq", 0, 0xff),
    })),
    trayOpen: reader.boolean("trayOpen"),
    locked: reader.boolean("locked"),
    writeCache: reader.boolean("writeCache"),
    // Of CD drives only.
    newMedia: flag("newMedia"),
    ejectRequested: flag("ejectRequested"),
  };
  return state;
}
