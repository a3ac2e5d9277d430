// SPDX-License-Identifier: Apache-2.0
//
// Checks of fuses and of the order they are burned in: P4 to P10, P20, P21.

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/checks_facts.h"
#include "lib/fb/efuse_coding.h"

#define PERMANENT 0x7Fu // FLASH_CRYPT_CNT with all bits

// --- P4 ---

// An image whose header asks for a newer chip, or another one; NULL: none.
static const struct fb_part *for_another_chip(const struct fb_board_view *v)
{
    for (unsigned i = 0; i < v->parts; i++) {
        const struct fb_part *part = &v->part[i];
        const struct fb_image_header *h = &part->image.header;

        if ((part->kind == FB_PART_APP || part->kind == FB_PART_BOOTLOADER) &&
            (part->status == FB_OK || part->status == FB_E_UNKNOWN) &&
            (h->chip_id != FB_IMAGE_CHIP_ESP32 || h->min_rev > v->revision ||
             h->min_rev_full / 100u > v->revision)) {
            return part;
        }
    }
    return NULL;
}

void fb_check_scheme(const struct fb_check_facts *f,
                     struct fb_check_result *out)
{
    bool v1 = fb_check_after(f, FB_EFUSE_ABS_DONE_0) != 0;
    bool v2 = fb_check_after(f, FB_EFUSE_ABS_DONE_1) != 0;
    const struct fb_part *other = for_another_chip(&f->after);

    if (!f->after.revision_known && (v1 || v2)) {
        fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                     "the chip revision is not known");
    } else if ((v2 || f->in->secure_v2) && f->after.revision < 3) {
        fb_check_say(out, FB_CHECK_FAIL,
                     fb_check_burn(f, FB_EFUSE_ABS_DONE_1, 1, 0),
                     "Secure Boot V2 on a chip of revision %u, which has none",
                     f->after.revision);
    } else if (f->after.revision_known && other != NULL) {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                     "%s is for chip id %u, revision %u or newer; this is "
                     "revision %u",
                     other->label, other->image.header.chip_id,
                     other->image.header.min_rev, f->after.revision);
    } else if (v1 || v2) {
        fb_check_say(out, FB_CHECK_PASS, fb_check_none(f),
                     "Secure Boot %s on revision %u", v2 ? "V2" : "V1",
                     f->after.revision);
    }
}

// --- P5 ---

// Does the plan add bits to a block that held something else before?
static bool adds_to(const struct fb_check_facts *f, unsigned block)
{
    const uint32_t *was = f->in->before->fuses.word[block];

    return !fb_efuse_block_blank(&f->in->before->fuses, block) &&
           fb_check_burns_block(f, block) &&
           memcmp(was, f->in->scratch->fuses.word[block],
                  sizeof f->in->scratch->fuses.word[block]) != 0;
}

void fb_check_coding(const struct fb_check_facts *f,
                     struct fb_check_result *out)
{
    uint32_t coding = fb_check_after(f, FB_EFUSE_CODING_SCHEME);
    const struct fb_check_key *key = &f->in->flash_key;
    size_t want = coding == FB_CODING_3_4 ? 24 : 32;
    size_t changes = fb_check_burn(f, FB_EFUSE_CODING_SCHEME, 3, 0);
    bool blocks = fb_check_burns_block(f, 1) || fb_check_burns_block(f, 2) ||
                  fb_check_burns_block(f, 3);

    if (changes != fb_check_none(f)) {
        fb_check_say(out, FB_CHECK_FAIL, changes,
                     "the plan burns CODING_SCHEME, which is the factory's");
        return;
    }
    if (!blocks && !f->after.encrypted && !f->after.secure_v1 &&
        !f->after.secure_v2) {
        return;
    }
    if (!fb_check_knows(f, FB_EFUSE_CODING_SCHEME)) {
        fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                     "CODING_SCHEME is not known");
        return;
    }
    if (key->bytes != NULL && key->len != want) {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                     "CODING_SCHEME %u takes keys of %zu bytes, %s has %zu",
                     (unsigned)coding, want,
                     key->name != NULL ? key->name : "the key", key->len);
        return;
    }
    if (f->keys.v2 && (coding == FB_CODING_3_4 || coding == FB_CODING_REPEAT)) {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                     "CODING_SCHEME %u leaves no room for a V2 digest",
                     (unsigned)coding);
        return;
    }
    for (unsigned b = 1; b < FB_EFUSE_BLOCKS; b++) {
        unsigned bad = fb_efuse_coding_errors((enum fb_efuse_coding)coding,
                                              f->in->scratch->fuses.word[b]);

        if (fb_board_state_knows_block(f->in->scratch, b) && bad != 0) {
            fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                         "BLOCK%u: groups 0x%x do not fit the 3/4 coding", b,
                         bad);
            return;
        }
    }
    if (adds_to(f, 3)) {
        fb_check_say(
            out, FB_CHECK_FAIL, fb_check_none(f),
            "BLOCK3 is in use already (%s), and the plan burns into it",
            fb_check_before(f, FB_EFUSE_MAC_VERSION) != 0 ? "a custom MAC"
            : fb_check_before(f, FB_EFUSE_BLK3_PART_RESERVE) != 0
                ? "ADC calibration"
            : fb_check_before(f, FB_EFUSE_SECURE_VERSION) != 0
                ? "SECURE_VERSION"
                : "user data");
        return;
    }
    fb_check_say(out, FB_CHECK_PASS, fb_check_none(f),
                 "CODING_SCHEME %u, keys of %zu bytes", (unsigned)coding, want);
}

// --- P6 ---

void fb_check_rd_dis_order(const struct fb_check_facts *f,
                           struct fb_check_result *out)
{
    size_t none = fb_check_none(f);
    size_t freeze = fb_check_burn(f, FB_EFUSE_WR_DIS, 1, 0);
    size_t v2 = fb_check_burn(f, FB_EFUSE_ABS_DONE_1, 1, 0);
    size_t hide = fb_check_burn(f, FB_EFUSE_RD_DIS, 1, 0);
    size_t limit = freeze < v2 ? freeze : v2;
    bool hidden = (fb_check_before(f, FB_EFUSE_RD_DIS) & 1u) != 0;
    bool frozen = (fb_check_before(f, FB_EFUSE_WR_DIS) & 1u) != 0;
    bool wanted = f->after.encrypted || f->in->flash_key.bytes != NULL ||
                  fb_check_burns_block(f, 1);

    if (limit == none && !frozen) {
        return;
    }
    if (!fb_check_knows(f, FB_EFUSE_RD_DIS)) {
        fb_check_say(out, FB_CHECK_UNKNOWN, none, "RD_DIS is not known");
    } else if (wanted && !hidden && frozen) {
        fb_check_say(out, FB_CHECK_FAIL, none,
                     "RD_DIS is frozen already: the flash encryption key can "
                     "never be hidden");
    } else if (wanted && !hidden && (hide == none || hide > limit)) {
        fb_check_say(out, FB_CHECK_FAIL, limit,
                     "%s comes before the read protection of BLOCK1",
                     limit == freeze ? "WR_DIS bit 0"
                                     : "ABS_DONE_1 (which freezes RD_DIS)");
    } else {
        fb_check_say(out, FB_CHECK_PASS, none, "%s",
                     wanted ? "BLOCK1 is hidden before RD_DIS is frozen"
                            : "RD_DIS is frozen; flash encryption can no "
                              "longer be added with a hidden key");
    }
}

// --- P7 ---

// A field that a step burns in vain, NULL: none.
static const struct fb_efuse_field *
burned_in_vain(const struct fb_efuse_words *fuses, const struct fb_step *step)
{
    for (unsigned i = 0; i < FB_EFUSE_FIELDS; i++) {
        struct fb_efuse_words mask;

        if (fb_efuse_map[i].block != step->block ||
            !fb_efuse_is_frozen(fuses, &fb_efuse_map[i])) {
            continue;
        }
        fb_efuse_field_mask(&fb_efuse_map[i], &mask);
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            if ((step->word[w] & mask.word[step->block][w] &
                 ~fuses->word[step->block][w]) != 0) {
                return &fb_efuse_map[i];
            }
        }
    }
    return NULL;
}

static void name_frozen(struct fb_check_result *out, uint32_t bits,
                        const struct fb_efuse_words *fuses)
{
    const char *between = " freeze ";

    for (unsigned i = 0; i < FB_EFUSE_FIELDS; i++) {
        const struct fb_efuse_field *field = &fb_efuse_map[i];

        if (field->wr_dis != FB_EFUSE_NO_BIT && (bits >> field->wr_dis & 1u) &&
            field->width <= 32 && field->block == 0 &&
            fb_efuse_get(fuses, (enum fb_efuse_id)i) == 0) {
            fb_check_add(out, "%s%s at 0", between, field->name);
            between = ", ";
        }
    }
}

void fb_check_shared_bits(const struct fb_check_facts *f,
                          struct fb_check_result *out)
{
    struct fb_efuse_words fuses = f->in->before->fuses;
    size_t none = fb_check_none(f);
    uint32_t bits = fb_check_after(f, FB_EFUSE_WR_DIS) &
                    ~fb_check_before(f, FB_EFUSE_WR_DIS);

    if (fb_check_step(f, FB_STEP_BURN, 0) == none) {
        return;
    }
    if (!fb_board_state_knows(f->in->before, &fb_efuse_map[FB_EFUSE_WR_DIS])) {
        fb_check_say(out, FB_CHECK_UNKNOWN, none, "WR_DIS is not known");
        return;
    }
    for (size_t i = 0; i < none; i++) {
        const struct fb_step *step = &f->in->plan->step[i];
        const struct fb_efuse_field *field;
        struct fb_efuse_words data = {{{0}}};

        if (step->kind != FB_STEP_BURN) {
            continue;
        }
        field = burned_in_vain(&fuses, step);
        if (field != NULL) {
            fb_check_say(out, FB_CHECK_FAIL, i,
                         "%s is frozen by WR_DIS bit %u (WR_DIS 0x%04x) when "
                         "it is burned",
                         field->name, field->wr_dis,
                         (unsigned)fb_efuse_get(&fuses, FB_EFUSE_WR_DIS));
            return;
        }
        memcpy(data.word[step->block], step->word, sizeof step->word);
        fb_efuse_program(&fuses, &data);
    }
    if (f->in->release && f->after.revision >= 3 && (bits & 4u) != 0 &&
        fb_check_after(f, FB_EFUSE_UART_DOWNLOAD_DIS) == 0) {
        fb_check_say(out, FB_CHECK_FAIL,
                     fb_check_burn(f, FB_EFUSE_WR_DIS, 4, 0),
                     "WR_DIS bit 2 freezes UART_DOWNLOAD_DIS at 0: the "
                     "download mode stays open for ever");
        return;
    }
    fb_check_say(out, FB_CHECK_PASS, none, "WR_DIS bits 0x%04x burned",
                 (unsigned)bits);
    name_frozen(out, bits, &f->in->scratch->fuses);
}

// --- P8 ---

void fb_check_counter_key(const struct fb_check_facts *f,
                          struct fb_check_result *out)
{
    size_t none = fb_check_none(f);
    size_t step = fb_check_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, PERMANENT, 0);
    const struct fb_part *boot = &f->after.part[1];
    uint32_t cnt = fb_check_after(f, FB_EFUSE_FLASH_CRYPT_CNT);
    bool known = fb_board_state_knows_block(f->in->scratch, 1);

    if (!fb_check_counter_known(f, out)) {
        return;
    }
    if (!f->after.encrypted) {
        return;
    }
    fb_check_say(out, FB_CHECK_PASS, step, "FLASH_CRYPT_CNT 0x%02x, ",
                 (unsigned)cnt);
    if (f->after.key_blank) {
        out->verdict = FB_CHECK_FAIL;
        fb_check_add(out, "BLOCK1 holds no key");
    } else if (boot->form == FB_FORM_UNKNOWN) {
        out->verdict = FB_CHECK_UNKNOWN;
        fb_check_add(out, "0x1000 is not known, or no key to read it with");
    } else if (boot->form != FB_FORM_CIPHER) {
        out->verdict = FB_CHECK_FAIL;
        fb_check_add(out,
                     "0x1000 holds %s, not a bootloader encrypted with "
                     "this key",
                     fb_part_form_name(boot->form));
    } else if (!known && step != none && fb_check_proof(f, 1, 0) > step) {
        out->verdict = FB_CHECK_UNKNOWN;
        fb_check_add(out, "BLOCK1 cannot be read, and no step before proves "
                          "its key");
    } else {
        fb_check_add(out, "0x1000 holds a bootloader encrypted with %s",
                     known ? "the key in BLOCK1" : "the key given");
    }
}

// --- P9 ---

void fb_check_crypt_config(const struct fb_check_facts *f,
                           struct fb_check_result *out)
{
    size_t none = fb_check_none(f);
    uint32_t config = fb_check_after(f, FB_EFUSE_FLASH_CRYPT_CONFIG);
    size_t burn = fb_check_burn(f, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF, 0);
    size_t proof = fb_check_proof(f, 1, 0);
    size_t write = fb_check_step(f, FB_STEP_WRITE, 0);

    if (!f->after.encrypted && burn == none) {
        return;
    }
    if (!fb_check_knows(f, FB_EFUSE_FLASH_CRYPT_CONFIG)) {
        fb_check_say(out, FB_CHECK_UNKNOWN, none,
                     "FLASH_CRYPT_CONFIG is not known");
        return;
    }
    while (write < none && !f->in->plan->step[write].encrypt) {
        write = fb_check_step(f, FB_STEP_WRITE, write + 1);
    }
    fb_check_say(out, FB_CHECK_PASS, burn, "FLASH_CRYPT_CONFIG 0x%x",
                 (unsigned)config);
    if (config != 0xF) {
        out->verdict = FB_CHECK_FAIL;
        fb_check_add(out, ", not 0xf%s",
                     (fb_check_after(f, FB_EFUSE_WR_DIS) & 0x400u) != 0
                         ? ", and frozen"
                         : "");
    } else if (burn != none && (proof < burn || write < burn)) {
        out->verdict = FB_CHECK_FAIL;
        fb_check_add(out, ", but the chip encrypts before it is burned");
    }
}

// --- P10 ---

static const char *budget(const struct fb_check_facts *f, uint32_t was,
                          uint32_t cnt, bool frozen, unsigned left)
{
    bool final = f->after.encrypted && (cnt == PERMANENT || frozen);
    bool made = cnt != was ||
                (frozen && (fb_check_before(f, FB_EFUSE_WR_DIS) & 4u) == 0);

    if (fb_check_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, ~was & PERMANENT, 0) !=
            fb_check_none(f) &&
        cnt == was) {
        return "the plan burns it, and it does not change";
    }
    if (cnt != was && ones32(cnt) % 2 == ones32(was) % 2 && !final) {
        return "two bits at once: the parity stays, a cycle is lost";
    }
    if (final && made && !f->in->release) {
        return "encryption becomes permanent, which only a release plan means";
    }
    if (f->in->release && f->after.encrypted && !final) {
        return "it can be raised again: encryption can be switched off";
    }
    if (f->after.encrypted && left == 0 &&
        f->after.part[1].form == FB_FORM_PLAIN) {
        return "plaintext in flash, and no bit left to switch encryption off";
    }
    if (!f->after.encrypted && frozen &&
        f->after.part[1].form == FB_FORM_CIPHER) {
        return "ciphertext in flash, and encryption can no longer be enabled";
    }
    return NULL;
}

void fb_check_counter_budget(const struct fb_check_facts *f,
                             struct fb_check_result *out)
{
    uint32_t was = fb_check_before(f, FB_EFUSE_FLASH_CRYPT_CNT);
    uint32_t cnt = fb_check_after(f, FB_EFUSE_FLASH_CRYPT_CNT);
    bool frozen = (fb_check_after(f, FB_EFUSE_WR_DIS) & 4u) != 0;
    size_t step = fb_check_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, PERMANENT, 0);
    unsigned left = fb_efuse_plaintext_flashes_left(&f->in->scratch->fuses);
    const char *why;

    if (!fb_check_counter_known(f, out)) {
        return;
    }
    if (cnt == 0 && step == fb_check_none(f) && !frozen) {
        return;
    }
    why = budget(f, was, cnt, frozen, left);
    fb_check_say(out, why != NULL ? FB_CHECK_FAIL : FB_CHECK_PASS, step,
                 "FLASH_CRYPT_CNT 0x%02x to 0x%02x, %u plaintext flashes "
                 "left%s%s",
                 (unsigned)was, (unsigned)cnt, left, why != NULL ? ": " : "",
                 why != NULL ? why : "");
}

// --- P20 ---

static const struct lock {
    enum fb_efuse_id id;
    unsigned from_revision;
} locks[] = {
    {FB_EFUSE_DISABLE_DL_ENCRYPT, 0}, {FB_EFUSE_DISABLE_DL_DECRYPT, 0},
    {FB_EFUSE_DISABLE_DL_CACHE, 0},   {FB_EFUSE_JTAG_DISABLE, 0},
    {FB_EFUSE_UART_DOWNLOAD_DIS, 3},  {FB_EFUSE_CONSOLE_DEBUG_DISABLE, 0},
};
#define LOCKS (sizeof locks / sizeof locks[0])

static size_t first_lock(const struct fb_check_facts *f)
{
    size_t first = fb_check_none(f);

    for (unsigned i = 0; i < LOCKS; i++) {
        size_t step = fb_check_burn(f, locks[i].id, 1, 0);

        first = step < first ? step : first;
    }
    return first;
}

// A step behind the first lock that needs what it closes.
static size_t behind_locks(const struct fb_check_facts *f, size_t from)
{
    for (size_t i = from + 1; i < fb_check_none(f); i++) {
        const struct fb_step *step = &f->in->plan->step[i];

        if (step->kind == FB_STEP_WRITE || step->kind == FB_STEP_ERASE ||
            (step->kind == FB_STEP_BURN && step->block != 0) ||
            step->kind == FB_STEP_PROVE_KEY) {
            return i;
        }
    }
    return fb_check_none(f);
}

static bool name_open(const struct fb_check_facts *f,
                      struct fb_check_result *out)
{
    const char *between = "open: ";
    bool any = false;

    for (unsigned i = 0; i < LOCKS; i++) {
        if (f->after.revision >= locks[i].from_revision &&
            fb_check_after(f, locks[i].id) == 0) {
            fb_check_add(out, "%s%s", between, fb_efuse_map[locks[i].id].name);
            between = ", ";
            any = true;
        }
    }
    return any;
}

static bool boots(const struct fb_board_view *v)
{
    unsigned slot;
    enum fb_start start = fb_board_view_start(v, false, &slot);

    return fb_part_runs(v, &v->part[1]) && fb_part_runs(v, &v->part[2]) &&
           (!v->secure_v1 || fb_part_runs(v, &v->part[0])) &&
           (start == FB_START_SLOT || start == FB_START_SOME);
}

void fb_check_locks(const struct fb_check_facts *f, struct fb_check_result *out)
{
    size_t none = fb_check_none(f);
    size_t lock = first_lock(f);
    size_t later = behind_locks(f, lock);
    bool secured =
        f->after.encrypted || f->after.secure_v1 || f->after.secure_v2;

    if (lock == none && !secured) {
        return;
    }
    if (!fb_check_knows(f, FB_EFUSE_JTAG_DISABLE)) {
        fb_check_say(out, FB_CHECK_UNKNOWN, none, "the locks are not known");
        return;
    }
    if (lock != none && later != none) {
        fb_check_say(out, FB_CHECK_FAIL, lock,
                     "step %zu locks, step %zu still writes", lock + 1,
                     later + 1);
        return;
    }
    if (lock != none && fb_check_step(f, FB_STEP_BOOT, 0) > lock &&
        !boots(&f->before)) {
        fb_check_say(out, FB_CHECK_FAIL, lock,
                     "step %zu locks before any boot was seen", lock + 1);
        return;
    }
    fb_check_say(out, FB_CHECK_PASS, lock, "%s", "");
    if (!name_open(f, out)) {
        fb_check_add(out, "all locks burned");
    } else if (f->in->release) {
        out->verdict = FB_CHECK_FAIL;
    }
}

// --- P21 ---

// The first step that burns one of these fields; fb_check_none(): none does.
static size_t first_of(const struct fb_check_facts *f,
                       const enum fb_efuse_id *ids, size_t n)
{
    size_t step = fb_check_none(f);

    for (size_t i = 0; i < n; i++) {
        size_t burn = fb_check_burn(f, ids[i], UINT32_MAX, 0);

        step = burn < step ? burn : step;
    }
    return step;
}

// Pins and cache: what a plan never has a reason to touch.
static bool loses_flash(const struct fb_check_facts *f,
                        struct fb_check_result *out)
{
    static const enum fb_efuse_id pads[] = {
        FB_EFUSE_SPI_PAD_CONFIG_CLK, FB_EFUSE_SPI_PAD_CONFIG_Q,
        FB_EFUSE_SPI_PAD_CONFIG_D, FB_EFUSE_SPI_PAD_CONFIG_CS0,
        FB_EFUSE_SPI_PAD_CONFIG_HD};
    static const enum fb_efuse_id cache[] = {FB_EFUSE_DIS_CACHE};

    if (fb_check_after(f, FB_EFUSE_DIS_CACHE) != 0) {
        fb_check_say(out, FB_CHECK_FAIL, first_of(f, cache, 1),
                     "DIS_CACHE: nothing in the flash can be executed");
        return true;
    }
    if (f->in->before->part.pads !=
        fb_efuse_flash_pads(&f->in->scratch->fuses)) {
        fb_check_say(out, FB_CHECK_FAIL,
                     first_of(f, pads, sizeof pads / sizeof pads[0]),
                     "SPI_PAD_CONFIG_* name other pins than the flash is on");
        return true;
    }
    return false;
}

void fb_check_voltage(const struct fb_check_facts *f,
                      struct fb_check_result *out)
{
    static const enum fb_efuse_id ids[] = {
        FB_EFUSE_XPD_SDIO_FORCE, FB_EFUSE_XPD_SDIO_REG, FB_EFUSE_XPD_SDIO_TIEH};
    size_t none = fb_check_none(f);
    size_t step = first_of(f, ids, sizeof ids / sizeof ids[0]);
    const struct fb_flash_part *part = &f->in->before->part;
    struct fb_vdd_sdio vdd = fb_vdd_sdio(&f->in->scratch->fuses, part->mtdi, 0);
    enum fb_supply_verdict verdict =
        fb_flash_part_judge(part, &f->in->scratch->fuses);
    bool known = part->needs != FB_FLASH_SUPPLY_UNKNOWN;
    char text[FB_VDD_SDIO_TEXT];

    if (loses_flash(f, out)) {
        return;
    }
    // Nothing is fixed, and nothing speaks against the strap.
    if (step == none && verdict == FB_SUPPLY_GOOD &&
        (!known || vdd.by == FB_VDD_SDIO_STRAP)) {
        return;
    }
    if (!known) {
        fb_check_say(out, FB_CHECK_UNKNOWN, step,
                     "VDD_SDIO is %s; what the flash needs is not known "
                     "(--flash-voltage)",
                     fb_vdd_sdio_text(vdd, text));
        return;
    }
    fb_check_say(out, verdict == FB_SUPPLY_GOOD ? FB_CHECK_PASS : FB_CHECK_FAIL,
                 step, "VDD_SDIO is %s, the flash needs %s",
                 fb_vdd_sdio_text(vdd, text),
                 part->needs == FB_FLASH_SUPPLY_EXTERNAL
                     ? "none of it"
                     : fb_flash_supply_text(part->needs));
    if (part->destroyed) {
        fb_check_add(out, "; it was given more than it stands");
    }
}
