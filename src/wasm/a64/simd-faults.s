// SIMD&FP loads and stores at the borders of pages: each case writes one record of RECORD bytes to the PL011, the same on
// every machine that is right: ESR_EL1 and FAR_EL1 (0 without a fault), base register, V0-V3, and memory around the border.
// A flat binary for 0x4008_0000 at EL1.

        .arch   armv8-a
        .equ    UART, 0x09000000
        .equ    TABLES, 0x40200000
        .equ    FIRST, 0x40300000           // physical pages of the window: not adjacent, against their order
        .equ    SECOND, 0x402f0000
        .equ    READONLY, 0x40310000
        .equ    WINDOW, 0x80000000          // virtual: FIRST, SECOND, nothing, READONLY
        .equ    HOLE, WINDOW + 0x2000
        .equ    PATTERN, 0x40400000

        .macro  case instruction, base
        ldr     x19, =PATTERN
        ldp     q0, q1, [x19]
        ldp     q2, q3, [x19, 32]
        ldr     x2, =\base
        mov     x3, 24
        mov     x20, xzr
        mov     x21, xzr
        \instruction
        bl      report
        .endm

        .macro  borders instruction, size
        case    "\instruction", WINDOW + 0x1000 - \size
        case    "\instruction", WINDOW + 0x1000 - 1
        case    "\instruction", WINDOW + 0x1000 - \size / 2
        case    "\instruction", HOLE - 1
        case    "\instruction", HOLE - \size / 2 - 1
        case    "\instruction", HOLE
        case    "\instruction", HOLE + 0x1000 - \size / 2
        case    "\instruction", HOLE + 0x1000
        .endm

        .text
start:  mov     x0, 3 << 20
        msr     cpacr_el1, x0
        adr     x0, vectors
        msr     vbar_el1, x0
        isb
        // Level 1: a flat gigabyte each for devices and RAM, a level 2 for the window; its level 3.
        ldr     x0, =TABLES
        ldr     x1, =(1 << 10) | (1 << 2) | 1
        str     x1, [x0]
        ldr     x1, =0x40000000 | (1 << 10) | (3 << 8) | 1
        str     x1, [x0, 8]
        add     x1, x0, 0x1000
        orr     x1, x1, 3
        str     x1, [x0, 16]
        add     x1, x0, 0x2000
        orr     x1, x1, 3
        str     x1, [x0, 0x1000]
        ldr     x1, =FIRST | (1 << 10) | (3 << 8) | 3
        str     x1, [x0, 0x2000]
        ldr     x1, =SECOND | (1 << 10) | (3 << 8) | 3
        str     x1, [x0, 0x2008]
        ldr     x1, =READONLY | (1 << 10) | (3 << 8) | (1 << 7) | 3
        str     x1, [x0, 0x2018]
        msr     ttbr0_el1, x0
        mov     x1, 0x00ff
        msr     mair_el1, x1
        ldr     x1, =25 | (1 << 8) | (1 << 10) | (3 << 12) | (1 << 23) | (2 << 32)
        msr     tcr_el1, x1
        tlbi    vmalle1
        dsb     sy
        isb
        mrs     x1, sctlr_el1
        orr     x1, x1, 1
        bic     x1, x1, 2
        msr     sctlr_el1, x1
        isb
        // Bytes that differ from each other.
        ldr     x0, =PATTERN
        ldr     x1, =FIRST + 0xf00
        ldr     x2, =SECOND
        ldr     x3, =READONLY
        ldr     x5, =SECOND + 0xf00
        mov     w4, 1
1:      strb    w4, [x0], 1
        add     w6, w4, 0x51
        strb    w6, [x1], 1
        add     w6, w4, 0x23
        strb    w6, [x2], 1
        strb    w6, [x5], 1
        strb    w4, [x3], 1
        add     w4, w4, 1
        cmp     w4, 257
        b.ne    1b

        borders "ldr b0, [x2]", 1
        borders "ldr h0, [x2]", 2
        borders "ldr s0, [x2]", 4
        borders "ldr d0, [x2]", 8
        borders "ldr q0, [x2]", 16
        borders "ldr q0, [x2, 16]!", 16
        borders "ldr d0, [x2], -8", 8
        borders "str b0, [x2]", 1
        borders "str h0, [x2]", 2
        borders "str s0, [x2]", 4
        borders "str d0, [x2]", 8
        borders "str q0, [x2]", 16
        borders "str q0, [x2, -16]!", 16
        borders "str d0, [x2], 8", 8
        .ltorg
        b       2f
        .ltorg
2:      borders "ldp s0, s1, [x2]", 8
        borders "ldp d0, d1, [x2], 16", 16
        borders "ldp q0, q1, [x2]", 32
        borders "ldnp q0, q1, [x2, -32]", 32
        borders "ldp q0, q1, [x2, 32]!", 32
        borders "stp s0, s1, [x2]", 8
        borders "stp d0, d1, [x2], 16", 16
        borders "stp q0, q1, [x2]", 32
        borders "stnp q0, q1, [x2, -32]", 32
        borders "stp q0, q1, [x2, 32]!", 32
        b       3f
        .ltorg
3:      borders "ld1 {v0.16b}, [x2], x3", 16
        borders "ld1 {v0.8b-v3.8b}, [x2], 32", 32
        borders "ld1 {v0.16b-v3.16b}, [x2]", 64
        borders "ld2 {v0.4s, v1.4s}, [x2], 32", 32
        borders "ld3 {v0.8b-v2.8b}, [x2], x3", 24
        borders "ld4 {v0.2d-v3.2d}, [x2], 64", 64
        borders "ld4 {v0.8h-v3.8h}, [x2]", 64
        borders "ld3 {v0.b-v2.b}[5], [x2], 3", 4
        borders "ld2 {v0.h-v1.h}[5], [x2], x3", 4
        borders "ld4 {v0.s-v3.s}[1], [x2]", 16
        borders "ld4 {v0.d-v3.d}[1], [x2], 32", 32
        borders "ld1r {v0.4s}, [x2], 4", 4
        borders "ld4r {v0.8b-v3.8b}, [x2], 4", 4
        b       4f
        .ltorg
4:      borders "st1 {v0.16b}, [x2], x3", 16
        borders "st1 {v0.8b-v3.8b}, [x2], 32", 32
        borders "st1 {v0.16b-v3.16b}, [x2]", 64
        borders "st2 {v0.4s, v1.4s}, [x2], 32", 32
        borders "st3 {v0.8b-v2.8b}, [x2], x3", 24
        borders "st4 {v0.2d-v3.2d}, [x2], 64", 64
        borders "st4 {v0.8h-v3.8h}, [x2]", 64
        borders "st3 {v0.b-v2.b}[5], [x2], 3", 4
        borders "st2 {v0.h-v1.h}[5], [x2], x3", 4
        borders "st4 {v0.s-v3.s}[1], [x2]", 16
        borders "st4 {v0.d-v3.d}[1], [x2], 32", 32

        ldr     w0, =0x84000008             // PSCI SYSTEM_OFF
        hvc     0
        .ltorg

// Writes ESR, FAR, X2 and the registers, then the 64 bytes at each border, to the UART.
report: ldr     x4, =PATTERN + 0x1000
        stp     x20, x21, [x4]
        str     x2, [x4, 16]
        stp     q0, q1, [x4, 32]
        stp     q2, q3, [x4, 64]
        ldr     x5, =FIRST + 0xfc0
        ldp     q0, q1, [x5]
        stp     q0, q1, [x4, 96]
        ldp     q0, q1, [x5, 32]
        stp     q0, q1, [x4, 128]
        ldr     x5, =SECOND
        ldp     q0, q1, [x5]
        stp     q0, q1, [x4, 160]
        ldp     q0, q1, [x5, 32]
        stp     q0, q1, [x4, 192]
        ldr     x6, =UART
        mov     x7, 224
5:      ldrb    w8, [x4], 1
        strb    w8, [x6]
        subs    x7, x7, 1
        b.ne    5b
        ret
        .ltorg

        .balign 0x800
vectors:
        .org    vectors - start + 0x200
        mrs     x20, esr_el1
        mrs     x21, far_el1
        mrs     x22, elr_el1
        add     x22, x22, 4
        msr     elr_el1, x22
        eret
