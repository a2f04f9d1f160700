// A guest's program that asks one question by UDP: standard input is a struct sockaddr_in and the datagram to send there,
// standard output what comes back. For what busybox has no client of.
    .globl _start
_start:
    mov x0, #2                  // AF_INET
    mov x1, #2                  // SOCK_DGRAM
    mov x2, #0
    mov x8, #198                // socket
    svc #0
    mov x19, x0
    sub sp, sp, #2048
    mov x0, #0
    mov x1, sp
    mov x2, #2048
    mov x8, #63                 // read
    svc #0
    sub x2, x0, #16
    mov x0, x19
    add x1, sp, #16
    mov x3, #0
    mov x4, sp
    mov x5, #16
    mov x8, #206                // sendto
    svc #0
    mov x0, x19
    mov x1, sp
    mov x2, #2048
    mov x8, #63                 // read
    svc #0
    mov x2, x0
    mov x0, #1
    mov x1, sp
    mov x8, #64                 // write
    svc #0
    mov x0, #0
    mov x8, #93                 // exit
    svc #0
