// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/threats.h"

#include <stdio.h>
#include <string.h>

// Conditions of a row: all bits must hold.
enum {
    FE = 1u << 0,
    V1 = 1u << 1,
    V2 = 1u << 2,
    OLD = 1u << 3, // before revision 3
    NEW = 1u << 4, // revision 3
    RELEASE = 1u << 5,
    OPEN = 1u << 6, // not RELEASE
    FLEET = 1u << 7,
    HOST = 1u << 8,
    NO_FE = 1u << 9,
    NO_SB = 1u << 10,
    SB = 1u << 11,
    DOWNLOAD = 1u << 12,
};

static const struct {
    unsigned when;
    struct fb_threat threat;
} rows[] = {
    {NO_FE | NO_SB,
     {false, "Whoever holds the board reads its program and replaces it."}},
    {SB,
     {true, "A changed bootloader or application does not start: from the "
            "network, over UART, or in the flash chip."}},
    {FE, {true, "Reading the flash chip gives ciphertext."}},
    {FE,
     {false, "Encryption hides contents and does not detect change: there is "
             "no integrity tag, and the same bytes at the same address give "
             "the same ciphertext."}},
    {FE | NO_SB,
     {false, "Without secure boot anything that is encrypted for this chip "
             "runs on it."}},
    {SB | NO_FE, {false, "The program can be read out of the flash chip."}},
    {V1 | OLD,
     {false, "The Secure Boot V1 key is a symmetric key inside the chip. A "
             "published, inexpensive voltage glitch reads it and the flash key "
             "(CVE-2019-17391); this silicon cannot be repaired. It holds "
             "against attackers from afar and casual copying, not against "
             "somebody with the board in a laboratory."}},
    {FE | NO_SB | OLD,
     {false, "A published, inexpensive voltage glitch reads the flash key out "
             "of the fuses (CVE-2019-17391); this silicon cannot be "
             "repaired."}},
    {V1 | NEW,
     {false, "The Secure Boot V1 key is symmetric: whoever gets it out of a "
             "chip can make bootloaders for every board with the same key."}},
    {V1 | FLEET,
     {false, "The secure boot key follows from the signing key: one opened "
             "board opens all boards of that signing key. Use a key for each "
             "board."}},
    {V2,
     {true, "Only the digest of a public key is in the chip: reading it lets "
            "nobody sign."}},
    {FE | NEW,
     {false, "Published electromagnetic glitches and side channels still read "
             "the flash of this revision (CVE-2023-35818); UART_DOWNLOAD_DIS "
             "does not stop them."}},
    {SB,
     {false, "An older image with a valid signature can be put back, unless "
             "SECURE_VERSION refuses it."}},
    {FE | OPEN,
     {false, "Development mode: whoever reaches the UART can switch encryption "
             "off, or read through the download mode and JTAG what is not "
             "locked."}},
    {SB | OPEN | NO_FE,
     {false, "Locks are open: the UART download mode or JTAG runs any code "
             "beside the boot chain."}},
    {RELEASE | DOWNLOAD,
     {false, "The UART download mode still starts: flash can be erased and "
             "overwritten over it, though not usefully."}},
    {FE | HOST,
     {false, "The host keeps this board's flash key for encrypted updates: "
             "that store is now the most valuable thing you own."}},
};

void fb_threat_config(const struct fb_efuse_words *fuses, unsigned revision,
                      struct fb_threat_config *c)
{
    bool locked = fb_efuse_get(fuses, FB_EFUSE_JTAG_DISABLE) != 0 &&
                  fb_efuse_get(fuses, FB_EFUSE_DISABLE_DL_ENCRYPT) != 0 &&
                  fb_efuse_get(fuses, FB_EFUSE_DISABLE_DL_DECRYPT) != 0 &&
                  fb_efuse_get(fuses, FB_EFUSE_DISABLE_DL_CACHE) != 0;

    memset(c, 0, sizeof *c);
    c->revision = revision;
    c->flash_encryption = fb_efuse_flash_encryption_on(fuses);
    c->secure_v1 = fb_efuse_get(fuses, FB_EFUSE_ABS_DONE_0) != 0;
    c->secure_v2 =
        revision >= 3 && fb_efuse_get(fuses, FB_EFUSE_ABS_DONE_1) != 0;
    c->download_open =
        revision < 3 || fb_efuse_get(fuses, FB_EFUSE_UART_DOWNLOAD_DIS) == 0;
    c->release = locked && (!c->flash_encryption ||
                            fb_efuse_plaintext_flashes_left(fuses) == 0);
}

static unsigned conditions(const struct fb_threat_config *c)
{
    bool sb = c->secure_v1 || c->secure_v2;

    return (c->flash_encryption ? FE : NO_FE) | (c->secure_v1 ? V1 : 0u) |
           (c->secure_v2 ? V2 : 0u) | (sb ? SB : NO_SB) |
           (c->revision >= 3 ? NEW : OLD) | (c->release ? RELEASE : OPEN) |
           (c->fleet_key ? FLEET : 0u) | (c->host_keys ? HOST : 0u) |
           (c->download_open ? DOWNLOAD : 0u);
}

size_t fb_threats(const struct fb_threat_config *c,
                  const struct fb_threat *out[FB_THREATS_MAX])
{
    unsigned have = conditions(c);
    size_t n = 0;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if ((rows[i].when & ~have) == 0 && n < FB_THREATS_MAX) {
            out[n++] = &rows[i].threat;
        }
    }
    return n;
}

void fb_threat_title(const struct fb_threat_config *c,
                     char text[FB_THREAT_TITLE])
{
    const char *boot = c->secure_v2   ? "Secure Boot V2"
                       : c->secure_v1 ? "Secure Boot V1"
                                      : NULL;

    (void)snprintf(text, FB_THREAT_TITLE, "%s%s%s, chip revision %u, %s",
                   boot != NULL          ? boot
                   : c->flash_encryption ? ""
                                         : "neither secure boot nor flash "
                                           "encryption",
                   boot != NULL && c->flash_encryption ? " and " : "",
                   c->flash_encryption ? "flash encryption" : "", c->revision,
                   c->release ? "all locks burned" : "locks open");
}
