// SPDX-License-Identifier: Apache-2.0
//
// SIGN_PUB: name of a file of 64 bytes, or not defined.

    .section .rodata.boot_signing_key, "a"
    .align 4
    .global boot_signing_key
    .type boot_signing_key, @object
boot_signing_key:
#ifdef SIGN_PUB
    .incbin SIGN_PUB
#endif
1:  .if (1b - boot_signing_key) != 64 && (1b - boot_signing_key) != 0
    .error "the public key must be 64 bytes: espsecure extract_public_key"
    .endif
    .size boot_signing_key, 1b - boot_signing_key

    .section .rodata.boot_signing_key_size, "a"
    .align 4
    .global boot_signing_key_size
    .type boot_signing_key_size, @object
boot_signing_key_size:
    .word 1b - boot_signing_key
    .size boot_signing_key_size, 4
