// SPDX-License-Identifier: Apache-2.0
//
// A straight integer loop for lx106, independent of its address: LOOP_LENGTH
// instructions a round, the number of rounds in the second word. Ends at +8,
// which for QEMU means exit(0).

    .text
    .literal_position
    .global _start
_start:
    j       begin
    .align  4
rounds:
    .word   1               // the bench writes it
done:
    movi    a2, 1           // SYS_exit
    movi    a3, 0
    simcall
    j       done
    .align  4
begin:
    l32r    a2, rounds
    movi    a4, 0x123
    movi    a5, 0x456
    movi    a6, 0x789
    movi    a7, 7
again:
    add     a4, a4, a5
    xor     a6, a6, a4
    slli    a8, a4, 3
    sub     a5, a8, a6
    srli    a9, a5, 5
    or      a6, a6, a9
    extui   a10, a6, 4, 8
    addx4   a5, a10, a5
    and     a8, a8, a5
    add     a4, a4, a8
    addi    a7, a7, 1
    addi    a2, a2, -1
    bnez    a2, again
    j       done
