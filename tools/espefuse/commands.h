// SPDX-License-Identifier: Apache-2.0
//
// The commands of espefuse, one file each.

#ifndef TOOLS_ESPEFUSE_COMMANDS_H
#define TOOLS_ESPEFUSE_COMMANDS_H

#include "tools/cli/cli.h"

extern const struct cli_command command_summary;
extern const struct cli_command command_dump;
extern const struct cli_command command_burn_efuse;
extern const struct cli_command command_burn_key;
extern const struct cli_command command_burn_key_digest;
extern const struct cli_command command_burn_block_data;
extern const struct cli_command command_burn_bit;
extern const struct cli_command command_set_flash_voltage;
extern const struct cli_command command_burn_custom_mac;
extern const struct cli_command command_get_custom_mac;
extern const struct cli_command command_adc_info;
extern const struct cli_command command_check_error;
extern const struct cli_command command_execute_scripts;
extern const struct cli_command command_read_protect_efuse;
extern const struct cli_command command_write_protect_efuse;

#endif
