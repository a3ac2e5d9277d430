// SPDX-License-Identifier: Apache-2.0
//
// What a flasher stub does, at the level of its protocol (esptool docs, "Serial
// Protocol"; esp-flasher-stub). The reference stubs are code for the chip that
// calls ROM functions; with the built-in ROM there are none, so a stub that is
// uploaded is recognised by its address and answered for from here.
//
// Both generations: the fifth word of FLASH_BEGIN and FLASH_DEFL_BEGIN asks for
// an encrypted write, command 0xD4 does too.

#ifndef CHIP_ROM_STUB_MODEL_H
#define CHIP_ROM_STUB_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/loader.h"

struct chip;

// MEM_BEGIN named this address.
void stub_model_upload(struct chip *chip, uint32_t vaddr);
bool stub_model_is_stub(const struct chip *chip, uint32_t entry);
// Greets with OHAI; from here on commands go to the stub.
void stub_model_start(struct chip *chip);

// A frame; request NULL: it is not a command.
void stub_model_packet(struct chip *chip,
                       const struct fb_loader_request *request,
                       const uint8_t *frame, size_t n);
// Go on with a READ_FLASH. False: nothing to do.
bool stub_model_step(struct chip *chip);

#endif
