// SPDX-License-Identifier: Apache-2.0
//
// Which sectors of a file the flash does not hold yet.

#ifndef TOOLS_ESPTOOL_CHANGES_H
#define TOOLS_ESPTOOL_CHANGES_H

#include "tools/esptool/esptool.h"

#define CHANGES_MAX (ESPTOOL_FILE_MAX / ESPTOOL_SECTOR)

struct changes {
    bool sector[CHANGES_MAX]; // of the file, from its start
    unsigned sectors;         // in all
    unsigned changed;
};

// All of the file.
void changes_all(struct changes *c, const struct esptool_part *part);

// By the MD5 of what the flash holds. 0 or CLI_FAILURE, told.
int changes_from_flash(struct changes *c, struct esptool *e,
                       const struct esptool_part *part);

// By comparing with the file `old`, if that is what the flash holds now;
// otherwise as changes_from_flash(), with a warning. trust: where both files
// are the same the flash is believed to hold them, unseen.
int changes_from_file(struct changes *c, struct esptool *e,
                      const struct esptool_part *part, const char *old,
                      bool trust);

// The next run of changed sectors at or after *from (a file offset); *n bytes,
// the last sector may be cut. False: there is none.
bool changes_next(const struct changes *c, const struct esptool_part *part,
                  size_t *from, size_t *n);

#endif
