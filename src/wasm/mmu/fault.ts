/** Kinds of access and fault status codes of VMSAv8-64 (ARM ARM D5, ESR_EL1 ISS of instruction and data aborts). */

export const ACCESS_READ: u32 = 0;
export const ACCESS_WRITE: u32 = 1;
export const ACCESS_FETCH: u32 = 2;
/** AT instructions and cache maintenance: reads for permissions, reported with ISS.CM where the ARM ARM says so. */

/** DFSC/IFSC; the level is added to the first four. */
export const FAULT_ADDRESS_SIZE: u32 = 0x00;
export const FAULT_TRANSLATION: u32 = 0x04;
export const FAULT_ACCESS_FLAG: u32 = 0x08;
export const FAULT_PERMISSION: u32 = 0x0c;
export const FAULT_EXTERNAL: u32 = 0x10;
export const FAULT_EXTERNAL_ON_WALK: u32 = 0x14;
export const FAULT_ALIGNMENT: u32 = 0x21;

/** ISS.WnR and ISS.CM. */
export const ISS_WNR: u32 = 1 << 6;
export const ISS_CM: u32 = 1 << 8;
