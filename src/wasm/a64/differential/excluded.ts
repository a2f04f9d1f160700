/** Rows that the differential test against qemu-aarch64 cannot run, and where they are tested instead. */

const SYSTEM = "needs EL1: compared with qemu-system-aarch64 in system.test.ts";

export const EXCLUDED: Readonly<Record<string, string>> = {
  MSR_imm: SYSTEM,
  SYS: SYSTEM,
  SYSL: SYSTEM,
  MSR_reg: SYSTEM,
  MRS: SYSTEM,
  SVC: SYSTEM,
  HVC: SYSTEM,
  SMC: SYSTEM,
  BRK: SYSTEM,
  HLT: SYSTEM,
  ERET: SYSTEM,
};
