// SPDX-License-Identifier: Apache-2.0
//
// void gc_collect_with_regs(void (*scan)(void *sp))
//
// Put the registers that a caller may keep pointers in (a12 .. a15, and a0)
// on the stack and call scan with the stack pointer, so that the garbage
// collector finds them there.

    .section .text.gc_collect_with_regs, "ax"
    .global gc_collect_with_regs
    .type gc_collect_with_regs, @function
    .align 4
gc_collect_with_regs:
    addi    a1, a1, -32
    s32i    a0, a1, 0
    s32i    a12, a1, 4
    s32i    a13, a1, 8
    s32i    a14, a1, 12
    s32i    a15, a1, 16
    mov     a3, a2
    mov     a2, a1
    callx0  a3
    l32i    a0, a1, 0
    addi    a1, a1, 32
    ret
    .size gc_collect_with_regs, . - gc_collect_with_regs
