// The independent side of softfloat.test.ts: executes one of the instructions of operations.inc per case, as a static
// program for `qemu-aarch64 -cpu cortex-a57`.
//
// operations.inc: every instruction followed by `b done`; it takes its operands from V1, V2, V3 or X1 and leaves its
// result in V0, X0 or NZCV.
// Standard input:  cases of 32 bytes { u64 a, b, c; u32 fpcr; u32 number of the instruction in operations.inc }.
// Standard output: results of 32 bytes { u64 d0, x0; u32 fpsr, nzcv; u64 0 }.

        .equ BUFFER_SIZE, 0x2000000

        .text
        .global _start
_start: ldr     x20, =buffer
        mov     x21, x20
        ldr     x22, =BUFFER_SIZE
1:      mov     x0, 0
        mov     x1, x21
        mov     x2, x22
        mov     x8, 63                  // read
        svc     #0
        cmp     x0, 0
        b.lt    fail
        add     x21, x21, x0
        sub     x22, x22, x0
        b.ne    1b

        mov     x19, x20
next:   cmp     x19, x21
        b.eq    finish
        ldp     d1, d2, [x19]
        ldr     d3, [x19, 16]
        ldr     x1, [x19]
        ldp     w2, w3, [x19, 24]
        msr     fpcr, x2
        msr     fpsr, xzr
        movi    v0.2d, #0
        mov     x0, 0
        adr     x4, operations
        add     x4, x4, w3, uxtw 3
        br      x4
done:   mrs     x2, fpsr
        mrs     x3, nzcv
        lsr     w3, w3, 28
        str     d0, [x19], 8
        str     x0, [x19], 8
        stp     w2, w3, [x19], 8
        str     xzr, [x19], 8
        b       next

finish: cmp     x20, x21
        b.eq    quit
        mov     x0, 1
        mov     x1, x20
        sub     x2, x21, x20
        mov     x8, 64                  // write
        svc     #0
        cmp     x0, 0
        b.le    fail
        add     x20, x20, x0
        b       finish
quit:   mov     x0, 0
        mov     x8, 94                  // exit_group
        svc     #0
fail:   mov     x0, 1
        mov     x8, 94
        svc     #0

operations:
        .include "operations.inc"

        .bss
        .balign 16
buffer: .skip   BUFFER_SIZE
