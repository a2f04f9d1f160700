// Entry of the bare-metal benchmarks: stack, run(SCALE), then PSCI SYSTEM_OFF with the check value in X19.
    .globl _start
_start:
    adr x1, stack_top
    mov sp, x1
    ldr x0, scale
    bl run
    mov x19, x0
    movz w0, #0x0008
    movk w0, #0x8400, lsl #16
    hvc #0
1:  b 1b
    .balign 8
scale: .quad SCALE
    .bss
    .balign 16
    .skip 65536
stack_top:
