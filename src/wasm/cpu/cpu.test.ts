import { describe, expect, it } from "vitest";
import { RAM_BASE } from "../layout.ts";
import { POWER_OFF, PROGRAM_GPA, program } from "./testing/bare-metal.ts";

const X = (n: number): number => n;
const PC = 32;

/** Identity map of RAM by 2 MiB blocks (level 2 at 0x40f01000), MMU on; VA 0x80000000 on is free (level 2 at 0x40f02000). */
const MMU_ON = `
    ldr x0, =0x40f00000
    ldr x1, =0x40f01003
    str x1, [x0, #8]
    ldr x1, =0x40f02003
    str x1, [x0, #16]
    ldr x2, =0x40f01000
    ldr x3, =0x40000705
    mov x4, #512
1:  str x3, [x2], #8
    add x3, x3, #0x200000
    subs x4, x4, #1
    b.ne 1b
    msr ttbr0_el1, x0
    ldr x1, =0x00ff
    msr mair_el1, x1
    ldr x1, =0x100803519 // T0SZ 25, 36-bit addresses, EPD1
    msr tcr_el1, x1
    isb
    mrs x1, sctlr_el1
    orr x1, x1, #1
    msr sctlr_el1, x1
    isb
`;

describe("code frames", () => {
  it("execute what a store put in place of an instruction that had run", async () => {
    const p = await program(`
    mov x5, #0
    mov x6, #3
again:
    bl patched
    adr x1, patched
    ldr w2, replacement
    str w2, [x1]
    subs x6, x6, #1
    b.ne again
    ${POWER_OFF}
patched:
    add x5, x5, #1
    ret
replacement:
    add x5, x5, #0x100
`);
    p.run(1000);
    expect(p.events).toEqual([1]);
    expect(p.register(X(5))).toBe(0x201n);
  });

  it("execute what a device wrote", async () => {
    const p = await program(`
loop:
    add x5, x5, #1
    b loop
`);
    p.run(1000);
    const before = p.register(X(5));
    expect(before).toBeGreaterThan(0n);
    // add x5, x5, #1 becomes add x6, x6, #1.
    new DataView(p.engine.memory.buffer).setUint32(RAM_BASE, 0x910004c6, true);
    p.engine.exports.mem_invalidate_code(RAM_BASE, 4);
    p.run(1000);
    expect(p.register(X(5))).toBe(before);
    expect(p.register(X(6))).toBeGreaterThan(400n);
  });

  it("stay right when code fills more pages than there are frames", async () => {
    // 6000 pages of "add x5, x5, #1; ret", called three times over.
    const p = await program(
      `
    ldr x1, =0x40100000
    mov x2, #6000
    ldr x3, =0xd65f03c0910004a5
1:  str x3, [x1]
    add x1, x1, #4096
    subs x2, x2, #1
    b.ne 1b
    mov x7, #3
2:  ldr x1, =0x40100000
    mov x2, #6000
3:  blr x1
    add x1, x1, #4096
    subs x2, x2, #1
    b.ne 3b
    subs x7, x7, #1
    b.ne 2b
    ${POWER_OFF}
`,
      32 << 20,
    );
    p.run(1_000_000);
    expect(p.events).toEqual([1]);
    expect(p.register(X(5))).toBe(18_000n);
  });

  it("give a page that is written often back to data", async () => {
    const p = await program(`
    adr x1, data
    ldr x2, =100000
1:  str x2, [x1]
    subs x2, x2, #1
    b.ne 1b
    ldr x5, [x1]
    ${POWER_OFF}
    .balign 8
data: .quad 0
`);
    p.run(1_000_000);
    expect(p.events).toEqual([1]);
    expect(p.register(X(5))).toBe(1n);
  });
});

describe("translation", () => {
  it("forgets all of a block by one TLBI of any address in it", async () => {
    const p = await program(`${MMU_ON}
    // VA 0x80000000: a 2 MiB block at 0x40400000, then at 0x40600000.
    ldr x0, =0x40f02000
    ldr x1, =0x40400705
    str x1, [x0]
    dsb sy
    ldr x2, =0x40400000
    mov x3, #0x11
    str x3, [x2]
    str x3, [x2, #4096]
    ldr x2, =0x40600000
    mov x3, #0x22
    str x3, [x2]
    str x3, [x2, #4096]
    ldr x4, =0x80000000
    ldr x5, [x4]
    ldr x6, [x4, #4096]
    ldr x1, =0x40600705
    str x1, [x0]
    dsb sy
    ldr x1, =0x80100
    tlbi vae1, x1
    dsb sy
    isb
    ldr x7, [x4]
    ldr x8, [x4, #4096]
    ${POWER_OFF}
`);
    p.run(10_000);
    expect(p.events).toEqual([1]);
    expect([5, 6, 7, 8].map((n) => p.register(n))).toEqual([0x11n, 0x11n, 0x22n, 0x22n]);
  });

  it("forgets all of a 64 KiB page by one TLBI of any address in it", async () => {
    // TG0 64 KiB, T0SZ 25: RAM by a block of 512 MiB, VA 0x20000000 by a page at 0x40400000, then at 0x40500000.
    const p = await program(`
    ldr x0, =0x40f00000
    ldr x1, =0x40000701
    str x1, [x0, #16]
    ldr x1, =0x40e00003
    str x1, [x0, #8]
    ldr x9, =0x40e00000
    ldr x1, =0x40400703
    str x1, [x9]
    msr ttbr0_el1, x0
    mov x1, #0xff
    msr mair_el1, x1
    ldr x1, =0x100804519
    msr tcr_el1, x1
    isb
    mrs x1, sctlr_el1
    orr x1, x1, #1
    msr sctlr_el1, x1
    isb
    ldr x2, =0x40400000
    mov x3, #0x11
    str x3, [x2]
    str x3, [x2, #0x3000]
    ldr x2, =0x40500000
    mov x3, #0x22
    str x3, [x2]
    str x3, [x2, #0x3000]
    ldr x4, =0x20000000
    ldr x5, [x4]
    ldr x6, [x4, #0x3000]
    ldr x1, =0x40500703
    str x1, [x9]
    dsb sy
    ldr x1, =0x20000
    tlbi vae1, x1
    dsb sy
    isb
    ldr x7, [x4]
    ldr x8, [x4, #0x3000]
    ${POWER_OFF}
`);
    p.run(10_000);
    expect(p.events).toEqual([1]);
    expect([5, 6, 7, 8].map((n) => p.register(n))).toEqual([0x11n, 0x11n, 0x22n, 0x22n]);
  });

  it("sees a mapping that was invalid once it is valid, without a TLBI", async () => {
    const p = await program(`${MMU_ON}
    adr x0, vectors
    msr vbar_el1, x0
    ldr x4, =0x80000000
    ldr x5, [x4]
    ${POWER_OFF}
    .balign 2048
vectors:
    .skip 0x200
    mrs x10, esr_el1
    mrs x11, far_el1
    ldr x0, =0x40f02000
    ldr x1, =0x40400705
    str x1, [x0]
    dsb sy
    mov x12, #0x77
    ldr x2, =0x40400000
    str x12, [x2]
    eret
`);
    p.run(10_000);
    expect(p.events).toEqual([1]);
    // Data abort without a change of level, translation fault at level 2 (ARM ARM, ESR_EL1).
    expect(p.register(X(10))).toBe(0x9600_0006n);
    expect(p.register(X(11))).toBe(0x8000_0000n);
    expect(p.register(X(5))).toBe(0x77n);
  });
});

describe("exceptions", () => {
  it("a program that jumps into nowhere uses up its budget and nothing else", async () => {
    const p = await program(`
    ldr x0, =0xdeadbeef000
    br x0
`);
    p.run(1_000_000);
    expect(p.events).toEqual([]);
    expect(p.engine.exports.cpu_instructions(0)).toBeGreaterThanOrEqual(1_000_000);
  });

  it("a return to AArch32 is an Undefined Instruction exception from a lower level using AArch32", async () => {
    const p = await program(`
    adr x0, vectors
    msr vbar_el1, x0
    mov x0, #0x10
    msr spsr_el1, x0
    ldr x0, =0x40000100
    msr elr_el1, x0
    eret
    .balign 2048
vectors:
    .skip 0x600
    mrs x10, esr_el1
    mrs x11, spsr_el1
    mrs x12, elr_el1
    ${POWER_OFF}
`);
    p.run(10_000);
    expect(p.events).toEqual([1]);
    expect(p.register(X(10))).toBe(0x0200_0000n);
    expect(p.register(X(11)) & 0x1fn).toBe(0x10n);
    expect(p.register(X(12))).toBe(0x4000_0100n);
  });

  it("software step executes one instruction of EL0, then takes the Software Step exception", async () => {
    const p = await program(`
    adr x0, vectors
    msr vbar_el1, x0
    msr oslar_el1, xzr
    mov x0, #1
    msr mdscr_el1, x0
    ldr x0, =0x200000
    msr spsr_el1, x0
    adr x0, user
    msr elr_el1, x0
    eret
user:
    add x5, x5, #1
    add x5, x5, #1
    add x5, x5, #1
    .balign 2048
vectors:
    .skip 0x400
    mrs x10, esr_el1
    mrs x12, elr_el1
    adr x13, user
    sub x12, x12, x13
    ${POWER_OFF}
`);
    p.run(10_000);
    expect(p.events).toEqual([1]);
    expect(p.register(X(5))).toBe(1n);
    expect(p.register(X(12))).toBe(4n);
    // EC 0x32, IL, ISV (an instruction was stepped), IFSC of a debug exception.
    expect(p.register(X(10))).toBe(0xcb00_0022n);
  });

  it("software step executes a branch to another page, and nothing there", async () => {
    const p = await program(`
    adr x0, vectors
    msr vbar_el1, x0
    msr oslar_el1, xzr
    mov x0, #1
    msr mdscr_el1, x0
    ldr x0, =0x200000
    msr spsr_el1, x0
    adr x0, user
    msr elr_el1, x0
    eret
user:
    b there
    .balign 2048
vectors:
    .skip 0x400
    mrs x10, esr_el1
    mrs x12, elr_el1
    ${POWER_OFF}
    .balign 4096
there:
    add x5, x5, #1
    add x5, x5, #1
    add x5, x5, #1
    b there
`);
    p.run(10_000);
    expect(p.events).toEqual([1]);
    expect(p.register(X(5))).toBe(0n);
    expect(p.register(X(12)) & 0xfffn).toBe(0n);
    expect(p.register(X(10))).toBe(0xcb00_0022n);
  });

  it("SVC returns behind itself, BRK to itself", async () => {
    const p = await program(`
    adr x0, vectors
    msr vbar_el1, x0
    adr x9, here
here:
    svc #5
    brk #6
    .balign 2048
vectors:
    .skip 0x200
    mrs x1, esr_el1
    mrs x2, elr_el1
    sub x2, x2, x9
    lsr x3, x1, #26
    cmp x3, #0x15
    b.ne 1f
    mov x10, x2
    eret
1:  mov x11, x2
    ${POWER_OFF}
`);
    p.run(10_000);
    expect(p.events).toEqual([1]);
    expect(p.register(X(10))).toBe(4n);
    expect(p.register(X(11))).toBe(4n);
  });
});

describe("time", () => {
  it("the virtual timer interrupts at its deadline, counted in instructions", async () => {
    const p = await program(`
    adr x0, vectors
    msr vbar_el1, x0
    ldr x0, =0x08000000
    mov w1, #1
    str w1, [x0]          // GICD_CTLR
    mov w1, #(1 << 27)
    str w1, [x0, #0x100]  // GICD_ISENABLER0: the virtual timer's PPI
    ldr x0, =0x08010000
    mov w1, #0xff
    str w1, [x0, #4]      // GICC_PMR
    mov w1, #1
    str w1, [x0]          // GICC_CTLR
    mrs x6, cntvct_el0
    mov x1, #1000
    msr cntv_tval_el0, x1
    mov x1, #1
    msr cntv_ctl_el0, x1
    msr daifclr, #2
1:  wfi
    b 1b
    .balign 2048
vectors:
    .skip 0x280
    mrs x7, cntvct_el0
    ldr w8, [x0, #0xc]    // GICC_IAR
    sub x7, x7, x6
    ${POWER_OFF}
`);
    for (let turn = 0; turn < 10 && p.events.length === 0; turn += 1) {
      p.run(1_000);
      // Sleep until the timer, as the machine's host does.
      p.engine.exports.cpu_advance(0, p.engine.exports.cpu_timer_ticks(0));
    }
    expect(p.events).toEqual([1]);
    expect(p.register(X(8))).toBe(27n);
    expect(p.register(X(7))).toBeGreaterThanOrEqual(1000n);
    expect(p.register(X(7))).toBeLessThan(1100n);
  });

  it("a CPU that is off does not run", async () => {
    const p = await program(POWER_OFF);
    p.run(1000);
    const before = p.engine.exports.cpu_instructions(0);
    expect(p.engine.exports.cpu_run(0, 1000, 1000)).toBe(2);
    expect(p.engine.exports.cpu_instructions(0)).toBe(before);
    expect(p.register(PC)).toBeGreaterThan(BigInt(PROGRAM_GPA));
  });

  it("a reset changes no counter", async () => {
    const p = await program(POWER_OFF);
    p.engine.exports.jit_configure(0, 0);
    p.run(1000);
    const before = [p.engine.exports.cpu_instructions(0), p.engine.compilerStats()] as const;
    expect(before[1]?.instructions).toBeGreaterThan(0);
    expect(before[1]?.instructions).toBeLessThanOrEqual(before[0]);
    expect(before[1]?.calls).toBeGreaterThan(0);
    expect(before[1]?.regions).toBeGreaterThan(0);
    expect(before[1]?.moduleBytes).toBeGreaterThan(before[1]?.guestInstructions ?? Number.NaN);
    expect(before[1]?.compileMs).toBeGreaterThan(0);
    p.engine.exports.cpu_reset(0, 1);
    expect([p.engine.exports.cpu_instructions(0), p.engine.compilerStats()]).toEqual(before);
  });
});
