// SPDX-License-Identifier: Apache-2.0
//
// Entry of the application. The bootloader jumps here with the flash mapped,
// .data loaded and everything else undefined: the ROM and the bootloader ran
// with other settings.

#include "firmware/rt/entry.inc"

    .section .text.start, "ax"
    .literal_position
    .global _start
    .type _start, @function
    .align 4
_start:
    ENTRY_STATE
    ENTRY_TO_C app_main
    .size _start, . - _start
