// SPDX-License-Identifier: Apache-2.0

#include <string.h>

#include "tools/esptool/esptool.h"

int esptool_port_filter(const struct cli *cli, struct host_port_filter *filter)
{
    for (unsigned i = 0; i < cli_values(cli, "port-filter"); i++) {
        const char *text = cli_value(cli, "port-filter", i);
        const char *value = strchr(text, '=');
        size_t key = value ? (size_t)(value - text) : 0;
        uint64_t number = 0;
        bool is_id = key == 3 && (strncmp(text, "vid", key) == 0 ||
                                  strncmp(text, "pid", key) == 0);
        if (is_id && (!cli_parse_uint(value + 1, &number) || number > 0xFFFF)) {
            return cli_error(text, "--port-filter: not a USB id");
        }
        if (is_id) {
            *(text[0] == 'v' ? &filter->vid : &filter->pid) = (int)number;
        } else if (key == 4 && strncmp(text, "name", key) == 0) {
            filter->name = value + 1;
        } else if (key == 6 && strncmp(text, "serial", key) == 0) {
            filter->serial = value + 1;
        } else {
            return cli_error(text, "--port-filter: vid=, pid=, name= or "
                                   "serial= is needed");
        }
    }
    return CLI_OK;
}
