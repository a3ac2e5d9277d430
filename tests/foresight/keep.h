// SPDX-License-Identifier: Apache-2.0
//
// A random board as a folder, with its owner's files beside it, for programs
// that take a board and not a struct: board/ bootloader.bin digest.bin
// partitions.bin app.bin SIGNING_KEY.pem pub.bin, and fe.bin, sb.bin when the
// owner has them.

#ifndef TESTS_FORESIGHT_KEEP_H
#define TESTS_FORESIGHT_KEEP_H

#include <openssl/evp.h>
#include <sys/stat.h>

#include "host/efuse_file.h"
#include "tests/foresight/world.h"

static inline void keep_file(const char *dir, const char *name, const void *p,
                             size_t n)
{
    char path[512];
    FILE *out;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(p, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
}

// SEC 1 private key (RFC 5915) of a P-256 scalar, as PEM.
static inline void keep_pem(const char *dir, const char *name,
                            const uint8_t scalar[32], const uint8_t pub[64])
{
    uint8_t der[121], text[200];
    char pem[300];

    testing_hex(der, sizeof der, "30770201010420");
    memcpy(der + 7, scalar, 32);
    testing_hex(der + 39, sizeof der - 39,
                "a00a06082a8648ce3d030107a14403420004");
    memcpy(der + 57, pub, 64);
    (void)EVP_EncodeBlock(text, der, (int)sizeof der);
    (void)snprintf(pem, sizeof pem,
                   "-----BEGIN EC PRIVATE KEY-----\n%.64s\n%.64s\n%s\n"
                   "-----END EC PRIVATE KEY-----\n",
                   text, text + 64, text + 128);
    keep_file(dir, name, pem, strlen(pem));
}

static inline void keep_world(struct world *w, const char *dir)
{
    struct fixture *f = w->f;
    const struct fb_board_state *s = &f->before;
    char board[400], path[440], ini[200];

    (void)snprintf(board, sizeof board, "%s/board", dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(mkdir(board, 0700), 0);
    (void)snprintf(ini, sizeof ini,
                   "board = TEST\nrevision = %u\nflash_size = %u\n",
                   fb_efuse_chip_revision(&s->fuses, s->syscon_date), FX_FLASH);
    keep_file(board, "board.ini", ini, strlen(ini));
    keep_file(board, "flash.bin", f->flash, FX_FLASH);
    (void)snprintf(path, sizeof path, "%s/efuse.bin", board);
    assert_int_equal(host_efuse_file_store(path, &s->fuses, HOST_EFUSE_QEMU),
                     0);
    fx_make_table(f, testing_key, true);
    fx_make_app(&f->app, 'H', testing_key);
    keep_file(dir, "bootloader.bin", f->bootloader, f->bootloader_n);
    keep_file(dir, "partitions.bin", f->table.p, f->table.n);
    keep_file(dir, "app.bin", f->app.p, f->app.n);
    keep_pem(dir, "SIGNING_KEY.pem", testing_key, f->pub);
    keep_file(dir, "pub.bin", f->pub, sizeof f->pub);
    if (w->keys.flash_key != NULL) {
        keep_file(dir, "fe.bin", w->keys.flash_key, w->keys.flash_key_len);
    }
    if (w->keys.boot_key != NULL) {
        keep_file(dir, "sb.bin", w->keys.boot_key, w->keys.boot_key_len);
    }
    keep_file(dir, "story", w->story, strlen(w->story));
}

#endif
