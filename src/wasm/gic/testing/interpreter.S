/*
 * Bare-metal program for `qemu-system-aarch64 -M virt`: performs the accesses of a list and writes what they returned
 * to standard output by semihosting. Runs with the MMU off and interrupts masked, on every CPU.
 *
 *   LIST      u32 count, u32 cpus, u64 0, then records of 32 bytes: u32 op, u32 cpu, u64 address or stub, u64 value, u64 0
 *   RESULTS   u64 a record: the loaded value, or EXCEPTION << 48 | ESR_EL1
 *
 * op: 0..3 load of 1, 2, 4, 8 bytes; 4..7 store; 8 MRS; 9 MSR; 10 MRS at EL0; 11 MSR at EL0. Each CPU does its own records, in the order of the list.
 */
        .equ LIST,      0x41000000
        .equ RESULTS,   0x42000000
        .equ STACKS,    0x43000000
        .equ EXCEPTION, 0xeeee

        .text
        .globl _start
_start:
        mov     x0, #0                          // context id of the first CPU
entry:
        mov     x28, x0                         // my CPU number
        adr     x1, vectors
        msr     vbar_el1, x1
        isb
        ldr     x20, =LIST
        ldr     x21, =RESULTS
        ldr     x27, =turn
        ldp     w22, w23, [x20]
        add     x20, x20, #16
        cbnz    x28, loop

        mov     x24, #1                         // start the others (PSCI CPU_ON)
1:      cmp     w24, w23
        b.hs    loop
        ldr     x0, =0xc4000003
        mov     x1, x24
        adr     x2, entry
        mov     x3, x24
        hvc     #0
        add     x24, x24, #1
        b       1b

loop:
        ldar    w25, [x27]
        cmp     w25, w22
        b.hs    done
        add     x26, x20, x25, lsl #5
        ldp     w4, w5, [x26]
        cmp     w5, w28
        b.ne    wait
        ldp     x1, x0, [x26, #8]
        adr     x6, ops
        add     x6, x6, x4, lsl #3
        blr     x6
        str     x0, [x21, x25, lsl #3]
        add     w25, w25, #1
        stlr    w25, [x27]
        b       loop
wait:
        yield
        b       loop

done:
        cbnz    x28, park
        mov     x0, #1                          // SYS_OPEN ":tt" for writing: standard output
        adr     x1, openblock
        hlt     #0xf000
        ldr     x1, =writeblock
        str     x0, [x1]
        str     x21, [x1, #8]
        lsl     x2, x22, #3
        str     x2, [x1, #16]
        mov     x0, #5                          // SYS_WRITE
        hlt     #0xf000
        mov     x0, #0x18                       // SYS_EXIT
        adr     x1, exitblock
        hlt     #0xf000
park:   wfi
        b       park

        .balign 8
ops:    ldrb    w0, [x1]
        ret
        ldrh    w0, [x1]
        ret
        ldr     w0, [x1]
        ret
        ldr     x0, [x1]
        ret
        strb    w0, [x1]
        ret
        strh    w0, [x1]
        ret
        str     w0, [x1]
        ret
        str     x0, [x1]
        ret
        b       readsys
        nop
        b       writesys
        nop
        adr     x7, el0read
        b       toel0
        adr     x7, el0write
        b       toel0

toel0:  mov     x19, x30
        mov     x8, #0x3c0                      // EL0, interrupts masked
        msr     spsr_el1, x8
        msr     elr_el1, x7
        eret
el0read:
        bl      readsys
        svc     #0
el0write:
        bl      writesys
        svc     #0

readsys:
        adr     x6, reads
        add     x6, x6, x1, lsl #3
        br      x6
writesys:
        adr     x6, writes
        add     x6, x6, x1, lsl #3
        br      x6

/* The stubs, one `mrs x0, S; ret` or `msr S, x0; ret` for each register of the test's list. */
        .include "stubs.inc"

        .balign 2048
vectors:
        .rept 4
        .balign 128
        b       .
        .endr
        .balign 128
        mrs     x16, esr_el1                    // synchronous, this EL with SP_ELx
        mov     x17, #EXCEPTION
        orr     x0, x16, x17, lsl #48
        mrs     x16, elr_el1
        add     x16, x16, #4
        msr     elr_el1, x16
        eret
        .rept 3
        .balign 128
        b       .
        .endr
        .balign 128
        mrs     x16, esr_el1                    // synchronous, from EL0: SVC when the access was done
        lsr     x17, x16, #26
        cmp     x17, #0x15
        b.eq    1f
        mov     x17, #EXCEPTION
        orr     x0, x16, x17, lsl #48
1:      mov     x16, #0x3c5
        msr     spsr_el1, x16
        msr     elr_el1, x19
        eret
        .balign 2048

        .balign 8
openblock:
        .quad   ttname, 4, 3
exitblock:
        .quad   0x20026, 0
ttname: .asciz  ":tt"
        .ltorg

        .bss
        .balign 8
turn:   .skip   8
writeblock:
        .skip   24
