// SPDX-License-Identifier: Apache-2.0
//
// What proves the bytes in flash: the digest of Secure Boot V1, signatures of
// V1 and V2.

#include <stdio.h>
#include <string.h>

#include "host/key_search.h"
#include "lib/fb/bytes.h"
#include "lib/fb/image.h"
#include "lib/fb/secure_boot_v1.h"
#include "lib/fb/signature.h"
#include "lib/fb/signature_v2.h"
#include "tools/fusebox/report/report.h"

#define PUBS 4u

struct prover {
    struct report *r;
    uint8_t pub[PUBS][64]; // that the bootloader carries
    size_t pubs;
};

// The bytes of a region, decrypted if need be; NULL: nothing is recognised.
// They hold until the next call.
static const uint8_t *text_of(const struct prover *p,
                              const struct report_region *region,
                              struct fb_flash_content *c)
{
    fb_flash_classify(&p->r->view, align_up32(region->now.flash_off, 16),
                      region->now.size / 16 * 16, c);
    return c->state == FB_FLASH_PLAIN || c->state == FB_FLASH_ENCRYPTED
               ? c->text
               : NULL;
}

static void put(struct report_region *region, enum fb_status proof,
                const char *what, const uint8_t *pub)
{
    uint8_t hash[32];
    char text[20];

    region->has_proof = true;
    region->proof = proof;
    if (pub == NULL) {
        (void)snprintf(region->proof_text, sizeof region->proof_text, "%s",
                       what);
        return;
    }
    fb_key_fingerprint(pub, 64, hash);
    (void)snprintf(region->proof_text, sizeof region->proof_text, "%s %s", what,
                   report_print(hash, text));
}

// --- Secure Boot V1 digest ---

static enum fb_status check_digest(const struct prover *p,
                                   const uint8_t stored[192],
                                   const struct report_region *bootloader)
{
    struct fb_flash_content c;
    uint8_t key[32], sum[64];
    const uint8_t *text = text_of(p, bootloader, &c);

    if (text == NULL || c.used == 0) {
        return FB_E_BAD_DIGEST;
    }
    uint32_t covered =
        fb_secure_boot_v1_covered(c.used, text[FB_IMAGE_HEADER_SIZE - 1] == 1);
    if (covered > c.text_len) {
        return FB_E_TRUNCATED;
    }
    size_t n = fb_efuse_key(&p->r->after.fuses, 2, key);
    enum fb_status status =
        fb_secure_boot_v1_digest(key, n, stored, text, covered, sum);
    fb_bytes_wipe(key, sizeof key);
    if (status == FB_OK && memcmp(sum, stored + 128, sizeof sum) != 0) {
        status = FB_E_BAD_DIGEST;
    }
    return status;
}

static void prove_digest(const struct prover *p, struct report_region *region,
                         const struct report_region *bootloader)
{
    struct fb_flash_content c;
    uint8_t stored[192];
    const uint8_t *text = text_of(p, region, &c);
    const struct fb_board_state *s = &p->r->after;

    if (text == NULL || c.kind != FB_CONTENT_DIGEST) {
        return;
    }
    memcpy(stored, text, sizeof stored);
    if (!fb_board_state_knows_block(s, 2)) {
        put(region, FB_E_KEY, "the key in BLOCK2 is not known", NULL);
    } else if (fb_efuse_block_blank(&s->fuses, 2)) {
        put(region, FB_E_KEY, "BLOCK2 has no key", NULL);
    } else {
        put(region, check_digest(p, stored, bootloader),
            "digest of the bootloader under the key in BLOCK2", NULL);
    }
}

// --- signatures ---

static void find_pubs(struct prover *p, const struct report_region *bootloader)
{
    struct fb_flash_content c;
    const uint8_t *text = text_of(p, bootloader, &c);

    if (text != NULL && c.used != 0 && c.used <= c.text_len) {
        p->pubs = host_key_search(text, c.used, p->pub, PUBS);
    }
}

// A V1 block behind n bytes.
static void prove_v1(const struct prover *p, struct report_region *region,
                     const uint8_t *text, uint32_t n, uint32_t cap)
{
    if (n > cap || FB_SIGNATURE_V1_SIZE > cap - n || load32_le(text + n) != 0 ||
        fb_bytes_all(text + n, FB_SIGNATURE_V1_SIZE, 0)) {
        return;
    }
    if (p->pubs == 0) {
        put(region, FB_E_KEY,
            "signed for V1; the bootloader carries no key to check it with",
            NULL);
        return;
    }
    for (size_t i = 0; i < p->pubs; i++) {
        if (fb_signature_v1_verify(p->pub[i], text, n, text + n, NULL) ==
            FB_OK) {
            put(region, FB_OK, "V1 signature by the key in the bootloader,",
                p->pub[i]);
            return;
        }
    }
    put(region, FB_E_BAD_SIGNATURE,
        "V1 signature, but not by the key in the bootloader,", p->pub[0]);
}

// Is it the key whose digest BLOCK2 holds? Only where that is readable.
static enum fb_status check_v2_key(const struct prover *p, const uint8_t *block)
{
    uint8_t want[32], got[32];

    if (!fb_board_state_knows_block(&p->r->after, 2)) {
        return FB_E_KEY;
    }
    for (unsigned i = 0; i < 8; i++) {
        store32_le(want + 4 * i, p->r->after.fuses.word[2][i]);
    }
    fb_signature_v2_key_digest(block, got);
    return memcmp(want, got, sizeof want) == 0 ? FB_OK : FB_E_BAD_SIGNATURE;
}

// A V2 sector behind n bytes and their padding.
static bool prove_v2(const struct prover *p, struct report_region *region,
                     const uint8_t *text, uint32_t n, uint32_t cap)
{
    struct fb_signature_v2 s;
    uint32_t at = align_up32(n, FB_SIGNATURE_V2_SECTOR);

    if (at > cap || FB_SIGNATURE_V2_SECTOR > cap - at ||
        fb_signature_v2_parse(text + at, &s, NULL) != FB_OK) {
        return false;
    }
    enum fb_status status =
        fb_signature_v2_verify(text, n, text + at, &s, NULL);
    if (status != FB_OK) {
        put(region, status, "V2 signature", NULL);
        return true;
    }
    status = check_v2_key(p, text + at);
    put(region, status,
        status == FB_OK      ? "V2 signature by the key in BLOCK2"
        : status == FB_E_KEY ? "V2 signature; BLOCK2 is not known"
                             : "V2 signature, but not by the key in BLOCK2",
        NULL);
    return true;
}

static void prove_signed(const struct prover *p, struct report_region *region)
{
    struct fb_flash_content c;
    const uint8_t *text = text_of(p, region, &c);

    if (text == NULL ||
        (c.kind != FB_CONTENT_IMAGE && c.kind != FB_CONTENT_TABLE) ||
        c.used == 0) {
        return;
    }
    if (!prove_v2(p, region, text, c.used, c.text_len)) {
        prove_v1(p, region, text, c.used, c.text_len);
    }
}

void report_prove(struct report *r)
{
    struct prover p = {.r = r};

    if (r->regions < 2 || r->region[1].now.role != FB_FLASH_ROLE_BOOTLOADER) {
        return;
    }
    find_pubs(&p, &r->region[1]);
    prove_digest(&p, &r->region[0], &r->region[1]);
    for (size_t i = 1; i < r->regions; i++) {
        prove_signed(&p, &r->region[i]);
    }
}
