// SPDX-License-Identifier: Apache-2.0
//
// Checks of key files and key blocks: P1, P2, P3, P22.

#include <stdio.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/checks_facts.h"
#include "lib/fb/efuse_coding.h"

#define KEY_MAX 32u

// Fewer different bytes than a random key of 24 bytes ever has.
#define DISTINCT_MIN 12u

static unsigned distinct(const uint8_t *p, size_t n)
{
    uint8_t seen[256] = {0};
    unsigned count = 0;

    for (size_t i = 0; i < n; i++) {
        count += seen[p[i]] == 0;
        seen[p[i]] = 1;
    }
    return count;
}

static bool printable(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((p[i] < 0x20 || p[i] > 0x7E) && p[i] != '\n' && p[i] != '\r') {
            return false;
        }
    }
    return true;
}

// Why these bytes are no symmetric key; NULL: nothing speaks against them.
static const char *bad_content(const uint8_t *p, size_t n)
{
    if (fb_bytes_all(p, n, 0x00)) {
        return "all bytes are 0";
    }
    if (fb_bytes_all(p, n, 0xFF)) {
        return "all bytes are 0xFF";
    }
    if (printable(p, n)) {
        return "text, not key bytes";
    }
    return distinct(p, n) < DISTINCT_MIN ? "hardly any different bytes" : NULL;
}

static const char *name_of(const struct fb_check_key *key, const char *what)
{
    return key->name != NULL ? key->name : what;
}

static size_t key_bytes(const struct fb_check_facts *f)
{
    return fb_check_after(f, FB_EFUSE_CODING_SCHEME) == FB_CODING_3_4 ? 24 : 32;
}

static bool fail_key(struct fb_check_result *out,
                     const struct fb_check_facts *f,
                     const struct fb_check_key *key, const char *what,
                     const char *why)
{
    fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f), "%s: %s",
                 name_of(key, what), why);
    return false;
}

// One file. False: it failed.
static bool file_ok(const struct fb_check_facts *f, struct fb_check_result *out,
                    const struct fb_check_key *key, const char *what,
                    bool digest)
{
    static const char pem[] = "-----BEGIN";
    const char *why = key->fault;
    char text[80];

    if (key->bytes == NULL || why != NULL) {
        return why == NULL || fail_key(out, f, key, what, why);
    }
    if (key->len > sizeof pem && memcmp(key->bytes, pem, sizeof pem - 1) == 0) {
        return fail_key(out, f, key, what, "a PEM file, not key bytes");
    }
    if (key->len == 64) {
        return fail_key(out, f, key, what,
                        "64 bytes: the public key, not the secret one");
    }
    if (key->len != (digest ? 32 : key_bytes(f))) {
        (void)snprintf(text, sizeof text, "%zu bytes, the chip takes %zu",
                       key->len, digest ? (size_t)32 : key_bytes(f));
        return fail_key(out, f, key, what, text);
    }
    why = bad_content(key->bytes, key->len);
    return why == NULL || fail_key(out, f, key, what, why);
}

// What the plan burns into a key block is looked at, whoever made it.
static bool block_ok(const struct fb_check_facts *f,
                     struct fb_check_result *out, unsigned block)
{
    uint8_t key[KEY_MAX];
    const char *why;
    size_t n;

    if (!fb_check_burns_block(f, block) ||
        !fb_board_state_knows_block(f->in->scratch, block)) {
        return true;
    }
    n = fb_efuse_key(&f->in->scratch->fuses, block, key);
    why =
        block == 3 && !fb_bytes_all(key, n, 0xFF) ? NULL : bad_content(key, n);
    fb_bytes_wipe(key, sizeof key);
    if (why != NULL) {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f), "BLOCK%u: %s", block,
                     why);
    }
    return why == NULL;
}

static bool same_key(const struct fb_check_key *a, const struct fb_check_key *b)
{
    return a->bytes != NULL && b->bytes != NULL && a->len == b->len &&
           memcmp(a->bytes, b->bytes, a->len) == 0;
}

void fb_check_key_files(const struct fb_check_facts *f,
                        struct fb_check_result *out)
{
    const struct fb_check_input *in = f->in;
    bool asked = in->flash_key.bytes != NULL || in->flash_key.fault != NULL ||
                 in->secure_boot_key.bytes != NULL ||
                 in->secure_boot_key.fault != NULL ||
                 in->signing_pub.bytes != NULL || in->signing_pub.fault != NULL;
    bool needed = f->after.encrypted || f->after.secure_v1;

    if (in->signing_pub.fault != NULL) {
        (void)fail_key(out, f, &in->signing_pub, "signing key",
                       in->signing_pub.fault);
        return;
    }
    if (!file_ok(f, out, &in->flash_key, "flash encryption key", false) ||
        !file_ok(f, out, &in->secure_boot_key, "secure boot key", f->keys.v2) ||
        !block_ok(f, out, 1) || !block_ok(f, out, 2) || !block_ok(f, out, 3)) {
        return;
    }
    if (in->signing_pub.bytes != NULL && in->signing_pub.len != 64) {
        (void)fail_key(out, f, &in->signing_pub, "signing key",
                       "not a P-256 public key of 64 bytes");
        return;
    }
    if (same_key(&in->flash_key, &in->secure_boot_key)) {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                     "one key for flash encryption and secure boot");
        return;
    }
    if ((f->after.encrypted && !f->after.has_flash_key) ||
        (f->after.secure_v1 && !f->after.has_boot_key)) {
        fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                     "no file given for %s, which cannot be read",
                     f->after.encrypted && !f->after.has_flash_key
                         ? "the key in BLOCK1"
                         : "the key in BLOCK2");
        return;
    }
    if (asked || needed || fb_check_burns_block(f, 1) ||
        fb_check_burns_block(f, 2)) {
        fb_check_say(out, FB_CHECK_PASS, fb_check_none(f),
                     "keys of %zu bytes, none of them trivial", key_bytes(f));
    }
}

// --- P2 ---

// Compare a file with a block. True: nothing speaks against it.
static bool order_ok(const struct fb_check_facts *f,
                     struct fb_check_result *out,
                     const struct fb_check_key *key, unsigned block,
                     bool natural)
{
    uint8_t fuse[KEY_MAX], other[KEY_MAX];
    size_t n = fb_efuse_key(&f->in->scratch->fuses, block, fuse);
    bool equal, reversed;

    if (n != key->len) {
        fb_bytes_wipe(fuse, sizeof fuse);
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                     "BLOCK%u holds %zu bytes, the file %zu", block, n,
                     key->len);
        return false;
    }
    fb_bytes_reverse(other, fuse, n);
    equal = memcmp(natural ? other : fuse, key->bytes, n) == 0;
    reversed = memcmp(natural ? fuse : other, key->bytes, n) == 0;
    fb_bytes_wipe(fuse, sizeof fuse);
    fb_bytes_wipe(other, sizeof other);
    if (!equal) {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                     reversed ? "BLOCK%u holds the bytes of the file in the "
                                "wrong order"
                              : "BLOCK%u holds another key than the file",
                     block);
    }
    return equal;
}

enum order {
    ORDER_UNUSED,
    ORDER_RIGHT,
    ORDER_BOOTED,  // right: the chip started what the file's key decrypts
    ORDER_WRONG,   // said
    ORDER_UNKNOWN, // said
};

// With the file's key in a block that cannot be read, and that stays as it is.
static bool booted_with_file(const struct fb_check_facts *f, unsigned block)
{
    return f->in->boot_log != NULL && !fb_check_burns_block(f, block) &&
           fb_board_view_booted(&f->before, f->in->boot_log, block);
}

static enum order cannot_read(const struct fb_check_facts *f,
                              struct fb_check_result *out,
                              const struct fb_check_key *key, unsigned block)
{
    bool supplied = fb_board_state_knows_block(f->in->scratch, block);
    const char *why = "no step proves its key, and no boot with the file's key "
                      "was seen (--port, with flash encryption or Secure Boot "
                      "V1 on)";

    if (supplied) {
        why = "the snapshot has its key from a file that nothing proved";
    } else if (key->bytes == NULL) {
        why = "its key file is not given";
    } else if (fb_check_proof(f, block, 0) != fb_check_none(f)) {
        return ORDER_RIGHT;
    } else if (booted_with_file(f, block)) {
        return ORDER_BOOTED;
    } else if (f->in->boot_log != NULL) {
        why = "the chip was not seen to start what fits the file's key";
    }
    fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                 "BLOCK%u cannot be read, and %s", block, why);
    return ORDER_UNKNOWN;
}

static enum order block_order(const struct fb_check_facts *f,
                              struct fb_check_result *out,
                              const struct fb_check_key *key, unsigned block,
                              bool needed, bool natural)
{
    if (!needed && !fb_check_burns_block(f, block)) {
        return ORDER_UNUSED;
    }
    if (!fb_board_state_knows_block(f->in->scratch, block) ||
        (f->in->before->unproven & 1u << block) != 0) {
        return cannot_read(f, out, key, block);
    }
    return key->bytes == NULL || order_ok(f, out, key, block, natural)
               ? ORDER_RIGHT
               : ORDER_WRONG;
}

static const char *order_text(enum order order, bool natural)
{
    return order == ORDER_UNUSED   ? "not in use"
           : order == ORDER_BOOTED ? "holds its file's key: the chip boots "
                                     "with it"
           : natural               ? "in the digest's own order"
                                   : "reversed as its file wants";
}

void fb_check_byte_order(const struct fb_check_facts *f,
                         struct fb_check_result *out)
{
    bool secure = f->after.secure_v1 || f->after.secure_v2;
    enum order first =
        block_order(f, out, &f->in->flash_key, 1, f->after.encrypted, false);
    struct fb_check_result about_second = *out;
    enum order second = block_order(f, &about_second, &f->in->secure_boot_key,
                                    2, secure, f->keys.v2);

    if (first == ORDER_WRONG) {
        return;
    }
    if (second == ORDER_WRONG || (second == ORDER_UNKNOWN && first != second)) {
        *out = about_second;
        return;
    }
    if (first == ORDER_UNKNOWN ||
        (first == ORDER_UNUSED && second == ORDER_UNUSED)) {
        return;
    }
    fb_check_say(out, FB_CHECK_PASS, fb_check_none(f), "BLOCK1 %s, BLOCK2 %s",
                 order_text(first, false), order_text(second, f->keys.v2));
}

// --- P3 ---

void fb_check_read_protection(const struct fb_check_facts *f,
                              struct fb_check_result *out)
{
    uint32_t rd = fb_check_after(f, FB_EFUSE_RD_DIS);
    uint32_t wr = fb_check_after(f, FB_EFUSE_WR_DIS);
    bool flash = f->after.encrypted || fb_check_burns_block(f, 1);
    bool v2 = f->after.secure_v2 || (f->keys.v2 && fb_check_burns_block(f, 2));
    bool v1 = !v2 && (f->after.secure_v1 || fb_check_burns_block(f, 2));
    const char *why = NULL;

    if (!flash && !v1 && !v2) {
        return;
    }
    if (!fb_check_knows(f, FB_EFUSE_RD_DIS) ||
        !fb_check_knows(f, FB_EFUSE_WR_DIS)) {
        fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                     "RD_DIS and WR_DIS are not known");
        return;
    }
    if (v2 && (rd & 2u) != 0) {
        why = "BLOCK2 is read-protected: the ROM cannot read the V2 digest";
    } else if (f->after.secure_v1 && f->after.digest_key_blank) {
        why = "BLOCK2 is blank, and Secure Boot V1 is on";
    } else if (flash && (rd & 1u) == 0) {
        why = "the flash encryption key in BLOCK1 stays readable";
    } else if (v1 && (rd & 2u) == 0) {
        why = "the secure boot key in BLOCK2 stays readable";
    } else if (flash && (wr & 0x80u) == 0) {
        why = "BLOCK1 stays writeable: bits can be added to the key";
    } else if ((v1 || v2) && (wr & 0x100u) == 0) {
        why = "BLOCK2 stays writeable: bits can be added to it";
    }
    fb_check_say(out, why != NULL ? FB_CHECK_FAIL : FB_CHECK_PASS,
                 fb_check_none(f), "RD_DIS 0x%x, WR_DIS 0x%04x%s%s",
                 (unsigned)rd, (unsigned)wr, why != NULL ? ": " : "",
                 why != NULL ? why : "");
}

// --- P22 ---

// 0: said why not, 1: fine, 2: no concern.
static int custody_of(const struct fb_check_facts *f,
                      struct fb_check_result *out,
                      const struct fb_check_key *key, unsigned block,
                      bool in_use, const char *what)
{
    if (fb_check_burns_block(f, block)) {
        if (key->bytes == NULL) {
            fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                         "the plan burns the %s, and no file of it is given",
                         what);
            return 0;
        }
        if (!key->custody) {
            fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                         "%s: stored once, no copy was read back",
                         name_of(key, what));
            return 0;
        }
        return 1;
    }
    if (in_use && key->bytes == NULL &&
        !fb_board_state_knows_block(f->in->scratch, block)) {
        fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                     "the %s is in the chip, and no file of it is given", what);
        return 0;
    }
    return in_use ? 1 : 2;
}

void fb_check_custody(const struct fb_check_facts *f,
                      struct fb_check_result *out)
{
    int flash = custody_of(f, out, &f->in->flash_key, 1, f->after.encrypted,
                           "flash encryption key");
    int boot = flash == 0 || f->keys.v2
                   ? 2
                   : custody_of(f, out, &f->in->secure_boot_key, 2,
                                f->after.secure_v1, "secure boot key");

    if (flash == 1 && boot != 0) {
        fb_check_say(out, FB_CHECK_PASS, fb_check_none(f), "keys are at hand");
    } else if (flash == 2 && boot == 1) {
        fb_check_say(out, FB_CHECK_PASS, fb_check_none(f),
                     "the secure boot key is at hand");
    }
}
