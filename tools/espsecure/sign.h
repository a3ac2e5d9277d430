// SPDX-License-Identifier: Apache-2.0
//
// The two signing schemes behind sign-data, verify-signature and
// signature-info-v2.

#ifndef TOOLS_ESPSECURE_SIGN_H
#define TOOLS_ESPSECURE_SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/espsecure/secure.h"

int sign_v1(const struct cli *cli);
int sign_v2(const struct cli *cli);

// data: a file that ends with a signature sector; unaligned allows any length.
int verify_v2(const struct host_key *key, const char *path,
              const struct host_file *data, bool unaligned);
int sign_v2_info(const char *path, const struct host_file *data);

#endif
