/** What the compiler and its host agree on. */

/** The most regions there are at a time: so many slots of the function table are theirs. */
export const MAX_REGIONS: u32 = 8192;
