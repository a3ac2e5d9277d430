// SPDX-License-Identifier: Apache-2.0

#include "firmware/boot/secure_version.h"

#include "firmware/boot/console.h"
#include "firmware/drivers/efuse.h"
#include "firmware/drivers/efuse_burn.h"

#define BLOCK 3u // SECURE_VERSION is word 4 of it
#define WORD  4u
#define BITS  32u

uint32_t secure_version_least(void)
{
    if (!efuse_secure_version_usable()) {
        console_print(
            "SECURE_VERSION cannot be used: BLOCK3 is coded, a key or "
            "a MAC address.\n");
    }
    return efuse_secure_version();
}

void secure_version_raise(uint32_t version)
{
    uint32_t data[8] = {0};

    if (version > BITS) {
        version = BITS;
    }
    if (!efuse_secure_version_usable() || efuse_secure_version() >= version) {
        return;
    }
    data[WORD] = ~0u >> (BITS - version);
    efuse_program(BLOCK, data);
    console_print("Security version is %u from now on.\n",
                  efuse_secure_version());
}
