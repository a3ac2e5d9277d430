// SPDX-License-Identifier: Apache-2.0
//
// burn_efuse NAME [VALUE] ...

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "tools/espefuse/commands.h"
#include "tools/espefuse/fields.h"
#include "tools/espefuse/session.h"

static uint32_t current(const struct session *s,
                        const struct fb_efuse_field *field)
{
    uint8_t bytes[32] = {0};
    (void)fb_efuse_get_bytes(&s->now, field, bytes);
    return load32_le(bytes);
}

static bool is_crypt_cnt(const struct fb_efuse_field *field)
{
    return field == &fb_efuse_map[FB_EFUSE_FLASH_CRYPT_CNT];
}

// The value of the form without one: a flag is set, a counter goes one up.
static int implied_value(const struct session *s,
                         const struct fb_efuse_field *field, uint32_t *value)
{
    if (field->type == FB_EFUSE_BOOL) {
        *value = 1;
        return 0;
    }
    if (field->type != FB_EFUSE_BITCOUNT) {
        return cli_error(field->name, "needs a value");
    }
    uint32_t old = current(s, field);
    uint32_t all = field->width == 32 ? UINT32_MAX : (1u << field->width) - 1;
    if (old == all) {
        return cli_error(
            field->name, "all %u bits are burned already%s", field->width,
            is_crypt_cnt(field) ? ": flash encryption is on for ever, no "
                                  "plaintext flash is left"
                                : "");
    }
    if (is_crypt_cnt(field) && (old | (old + 1)) == all &&
        (fb_efuse_get(&s->now, FB_EFUSE_RD_DIS) & 1u) != 0) {
        return cli_error(field->name,
                         "the last bit, and a key nobody can read: the "
                         "bootloader burns it when it has "
                         "encrypted what was flashed in plaintext. Without "
                         "that the board would never start again. (For "
                         "flash that is ciphertext already: give the value "
                         "0x%x.)",
                         (unsigned)all);
    }
    *value = old | (~old & (old + 1));
    return 0;
}

// A value that leaves out burned bits cannot come out. The two masks are
// different: whoever names a bit of them means that bit.
static int check_old(const struct fb_efuse_field *field, uint32_t old,
                     uint32_t value)
{
    if ((old & ~value) == 0 || field == &fb_efuse_map[FB_EFUSE_WR_DIS] ||
        field == &fb_efuse_map[FB_EFUSE_RD_DIS]) {
        return 0;
    }
    return cli_error(field->name,
                     "New value contains some bits that cannot be cleared "
                     "(value will be 0x%" PRIx32 ")",
                     old | value);
}

static int given_value(const struct session *s,
                       const struct fb_efuse_field *field, const char *text,
                       uint32_t *value)
{
    uint64_t number;
    if (!cli_parse_uint(text, &number)) {
        return cli_error(field->name, "`%s` is not a number", text);
    }
    if (number >> field->width != 0) {
        return cli_error(field->name, "0x%" PRIx64 " does not fit in %u bits",
                         number, field->width);
    }
    if (number == 0) {
        return cli_error(NULL,
                         "New value is not accepted for eFuse '%s' (will "
                         "always burn 0->1), given value=0",
                         field->name);
    }
    *value = (uint32_t)number;
    return check_old(field, current(s, field), *value);
}

// A long field's value, a number of any length, as bytes from its lowest bits
// on.
static int long_value(const struct fb_efuse_field *field, const char *text,
                      uint8_t bytes[32])
{
    size_t n = strlen(text);
    if (n < 3 || text[0] != '0' || (text[1] | 0x20) != 'x' ||
        strspn(text + 2, "0123456789abcdefABCDEF") != n - 2) {
        return cli_error(field->name, "`%s` is not a number 0x...", text);
    }
    if (n - 2 > field->width / 4u) {
        return cli_error(field->name, "%s does not fit in %u bits", text,
                         field->width);
    }
    memset(bytes, 0, 32);
    for (size_t i = 0; i < n - 2; i++) {
        char c = text[n - 1 - i];
        unsigned digit =
            c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
        bytes[i / 2] = (uint8_t)(bytes[i / 2] | digit << i % 2 * 4);
    }
    return 0;
}

static int queue_bytes(struct session *s, const struct fb_efuse_field *field,
                       const uint8_t bytes[32])
{
    uint8_t old[32] = {0};
    (void)fb_efuse_get_bytes(&s->now, field, old);
    for (size_t i = 0; i < 32; i++) {
        if ((old[i] & ~bytes[i]) != 0) {
            return cli_error(field->name, "New value contains some bits that "
                                          "cannot be cleared");
        }
    }
    struct fb_efuse_words words = {0};
    fb_efuse_or_bytes(&words, field, bytes, 32);
    return session_queue_bits(s, field->block, words.word[field->block]);
}

// What turning flash encryption off means, before anybody says BURN.
static void tell_plaintext(const struct session *s, uint32_t value)
{
    struct fb_efuse_words after = s->now;
    fb_efuse_or(&after, FB_EFUSE_FLASH_CRYPT_CNT, value);
    if (!fb_efuse_flash_encryption_on(&s->now) ||
        fb_efuse_flash_encryption_on(&after)) {
        return;
    }
    cli_print("FLASH_CRYPT_CNT: flash encryption goes off, for one flash in "
              "plaintext (of %u left). Only a bootloader built with "
              "FIRST_BOOT=on turns it on again.\n",
              fb_efuse_plaintext_flashes_left(&s->now));
    if (fb_efuse_get(&s->now, FB_EFUSE_ABS_DONE_0) != 0) {
        cli_print("Secure Boot V1 is on: the ROM wants the bootloader and its "
                  "digest in plaintext too, at 0x1000 and 0x0. Where the "
                  "board made its own keys, that can only be the bootloader it "
                  "has; its digest is at 0x7400 (esptool read_flash 0x7400 "
                  "0xC0 digest.bin).\n");
    }
}

static int queue(struct session *s, const struct fb_efuse_field *field,
                 uint32_t value)
{
    uint8_t bytes[32] = {0};
    if (is_crypt_cnt(field)) {
        tell_plaintext(s, value);
    }
    if (field->block == 0) {
        return session_queue_field(s, field, value);
    }
    store32_le(bytes, value);
    return queue_bytes(s, field, bytes);
}

// Fields that other commands burn, or nobody.
static int refuse_field(const struct fb_efuse_field *field)
{
    static const enum fb_efuse_id calibration[] = {
        FB_EFUSE_ADC1_TP_LOW, FB_EFUSE_ADC1_TP_HIGH, FB_EFUSE_ADC2_TP_LOW,
        FB_EFUSE_ADC2_TP_HIGH, FB_EFUSE_ADC_VREF};
    for (size_t i = 0; i < sizeof calibration / sizeof calibration[0]; i++) {
        if (field == &fb_efuse_map[calibration[i]]) {
            return cli_error(field->name, "is the factory's calibration and "
                                          "cannot be burned");
        }
    }
    if (field == &fb_efuse_map[FB_EFUSE_CUSTOM_MAC_CRC]) {
        return cli_error(field->name, "use burn_custom_mac");
    }
    if (field->type == FB_EFUSE_BYTES && !fields_is_user(field)) {
        return cli_error(field->name, "is not burned bit by bit; use burn_key, "
                                      "burn_block_data or burn_custom_mac");
    }
    return 0;
}

// A chip whose blocks this tool could not read or burn any more.
static int check_value(const struct fb_efuse_field *field, uint32_t value)
{
    if (field == &fb_efuse_map[FB_EFUSE_CODING_SCHEME] &&
        value == FB_CODING_REPEAT) {
        return cli_error(field->name, "The 2 coding scheme is not supported");
    }
    return 0;
}

static int burn_one(struct session *s, const struct cli *cli, unsigned *i)
{
    const char *name = cli_arg(cli, *i);
    const struct fb_efuse_field *field = fields_find(name);
    uint32_t value = 0;
    int status;
    (*i)++;
    if (field == NULL) {
        return cli_error(name, "no eFuse of this name");
    }
    if (refuse_field(field) != 0) {
        return CLI_FAILURE;
    }
    const char *next = *i < cli_args(cli) ? cli_arg(cli, *i) : NULL;
    if (next != NULL && field->width > 32) {
        uint8_t bytes[32];
        (*i)++;
        status = long_value(field, next, bytes);
        return status != 0 ? status : queue_bytes(s, field, bytes);
    }
    if (next != NULL && fields_find(next) == NULL) {
        (*i)++;
        status = given_value(s, field, next, &value);
    } else {
        status = implied_value(s, field, &value);
    }
    if (status == 0) {
        status = check_value(field, value);
    }
    return status != 0 ? status : queue(s, field, value);
}

static int run(const struct cli *cli)
{
    struct session *s = session_get();
    for (unsigned i = 0; i < cli_args(cli);) {
        int status = burn_one(s, cli, &i);
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

static const struct cli_option options[] = {
    {.name = "force",
     .kind = CLI_FLAG,
     .help = "accepted for scripts; nothing here needs it"},
    {.name = NULL}};

const struct cli_command command_burn_efuse = {
    .name = "burn-efuse",
    .arguments = "NAME [VALUE] ...",
    .min_args = 1,
    .max_args = UINT_MAX,
    .options = options,
    .help = "burn bits of a field; a flag or counter needs no value",
    .details =
        "Bits can only be set, for ever. Without a value a flag is set and a\n"
        "counter (FLASH_CRYPT_CNT) goes one up: its lowest 0 becomes 1.",
    .run = run,
};
