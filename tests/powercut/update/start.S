// SPDX-License-Identifier: Apache-2.0

#include "firmware/rt/entry.inc"

    .section .vectors, "ax"
again:
    j       again
    .section .text, "ax"
    .literal_position
    .global _start
    .type _start, @function
    .align 4
_start:
    ENTRY_STATE
    ENTRY_TO_C update_main
    .size _start, . - _start
