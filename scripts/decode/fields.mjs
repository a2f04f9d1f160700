// @ts-check
/** Widths of the instruction fields that have one width everywhere (ARM ARM C4). Others write `name:width`. */
export const FIELD_WIDTHS = Object.freeze({
  sf: 1, op: 1, S: 1, N: 1, sh: 1, hw: 2, o0: 1, o1: 1, o2: 1, L: 1, V: 1, U: 1, Q: 1, M: 1,
  Rd: 5, Rn: 5, Rm: 5, Ra: 5, Rt: 5, Rt2: 5, Rs: 5,
  imm3: 3, imm4: 4, imm5: 5, imm6: 6, imm7: 7, imm8: 8, imm9: 9, imm12: 12, imm14: 14, imm16: 16, imm19: 19, imm26: 26,
  immlo: 2, immhi: 19, immr: 6, imms: 6, immb: 3, immh: 4,
  shift: 2, option: 3, cond: 4, nzcv: 4, b5: 1, b40: 5, size: 2, opc: 2, ptype: 2, rmode: 2, scale: 6, CRm: 4, CRn: 4, op1: 3, op2: 3,
  cmode: 4, abc: 3, defgh: 5, H: 1, sz: 1, len: 2,
});
