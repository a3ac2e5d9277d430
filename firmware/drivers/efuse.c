// SPDX-License-Identifier: Apache-2.0
//
// Where a field stands comes from the library's map (lib/fb/efuse_esp32.def),
// as constants: the map itself, with its names, is not linked.

#include "firmware/drivers/efuse.h"

#include "firmware/drivers/soc.h"
#include "lib/fb/bytes.h"
#include "lib/fb/efuse.h"

enum {
#define X(id, name, alias, block, word, bit, width, wr, rd, type, cat, text)   \
    id##_BLOCK = (block), id##_WORD = (word), id##_BIT = (bit),                \
    id##_WIDTH = (width), id##_WR = (wr),
#include "lib/fb/efuse_esp32.def"
#undef X
};

#define FIELD(id)                                                              \
    (efuse_word(id##_BLOCK, id##_WORD) >> id##_BIT & ((1u << id##_WIDTH) - 1))

uint32_t efuse_word(unsigned block, unsigned word)
{
    uint32_t base = block == 0   ? EFUSE_BLK0_RDATA0
                    : block == 1 ? EFUSE_BLK1_RDATA0
                    : block == 2 ? EFUSE_BLK2_RDATA0
                                 : EFUSE_BLK3_RDATA0;

    return REG32(base + 4 * word);
}

bool efuse_flash_encryption_on(void)
{
    return ones32(FIELD(FLASH_CRYPT_CNT)) % 2 == 1;
}

unsigned efuse_plaintext_flashes_left(void)
{
    if ((FIELD(WR_DIS) >> FLASH_CRYPT_CNT_WR & 1) != 0) {
        return 0;
    }
    return (FLASH_CRYPT_CNT_WIDTH - ones32(FIELD(FLASH_CRYPT_CNT))) / 2;
}

bool efuse_secure_boot_on(void)
{
    return FIELD(ABS_DONE_0) != 0;
}

// CODING_SCHEME 0 and 3 are no coding.
bool efuse_secure_version_usable(void)
{
    return (FIELD(CODING_SCHEME) == 0 || FIELD(CODING_SCHEME) == 3) &&
           FIELD(KEY_STATUS) == 0 && FIELD(MAC_VERSION) == 0;
}

unsigned efuse_secure_version(void)
{
    if (!efuse_secure_version_usable()) {
        return 0;
    }
    return ones32(efuse_word(SECURE_VERSION_BLOCK, SECURE_VERSION_WORD));
}
