// SPDX-License-Identifier: Apache-2.0
//
// Entry under Debian's QEMU (-M sim -cpu lx106). -kernel sets the PC, but the
// machine's reset puts it back to 0x50000000: a stub there leads to _start.

    .section .reset, "ax"
    .global _reset
_reset:
    j       1f
    .align 4
    .literal_position
1:  movi    a2, _start
    jx      a2

    .section .text.start, "ax"
    .literal_position
    .global _start
    .type _start, @function
    .align 4
_start:
    movi    a2, 0x2f
    wsr.ps  a2
    rsync
    movi    a2, 0
    wsr.intenable a2
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
