// SPDX-License-Identifier: Apache-2.0

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "tools/esptool/esptool.h"

#define SIZE_MAX_BYTES (16u << 20)

static int dump(struct esptool *e, uint32_t vaddr, uint32_t size,
                const char *name)
{
    uint8_t *p = malloc(size);
    if (!p) {
        return cli_error(name, "%s", strerror(ENOMEM));
    }
    struct esptool_progress progress;
    esptool_progress_start(&progress, "Dumping from", e->cli);
    uint64_t start = esptool_now_ms();
    int read = HOST_LOADER_OK;
    cli_print("Dumping %u bytes from 0x%08x to file '%s'...\n", (unsigned)size,
              (unsigned)vaddr, name);
    for (uint32_t i = 0; i < size && read == HOST_LOADER_OK; i += 4) {
        uint32_t word = 0;
        read = host_loader_read_reg(&e->loader, vaddr + i, &word);
        store32_le(p + i, word);
        esptool_progress_show(&progress, vaddr, i + 4, size);
    }
    esptool_progress_end(&progress);
    double seconds = (double)(esptool_now_ms() - start) / 1000;
    int status = read == HOST_LOADER_OK ? CLI_OK : esptool_fail(e, read);
    if (status == CLI_OK) {
        int error = host_file_write(name, p, size, HOST_FILE_PUBLIC);
        if (error) {
            status = cli_error(name, "%s", strerror(error));
        } else {
            cli_print("Dumped %u bytes from 0x%08x in %.1f seconds to '%s'.\n",
                      (unsigned)size, (unsigned)vaddr, seconds, name);
        }
    }
    free(p);
    return status;
}

static int run(const struct cli *cli)
{
    struct esptool e;
    uint32_t vaddr;
    uint64_t size;
    int status = esptool_uint_arg(cli, 0, &vaddr);
    if (status == CLI_OK && vaddr % 4 != 0) {
        status = cli_error(cli_arg(cli, 0), "not a multiple of 4");
    }
    if (status == CLI_OK &&
        (!cli_parse_size(cli_arg(cli, 1), &size) || size % 4 != 0 ||
         size == 0 || size > SIZE_MAX_BYTES)) {
        status = cli_error(cli_arg(cli, 1), "not a size: a multiple of 4, at "
                                            "most 16M");
    }
    if (status != CLI_OK) {
        return status;
    }
    status = esptool_open(&e, cli);
    if (status == CLI_OK) {
        status = dump(&e, vaddr, (uint32_t)size, cli_arg(cli, 2));
    }
    return esptool_close(&e, status);
}

const struct cli_command esptool_dump_mem = {
    .name = "dump-mem",
    .arguments = "ADDRESS SIZE FILE",
    .min_args = 3,
    .max_args = 3,
    .help = "copy memory into a file",
    .run = run,
};
