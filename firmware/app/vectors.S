// SPDX-License-Identifier: Apache-2.0
//
// Exception and interrupt vectors. Interrupts are used at level 1 only; they
// and all exceptions of user mode come to one handler. What cannot happen
// (higher levels, kernel mode, an exception in the handler) ends in the same
// report as what should not.
//
// Offsets: LX6 as in the ESP32 (Xtensa core-isa.h of ESP-IDF). Those of the
// lx106, which the simulator runs, fall into the LX6's unused window vectors;
// one table serves both.

#include "firmware/app/trap.h"

    .section .vectors, "ax"
    .align 1024
    .global _vectors
_vectors:
    .macro VECTOR offset, handler
    .org _vectors + \offset
    j       \handler
    .endm

    VECTOR 0x010, trap_unexpected // lx106 debug
    VECTOR 0x020, trap_unexpected // lx106 NMI
    VECTOR 0x030, trap_unexpected // lx106 kernel
    VECTOR 0x050, trap_user       // lx106 user
    VECTOR 0x070, trap_unexpected // lx106 double exception
    VECTOR 0x180, trap_unexpected // level 2
    VECTOR 0x1C0, trap_unexpected // level 3
    VECTOR 0x200, trap_unexpected // level 4
    VECTOR 0x240, trap_unexpected // level 5
    VECTOR 0x280, trap_unexpected // debug
    VECTOR 0x2C0, trap_unexpected // NMI
    VECTOR 0x300, trap_unexpected // kernel
    VECTOR 0x340, trap_user       // user
    VECTOR 0x3C0, trap_unexpected // double exception

    .section .iram.text, "ax"
    .literal_position
    .align 4
    // Save what a C function may change, and show the rest to the report.
    .type trap_user, @function
trap_user:
    addi    a1, a1, -TRAP_FRAME
    s32i    a0, a1, TRAP_A0
    s32i    a2, a1, TRAP_A2 + 0
    s32i    a3, a1, TRAP_A2 + 4
    s32i    a4, a1, TRAP_A2 + 8
    s32i    a5, a1, TRAP_A2 + 12
    s32i    a6, a1, TRAP_A2 + 16
    s32i    a7, a1, TRAP_A2 + 20
    s32i    a8, a1, TRAP_A2 + 24
    s32i    a9, a1, TRAP_A2 + 28
    s32i    a10, a1, TRAP_A2 + 32
    s32i    a11, a1, TRAP_A2 + 36
    s32i    a12, a1, TRAP_A2 + 40
    s32i    a13, a1, TRAP_A2 + 44
    s32i    a14, a1, TRAP_A2 + 48
    s32i    a15, a1, TRAP_A2 + 52
    rsr.sar a2
    s32i    a2, a1, TRAP_SAR
    rsr.epc1 a2
    s32i    a2, a1, TRAP_PC
    rsr.exccause a3
    s32i    a3, a1, TRAP_CAUSE
    rsr.excvaddr a4
    s32i    a4, a1, TRAP_VADDR
    mov     a2, a1
    bnei    a3, TRAP_LEVEL1, 1f
    call0   trap_interrupt
    l32i    a2, a1, TRAP_SAR
    wsr.sar a2
    l32i    a2, a1, TRAP_PC
    wsr.epc1 a2
    l32i    a0, a1, TRAP_A0
    l32i    a2, a1, TRAP_A2 + 0
    l32i    a3, a1, TRAP_A2 + 4
    l32i    a4, a1, TRAP_A2 + 8
    l32i    a5, a1, TRAP_A2 + 12
    l32i    a6, a1, TRAP_A2 + 16
    l32i    a7, a1, TRAP_A2 + 20
    l32i    a8, a1, TRAP_A2 + 24
    l32i    a9, a1, TRAP_A2 + 28
    l32i    a10, a1, TRAP_A2 + 32
    l32i    a11, a1, TRAP_A2 + 36
    addi    a1, a1, TRAP_FRAME // a12 .. a15 belong to the callee
    rsync
    rfe
1:  call0   trap_report
    .size trap_user, . - trap_user

    // The stack may be what is wrong: start a new one.
    .align 4
    .type trap_unexpected, @function
trap_unexpected:
    movi    a1, _stack_top - TRAP_FRAME
    rsr.epc1 a2
    s32i    a2, a1, TRAP_PC
    rsr.exccause a2
    s32i    a2, a1, TRAP_CAUSE
    rsr.excvaddr a2
    s32i    a2, a1, TRAP_VADDR
    mov     a2, a1
    call0   trap_report
    .size trap_unexpected, . - trap_unexpected
