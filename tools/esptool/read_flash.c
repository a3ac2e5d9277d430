// SPDX-License-Identifier: Apache-2.0

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/esptool/esptool.h"

static int read_to_file(struct esptool *e, uint32_t flash_off, uint32_t size,
                        const char *name)
{
    uint8_t *p = malloc(size);
    if (!p) {
        return cli_error(name, "%s", strerror(ENOMEM));
    }
    struct esptool_progress progress;
    esptool_progress_start(&progress, "Reading from", e->cli);
    progress.off |= cli_flag(e->cli, "no-progress");
    uint64_t start = esptool_now_ms();
    int read = host_loader_flash_read(&e->loader, flash_off, p, size,
                                      esptool_progress_show, &progress);
    double seconds = (double)(esptool_now_ms() - start) / 1000;
    esptool_progress_end(&progress);
    int status = read == HOST_LOADER_OK ? CLI_OK : esptool_fail(e, read);
    if (status == CLI_OK) {
        int error = host_file_write(name, p, size, HOST_FILE_PUBLIC);
        if (error) {
            status = cli_error(name, "%s", strerror(error));
        }
    }
    free(p);
    if (status == CLI_OK) {
        cli_print("Read %u bytes from 0x%08x in %.1f seconds", (unsigned)size,
                  (unsigned)flash_off, seconds);
        if (seconds > 0) {
            cli_print(" (%.1f kbit/s)", size / seconds * 8 / 1000);
        }
        cli_print(" to '%s'.\n", name);
    }
    return status;
}

static int run(const struct cli *cli)
{
    struct esptool e;
    uint32_t flash_off, size;
    int status = esptool_open(&e, cli);
    if (status == CLI_OK) {
        status = esptool_attach_flash(&e, cli_string(cli, "spi-connection"));
    }
    if (status == CLI_OK) {
        status = esptool_flash_range(&e, 0, &flash_off, &size);
    }
    if (status == CLI_OK) {
        status = esptool_configure_flash(&e, cli_string(cli, "flash-size"));
    }
    if (status == CLI_OK) {
        status = read_to_file(&e, flash_off, size, cli_arg(cli, 2));
    }
    return esptool_close(&e, status);
}

static const struct cli_option options[] = {
    {.name = "no-progress",
     .shorts = "p",
     .kind = CLI_FLAG,
     .help = "no progress bar"},
    ESPTOOL_OPT_SIZE("detect|keep|", "keep"),
    ESPTOOL_OPT_SPI_CONNECTION,
    {0},
};

const struct cli_command esptool_read_flash = {
    .name = "read-flash",
    .arguments = "ADDRESS SIZE FILE",
    .min_args = 3,
    .max_args = 3,
    .options = options,
    .help = "read flash into a file; SIZE may be ALL",
    .run = run,
};
