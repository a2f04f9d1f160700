/** Sense data: why a command ended with CHECK CONDITION. */
import { SENSE_BYTES } from "./spec.ts";

/** Sense key, additional sense code and its qualifier. */
export interface Sense {
  readonly key: number;
  readonly asc: number;
  readonly ascq: number;
}

const NOT_READY = 0x2;
const ILLEGAL_REQUEST = 0x5;
const UNIT_ATTENTION = 0x6;
const DATA_PROTECT = 0x7;
const ABORTED_COMMAND = 0xb;

const code = (key: number, asc: number, ascq: number): Sense => ({ key, asc, ascq });

/** Every reason that is given here; the values are those of QEMU for the same reason. */
export const SENSE = {
  none: code(0, 0, 0),
  becomingReady: code(NOT_READY, 0x04, 0x03),
  mediumNotPresent: code(NOT_READY, 0x3a, 0x00),
  notReadyRemovalPrevented: code(NOT_READY, 0x53, 0x02),
  parameterListLengthError: code(ILLEGAL_REQUEST, 0x1a, 0x00),
  invalidOperationCode: code(ILLEGAL_REQUEST, 0x20, 0x00),
  lbaOutOfRange: code(ILLEGAL_REQUEST, 0x21, 0x00),
  invalidFieldInCdb: code(ILLEGAL_REQUEST, 0x24, 0x00),
  lunNotSupported: code(ILLEGAL_REQUEST, 0x25, 0x00),
  invalidFieldInParameterList: code(ILLEGAL_REQUEST, 0x26, 0x00),
  savingParametersNotSupported: code(ILLEGAL_REQUEST, 0x39, 0x00),
  mediumRemovalPrevented: code(ILLEGAL_REQUEST, 0x53, 0x02),
  mediumMayHaveChanged: code(UNIT_ATTENTION, 0x28, 0x00),
  powerOnOrReset: code(UNIT_ATTENTION, 0x29, 0x00),
  capacityDataHasChanged: code(UNIT_ATTENTION, 0x2a, 0x09),
  attentionMediumNotPresent: code(UNIT_ATTENTION, 0x3a, 0x00),
  reportedLunsDataHasChanged: code(UNIT_ATTENTION, 0x3f, 0x0e),
  writeProtected: code(DATA_PROTECT, 0x27, 0x00),
  ioProcessTerminated: code(ABORTED_COMMAND, 0x00, 0x06),
} as const;

/** Fixed format sense data (SPC-4, 4.5.3). */
export function fixedSense({ key, asc, ascq }: Sense): Uint8Array {
  const bytes = new Uint8Array(SENSE_BYTES);
  bytes[0] = 0x70;
  bytes[2] = key;
  bytes[7] = SENSE_BYTES - 8;
  bytes[12] = asc;
  bytes[13] = ascq;
  return bytes;
}

/** Descriptor format sense data without descriptors (SPC-4, 4.5.2). */
export function descriptorSense({ key, asc, ascq }: Sense): Uint8Array {
  return Uint8Array.of(0x72, key, asc, ascq, 0, 0, 0, 0);
}
