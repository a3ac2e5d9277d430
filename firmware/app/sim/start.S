// SPDX-License-Identifier: Apache-2.0
//
// Entry under Debian's QEMU (-M sim -cpu lx106). -kernel sets the PC, but the
// machine's reset puts it back to 0x50000000: a stub there leads to _start.

#include "firmware/rt/entry.inc"

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
    ENTRY_TO_C app_main
    .size _start, . - _start
