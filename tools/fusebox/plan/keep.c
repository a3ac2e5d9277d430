// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/keep.h"

#include <stdlib.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "lib/fb/flash_map.h"
#include "tools/cli/cli.h"

static const char *const role_names[] = {
    [FB_FLASH_ROLE_DIGEST] = "secure boot digest",
    [FB_FLASH_ROLE_BOOTLOADER] = "bootloader",
    [FB_FLASH_ROLE_TABLE] = "partition table",
    [FB_FLASH_ROLE_GAP] = "flash outside of partitions",
};

struct keeper {
    struct plan_file *f;
    const struct fb_flash_view *v;
    struct fb_partition_table table;
    struct fb_partition fs; // size 0: none
};

// The application's file system may lie behind the last partition.
static bool is_left(const struct keeper *k, uint32_t flash_off)
{
    uint32_t sector = flash_off & ~(FB_FLASH_SECTOR - 1);
    for (size_t i = 0; i < k->f->plan.steps; i++) {
        if (fb_step_touches(&k->f->step[i], sector, 1)) {
            return false;
        }
    }
    return flash_off < k->fs.offset || flash_off - k->fs.offset >= k->fs.size;
}

// Once an update or a first start is over, otadata and nvs_keys stay as they
// are; which slot starts is told by the one of them.
static bool is_firmware_data(const struct keeper *k,
                             const struct fb_flash_region *g)
{
    if (g->role != FB_FLASH_ROLE_PARTITION) {
        return false;
    }
    const struct fb_partition *p = &k->table.part[g->part];
    return p->type == FB_PARTITION_DATA && p->subtype != FB_PARTITION_OTADATA &&
           p->subtype != FB_PARTITION_NVS_KEYS;
}

static int append(struct keeper *k, uint32_t from, uint32_t to,
                  const char *label)
{
    if (k->f->keeps == PLAN_KEEPS_MAX) {
        return cli_error(NULL, "too many pieces of flash that stay");
    }
    struct plan_keep *keep = &k->f->keep[k->f->keeps++];
    keep->flash_off = from;
    keep->len = to - from;
    fb_md5(k->v->flash + from, keep->len, keep->md5);
    (void)snprintf(keep->label, sizeof keep->label, "%s", label);
    return 0;
}

// The pieces of a region that are left as they are.
static int keep_region(struct keeper *k, const struct fb_flash_region *g)
{
    const char *label = g->role == FB_FLASH_ROLE_PARTITION
                            ? k->table.part[g->part].label
                            : role_names[g->role];
    int status = 0;
    uint32_t end = g->flash_off + g->size;
    uint32_t from = g->flash_off;
    for (uint32_t at = from; at < end && status == 0;) {
        uint32_t next = align_up32(at + 1, FB_FLASH_SECTOR);
        next = next < end ? next : end;
        bool left = is_left(k, at);
        uint32_t to = left ? next : at;
        if ((!left || next == end) && from < to) {
            status = append(k, from, to, label);
        }
        from = left ? from : next;
        at = next;
    }
    return status;
}

static int keep_regions(struct plan_file *f, const struct fb_flash_view *v)
{
    struct fb_flash_region *region = calloc(FB_FLASH_REGIONS, sizeof *region);
    struct keeper k = {.f = f, .v = v};
    int status = 0;
    if (region == NULL) {
        return cli_error(NULL, "out of memory");
    }
    size_t regions = fb_flash_map(v, &k.table, region);
    (void)fb_partition_filesystem(&k.table, v->size, &k.fs); // false: none
    for (size_t i = 0; i < regions && status == 0; i++) {
        if (!is_firmware_data(&k, &region[i])) {
            status = keep_region(&k, &region[i]);
        }
    }
    free(region);
    return status;
}

int plan_keep(struct plan_file *f, const struct fb_board_state *state)
{
    uint8_t burned[32];
    struct fb_flash_key key[2];
    struct fb_flash_view v = {
        .flash = state->flash,
        .size = state->flash_size,
        .key = key,
        .config = fb_efuse_get(&state->fuses, FB_EFUSE_FLASH_CRYPT_CONFIG)};
    f->keeps = 0;
    if (!f->flash_known) {
        return 0;
    }
    // The table may be encrypted already.
    size_t n = fb_efuse_key(&state->fuses, 1, burned);
    if (f->block_print[1].known && !f->block_print[1].blank) {
        key[v.keys++] = (struct fb_flash_key){burned, n};
    }
    if (f->key[PLAN_KEY_FLASH].loaded) {
        key[v.keys++] = (struct fb_flash_key){f->key[PLAN_KEY_FLASH].bytes,
                                              f->key[PLAN_KEY_FLASH].n};
    }
    v.scratch = malloc(v.size);
    int status = v.scratch == NULL ? cli_error(NULL, "out of memory")
                                   : keep_regions(f, &v);
    if (v.scratch != NULL) {
        fb_bytes_wipe(v.scratch, v.size);
    }
    free(v.scratch);
    fb_bytes_wipe(burned, sizeof burned);
    return status;
}
