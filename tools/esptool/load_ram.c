// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/esptool.h"

static int load(struct esptool *e, const char *name,
                const struct host_file *file, const struct fb_image *image)
{
    cli_print("Loading '%s' to RAM...\n", name);
    for (unsigned i = 0; i < image->header.segments; i++) {
        const struct fb_image_segment *s = &image->segment[i];
        cli_print("Downloading %u bytes at 0x%08x...\n", (unsigned)s->len,
                  (unsigned)s->vaddr);
        int wrote = host_loader_mem_write(&e->loader, s->vaddr,
                                          file->data + s->img_off, s->len);
        if (wrote != HOST_LOADER_OK) {
            return esptool_fail(e, wrote);
        }
    }
    cli_print("Loaded %u segments from '%s' to RAM, executing at 0x%08x.\n",
              image->header.segments, name, (unsigned)image->header.entry);
    int ran = host_loader_mem_run(&e->loader, image->header.entry);
    if (ran != HOST_LOADER_OK) {
        return esptool_fail(e, ran);
    }
    e->left = true; // it runs that program: no reset
    cli_print("Exiting immediately.\n");
    return CLI_OK;
}

static int run(const struct cli *cli)
{
    const char *name = cli_arg(cli, 0);
    struct host_file file;
    int status = esptool_load_image(name, &file);
    if (status != CLI_OK) {
        return status;
    }
    struct fb_image image;
    enum fb_status parsed = fb_image_parse(file.data, file.size, &image, NULL);
    for (unsigned i = 0; parsed == FB_OK && i < image.header.segments; i++) {
        enum fb_segment_kind kind =
            fb_image_segment_kind(image.segment[i].vaddr, image.segment[i].len);
        if (kind != FB_SEGMENT_RAM && kind != FB_SEGMENT_RTC) {
            status = cli_error(name, "segment %u at 0x%08x is not in RAM", i,
                               (unsigned)image.segment[i].vaddr);
            break;
        }
    }
    if (parsed != FB_OK) {
        status = cli_error(name, "not an image: %s", fb_status_text(parsed));
    }
    if (status == CLI_OK) {
        struct esptool e;
        status = esptool_open(&e, cli);
        if (status == CLI_OK) {
            status = load(&e, name, &file, &image);
        }
        status = esptool_close(&e, status);
    }
    host_file_free(&file);
    return status;
}

const struct cli_command esptool_load_ram = {
    .name = "load-ram",
    .arguments = "FILE",
    .min_args = 1,
    .max_args = 1,
    .help = "load an image into RAM and run it",
    .run = run,
};
