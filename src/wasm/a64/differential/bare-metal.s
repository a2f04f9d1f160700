// Runs cases at EL1 or EL0 of a whole machine (QEMU's virt, or ours) and records the exception that each ends in.
// Flat, at START; layout of cases and results: bare-metal.ts, which has the same numbers.
//
// The program lives in two places: identity mapped (or with the MMU off) below, and in the upper half through TTBR1_EL1, so
// that a case may have the other half's tables, and the half of TCR_EL1 that goes with it, as it likes.

        .equ START, 0x40100000
        .equ TABLE, 0x40110000          // level 1 table of the program's own mapping, for both halves
        .equ DESCRIPTORS, 0x40120000
        .equ STATE, 0x40e80000          // next result, vector, next descriptor, count; a result is at STATE's granule or above
        .equ RESULTS, 0x42000000
        .equ STACK, 0x41f00000
        .equ HIGH, 0xffffff8000000000

        .equ CASE_SIZE, 256
        .equ CASE_CODE, 0
        .equ CASE_PSTATE, 8
        .equ CASE_SIDE, 16
        .equ CASE_SCTLR, 24
        .equ CASE_TCR, 32
        .equ CASE_TTBR0, 40
        .equ CASE_TTBR1, 48
        .equ CASE_MAIR, 56
        .equ CASE_CPACR, 64
        .equ CASE_SP_EL0, 72
        .equ CASE_X, 80
        .equ RESULT_VECTOR, 0
        .equ RESULT_ESR, 8
        .equ RESULT_FAR, 16
        .equ RESULT_ELR, 24
        .equ RESULT_SPSR, 32
        .equ RESULT_PAR, 40
        .equ RESULT_SP_EL0, 48
        .equ RESULT_X, 80

        // The program's own translation: 39 bits both ways, 4 KiB granule, write-back; no top byte ignored.
        .equ OWN_TCR, 25 | (25 << 16) | (1 << 8) | (1 << 10) | (3 << 12) | (1 << 24) | (1 << 26) | (3 << 28) | (2 << 30) | (2 << 32)
        .equ OWN_MAIR, 0xff
        .equ SCTLR_OFF, 0x30d00800
        .equ SCTLR_ON, SCTLR_OFF | 0x1005

        .text
start:  ldr     x10, =STATE
        ldr     x0, =RESULTS - START
        str     x0, [x10]
        ldr     x0, =DESCRIPTORS
        str     x0, [x10, 16]
        adr     x0, vectors
        msr     vbar_el1, x0

// Low half, MMU off. The next case, or power off.
next:   ldr     x10, =STATE
        ldr     x9, [x10, 16]
        ldr     x0, [x10, 24]
        cbz     x0, done
        sub     x0, x0, 1
        str     x0, [x10, 24]
        add     x0, x9, CASE_SIZE
        str     x0, [x10, 16]

        adr     x0, vectors
        msr     vbar_el1, x0
        msr     mdscr_el1, xzr
        msr     cntkctl_el1, xzr
        msr     pmuserenr_el0, xzr
        msr     contextidr_el1, xzr
        msr     esr_el1, xzr
        msr     far_el1, xzr
        msr     par_el1, xzr
        msr     tpidr_el0, xzr
        msr     spsel, 1
        ldr     x0, =STACK
        mov     sp, x0
        msr     daifset, 15
        mov     x0, 3 << 20                     // a load that faulted may have changed some of these
        msr     cpacr_el1, x0
        isb
        movi    v0.2d, 0
        movi    v1.2d, 0
        movi    v2.2d, 0
        movi    v3.2d, 0
        ldr     x0, =OWN_TCR
        msr     tcr_el1, x0
        mov     x0, OWN_MAIR
        msr     mair_el1, x0
        ldr     x0, =TABLE
        msr     ttbr0_el1, x0
        msr     ttbr1_el1, x0
        tlbi    vmalle1
        dsb     sy
        isb
        ldr     x0, [x9, CASE_SIDE]
        cbz     x0, 1f
        ldr     x0, =SCTLR_ON
        msr     sctlr_el1, x0
        isb
        ldr     x0, =HIGH
        adr     x1, 1f
        add     x1, x1, x0
        add     x9, x9, x0
        adr     x2, vectors
        add     x2, x2, x0
        msr     vbar_el1, x2
        br      x1
1:      ldr     x0, [x9, CASE_CPACR]
        msr     cpacr_el1, x0
        ldr     x0, [x9, CASE_SP_EL0]
        msr     sp_el0, x0
        ldr     x0, [x9, CASE_CODE]
        msr     elr_el1, x0
        ldr     x0, [x9, CASE_PSTATE]
        msr     spsr_el1, x0
        ldp     x20, x21, [x9, CASE_SCTLR]      // and TCR
        ldp     x22, x23, [x9, CASE_TTBR0]      // and TTBR1
        ldr     x24, [x9, CASE_MAIR]
        ldp     x0, x1, [x9, CASE_X]
        ldp     x2, x3, [x9, CASE_X + 16]
        ldp     x4, x5, [x9, CASE_X + 32]
        ldp     x6, x7, [x9, CASE_X + 48]
        ldp     x10, x11, [x9, CASE_X + 80]
        ldp     x12, x13, [x9, CASE_X + 96]
        ldp     x14, x15, [x9, CASE_X + 112]
        ldp     x8, x9, [x9, CASE_X + 64]
        msr     mair_el1, x24
        msr     tcr_el1, x21
        msr     ttbr0_el1, x22
        msr     ttbr1_el1, x23
        tlbi    vmalle1
        dsb     sy
        isb
        msr     sctlr_el1, x20
        isb
        mov     x20, 0
        mov     x21, 0
        mov     x22, 0
        mov     x23, 0
        mov     x24, 0
        clrex
        eret

done:   ldr     x0, =0x84000008                 // PSCI SYSTEM_OFF
        hvc     0
        b       .

        .macro vector offset
        .balign 0x80
        msr     tpidr_el1, x0
        mov     x0, \offset
        b       record
        .endm

        .balign 0x800
vectors:
        vector  0x000
        vector  0x080
        vector  0x100
        vector  0x180
        vector  0x200
        vector  0x280
        vector  0x300
        vector  0x380
        vector  0x400
        vector  0x480
        vector  0x500
        vector  0x580
        vector  0x600
        vector  0x680
        vector  0x700
        vector  0x780
        .balign 0x80

record: msr     tpidrro_el0, x1
        adr     x1, start
        add     x1, x1, (STATE - START)
        str     x0, [x1, 8]
        ldr     x0, [x1]
        adr     x1, start
        add     x1, x1, x0
        stp     x2, x3, [x1, RESULT_X + 16]
        stp     x4, x5, [x1, RESULT_X + 32]
        stp     x6, x7, [x1, RESULT_X + 48]
        stp     x8, x9, [x1, RESULT_X + 64]
        stp     x10, x11, [x1, RESULT_X + 80]
        stp     x12, x13, [x1, RESULT_X + 96]
        stp     x14, x15, [x1, RESULT_X + 112]
        mrs     x2, tpidr_el1
        mrs     x3, tpidrro_el0
        stp     x2, x3, [x1, RESULT_X]
        adr     x2, start
        add     x2, x2, (STATE - START)
        ldr     x3, [x2, 8]
        str     x3, [x1, RESULT_VECTOR]
        mrs     x3, esr_el1
        str     x3, [x1, RESULT_ESR]
        mrs     x3, far_el1
        str     x3, [x1, RESULT_FAR]
        mrs     x3, elr_el1
        str     x3, [x1, RESULT_ELR]
        mrs     x3, spsr_el1
        str     x3, [x1, RESULT_SPSR]
        mrs     x3, par_el1
        str     x3, [x1, RESULT_PAR]
        mrs     x3, sp_el0
        str     x3, [x1, RESULT_SP_EL0]
        ldr     x3, [x2]
        add     x3, x3, CASE_SIZE
        str     x3, [x2]

        adr     x0, start                       // home: to the low half, and the MMU off
        tbz     x0, 63, 2f
        ldr     x1, =SCTLR_ON
        msr     sctlr_el1, x1
        ldr     x1, =OWN_TCR
        msr     tcr_el1, x1
        mov     x1, OWN_MAIR
        msr     mair_el1, x1
        ldr     x1, =TABLE
        msr     ttbr0_el1, x1
        tlbi    vmalle1
        dsb     sy
        isb
        ldr     x1, =HIGH
        adr     x2, 2f
        sub     x1, x2, x1
        br      x1
2:      ldr     x1, =SCTLR_OFF
        msr     sctlr_el1, x1
        isb
        tlbi    vmalle1
        dsb     sy
        isb
        b       next
