/** ConditionHolds() (ARM ARM, shared/functions/system): what the condition of an instruction asks of NZCV. */

/** True when condition `cond` (4 bits, as instructions have it) holds for flags `nzcv` (N=8 Z=4 C=2 V=1). */
export function conditionHolds(cond: u32, nzcv: u32): bool {
  const n = (nzcv >> 3) & 1;
  const z = (nzcv >> 2) & 1;
  const c = (nzcv >> 1) & 1;
  const v = nzcv & 1;
  let result: u32 = 1;
  switch (cond >> 1) {
    case 0:
      result = z;
      break;
    case 1:
      result = c;
      break;
    case 2:
      result = n;
      break;
    case 3:
      result = v;
      break;
    case 4:
      result = c & (z ^ 1);
      break;
    case 5:
      result = n ^ v ^ 1;
      break;
    case 6:
      result = (n ^ v ^ 1) & (z ^ 1);
      break;
    default:
      return true;
  }
  return (result ^ (cond & 1)) != 0;
}

/** For flags 0..15, bit NZCV of the result says whether `cond` holds. */
export function conditionMask(cond: u32): u32 {
  let mask: u32 = 0;
  for (let nzcv: u32 = 0; nzcv < 16; nzcv++) if (conditionHolds(cond, nzcv)) mask |= 1 << nzcv;
  return mask;
}
