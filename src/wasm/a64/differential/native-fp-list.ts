/** Instructions of native-fp.test.ts: V0 to V2 and X3 are operands, V3 (which is V2 before) or X4 the result. */

const both = (text: string): string[] => [text.replace(/%/g, "d"), text.replace(/%/g, "s")];

/** Three arrangements; `$` is the arrangement. */
const vectors = (text: string): string[] => ["4s", "2s", "2d"].map((shape) => text.replace(/\$/g, shape));

/** Those that the compiler leaves to the host's arithmetic when the operands are ordinary. */
export const NATIVE_FP: readonly string[] = [
  ...["fmov", "fabs", "fneg", "fsqrt"].flatMap((name) => both(`${name} %3, %0`)),
  ...["fadd", "fsub", "fmul", "fdiv", "fnmul", "fmax", "fmin", "fmaxnm", "fminnm"].flatMap((name) =>
    both(`${name} %3, %0, %1`),
  ),
  ...["fmul", "fadd", "fdiv"].flatMap((name) => both(`${name} %3, %0, %0`)),
  ...both("fmov %3, 1.5"),
  ...both("fmov %3, -0.125"),
  ...both("fcmp %0, %1"),
  ...both("fcmpe %0, %1"),
  ...both("fcmp %0, 0.0"),
  ...both("fcmpe %0, 0.0"),
  ...["eq", "hi", "lt", "vs"].flatMap((cond) => both(`fcsel %3, %0, %1, ${cond}`)),
  ...["ne", "ls", "gt"].flatMap((cond) => both(`fccmp %0, %1, 9, ${cond}`)),
  ...both("fccmpe %0, %1, 4, mi"),
  ...["n", "p", "m", "z", "a", "x", "i"].flatMap((mode) => both(`frint${mode} %3, %0`)),
  "fcvt d3, s0",
  "fcvt s3, d0",
  ...["ns", "nu", "ps", "pu", "ms", "mu", "zs", "zu", "as", "au"].flatMap((name) =>
    ["w4", "x4"].flatMap((to) => both(`fcvt${name} ${to}, %0`)),
  ),
  ...["scvtf", "ucvtf"].flatMap((name) =>
    ["w3", "x3", "wzr"].flatMap((from) => [...both(`${name} %3, ${from}`), ...both(`${name} %3, ${from}, 7`)]),
  ),
  ...["fcvtzs", "fcvtzu"].flatMap((name) =>
    ["w4, %0, 3", "x4, %0, 1"].flatMap((operands) => both(`${name} ${operands}`)),
  ),
  "fmov w4, s0",
  "fmov s3, w3",
  "fmov x4, d0",
  "fmov d3, x3",
  "fmov x4, v0.d[1]",
  "fmov v3.d[1], x3",
  ...["fmadd", "fmsub", "fnmadd", "fnmsub"].flatMap((name) => both(`${name} %3, %0, %1, %2`)),
  ...["fadd", "fsub", "fabd", "fmul", "fdiv", "fmla", "fmls", "faddp", "fmax", "fmin", "fmaxnm", "fminnm"].flatMap(
    (name) => vectors(`${name} v3.$, v0.$, v1.$`),
  ),
  ...["fcmeq", "fcmge", "fcmgt", "facge", "facgt"].flatMap((name) => [
    ...vectors(`${name} v3.$, v0.$, v1.$`),
    ...both(`${name} %3, %0, %1`),
  ]),
  ...["eq", "ge", "gt", "le", "lt"].flatMap((name) => [
    ...vectors(`fcm${name} v3.$, v0.$, 0.0`),
    ...both(`fcm${name} %3, %0, 0.0`),
  ]),
  ...both("fabd %3, %0, %1"),
  ...["fabs", "fneg", "fsqrt", "frintn", "frintm", "frintp", "frintz", "frintx", "frinti"].flatMap((name) =>
    vectors(`${name} v3.$, v0.$`),
  ),
  ...["scvtf", "ucvtf", "fcvtzs", "fcvtzu", "fcvtns", "fcvtnu", "fcvtms", "fcvtpu"].flatMap((name) => [
    ...vectors(`${name} v3.$, v0.$`),
    ...both(`${name} %3, %0`),
  ]),
  "fcvtl v3.2d, v0.2s",
  "fcvtl2 v3.2d, v0.4s",
  ...["fmul", "fmla", "fmls"].flatMap((name) => [
    `${name} v3.4s, v0.4s, v1.s[3]`,
    `${name} v3.2s, v0.2s, v1.s[2]`,
    `${name} v3.2d, v0.2d, v1.d[1]`,
    `${name} s3, s0, v1.s[1]`,
    `${name} d3, d0, v1.d[1]`,
  ]),
  "faddp d3, v0.2d",
  "faddp s3, v0.2s",
];

/** Those whose handlers ordinary operands need, or this host always. */
export const OTHER_FP: readonly string[] = [
  ...["fcvtzs", "fcvtzu"].flatMap((name) =>
    ["w4, %0, 32", "x4, %0, 64"].flatMap((operands) => both(`${name} ${operands}`)),
  ),
  "fcvtn v3.2s, v0.2d",
  ...vectors("frinta v3.$, v0.$"),
  ...vectors("fcvtas v3.$, v0.$"),
  ...["frecpe", "frsqrte"].flatMap((name) => vectors(`${name} v3.$, v0.$`)),
  ...["frecps", "frsqrts", "fmulx", "fmaxp"].flatMap((name) => vectors(`${name} v3.$, v0.$, v1.$`)),
  "fcvt h3, s0",
  "fcvt d3, h0",
];
