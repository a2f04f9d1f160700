/** Instructions that use the arithmetic, each with the call that must give the same result and flags. */

/** Exports of test-entry.ts. */
export type Arithmetic = Readonly<Record<string, (...values: (bigint | number)[]) => bigint | number>>;

/** Operands of one case: V1 (and X1), V2, V3. */
export type Operands = readonly [a: bigint, b: bigint, c: bigint];

export interface Operation {
  /** Assembler text; result in V0, X0 or NZCV, whichever it writes. */
  readonly instruction: string;
  /** Width in bits of the floating-point operands. */
  readonly width: 16 | 32 | 64;
  readonly result: "v" | "x" | "nzcv";
  call(wasm: Arithmetic, operands: Operands): bigint | number;
}

const TIEEVEN = 0;
const POSINF = 1;
const NEGINF = 2;
const ZERO = 3;
const TIEAWAY = 4;
const ODD = 5;

const REGISTER = { 16: "h", 32: "s", 64: "d" } as const;

/** Calls an export by name. */
export function invoke(wasm: Arithmetic, name: string, ...values: (bigint | number)[]): bigint | number {
  const target = wasm[name];
  if (!target) throw new Error(`test-entry.ts exports no ${name}`);
  return target(...values);
}

function arithmetic(width: 32 | 64): Operation[] {
  const r = REGISTER[width];
  const binary = (mnemonic: string, name: string): Operation => ({
    instruction: `${mnemonic} ${r}0, ${r}1, ${r}2`,
    width,
    result: "v",
    call: (wasm, [a, b]) => invoke(wasm, `${name}${width}`, a, b),
  });
  const unary = (mnemonic: string, name: string): Operation => ({
    instruction: `${mnemonic} ${r}0, ${r}1`,
    width,
    result: "v",
    call: (wasm, [a]) => invoke(wasm, `${name}${width}`, a),
  });
  const compare = (mnemonic: string, signalNaNs: number): Operation => ({
    instruction: `${mnemonic} ${r}1, ${r}2`,
    width,
    result: "nzcv",
    call: (wasm, [a, b]) => invoke(wasm, `FPCompare${width}`, a, b, signalNaNs),
  });
  return [
    binary("fadd", "FPAdd"),
    binary("fsub", "FPSub"),
    binary("fmul", "FPMul"),
    binary("fmulx", "FPMulX"),
    binary("fdiv", "FPDiv"),
    binary("fmax", "FPMax"),
    binary("fmin", "FPMin"),
    binary("fmaxnm", "FPMaxNum"),
    binary("fminnm", "FPMinNum"),
    binary("frecps", "FPRecipStepFused"),
    binary("frsqrts", "FPRSqrtStepFused"),
    unary("fsqrt", "FPSqrt"),
    unary("frecpe", "FPRecipEstimate"),
    unary("frsqrte", "FPRSqrtEstimate"),
    unary("frecpx", "FPRecpX"),
    compare("fcmp", 0),
    compare("fcmpe", 1),
    {
      instruction: `fmadd ${r}0, ${r}1, ${r}2, ${r}3`,
      width,
      result: "v",
      call: (wasm, [a, b, c]) => invoke(wasm, `FPMulAdd${width}`, c, a, b),
    },
  ];
}

function rounding(width: 32 | 64): Operation[] {
  const r = REGISTER[width];
  const row = (mnemonic: string, mode: number | null, exact: number): Operation => ({
    instruction: `${mnemonic} ${r}0, ${r}1`,
    width,
    result: "v",
    call: (wasm, [a]) => invoke(wasm, `FPRoundInt${width}`, a, mode ?? invoke(wasm, "roundingMode"), exact),
  });
  return [
    row("frintn", TIEEVEN, 0),
    row("frintp", POSINF, 0),
    row("frintm", NEGINF, 0),
    row("frintz", ZERO, 0),
    row("frinta", TIEAWAY, 0),
    row("frintx", null, 1),
    row("frinti", null, 0),
  ];
}

function integers(width: 32 | 64): Operation[] {
  const r = REGISTER[width];
  const toFixed = (mnemonic: string, target: "w" | "x", fbits: number, mode: number): Operation => ({
    instruction: `${mnemonic} ${target}0, ${r}1${fbits === 0 ? "" : `, #${fbits}`}`,
    width,
    result: "x",
    call: (wasm, [a]) =>
      invoke(wasm, `FPToFixed${width}`, a, fbits, Number(mnemonic.endsWith("u")), mode, target === "x" ? 64 : 32),
  });
  const fromFixed = (mnemonic: string, fbits: number): Operation => ({
    instruction: `${mnemonic} ${r}0, x1${fbits === 0 ? "" : `, #${fbits}`}`,
    width,
    result: "v",
    call: (wasm, [a]) => {
      const negative = mnemonic === "scvtf" && BigInt.asIntN(64, a) < 0n;
      const magnitude = negative ? -BigInt.asIntN(64, a) : a;
      return invoke(wasm, `FixedToFP${width}`, Number(negative), magnitude, fbits, invoke(wasm, "roundingMode"));
    },
  });
  return [
    toFixed("fcvtns", "x", 0, TIEEVEN),
    toFixed("fcvtnu", "w", 0, TIEEVEN),
    toFixed("fcvtps", "w", 0, POSINF),
    toFixed("fcvtpu", "x", 0, POSINF),
    toFixed("fcvtms", "x", 0, NEGINF),
    toFixed("fcvtmu", "w", 0, NEGINF),
    toFixed("fcvtas", "w", 0, TIEAWAY),
    toFixed("fcvtau", "x", 0, TIEAWAY),
    toFixed("fcvtzs", "x", 0, ZERO),
    toFixed("fcvtzs", "w", 0, ZERO),
    toFixed("fcvtzu", "x", 0, ZERO),
    toFixed("fcvtzu", "w", 0, ZERO),
    toFixed("fcvtzs", "x", 64, ZERO),
    toFixed("fcvtzu", "w", 17, ZERO),
    fromFixed("scvtf", 0),
    fromFixed("ucvtf", 0),
    fromFixed("scvtf", 64),
    fromFixed("ucvtf", 13),
  ];
}

function conversion(from: 16 | 32 | 64, to: 16 | 32 | 64): Operation {
  return {
    instruction: `fcvt ${REGISTER[to]}0, ${REGISTER[from]}1`,
    width: from,
    result: "v",
    call: (wasm, [a]) => invoke(wasm, `FPConvert${from}to${to}`, a, invoke(wasm, "roundingMode")),
  };
}

export const OPERATIONS: readonly Operation[] = [
  ...([32, 64] as const).flatMap((width) => [...arithmetic(width), ...rounding(width), ...integers(width)]),
  conversion(16, 32),
  conversion(16, 64),
  conversion(32, 16),
  conversion(32, 64),
  conversion(64, 16),
  conversion(64, 32),
  {
    instruction: "fcvtxn s0, d1",
    width: 64,
    result: "v",
    call: (wasm, [a]) => invoke(wasm, "FPConvert64to32", a, ODD),
  },
];
