// Runs single A64 instructions with a given state and reports the state that they leave: the independent side of the
// differential test, a static program for `qemu-aarch64 -cpu cortex-a57`.
//
// Standard input:  batches of { u32 count, u32 zero, count cases }, until end of file.
// Standard output: for every batch, count results. Case and result have the same layout (case-layout.ts).
//
// State goes in and comes out through the signal frame: every case ends in a signal (a permanently undefined word follows
// its instructions; a branch arrives somewhere unmapped), whose handler stores the frame as the result, writes the next
// case into it and returns to that.

        .equ CODE_BASE, 0x41000000
        .equ SLOT_SHIFT, 6
        .equ BATCH_MAX, 2048
        .equ DATA_BASE, 0x4103f000
        .equ DATA_SIZE, 0x2000
        .equ WINDOW, 0x4103ff80
        .equ CASES, 0x50000000
        .equ STACK, 0x51000000          // alternate signal stack, 64 KiB
        .equ MAIN_SP, 0x51018000

        .equ CASE_SIZE, 1072
        .equ CASE_SP, 248
        .equ CASE_PSTATE, 256
        .equ CASE_FPCR, 264
        .equ CASE_WORDS, 272
        .equ CASE_COUNT, 296
        .equ CASE_V, 304
        .equ CASE_MEM, 816
        .equ RESULT_PC, 272
        .equ RESULT_SIGNAL, 280
        .equ RESULT_CODE, 284
        .equ RESULT_FAULT, 288

        .equ UC_REGS, 184               // ucontext.uc_mcontext.regs[0]
        .equ UC_SP, 432
        .equ UC_PC, 440
        .equ UC_PSTATE, 448
        .equ UC_FPSIMD, 464             // struct fpsimd_context: magic, size, fpsr, fpcr, vregs
        .equ FPSIMD_MAGIC, 0x46508001

        .equ SIGILL, 4
        .equ SIGTRAP, 5
        .equ SIGBUS, 7
        .equ SIGFPE, 8
        .equ SIGSEGV, 11
        .equ SIGALRM, 14

        .macro syscall number
        mov     x8, \number
        svc     #0
        .endm

        .macro map address, size, prot
        ldr     x0, =\address
        ldr     x1, =\size
        mov     x2, \prot
        mov     x3, 0x32                // MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS
        mov     x4, -1
        mov     x5, 0
        syscall 222
        ldr     x1, =\address
        cmp     x0, x1
        b.ne    fail
        .endm

        .macro handle signal
        mov     x0, \signal
        adr     x1, action
        mov     x2, 0
        mov     x3, 8
        syscall 134                     // rt_sigaction
        cbnz    x0, fail
        .endm

        .text
        .global _start
_start:
        map     CODE_BASE, BATCH_MAX << SLOT_SHIFT, 7
        map     DATA_BASE, DATA_SIZE, 3
        map     CASES, 0x400000, 3
        map     STACK, 0x20000, 3
        ldr     x0, =MAIN_SP
        mov     sp, x0
        adr     x0, altstack
        mov     x1, 0
        syscall 132                     // sigaltstack
        cbnz    x0, fail
        handle  SIGILL
        handle  SIGTRAP
        handle  SIGBUS
        handle  SIGFPE
        handle  SIGSEGV
        handle  SIGALRM
        mov     x0, 0
        adr     x1, interval
        mov     x2, 0
        syscall 103                     // setitimer(ITIMER_REAL)
        cbnz    x0, fail

batch:
        ldr     x19, =state
        add     x20, x19, 16
        mov     x21, 8
        bl      read_all
        ldr     w22, [x19, 16]
        cmp     w22, BATCH_MAX
        b.hi    fail
        str     w22, [x19, 4]
        ldr     x20, =CASES
        mov     x21, CASE_SIZE
        mul     x21, x21, x22
        bl      read_all

        ldr     x0, =CASES              // every instruction of the batch in its slot, undefined words around it
        ldr     x1, =CODE_BASE
        mov     w2, w22
1:      cbz     w2, 7f
        ldr     w3, [x0, CASE_COUNT]
        add     x4, x0, CASE_WORDS
        mov     w5, 0
2:      mov     w6, 0
        cmp     w5, w3
        b.hs    3f
        ldr     w6, [x4, w5, uxtw 2]
3:      str     w6, [x1], 4
        add     w5, w5, 1
        cmp     w5, 1 << (SLOT_SHIFT - 2)
        b.lo    2b
        add     x0, x0, CASE_SIZE
        sub     w2, w2, 1
        b       1b
7:      ldr     x2, =CODE_BASE + (BATCH_MAX << SLOT_SHIFT)
8:      cmp     x1, x2                  // nothing is left of a longer batch
        b.hs    4f
        str     xzr, [x1], 8
        b       8b
4:      mov     w0, -1
        str     w0, [x19]
        udf     #0                      // into the handler, which starts with case 0

finished:
        ldr     x19, =state
        ldr     w22, [x19, 4]
        ldr     x20, =CASES
        mov     x21, CASE_SIZE
        mul     x21, x21, x22
5:      cbz     x21, batch
        mov     x0, 1
        mov     x1, x20
        mov     x2, x21
        syscall 64                      // write
        cmp     x0, 0
        b.le    fail
        add     x20, x20, x0
        sub     x21, x21, x0
        b       5b

// Reads x21 bytes to x20; leaves the program at end of file.
read_all:
        cbz     x21, 6f
        mov     x0, 0
        mov     x1, x20
        mov     x2, x21
        syscall 63                      // read
        cmp     x0, 0
        b.lt    fail
        b.eq    quit
        add     x20, x20, x0
        sub     x21, x21, x0
        b       read_all
6:      ret
quit:   mov     x0, 0
        syscall 94                      // exit_group
fail:   mov     x0, 1
        syscall 94

// Signal handler: x0 signal, x1 siginfo, x2 ucontext. Nothing needs to be preserved: the frame holds all state.
handler:
        mov     x28, x30
        ldr     w3, [x2, UC_FPSIMD]
        ldr     w4, =FPSIMD_MAGIC
        cmp     w3, w4
        b.ne    fail
        ldr     x19, =state
        ldr     w20, [x19]              // number of the case that ended, -1 before the first
        cmp     w0, SIGALRM
        b.ne    1f
        ldr     w3, [x19, 8]            // an instruction that has not ended since the last alarm never will
        str     w20, [x19, 8]
        cmp     w3, w20
        b.eq    1f
        ret
1:      mov     x3, CASE_SIZE
        ldr     x21, =CASES
        smaddl  x21, w20, w3, x21
        cmn     w20, 1
        b.eq    next
        add     x3, x2, UC_REGS
        mov     x4, x21
        mov     w5, 32                  // X0 to X30, SP
        bl      copy
        ldr     x3, [x2, UC_PSTATE]
        str     x3, [x21, CASE_PSTATE]
        ldr     w3, [x2, UC_FPSIMD + 12]
        str     w3, [x21, CASE_FPCR]
        ldr     w3, [x2, UC_FPSIMD + 8]
        str     w3, [x21, CASE_FPCR + 4]
        ldr     x3, [x2, UC_PC]
        str     x3, [x21, RESULT_PC]
        str     w0, [x21, RESULT_SIGNAL]
        ldr     w3, [x1, 8]
        str     w3, [x21, RESULT_CODE]
        ldr     x3, [x1, 16]
        str     x3, [x21, RESULT_FAULT]
        add     x3, x2, UC_FPSIMD + 16
        add     x4, x21, CASE_V
        mov     w5, 64
        bl      copy
        ldr     x3, =WINDOW
        add     x4, x21, CASE_MEM
        mov     w5, 32
        bl      copy
next:   add     w20, w20, 1
        str     w20, [x19]
        add     x21, x21, CASE_SIZE
        ldr     w3, [x19, 4]
        cmp     w20, w3
        b.ne    2f
        adr     x3, finished
        str     x3, [x2, UC_PC]
        ldr     x3, =MAIN_SP
        str     x3, [x2, UC_SP]
        b       3f
2:      mov     x3, x21
        add     x4, x2, UC_REGS
        mov     w5, 32
        bl      copy
        ldr     x3, [x21, CASE_PSTATE]
        str     x3, [x2, UC_PSTATE]
        ldr     w3, [x21, CASE_FPCR]
        str     w3, [x2, UC_FPSIMD + 12]
        ldr     w3, [x21, CASE_FPCR + 4]
        str     w3, [x2, UC_FPSIMD + 8]
        ldr     x3, =CODE_BASE
        add     x3, x3, x20, lsl SLOT_SHIFT
        str     x3, [x2, UC_PC]
        add     x3, x21, CASE_V
        add     x4, x2, UC_FPSIMD + 16
        mov     w5, 64
        bl      copy
        add     x3, x21, CASE_MEM
        ldr     x4, =WINDOW
        mov     w5, 32
        bl      copy
3:      ret     x28                     // the signal return trampoline

// Copies w5 doublewords from x3 to x4.
copy:   ldr     x6, [x3], 8
        str     x6, [x4], 8
        subs    w5, w5, 1
        b.ne    copy
        ret

        .balign 8
action: .quad   handler
        .quad   0x48000004              // SA_SIGINFO | SA_ONSTACK | SA_NODEFER
        .quad   0                       // no restorer
        .quad   0x2000                  // SIGALRM waits for the handler
altstack:
        .quad   STACK
        .quad   0
        .quad   0x10000
interval:
        .quad   2, 0, 2, 0              // every two seconds

        .bss
        .balign 8
// Number of the running case, count of the batch, case at the last alarm, unused, batch header.
state:  .skip   32
