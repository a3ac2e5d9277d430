// SPDX-License-Identifier: Apache-2.0
//
// SIGN_PUB: name of a file of 64 bytes, or not defined.

    .section .rodata.boot_signing_key, "a"
    .align 4
    .global boot_signing_key
    .type boot_signing_key, @object
boot_signing_key:
#ifdef SIGN_PUB
    .incbin SIGN_PUB, 0, 64
#endif
1:  .size boot_signing_key, 1b - boot_signing_key

    .section .rodata.boot_signing_key_size, "a"
    .align 4
    .global boot_signing_key_size
    .type boot_signing_key_size, @object
boot_signing_key_size:
    .word 1b - boot_signing_key
    .size boot_signing_key_size, 4
