// @ts-check
/**
 * The records that the run loop executes by itself: integer code, branches, loads and stores. One list, from which the
 * loop's switch (generate.mjs) and the record numbers are made; src/wasm/cpu/predecode.ts chooses among them.
 *
 * A record is 16 bytes: u16 number, u16 rd, u16 rn, u16 rm (byte offsets from the CPU's base), and 8 bytes that are one
 * u64 immediate or two u32 (`low` at 8, `high` at 12).
 *
 * Bodies are AssemblyScript. Locals of the loop: cpu, p (record), frame, pageVa, tlb, el, nzcv, budget, start, slack.
 * @typedef {{ name: string, body: string }} RecordKind  `body` ends in a jump of its own, or falls to the next record.
 */

const slot = (/** @type {number} */ at) => `cpu + <usize>load<u16>(p, ${at})`;
const X = { d: `load<u64>(${slot(2)})`, n: `load<u64>(${slot(4)})`, m: `load<u64>(${slot(6)})` };
const W = { d: `load<u32>(${slot(2)})`, n: `load<u32>(${slot(4)})`, m: `load<u32>(${slot(6)})` };
const IMM = "load<u64>(p, 8)";
const LOW = "load<u32>(p, 8)";
const HIGH = "load<u32>(p, 12)";

/** Register file access by width: `sf` 1 is X. */
const width = (/** @type {0 | 1} */ sf) =>
  sf
    ? {
        type: "u64",
        signed: "i64",
        top: 63,
        bits: 64,
        r: X,
        imm: IMM,
        set: (/** @type {string} */ v) => `store<u64>(${slot(2)}, ${v});`,
      }
    : {
        type: "u32",
        signed: "i32",
        top: 31,
        bits: 32,
        r: W,
        imm: LOW,
        set: (/** @type {string} */ v) => `store<u64>(${slot(2)}, <u64><u32>(${v}));`,
      };

/** @typedef {ReturnType<typeof width>} Width */

/** NZCV of r = a + b. @param {Width} w */
const flagsAdd = (w) =>
  `nzcv = (<u32>(r >> ${w.top}) << 3) | (<u32>(r == 0) << 2) | (<u32>(r < a) << 1) | <u32>(((a ^ r) & (b ^ r)) >> ${w.top});`;
/** NZCV of r = a - b. @param {Width} w */
const flagsSub = (w) =>
  `nzcv = (<u32>(r >> ${w.top}) << 3) | (<u32>(r == 0) << 2) | (<u32>(a >= b) << 1) | <u32>(((a ^ b) & (a ^ r)) >> ${w.top});`;
/** @param {Width} w */
const flagsLogic = (w) => `nzcv = (<u32>(r >> ${w.top}) << 3) | (<u32>(r == 0) << 2);`;

/** @type {RecordKind[]} */
const kinds = [];
const add = (/** @type {string} */ name, /** @type {string} */ body) => void kinds.push({ name, body });

// Not decoded yet; a slot of a fresh frame is all zeros. The end of a page. Words that no row takes.
add("UNDECODED", "predecode(frame, p); continue;");
add("PAGE_END", "@goto(0, pageVa + 4096)");
// What surrounds the one instruction of a single step.
add("STOP", "@leave");
// The entry of a compiled region in place of the instruction's record; `low` is its table slot (jit/regions.ts).
add("COMPILED", "@leave");
add("UNDEFINED", "undefinedInstruction(cpu); @leave");
// Outlined handlers. `high` is the function, `low` the instruction word.
const call = `store<u64>(cpu, pageVa + <u64>((p - frame) >> 2), CPU_PC); store<u32>(cpu, nzcv, CPU_NZCV);
  store<i32>(cpu, budget + slack - <i32>((p - start) >> 4), CPU_BUDGET);
  call_indirect<void>(${HIGH}, cpu, ${LOW}); nzcv = load<u32>(cpu, CPU_NZCV); if (load<u32>(cpu, CPU_EXIT) != 0) { @leaveAfter }`;
add("CALL", call);
add("CALL_FP", `if (fpTrapped(cpu)) { @leave } ${call}`);
add("NOP", "");

// Data processing: four operand shapes each: register, register LSL #, register with any shift or extension, immediate.
/** @type {[string, string, ((w: Width) => string) | null][]} */
const ALU = [
  ["ADD", "a + b", null],
  ["ADDS", "a + b", flagsAdd],
  ["SUB", "a - b", null],
  ["SUBS", "a - b", flagsSub],
  ["AND", "a & b", null],
  ["BIC", "a & ~b", null],
  ["ORR", "a | b", null],
  ["ORN", "a | ~b", null],
  ["EOR", "a ^ b", null],
  ["EON", "a ^ ~b", null],
  ["ANDS", "a & b", flagsLogic],
  ["BICS", "a & ~b", flagsLogic],
];
export const ALU_SHAPES = ["REG", "LSL", "SHIFT", "IMM"];
for (const [name, expression, flags] of ALU) {
  for (const shape of ALU_SHAPES) {
    for (const sf of /** @type {const} */ ([0, 1])) {
      const w = width(sf);
      const b = {
        REG: w.r.m,
        LSL: `${w.r.m} << <${w.type}>${LOW}`,
        SHIFT: `${sf ? "shiftX" : "shiftW"}(${X.m}, ${LOW})`,
        IMM: w.imm,
      }[shape];
      add(
        `${name}_${shape}_${sf ? "X" : "W"}`,
        `const a: ${w.type} = ${w.r.n}, b: ${w.type} = ${b}; const r: ${w.type} = ${expression}; ${flags ? flags(w) : ""} ${w.set("r")}`,
      );
    }
  }
}
for (const sf of /** @type {const} */ ([0, 1])) {
  const w = width(sf);
  add(`MOV_${sf ? "X" : "W"}`, w.set(w.r.m));
}
add("MOV_CONST", `store<u64>(${slot(2)}, ${IMM});`);
add("MOVK_W", `store<u64>(${slot(2)}, <u64>((${W.d} & ${HIGH}) | ${LOW}));`);
add("MOVK_X", `const s = <u64>load<u16>(p, 6); store<u64>(${slot(2)}, (${X.d} & ~(<u64>0xffff << s)) | ${IMM});`);
add("ADR", `store<u64>(${slot(2)}, pageVa + ${IMM});`);
for (const sf of /** @type {const} */ ([0, 1])) {
  const w = width(sf);
  const S = sf ? "X" : "W";
  const signed = (/** @type {string} */ v) => `<${w.signed}>${v}`;
  const rmShift = `<${w.type}>load<u16>(p, 6)`;
  add(`UBFX_${S}`, w.set(`(${w.r.n} >> ${rmShift}) & ${w.imm}`));
  add(`UBFIZ_${S}`, w.set(`(${w.r.n} & ${w.imm}) << ${rmShift}`));
  add(`SBFX_${S}`, w.set(`<${w.type}>(<${w.signed}>(${w.r.n} << ${rmShift}) >> <${w.signed}>${LOW})`));
  add(
    `BFM_${S}`,
    `const mask: ${w.type} = ${w.imm}; ${w.set(`(${w.r.d} & ~mask) | (rotr<${w.type}>(${w.r.n}, ${rmShift}) & mask)`)}`,
  );
  add(
    `EXTR_${S}`,
    `const s = <${w.type}>${LOW}; ${w.set(`s != 0 ? (${w.r.m} >> s) | (${w.r.n} << (${w.bits} - s)) : ${w.r.m}`)}`,
  );
  add(`UDIV_${S}`, `const b: ${w.type} = ${w.r.m}; ${w.set(`b != 0 ? ${w.r.n} / b : 0`)}`);
  add(
    `SDIV_${S}`,
    `const b: ${w.signed} = ${signed(w.r.m)}, a: ${w.signed} = ${signed(w.r.n)}; ${w.set(`<${w.type}>(b == 0 ? 0 : b == -1 ? 0 - a : a / b)`)}`,
  );
  add(`LSLV_${S}`, w.set(`${w.r.n} << (${w.r.m} & ${w.top})`));
  add(`LSRV_${S}`, w.set(`${w.r.n} >> (${w.r.m} & ${w.top})`));
  add(`ASRV_${S}`, w.set(`<${w.type}>(${signed(w.r.n)} >> ${signed(`(${w.r.m} & ${w.top})`)})`));
  add(`RORV_${S}`, w.set(`rotr<${w.type}>(${w.r.n}, ${w.r.m})`));
  add(`RBIT_${S}`, w.set(sf ? `reverseBits64(${X.n})` : `<u32>(reverseBits64(<u64>${W.n}) >> 32)`));
  add(`REV16_${S}`, w.set(sf ? `swapBytes16(${X.n})` : `<u32>swapBytes16(<u64>${W.n})`));
  add(`REV_${S}`, w.set(`bswap<${w.type}>(${w.r.n})`));
  add(`CLZ_${S}`, w.set(`clz<${w.type}>(${w.r.n})`));
  add(
    `CLS_${S}`,
    `const v: ${w.type} = ${w.r.n}; ${w.set(`clz<${w.type}>(v ^ <${w.type}>(<${w.signed}>v >> ${w.top})) - 1`)}`,
  );
  const ra = `load<${w.type}>(cpu + <usize>${LOW})`;
  add(`MADD_${S}`, w.set(`${ra} + ${w.r.n} * ${w.r.m}`));
  add(`MSUB_${S}`, w.set(`${ra} - ${w.r.n} * ${w.r.m}`));
  const condition = `((${LOW} >> nzcv) & 1) != 0`;
  add(`CSEL_${S}`, w.set(`${condition} ? ${w.r.n} : ${w.r.m}`));
  add(`CSINC_${S}`, w.set(`${condition} ? ${w.r.n} : ${w.r.m} + 1`));
  add(`CSINV_${S}`, w.set(`${condition} ? ${w.r.n} : ~${w.r.m}`));
  add(`CSNEG_${S}`, w.set(`${condition} ? ${w.r.n} : 0 - ${w.r.m}`));
  // `low` is condition mask | NZCV << 16; the immediate form has its operand in `high`.
  for (const [name, expression, flags] of /** @type {const} */ ([
    ["CCMN", "a + b", flagsAdd],
    ["CCMP", "a - b", flagsSub],
  ])) {
    for (const [shape, operand] of [
      ["REG", w.r.m],
      ["IMM", HIGH],
    ]) {
      add(
        `${name}_${shape}_${S}`,
        `if (((<u32>load<u16>(p, 8) >> nzcv) & 1) != 0) { const a: ${w.type} = ${w.r.n}, b: ${w.type} = ${operand}; const r: ${w.type} = ${expression}; ${flags(w)} } else { nzcv = <u32>load<u16>(p, 10); }`,
      );
    }
  }
  const carry = `<${w.type}>((nzcv >> 1) & 1)`;
  add(`ADC_${S}`, w.set(`${w.r.n} + ${w.r.m} + ${carry}`));
  add(`SBC_${S}`, w.set(`${w.r.n} + ~${w.r.m} + ${carry}`));
  const withCarry = (/** @type {string} */ operand) =>
    `const a: ${w.type} = ${w.r.n}, b: ${w.type} = ${operand}, c: ${w.type} = ${carry}; const s: ${w.type} = a + b; const r: ${w.type} = s + c; nzcv = (<u32>(r >> ${w.top}) << 3) | (<u32>(r == 0) << 2) | (<u32>(s < a || r < s) << 1) | <u32>(((a ^ r) & (b ^ r)) >> ${w.top}); ${w.set("r")}`;
  add(`ADCS_${S}`, withCarry(w.r.m));
  add(`SBCS_${S}`, withCarry(`~${w.r.m}`));
}
add("REV32", `const v = bswap<u64>(${X.n}); store<u64>(${slot(2)}, rotr<u64>(v, 32));`);
const raX = `load<u64>(cpu + <usize>${LOW})`;
const product = (/** @type {"i" | "u"} */ kind) =>
  kind === "i" ? `<u64>(<i64><i32>${W.n} * <i64><i32>${W.m})` : `<u64>${W.n} * <u64>${W.m}`;
add("SMADDL", `store<u64>(${slot(2)}, ${raX} + ${product("i")});`);
add("SMSUBL", `store<u64>(${slot(2)}, ${raX} - ${product("i")});`);
add("UMADDL", `store<u64>(${slot(2)}, ${raX} + ${product("u")});`);
add("UMSUBL", `store<u64>(${slot(2)}, ${raX} - ${product("u")});`);
add("UMULH", `store<u64>(${slot(2)}, multiplyHighU(${X.n}, ${X.m}));`);
add("SMULH", `store<u64>(${slot(2)}, multiplyHighS(${X.n}, ${X.m}));`);

// Loads and stores.
/** Value of a load of `bytes` at `va`; the slow path may have faulted, or asked to leave. */
const loadAt = (/** @type {number} */ bytes, va = "va", v = "v") => {
  const last = bytes === 1 ? va : `(${va} + ${bytes - 1})`;
  return `{ const e = tlb + (<usize>(${va} >> TLB_INDEX_SHIFT) & TLB_INDEX_MASK);
    if (load<u64>(e, TLB_READ) == (${last} & PAGE_MASK)) ${v} = <u64>load<u${bytes * 8}>(<usize>(<u32>${va} + load<u32>(e, TLB_READ + TLB_ADDEND)));
    else { ${v} = loadSlow(cpu, ${va}, ${bytes}, el); @slowExit } }`;
};
const storeAt = (/** @type {number} */ bytes, /** @type {string} */ value, va = "va") => {
  const last = bytes === 1 ? va : `(${va} + ${bytes - 1})`;
  return `{ const e = tlb + (<usize>(${va} >> TLB_INDEX_SHIFT) & TLB_INDEX_MASK);
    if (load<u64>(e, TLB_WRITE) == (${last} & PAGE_MASK)) store<u${bytes * 8}>(<usize>(<u32>${va} + load<u32>(e, TLB_WRITE + TLB_ADDEND)), <u${bytes * 8}>(${value}));
    else { storeSlow(cpu, ${va}, ${value}, ${bytes}, el); @slowExit } }`;
};
/** size, then what the value becomes in the register: index is size << 2 | opc. @type {[string, number, string][]} */
export const MEMORY_OPS = [
  ["STRB", 1, ""],
  ["LDRB", 1, "v"],
  ["LDRSB_X", 1, "<u64><i64><i8>v"],
  ["LDRSB_W", 1, "<u64><u32><i32><i8>v"],
  ["STRH", 2, ""],
  ["LDRH", 2, "v"],
  ["LDRSH_X", 2, "<u64><i64><i16>v"],
  ["LDRSH_W", 2, "<u64><u32><i32><i16>v"],
  ["STR_W", 4, ""],
  ["LDR_W", 4, "v"],
  ["LDRSW", 4, "<u64><i64><i32>v"],
  ["MEMORY_HOLE_11", 0, ""],
  ["STR_X", 8, ""],
  ["LDR_X", 8, "v"],
];
/**
 * Where a load's register is its base as well, or both registers of a pair are one (CONSTRAINED UNPREDICTABLE), QEMU's order
 * holds: second register, first register, writeback.
 */
/** Addressing: base + immediate, post-indexed, pre-indexed, base + (Xm << n), base + extended Rm. */
export const MEMORY_MODES = ["OFF", "POST", "PRE", "REG", "EXT"];
for (const [name, bytes, result] of MEMORY_OPS) {
  for (const mode of MEMORY_MODES) {
    if (bytes === 0) {
      add(`${name}_${mode}`, "unreachable();");
      continue;
    }
    const va = {
      OFF: `${X.n} + ${IMM}`,
      POST: X.n,
      PRE: `${X.n} + ${IMM}`,
      REG: `${X.n} + (${X.m} << <u64>${LOW})`,
      EXT: `${X.n} + shiftX(${X.m}, ${LOW})`,
    }[mode];
    const writeBack = { POST: `store<u64>(${slot(4)}, va + ${IMM});`, PRE: `store<u64>(${slot(4)}, va);` }[mode] ?? "";
    add(
      `${name}_${mode}`,
      result === ""
        ? `const va: u64 = ${va}; ${storeAt(bytes, X.d)} ${writeBack}`
        : `const va: u64 = ${va}; let v: u64 = 0; ${loadAt(bytes)} store<u64>(${slot(2)}, ${result}); ${writeBack}`,
    );
  }
}
for (const [name, bytes, result] of /** @type {[string, number, string][]} */ ([
  ["LDR_W_LIT", 4, "v"],
  ["LDR_X_LIT", 8, "v"],
  ["LDRSW_LIT", 4, "<u64><i64><i32>v"],
])) {
  add(name, `const va: u64 = pageVa + ${IMM}; let v: u64 = 0; ${loadAt(bytes)} store<u64>(${slot(2)}, ${result});`);
}
/** Both registers of a pair through one check when they lie in one page. */
for (const [name, bytes, sign] of /** @type {[string, number, string][]} */ ([
  ["STP_W", 4, ""],
  ["STP_X", 8, ""],
  ["LDP_W", 4, ""],
  ["LDP_X", 8, ""],
  ["LDPSW", 4, "<i64><i32>"],
])) {
  for (const mode of MEMORY_MODES.slice(0, 3)) {
    const va = mode === "POST" ? X.n : `${X.n} + ${IMM}`;
    const writeBack = { POST: `store<u64>(${slot(4)}, va + ${IMM});`, PRE: `store<u64>(${slot(4)}, va);` }[mode] ?? "";
    const type = `u${bytes * 8}`;
    const fast = (/** @type {string} */ tag, /** @type {string} */ then, /** @type {string} */ otherwise) =>
      `const e = tlb + (<usize>(va >> TLB_INDEX_SHIFT) & TLB_INDEX_MASK);
      if (load<u64>(e, ${tag}) == ((va + ${bytes * 2 - 1}) & PAGE_MASK)) { const h = <usize>(<u32>va + load<u32>(e, ${tag} + TLB_ADDEND)); ${then} } else { ${otherwise} }`;
    add(
      `${name}_${mode}`,
      name.startsWith("ST")
        ? `const va: u64 = ${va}; ${fast(
            "TLB_WRITE",
            `store<${type}>(h, load<${type}>(${slot(2)})); store<${type}>(h, load<${type}>(${slot(6)}), ${bytes});`,
            `storeSlow(cpu, va, ${X.d}, ${bytes}, el); @slowExit storeSlow(cpu, va + ${bytes}, ${X.m}, ${bytes}, el); @slowExit`,
          )} ${writeBack}`
        : `const va: u64 = ${va}; let v: u64 = 0, v2: u64 = 0; ${fast(
            "TLB_READ",
            `v = <u64>load<${type}>(h); v2 = <u64>load<${type}>(h, ${bytes});`,
            `v = loadSlow(cpu, va, ${bytes}, el); @slowExit v2 = loadSlow(cpu, va + ${bytes}, ${bytes}, el); @slowExit`,
          )} store<u64>(${slot(6)}, <u64>${sign}v2); store<u64>(${slot(2)}, <u64>${sign}v); ${writeBack}`,
    );
  }
}

// Loads and stores of D and Q registers in one page that the TLB has; all else is left to the row's outlined handler.
// No more of them: past 8192 virtual registers V8 (up to 11.x, Node 20) gives a function its worse register allocator,
// and the whole loop becomes 40 % slower. There is room for about 12 records of this size.
const outlined =
  "if (callOutlined(cpu, wordAddress(frame, p), pageVa + <u64>((p - frame) >> 2), nzcv, budget + slack - <i32>((p - start) >> 4))) return;";
/** A record's body: `then` with the linear-memory address `h` of [va, va + bytes). @param {number} bytes @param {string} tag @param {string} then */
const inOnePage = (bytes, tag, then) => `const e = tlb + (<usize>(va >> TLB_INDEX_SHIFT) & TLB_INDEX_MASK);
  if (load<u64>(e, ${tag}) == ((va + ${bytes - 1}) & PAGE_MASK) && load<u32>(cpu, CPU_FP_TRAP) == 0) {
    const h = <usize>(<u32>va + load<u32>(e, ${tag} + TLB_ADDEND)); ${then} } else { ${outlined} }`;
for (const [letter, bytes, read] of /** @type {[string, number, string][]} */ ([
  ["D", 8, "v128.load64_zero"],
  ["Q", 16, "v128.load"],
])) {
  const loadTo = (/** @type {number} */ field, at = 0) => `v128.store(${slot(field)}, ${read}(h, ${at}));`;
  const storeFrom = (/** @type {number} */ field, at = 0) =>
    bytes === 16
      ? `v128.store(h, v128.load(${slot(field)}), ${at});`
      : `store<u64>(h, load<u64>(${slot(field)}), ${at});`;
  for (const mode of MEMORY_MODES.slice(0, 3)) {
    const va = `const va: u64 = ${mode === "POST" ? X.n : `${X.n} + ${IMM}`};`;
    const writeBack = { POST: `store<u64>(${slot(4)}, va + ${IMM});`, PRE: `store<u64>(${slot(4)}, va);` }[mode] ?? "";
    add(`LDR_${letter}_${mode}`, `${va} ${inOnePage(bytes, "TLB_READ", `${loadTo(2)} ${writeBack}`)}`);
    add(`STR_${letter}_${mode}`, `${va} ${inOnePage(bytes, "TLB_WRITE", `${storeFrom(2)} ${writeBack}`)}`);
    add(
      `LDP_${letter}_${mode}`,
      `${va} ${inOnePage(2 * bytes, "TLB_READ", `${loadTo(2)} ${loadTo(6, bytes)} ${writeBack}`)}`,
    );
    add(
      `STP_${letter}_${mode}`,
      `${va} ${inOnePage(2 * bytes, "TLB_WRITE", `${storeFrom(2)} ${storeFrom(6, bytes)} ${writeBack}`)}`,
    );
  }
}

// Branches: _IN stay in the page (`low` is the record distance), _OUT leave it (`low` is the distance from pageVa).
const jumpIn = "@jump(load<i32>(p, 8))";
const jumpOut = "@goto(1, pageVa + <u64><i64>load<i32>(p, 8))";
const link = `store<u64>(cpu, pageVa + <u64>${HIGH}, CPU_X + 30 * 8);`;
for (const [reach, jump] of [
  ["IN", jumpIn],
  ["OUT", jumpOut],
]) {
  add(`B_${reach}`, jump ?? "");
  add(`BL_${reach}`, `${link} ${jump}`);
  add(`B_COND_${reach}`, `if (((<u32>load<u16>(p, 6) >> nzcv) & 1) != 0) { ${jump} }`);
  for (const [name, relation] of [
    ["CBZ", "=="],
    ["CBNZ", "!="],
  ]) {
    for (const sf of /** @type {const} */ ([0, 1])) {
      add(`${name}_${reach}_${sf ? "X" : "W"}`, `if (${width(sf).r.d} ${relation} 0) { ${jump} }`);
    }
  }
  const bit = `(${X.d} >> <u64>load<u16>(p, 6)) & 1`;
  add(`TBZ_${reach}`, `if ((${bit}) == 0) { ${jump} }`);
  add(`TBNZ_${reach}`, `if ((${bit}) != 0) { ${jump} }`);
}
add("BR", `@goto(1, ${X.n})`);
add("BLR", `const target: u64 = ${X.n}; ${link} @goto(1, target)`);
add("YIELD", "");
add("CLREX", "store<u64>(cpu, EXCLUSIVE_NONE, CPU_EXCL_ADDR);");

export const RECORDS = Object.freeze(kinds);
