/** Identification of a Cortex-A57 r1p0 (its Technical Reference Manual), as QEMU's cortex-a57 without EL2 and EL3 reports it. */
import { gicVersion } from "../gic/gic";

export const MIDR_VALUE: u64 = 0x411f_d070;
/** 64-byte data and instruction lines, PIPT instruction cache. */
export const CTR_VALUE: u64 = 0x8444_c004;
/** DC ZVA clears 64 bytes. */
export const DCZID_BLOCK: u64 = 4;
export const CLIDR_VALUE: u64 = 0x0a20_0023;

/** ID_* registers by CRm << 3 | op2 (op0 3, op1 0, CRn 0, CRm 1 to 7); the ones not listed read as zero. */
export function idRegister(index: u32): u64 {
  switch (index) {
    case 0x08: // ID_PFR0_EL1
      return 0x0000_0131;
    case 0x09: // ID_PFR1_EL1: no security and virtualization extensions
      return 0x0001_0001 | (gicVersion() == 3 ? 1 << 28 : 0);
    case 0x0a: // ID_DFR0_EL1
      return 0x0301_0006;
    case 0x0c: // ID_MMFR0_EL1
      return 0x1010_1105;
    case 0x0d: // ID_MMFR1_EL1
      return 0x4000_0000;
    case 0x0e: // ID_MMFR2_EL1
      return 0x0126_0000;
    case 0x0f: // ID_MMFR3_EL1
      return 0x0210_2211;
    case 0x10: // ID_ISAR0_EL1
      return 0x0210_1110;
    case 0x11: // ID_ISAR1_EL1
      return 0x1311_2111;
    case 0x12: // ID_ISAR2_EL1
      return 0x2123_2042;
    case 0x13: // ID_ISAR3_EL1
      return 0x0111_2131;
    case 0x14: // ID_ISAR4_EL1
      return 0x0001_1142;
    case 0x15: // ID_ISAR5_EL1
      return 0x0001_1121;
    case 0x18: // MVFR0_EL1
      return 0x1011_0222;
    case 0x19: // MVFR1_EL1
      return 0x1211_1111;
    case 0x1a: // MVFR2_EL1
      return 0x0000_0043;
    case 0x20: // ID_AA64PFR0_EL1: no EL2, no EL3
      return 0x0000_0022 | (gicVersion() == 3 ? 1 << 24 : 0);
    case 0x28: // ID_AA64DFR0_EL1
      return 0x1030_5106;
    case 0x30: // ID_AA64ISAR0_EL1
      return 0x0001_1120;
    case 0x38: // ID_AA64MMFR0_EL1
      return 0x0000_1124;
    default:
      return 0;
  }
}

/** CCSIDR_EL1 by CSSELR_EL1: 32 KiB data, 48 KiB instruction, 2 MiB unified. */
export function cacheSize(selector: u32): u64 {
  switch (selector) {
    case 0:
      return 0x701f_e00a;
    case 1:
      return 0x201f_e012;
    case 2:
      return 0x70ff_e07a;
    default:
      return 0;
  }
}
