// SPDX-License-Identifier: Apache-2.0
//
// May the chip's encryptor write what is asked for? (ESP-IDF docs, "Flash
// Encryption": what it needs to be of use.)

#include "tools/esptool/guards.h"

#define EFUSE_BLK1_RDATA0  0x3FF5A038u
#define KEY_WORDS          8
#define RD_DIS_KEY         (1u << 0) // BLOCK1
#define RD_DIS_CONFIG      (1u << 3) // FLASH_CRYPT_CONFIG among others
#define FLASH_CRYPT_CONFIG 0xFu

static bool wants_encryption(const struct esptool_parts *parts)
{
    for (unsigned i = 0; i < parts->count; i++) {
        if (parts->part[i].encrypt) {
            return true;
        }
    }
    return false;
}

// *there: BLOCK1 holds something, or hides what it holds.
static int find_key(struct esptool *e, bool *there)
{
    uint32_t any = fb_efuse_get(&e->fuses, FB_EFUSE_RD_DIS) & RD_DIS_KEY;
    for (uint32_t i = 0; i < KEY_WORDS && any == 0; i++) {
        int status =
            host_loader_read_reg(&e->loader, EFUSE_BLK1_RDATA0 + 4 * i, &any);
        if (status != HOST_LOADER_OK) {
            return esptool_fail(e, status);
        }
    }
    *there = any != 0;
    return CLI_OK;
}

static int guard_fuses(struct esptool *e)
{
    const struct fb_efuse_words *fuses = &e->fuses;
    uint32_t config = fb_efuse_get(fuses, FB_EFUSE_FLASH_CRYPT_CONFIG);
    bool hidden = (fb_efuse_get(fuses, FB_EFUSE_RD_DIS) & RD_DIS_CONFIG) != 0;
    bool key = false;
    if (fb_efuse_get(fuses, FB_EFUSE_DISABLE_DL_ENCRYPT)) {
        return cli_error(e->port_name,
                         "DISABLE_DL_ENCRYPT is burned: this chip does not "
                         "encrypt what comes over its UART");
    }
    if (config != FLASH_CRYPT_CONFIG && !hidden) {
        return cli_error(e->port_name,
                         "FLASH_CRYPT_CONFIG is 0x%x, not 0xf: flash would be "
                         "encrypted weakly or not at all",
                         (unsigned)config);
    }
    int status = find_key(e, &key);
    return status == CLI_OK && !key
               ? cli_error(e->port_name, "no flash encryption key is burned "
                                         "(BLOCK1 is empty)")
               : status;
}

int esptool_guard_encrypt(struct esptool *e, const struct esptool_parts *parts)
{
    if (!wants_encryption(parts)) {
        return CLI_OK;
    }
    if (!esptool_wants_stub(e)) {
        for (unsigned i = 0; i < parts->count; i++) {
            if (parts->part[i].encrypt) {
                return cli_error(e->port_name,
                                 "the ROM cannot encrypt what it writes, the "
                                 "stub can; or encrypt %s with espsecure "
                                 "encrypt_flash_data and write that",
                                 parts->part[i].name);
            }
        }
    }
    if (cli_flag(e->cli, "ignore-flash-enc-efuse") ||
        cli_flag(e->cli, "ignore-flash-encryption-efuse-setting")) {
        return CLI_OK;
    }
    return guard_fuses(e);
}
