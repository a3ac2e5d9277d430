// SPDX-License-Identifier: Apache-2.0

#include "firmware/boot/secure_version.h"

uint32_t secure_version_least(void)
{
    return 0;
}

void secure_version_raise(uint32_t version)
{
    (void)version;
}
