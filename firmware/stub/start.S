// SPDX-License-Identifier: Apache-2.0
//
// Entry of the flasher stub, its vectors and its one interrupt. The ROM jumps
// to _start with its own stack, register windows and vectors in use.

    .macro WSR_RAW sr, t // special registers the lx106 assembler does not know
    .byte (\t << 4), \sr, 0x13
    .endm
    .equ LCOUNT, 2

    .equ CAUSE_LEVEL1, 4 // EXCCAUSE: a level-1 interrupt
    .equ FRAME, 64

// Offsets from VECBASE (Xtensa core-isa.h of ESP-IDF); stub.ld puts the first
// one at 0x300. Exceptions come from registers that a host asks for and that
// are not there: the stub starts anew.
    .section .vectors, "ax"
kernel:
    j       _start
    .org kernel + 0x40 // user: fits before the next one
    addi    a1, a1, -FRAME
    s32i    a2, a1, 4
    rsr.exccause a2
    beqi    a2, CAUSE_LEVEL1, 1f
    j       _start
1:  s32i    a0, a1, 0
    s32i    a3, a1, 8
    s32i    a4, a1, 12
    s32i    a5, a1, 16
    s32i    a6, a1, 20
    s32i    a7, a1, 24
    s32i    a8, a1, 28
    s32i    a9, a1, 32
    s32i    a10, a1, 36
    s32i    a11, a1, 40
    rsr.sar a2
    s32i    a2, a1, 44
    call0   stub_interrupt // keeps a12 .. a15
    l32i    a2, a1, 44
    wsr.sar a2
    l32i    a0, a1, 0
    l32i    a2, a1, 4
    l32i    a3, a1, 8
    l32i    a4, a1, 12
    l32i    a5, a1, 16
    l32i    a6, a1, 20
    l32i    a7, a1, 24
    l32i    a8, a1, 28
    l32i    a9, a1, 32
    l32i    a10, a1, 36
    l32i    a11, a1, 40
    addi    a1, a1, FRAME
    rsync
    rfe
    .org kernel + 0xC0 // double exception
    j       _start

    .literal_position
    .global _start
    .type _start, @function
    .align 4
_start:
    // No window overflows (WOE 0), user mode, all interrupts masked. call0
    // code stays in the sixteen registers of the present window.
    movi    a2, 0x2f
    wsr.ps  a2
    rsync
    // A stale loop count would make the core jump back where a loop of the ROM
    // ended (Xtensa ISA, Loop Option).
    movi    a2, 0
    WSR_RAW LCOUNT, 2
    isync
    wsr.intenable a2
    movi    a2, _vecbase
    wsr.vecbase a2
    rsync
    movi    a1, _stack_top
    movi    a2, _bss_start
    movi    a3, _bss_end
    movi    a4, 0
    j       2f
1:  s32i    a4, a2, 0
    addi    a2, a2, 4
2:  bltu    a2, a3, 1b
    movi    a0, stub_main
    callx0  a0
    .size _start, . - _start
