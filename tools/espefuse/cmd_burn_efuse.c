// SPDX-License-Identifier: Apache-2.0
//
// burn_efuse NAME [VALUE] ...

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "tools/espefuse/commands.h"
#include "tools/espefuse/session.h"

static uint32_t current(const struct session *s,
                        const struct fb_efuse_field *field)
{
    uint8_t bytes[32] = {0};
    (void)fb_efuse_get_bytes(&s->now, field, bytes);
    return load32_le(bytes);
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
        return cli_error(field->name, "all %u bits are burned already",
                         field->width);
    }
    *value = old | (~old & (old + 1));
    return 0;
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
        return cli_error(field->name, "new value is not accepted (burning only "
                                      "sets bits), given value=0");
    }
    uint32_t old = current(s, field);
    *value = (uint32_t)number;
    if ((old & ~*value) != 0 && field->type != FB_EFUSE_BITCOUNT) {
        cli_warning(field->name,
                    "bits 0x%" PRIx32 " are burned already and stay set",
                    old & ~*value);
    }
    return 0;
}

static int burn_one(struct session *s, const struct cli *cli, unsigned *i)
{
    const char *name = cli_arg(cli, *i);
    const struct fb_efuse_field *field = fb_efuse_find(name, strlen(name));
    uint32_t value = 0;
    int status;
    (*i)++;
    if (field == NULL) {
        return cli_error(name, "no eFuse of this name");
    }
    if (field->type == FB_EFUSE_BYTES || field->block != 0) {
        return cli_error(name, "is not burned bit by bit; use burn_key, "
                               "burn_block_data or burn_custom_mac");
    }
    const char *next = *i < cli_args(cli) ? cli_arg(cli, *i) : NULL;
    if (next != NULL && fb_efuse_find(next, strlen(next)) == NULL) {
        (*i)++;
        status = given_value(s, field, next, &value);
    } else {
        status = implied_value(s, field, &value);
    }
    return status != 0 ? status : session_queue_field(s, field, value);
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
