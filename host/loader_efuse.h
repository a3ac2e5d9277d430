// SPDX-License-Identifier: Apache-2.0
//
// The eFuse controller of a chip in download mode, by READ_REG and WRITE_REG
// (TRM chapter "eFuse Controller"). Both the ROM's loader and a stub will do.
// Results are those of host/loader_session.h.

#ifndef HOST_LOADER_EFUSE_H
#define HOST_LOADER_EFUSE_H

#include "host/loader_session.h"
#include "lib/fb/efuse.h"

// Refresh and fetch what software may see, and DEC_STATUS.
int host_loader_efuse_read(struct host_loader *l, struct fb_efuse_words *shadow,
                           uint32_t *dec_status);
// One program command with these (already encoded) words. The controller says
// nothing of bits that did not take: read afterwards.
int host_loader_efuse_program(struct host_loader *l,
                              const struct fb_efuse_words *data);
// SYSCON_DATE: bit 31 is part of the chip revision.
int host_loader_syscon_date(struct host_loader *l, uint32_t *date);

#endif
