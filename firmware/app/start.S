// SPDX-License-Identifier: Apache-2.0
//
// Entry of the application. The bootloader jumps here with the flash mapped,
// .data loaded and everything else undefined: the ROM and the bootloader ran
// with other settings.

    .macro WSR_RAW sr, t // special registers the lx106 assembler does not know
    .byte (\t << 4), \sr, 0x13
    .endm
    .equ LCOUNT, 2

    .section .text.start, "ax"
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
    rsync
    movi    a2, _vectors
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
    movi    a0, app_main
    jx      a0
    .size _start, . - _start
