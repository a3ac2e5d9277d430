// SPDX-License-Identifier: Apache-2.0
//
// The smallest application: says "alive" on UART0 and waits for ever.

    .text
    .literal_position
    .global _start
_start:
    movi    a2, fifo
    l32i    a2, a2, 0
    movi    a3, text
next:
    l32i    a4, a3, 0       // instruction memory knows words only
    beqz    a4, done
    s32i    a4, a2, 0
    addi    a3, a3, 4
    j       next
done:
    waiti   0
    j       done
    .align  4
fifo:
    .word   0x60000000
text:
    .word   'a', 'l', 'i', 'v', 'e', '\n', 0
