/**
 * Keys of the GICv3 CPU interface's system registers: op0 << 14 | op1 << 11 | CRn << 7 | CRm << 3 | op2
 * (GICv3 specification, 12.2). The registers that exist with 5 priority bits, EL1 as the highest EL and no NMI support.
 */
const S3_0_C12: u32 = (3 << 14) | (12 << 7);

export const KEY_ICC_PMR_EL1: u32 = (3 << 14) | (4 << 7) | (6 << 3);
export const KEY_ICC_IAR0_EL1: u32 = S3_0_C12 | (8 << 3);
export const KEY_ICC_EOIR0_EL1: u32 = S3_0_C12 | (8 << 3) | 1;
export const KEY_ICC_HPPIR0_EL1: u32 = S3_0_C12 | (8 << 3) | 2;
export const KEY_ICC_BPR0_EL1: u32 = S3_0_C12 | (8 << 3) | 3;
export const KEY_ICC_AP0R0_EL1: u32 = S3_0_C12 | (8 << 3) | 4;
export const KEY_ICC_AP1R0_EL1: u32 = S3_0_C12 | (9 << 3);
export const KEY_ICC_DIR_EL1: u32 = S3_0_C12 | (11 << 3) | 1;
export const KEY_ICC_RPR_EL1: u32 = S3_0_C12 | (11 << 3) | 3;
export const KEY_ICC_SGI1R_EL1: u32 = S3_0_C12 | (11 << 3) | 5;
export const KEY_ICC_ASGI1R_EL1: u32 = S3_0_C12 | (11 << 3) | 6;
export const KEY_ICC_SGI0R_EL1: u32 = S3_0_C12 | (11 << 3) | 7;
export const KEY_ICC_IAR1_EL1: u32 = S3_0_C12 | (12 << 3);
export const KEY_ICC_EOIR1_EL1: u32 = S3_0_C12 | (12 << 3) | 1;
export const KEY_ICC_HPPIR1_EL1: u32 = S3_0_C12 | (12 << 3) | 2;
export const KEY_ICC_BPR1_EL1: u32 = S3_0_C12 | (12 << 3) | 3;
export const KEY_ICC_CTLR_EL1: u32 = S3_0_C12 | (12 << 3) | 4;
export const KEY_ICC_SRE_EL1: u32 = S3_0_C12 | (12 << 3) | 5;
export const KEY_ICC_IGRPEN0_EL1: u32 = S3_0_C12 | (12 << 3) | 6;
export const KEY_ICC_IGRPEN1_EL1: u32 = S3_0_C12 | (12 << 3) | 7;
