// SPDX-License-Identifier: Apache-2.0
//
// An update over the REPL: the board names its next slot, the image made for
// that slot goes in through pycom.ota_*.

#ifndef TOOLS_FUSEBOX_OTA_H
#define TOOLS_FUSEBOX_OTA_H

#include <stdbool.h>

#include "tools/fusebox/repl.h"

struct ota {
    const char *const *file; // of all slots: NAME_0xADDRESS
    unsigned files;
    bool no_verify; // go on when the board finds the image bad
};

// Send the image and finish. Each prints its own one-line error and returns an
// exit status.
int ota_update(const struct ota *o, struct repl *r);
// Ask the board what it thinks of it.
int ota_verify(const struct ota *o, struct repl *r);

#endif
