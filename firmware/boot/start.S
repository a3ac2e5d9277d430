// SPDX-License-Identifier: Apache-2.0
//
// Entry of the second-stage bootloader and its exception vectors. The ROM
// jumps to _start with its own stack, register windows and vectors in use.

#include "firmware/rt/entry.inc"

    .equ RTC_CNTL_OPTIONS0, 0x3FF48000

// Offsets from VECBASE: LX6 as in the ESP32 (Xtensa core-isa.h of ESP-IDF). The
// first one used is 0x280, where boot.ld puts this: the six before 0x180 serve
// register windows, the four from there interrupts of levels 2 to 5, which stay
// masked. All exceptions end here: nothing expects one.
    .section .vectors, "ax"
first:
    .macro VECTOR offset, handler
    .org first + \offset - 0x280
    j       \handler
    .endm

    VECTOR 0x280, unexpected // debug
    VECTOR 0x2C0, unexpected // NMI
    VECTOR 0x300, unexpected // kernel
    VECTOR 0x340, unexpected // user
    VECTOR 0x3C0, again      // exception in unexpected

// Below the first vector there is room for these.
    .section .vectors.low, "ax"
    .literal_position
    .align 4
// The stack may be what is wrong: start a new one. PS.EXCM stays set, so a
// second exception goes to `again`.
unexpected:
    movi    a1, _stack_top
    rsr.exccause a2
    rsr.epc1 a3
    rsr.excvaddr a4
    movi    a0, exception_report
    callx0  a0

// Nothing can be trusted any more: reset without a word.
again:
    movi    a2, RTC_CNTL_OPTIONS0
    movi    a3, 1
    slli    a3, a3, 31
    s32i    a3, a2, 0
    memw
1:  j       1b

    .global _start
    .type _start, @function
    .align 4
_start:
    ENTRY_STATE
    ENTRY_TO_C boot_main
    .size _start, . - _start
