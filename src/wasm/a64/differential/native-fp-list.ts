/** Instructions of native-fp.test.ts: V0 to V2 and X3 are operands, V3 (which is V2 before) or X4 the result. */

const both = (text: string): string[] => [text.replace(/%/g, "d"), text.replace(/%/g, "s")];

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
];

/** Those that always have their handler called. */
export const OTHER_FP: readonly string[] = [];
