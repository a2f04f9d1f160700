/** The eight bytes that address a logical unit (virtio 1.4, 5.6.6.1). */
import type { UnitAddress } from "../../../scsi/domain.ts";
import { SCSI_LUN_SIZE } from "../../spec/scsi.ts";

/** What such an address names. */
export type LunAddress =
  | ({ readonly kind: "unit" } & UnitAddress)
  /** The REPORT LUNS well known logical unit of one target (C1h 01h below it), or of the whole device. */
  | { readonly kind: "report-luns"; readonly target: number | null }
  | { readonly kind: "invalid" };

const WELL_KNOWN = 0xc1;
const REPORT_LUNS = 0x01;
const INVALID: LunAddress = { kind: "invalid" };

/**
 * A single level structure: peripheral addressing (00b, bus 0) for LUNs up to 255, flat space addressing (01b) for up to
 * 16383, extended addressing only for well known logical units. All that follows is zero.
 */
export function parseLun(bytes: Uint8Array): LunAddress {
  const [first = 0, target = 0, high = 0, low = 0, ...rest] = bytes;
  if (rest.some((byte) => byte !== 0)) return INVALID;
  if (first === WELL_KNOWN) {
    return target === REPORT_LUNS && high === 0 && low === 0 ? { kind: "report-luns", target: null } : INVALID;
  }
  if (first !== 1) return INVALID;
  if (high === WELL_KNOWN) return low === REPORT_LUNS ? { kind: "report-luns", target } : INVALID;
  if (high === 0) return { kind: "unit", target, lun: low };
  return high >> 6 === 1 ? { kind: "unit", target, lun: ((high & 0x3f) << 8) | low } : INVALID;
}

/** The address of a unit in the form that QEMU's events have and Linux sends. */
export function lunBytes({ target, lun }: UnitAddress): Uint8Array {
  const bytes = new Uint8Array(SCSI_LUN_SIZE);
  bytes.set([1, target, lun > 0xff ? 0x40 | (lun >> 8) : 0, lun & 0xff]);
  return bytes;
}
