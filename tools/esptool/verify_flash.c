// SPDX-License-Identifier: Apache-2.0

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tools/esptool/esptool.h"

static int print_differences(struct esptool *e, uint32_t flash_off,
                             const uint8_t *want, size_t n)
{
    uint8_t *got = malloc(n);
    if (!got) {
        return cli_error(NULL, "%s", strerror(ENOMEM));
    }
    int read =
        host_loader_flash_read(&e->loader, flash_off, got, n, NULL, NULL);
    if (read != HOST_LOADER_OK) {
        free(got);
        return esptool_fail(e, read);
    }
    size_t count = 0;
    size_t first = n;
    for (size_t i = n; i-- > 0;) {
        if (got[i] != want[i]) {
            count++;
            first = i;
        }
    }
    cli_print("Verification failed: %zu differences, first at 0x%08x:\n", count,
              (unsigned)(flash_off + first));
    for (size_t i = first; i < n; i++) {
        if (got[i] != want[i]) {
            cli_print("   0x%08x %02x %02x\n", (unsigned)(flash_off + i),
                      got[i], want[i]);
        }
    }
    free(got);
    return CLI_OK;
}

// *same is set when the flash holds this part.
static int verify_part(struct esptool *e, struct esptool_part *part, bool diff,
                       const struct esptool_flash_params *params, bool *same)
{
    uint8_t *p = part->file.data;
    size_t n = part->file.size;
    *same = true;
    if (n == 0) {
        cli_warning(part->name, "is empty");
        return CLI_OK;
    }
    esptool_patch_image(p, n, part->flash_off, part->name, params);
    cli_print("Verifying 0x%zx (%zu) bytes at 0x%08x in flash against "
              "'%s'...\n",
              n, n, (unsigned)part->flash_off, part->name);
    int status = host_loader_flash_verify(&e->loader, part->flash_off, p, n);
    *same = status == HOST_LOADER_OK;
    if (*same) {
        cli_print("Verification successful (digest matched).\n");
        return CLI_OK;
    }
    if (status != HOST_LOADER_E_VERIFY) {
        return esptool_fail(e, status);
    }
    if (diff) {
        return print_differences(e, part->flash_off, p, n);
    }
    cli_print("Verification failed (digest mismatch).\n");
    return CLI_OK;
}

static int verify_all(struct esptool *e, struct esptool_parts *parts, bool diff)
{
    struct esptool_flash_params params;
    esptool_flash_params(e->cli, e->flash_bytes, &params);
    int status = esptool_configure_flash(e, cli_string(e->cli, "flash-size"));
    const char *differs = NULL;
    for (unsigned i = 0; i < parts->count && status == CLI_OK; i++) {
        bool same;
        status = verify_part(e, &parts->part[i], diff, &params, &same);
        if (status == CLI_OK && !same && !differs) {
            differs = parts->part[i].name;
        }
    }
    if (status == CLI_OK && differs) {
        return cli_error(e->port_name,
                         "Verification failed: the flash does "
                         "not hold %s",
                         differs);
    }
    return status;
}

static int run(const struct cli *cli)
{
    struct esptool e = {0};
    struct esptool_parts parts = {0};
    bool diff = cli_flag(cli, "diff");
    int status = esptool_parts_load(&parts, cli);
    if (status == CLI_OK) {
        status = esptool_parts_pad(&parts);
    }
    if (status == CLI_OK) {
        status = esptool_open(&e, cli);
    }
    if (status == CLI_OK) {
        status = esptool_attach_flash(&e, cli_string(cli, "spi-connection"));
    }
    if (status == CLI_OK) {
        status = esptool_parts_check_fit(&parts, e.flash_bytes);
    }
    if (status == CLI_OK) {
        status = verify_all(&e, &parts, diff);
    }
    status = esptool_close(&e, status);
    esptool_parts_free(&parts);
    return status;
}

static const struct cli_option options[] = {
    {.name = "diff",
     .shorts = "d",
     .kind = CLI_FLAG,
     .help = "show each byte that differs"},
    ESPTOOL_OPT_FREQ("keep|", "keep"),
    ESPTOOL_OPT_MODE("keep|", "keep"),
    ESPTOOL_OPT_SIZE("detect|keep|", "keep"),
    ESPTOOL_OPT_SPI_CONNECTION,
    {0},
};

const struct cli_command esptool_verify_flash = {
    .name = "verify-flash",
    .arguments = "ADDRESS FILE [ADDRESS FILE ...]",
    .min_args = 2,
    .max_args = UINT_MAX,
    .options = options,
    .help = "compare files with the flash",
    .run = run,
};
