// SPDX-License-Identifier: Apache-2.0
//
// What write-flash refuses before anything is erased, because the board would
// not start again.

#ifndef TOOLS_ESPTOOL_GUARDS_H
#define TOOLS_ESPTOOL_GUARDS_H

#include "tools/esptool/esptool.h"

// Alone from the files: sector alignment, overlaps. 0 or CLI_FAILURE, told.
int esptool_guard_files(const struct esptool_parts *parts);

// With the chip's eFuses at hand. old_dialect: the command was spelled
// write_flash, as in the instructions that flash a reflashable digest to a
// board with Secure Boot V1 on. 0 or CLI_FAILURE, told.
int esptool_guard_chip(struct esptool *e, const struct esptool_parts *parts,
                       bool old_dialect);

// --encrypt and --encrypt-files: is there a stub, and a chip that encrypts? 0
// or CLI_FAILURE, told.
int esptool_guard_encrypt(struct esptool *e, const struct esptool_parts *parts);

#endif
