// Brings our CPU to where cases run: EL0 with the MMU on as Linux has it for a process (4 KiB granule, write-back memory,
// cache maintenance and counters open to EL0, top byte ignored). Flat, at RAM base; the tables follow at TABLES.

        .equ TABLES, 0x40001000

        .text
start:  adr     x0, vectors
        msr     vbar_el1, x0
        // Level 1, entry 1 leads to level 2, whose entry 0 (2 MiB at RAM base) is for EL1 and entry 8 (2 MiB at 0x4100_0000)
        // for EL0: normal memory, inner shareable, access flag. EL0 may not execute what is EL1's.
        ldr     x0, =TABLES
        add     x2, x0, 0x1000
        orr     x1, x2, 3
        str     x1, [x0, 8]
        ldr     x1, =0x40000000 | (1 << 54) | (1 << 10) | (3 << 8) | 1
        str     x1, [x2]
        ldr     x1, =0x41000000 | (1 << 10) | (3 << 8) | (1 << 6) | 1
        str     x1, [x2, 64]
        msr     ttbr0_el1, x0
        mov     x1, 0xff
        msr     mair_el1, x1
        // T0SZ 25, write-back inner shareable walks, EPD1, TBI0.
        ldr     x1, =25 | (1 << 8) | (1 << 10) | (3 << 12) | (1 << 23) | (2 << 32) | (1 << 37)
        msr     tcr_el1, x1
        mov     x1, 3 << 20
        msr     cpacr_el1, x1
        mov     x1, 3
        msr     cntkctl_el1, x1
        tlbi    vmalle1
        dsb     sy
        isb
        // UCI, UCT, DZE, nTWE, nTWI, I, C, M and the bits that are one.
        ldr     x1, =0x30d00800 | (1 << 26) | (1 << 18) | (1 << 16) | (1 << 15) | (1 << 14) | (1 << 12) | (1 << 2) | 1
        msr     sctlr_el1, x1
        isb
        adr     x1, start
        msr     elr_el1, x1
        msr     spsr_el1, xzr
        eret

        // Synchronous exceptions from EL0 end the case. The test reads the syndrome, then goes on to where they came from.
        .balign 0x800
vectors:
        .org    vectors - start + 0x400
        wfi
        eret
