// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/release.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "host/file.h"
#include "lib/fb/partition_table.h"
#include "tools/cli/cli.h"

static int join(char out[PLAN_PATH_MAX], const char *dir, const char *name)
{
    return snprintf(out, PLAN_PATH_MAX, "%s/%s", dir, name) < (int)PLAN_PATH_MAX
               ? 0
               : cli_error(dir, "path is too long");
}

// The one file NAME.bin in the folder.
static int find_app(char out[PLAN_PATH_MAX], const char *dir)
{
    int status = 0;
    DIR *d = opendir(dir);
    if (d == NULL) {
        return cli_error(dir, "%s", strerror(errno));
    }
    out[0] = '\0';
    for (struct dirent *e; status == 0 && (e = readdir(d)) != NULL;) {
        size_t n = strlen(e->d_name);
        if (n <= 4 || strcmp(e->d_name + n - 4, ".bin") != 0 ||
            strncmp(e->d_name, "signature_verification_key",
                    sizeof "signature_verification_key" - 1) == 0) {
            continue;
        }
        status = out[0] != '\0'
                     ? cli_error(dir, "holds several .bin files: name them "
                                      "with --images")
                     : join(out, dir, e->d_name);
    }
    (void)closedir(d);
    return status == 0 && out[0] == '\0'
               ? cli_error(dir, "holds no application (NAME.bin)")
               : status;
}

static int add(struct recipe_input *in, uint32_t flash_off, const char *path)
{
    if (in->images == RECIPE_IMAGES_MAX) {
        return cli_error(path, "too many images");
    }
    in->image[in->images++] =
        (struct recipe_image){.flash_off = flash_off, .path = path};
    return 0;
}

static int read_table(const char *path, uint32_t flash_size,
                      struct fb_partition_table *table)
{
    struct host_file file;
    int error = host_file_read(path, 0x2000, &file);
    if (error != 0) {
        return cli_error(path, "%s", strerror(error));
    }
    enum fb_status status =
        fb_partition_table_parse(file.data, file.size, flash_size, table, NULL);
    host_file_free(&file);
    return status == FB_OK ? 0
                           : cli_error(path, "no partition table: %s",
                                       fb_status_text(status));
}

int release_add(struct release *r, const char *dir, bool digest,
                struct recipe_input *in)
{
    struct fb_partition_table table;
    int status = join(r->path[0], dir,
                      digest ? "bootloader/bootloader-reflash-digest.bin"
                             : "bootloader/bootloader.bin");
    if (status == 0) {
        status = join(r->path[1], dir, "lib/partitions.bin");
    }
    if (status == 0) {
        status = find_app(r->path[2], dir);
    }
    if (status == 0) {
        status = read_table(r->path[1], in->ini->flash_size, &table);
    }
    if (status != 0) {
        return status;
    }
    const struct fb_partition *app = fb_partition_app_slot(&table, 0);
    const struct fb_partition *otadata =
        fb_partition_find(&table, FB_PARTITION_DATA, FB_PARTITION_OTADATA);
    if (app == NULL) {
        return cli_error(r->path[1], "has no application slot");
    }
    if (otadata != NULL) {
        in->erase[in->erases].flash_off = otadata->offset;
        in->erase[in->erases++].len = otadata->size;
    }
    status = add(in, digest ? 0 : 0x1000, r->path[0]);
    if (status == 0) {
        status = add(in, FB_PARTITION_TABLE_OFF, r->path[1]);
    }
    return status == 0 ? add(in, app->offset, r->path[2]) : status;
}
