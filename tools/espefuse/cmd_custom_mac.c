// SPDX-License-Identifier: Apache-2.0
//
// burn_custom_mac MAC, get_custom_mac: a MAC address in BLOCK3.

#include <stdio.h>

#include "lib/fb/crc.h"
#include "tools/espefuse/commands.h"
#include "tools/espefuse/value.h"

#define MAC_VERSION_CUSTOM 1u

static int burn(const struct cli *cli)
{
    struct session *s = session_get();
    struct fb_efuse_words words = {0};
    uint8_t mac[6];
    if (!cli_parse_mac(cli_arg(cli, 0), mac)) {
        return cli_error(cli_arg(cli, 0),
                         "not a MAC address like 24:0a:c4:00:11:22");
    }
    if ((mac[0] & 1) != 0) {
        return cli_error(cli_arg(cli, 0),
                         "a multicast address cannot be a station's own");
    }
    if (fb_efuse_get(&s->now, FB_EFUSE_BLK3_PART_RESERVE) != 0) {
        return cli_error("BLOCK3", "holds the factory's ADC calibration");
    }
    fb_efuse_or(&words, FB_EFUSE_MAC_VERSION, MAC_VERSION_CUSTOM);
    fb_efuse_or(&words, FB_EFUSE_CUSTOM_MAC_CRC, fb_crc8(mac, sizeof mac));
    fb_efuse_or_bytes(&words, &fb_efuse_map[FB_EFUSE_CUSTOM_MAC], mac,
                      sizeof mac);
    for (unsigned i = 0; i < 2 && !cli_flag(cli, "force-write-always"); i++) {
        if ((s->now.word[3][i] & ~words.word[3][i]) != 0) {
            return cli_error("BLOCK3", "holds another custom MAC already");
        }
    }
    return session_queue_bits(s, 3, words.word[3]);
}

static int get(const struct cli *cli)
{
    struct session *s = session_get();
    struct value v;
    (void)cli;
    int status = session_burn(s);
    if (status != 0) {
        return status;
    }
    uint32_t version = fb_efuse_get(&s->now, FB_EFUSE_MAC_VERSION);
    if (version != MAC_VERSION_CUSTOM) {
        cli_print(version == 0
                      ? "Custom MAC Address is not set in the device.\n"
                      : "Custom MAC Address version %u is not known.\n",
                  (unsigned)version);
        return 0;
    }
    value_of(s, &fb_efuse_map[FB_EFUSE_CUSTOM_MAC], &v);
    cli_print("Custom MAC Address version 1: %s\n", v.text);
    return 0;
}

static const struct cli_option burn_options[] = {
    {.name = "force-write-always",
     .kind = CLI_FLAG,
     .help = "burn over what BLOCK3 holds"},
    {.name = NULL}};

const struct cli_command command_burn_custom_mac = {
    .name = "burn-custom-mac",
    .arguments = "MAC",
    .min_args = 1,
    .max_args = 1,
    .options = burn_options,
    .help = "burn a MAC address of your own into BLOCK3",
    .run = burn,
};

const struct cli_command command_get_custom_mac = {
    .name = "get-custom-mac",
    .arguments = "",
    .help = "show the custom MAC address",
    .run = get,
};
