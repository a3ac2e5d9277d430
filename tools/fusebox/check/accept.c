// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/check/accept.h"

#include <string.h>

// "P14:reason"
static int accepted_add(struct accepted *accepted, const char *text)
{
    const char *colon = strchr(text, ':');
    char id[8];
    int i = -1;

    if (colon != NULL && (size_t)(colon - text) < sizeof id) {
        memcpy(id, text, (size_t)(colon - text));
        id[colon - text] = '\0';
        i = fb_check_find(id);
    }
    if (i < 0) {
        return cli_error(text, "--accept takes one check and a reason: "
                               "P14:\"why it is right here\"");
    }
    if (colon[strspn(colon, ": \t")] == '\0') {
        return cli_error(text, "a reason is missing");
    }
    accepted->reason[i] = colon + 1 + strspn(colon + 1, " \t");
    return 0;
}

int accepted_read(struct accepted *accepted, const struct cli *cli)
{
    int status = 0;

    *accepted = (struct accepted){{NULL}};
    for (unsigned i = 0; i < cli_values(cli, "accept") && status == 0; i++) {
        status = accepted_add(accepted, cli_value(cli, "accept", i));
    }
    return status;
}
