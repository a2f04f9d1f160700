/**
 * Keys of the generic timer's system registers: op0 << 14 | op1 << 11 | CRn << 7 | CRm << 3 | op2
 * (ARM ARM D13.8). The registers that exist with EL1 as the highest EL and no FEAT_ECV.
 */
const S3_3_C14: u32 = (3 << 14) | (3 << 11) | (14 << 7);

export const KEY_CNTKCTL_EL1: u32 = (3 << 14) | (14 << 7) | (1 << 3);
export const KEY_CNTFRQ_EL0: u32 = S3_3_C14;
export const KEY_CNTPCT_EL0: u32 = S3_3_C14 | 1;
export const KEY_CNTVCT_EL0: u32 = S3_3_C14 | 2;
export const KEY_CNTP_TVAL_EL0: u32 = S3_3_C14 | (2 << 3);
export const KEY_CNTP_CTL_EL0: u32 = S3_3_C14 | (2 << 3) | 1;
export const KEY_CNTP_CVAL_EL0: u32 = S3_3_C14 | (2 << 3) | 2;
export const KEY_CNTV_TVAL_EL0: u32 = S3_3_C14 | (3 << 3);
export const KEY_CNTV_CTL_EL0: u32 = S3_3_C14 | (3 << 3) | 1;
export const KEY_CNTV_CVAL_EL0: u32 = S3_3_C14 | (3 << 3) | 2;
