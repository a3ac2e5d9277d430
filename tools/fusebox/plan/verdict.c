// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/verdict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fb/bytes.h"

const char *verdict_name(enum verdict v)
{
    static const char *const names[] = {
        [VERDICT_BOOTS] = "boots",
        [VERDICT_STOPS] = "stops",
        [VERDICT_RECOVERABLE] = "recoverable",
        [VERDICT_BRICKS] = "bricks",
    };
    return names[v];
}

static bool on(const struct fb_efuse_words *fuses, enum fb_efuse_id id)
{
    return fb_efuse_get(fuses, id) != 0;
}

bool verdict_uart_is_closed(const struct plan_file *plan,
                            const struct fb_efuse_words *fuses)
{
    return plan->ini.revision >= 3 && on(fuses, FB_EFUSE_UART_DOWNLOAD_DIS);
}

// Is the key in the chip the one in the plan's key file?
static bool has_key(const struct plan_file *plan,
                    const struct fb_efuse_words *fuses, enum plan_key_kind kind)
{
    const struct plan_key *key = &plan->key[kind];
    uint8_t bytes[32];
    size_t n = fb_efuse_key(fuses, plan_key_block(kind), bytes);
    bool same = key->loaded && key->n == n && memcmp(bytes, key->bytes, n) == 0;
    fb_bytes_wipe(bytes, sizeof bytes);
    return same;
}

// Counts that are still to be burned; 0 also when they are frozen.
static unsigned plaintext_left(const struct fb_efuse_words *fuses)
{
    return fb_efuse_plaintext_flashes_left(fuses);
}

static void advise(const struct plan_file *plan,
                   const struct fb_board_state *state, struct fb_advice *advice)
{
    const struct plan_key *flash = &plan->key[PLAN_KEY_FLASH];
    const struct plan_key *boot = &plan->key[PLAN_KEY_SECURE_BOOT];
    const struct fb_board_keys keys = {
        .flash_key = flash->loaded ? flash->bytes : NULL,
        .flash_key_len = flash->n,
        .boot_key = boot->loaded ? boot->bytes : NULL,
        .boot_key_len = boot->n,
        .v2 = on(&state->fuses, FB_EFUSE_ABS_DONE_1)};
    const struct fb_advice_names names = {
        .flash_key = flash->loaded ? flash->path : NULL,
        .boot_key = boot->loaded ? boot->path : NULL};
    struct fb_board_view *view = malloc(sizeof *view);
    uint8_t *plain = malloc(state->flash_size);
    memset(advice, 0, sizeof *advice);
    advice->condition = FB_BOARD_UNKNOWN;
    if (view != NULL && plain != NULL) {
        fb_board_view(view, state, &keys, plain);
        fb_advise(view, &names, advice);
        fb_bytes_wipe(plain, state->flash_size);
    }
    free(view);
    free(plain);
}

enum verdict verdict_of_dead(const struct plan_file *plan,
                             const struct fb_flash_part *part,
                             const struct fb_efuse_words *fuses, uint8_t *flash,
                             struct fb_advice *advice, char *text, size_t cap)
{
    struct fb_board_state state = {.fuses = *fuses,
                                   .flash = flash,
                                   .flash_size = plan->ini.flash_size,
                                   .syscon_date =
                                       plan->ini.revision == 3 ? 1u << 31 : 0,
                                   .reads = 3,
                                   .part = *part};
    fb_board_state_know_all(&state);
    advise(plan, &state, advice);
    fb_bytes_wipe(&state, sizeof state);
    const char *condition = advice->condition == FB_BOARD_UNKNOWN
                                ? "Why is in the boot log"
                                : fb_condition_text(advice->condition);
    if (advice->hopeless != NULL) {
        (void)snprintf(text, cap, "%s; %s", condition, advice->hopeless);
        return VERDICT_BRICKS;
    }
    if (advice->ways > 0) {
        (void)snprintf(text, cap, "%s; recoverable: %s", condition,
                       advice->way[0].title);
    } else if (verdict_uart_is_closed(plan, fuses)) {
        (void)snprintf(text, cap,
                       "%s, and UART download mode is disabled: "
                       "nothing can be written to it any more",
                       condition);
        return VERDICT_BRICKS;
    } else {
        (void)snprintf(text, cap, "%s; recoverable: other images over UART",
                       condition);
    }
    return VERDICT_RECOVERABLE;
}

// --- what is different ---

static bool is_key_field(const struct fb_efuse_field *f)
{
    return f->type == FB_EFUSE_BYTES && f->width == 256;
}

static void change_of_field(const struct fb_efuse_field *f, enum fb_efuse_id id,
                            const struct fb_efuse_words *before,
                            const struct fb_efuse_words *after,
                            verdict_line *line, void *ctx)
{
    char text[200];
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    size_t n = fb_efuse_get_bytes(before, f, a);
    (void)fb_efuse_get_bytes(after, f, b);
    if (memcmp(a, b, n) == 0) {
        return;
    }
    if (is_key_field(f)) {
        (void)snprintf(text, sizeof text, "%s %s", f->name,
                       fb_bytes_all(a, n, 0) ? "blank -> burned"
                                             : "burned over");
    } else if (f->width <= 32) {
        (void)snprintf(text, sizeof text, "%s 0x%" PRIx32 " -> 0x%" PRIx32,
                       f->name, fb_efuse_get(before, id),
                       fb_efuse_get(after, id));
    } else {
        (void)snprintf(text, sizeof text, "%s", f->name);
    }
    fb_bytes_wipe(a, sizeof a);
    fb_bytes_wipe(b, sizeof b);
    line(ctx, text);
}

void verdict_changes(const struct fb_efuse_words *before,
                     const struct fb_efuse_words *after, verdict_line *line,
                     void *ctx)
{
    for (size_t i = 0; i < FB_EFUSE_FIELDS; i++) {
        const struct fb_efuse_field *f = &fb_efuse_map[i];
        if (f->block != 3 || is_key_field(f)) { // the rest lies inside BLOCK3
            change_of_field(f, (enum fb_efuse_id)i, before, after, line, ctx);
        }
    }
}

// --- what is possible ---

static void outlook_of_uart(const struct plan_file *plan,
                            const struct fb_efuse_words *fuses,
                            verdict_line *line, void *ctx)
{
    bool encrypted = fb_efuse_flash_encryption_on(fuses);
    if (verdict_uart_is_closed(plan, fuses)) {
        line(ctx, "UART: no download mode; updates only by the running "
                  "application");
        return;
    }
    line(ctx, encrypted
                  ? "UART: anybody with the board can read and overwrite the "
                    "flash; what is read is ciphertext"
                  : "UART: anybody with the board can read and overwrite the "
                    "flash, in plaintext");
    if (encrypted && !on(fuses, FB_EFUSE_DISABLE_DL_ENCRYPT)) {
        line(ctx, "UART: anybody can have the chip encrypt code of theirs "
                  "(DISABLE_DL_ENCRYPT is 0)");
    }
    if (encrypted && !on(fuses, FB_EFUSE_DISABLE_DL_DECRYPT)) {
        line(ctx, "UART: anybody can have the chip decrypt the flash "
                  "(DISABLE_DL_DECRYPT is 0)");
    }
}

static void outlook_of_encryption(const struct fb_efuse_words *fuses,
                                  verdict_line *line, void *ctx)
{
    char text[200];
    if (!fb_efuse_flash_encryption_on(fuses)) {
        line(ctx, "flash encryption is off");
        return;
    }
    unsigned left = plaintext_left(fuses);
    (void)snprintf(text, sizeof text,
                   left == 0 ? "flash encryption is on for ever: only "
                               "ciphertext of this key boots"
                             : "flash encryption is on; %u times it can be "
                               "turned off for plaintext",
                   left);
    line(ctx, text);
}

void verdict_outlook(const struct plan_file *plan,
                     const struct fb_efuse_words *fuses, verdict_line *line,
                     void *ctx)
{
    outlook_of_encryption(fuses, line, ctx);
    if (on(fuses, FB_EFUSE_ABS_DONE_0)) {
        line(ctx, has_key(plan, fuses, PLAN_KEY_SECURE_BOOT)
                      ? "bootloader: replaceable by whoever has the secure "
                        "boot key (symmetric: guard it)"
                      : "bootloader: cannot be replaced, nobody here has the "
                        "secure boot key");
    } else if (on(fuses, FB_EFUSE_ABS_DONE_1) && plan->ini.revision >= 3) {
        line(ctx, "bootloader: replaceable by whoever has the signing key");
    } else {
        line(ctx, "bootloader: the ROM starts any");
    }
    outlook_of_uart(plan, fuses, line, ctx);
    line(ctx, on(fuses, FB_EFUSE_JTAG_DISABLE)
                  ? "JTAG: off"
                  : "JTAG: open, whoever has the board can halt it and read "
                    "its memory");
    if (!on(fuses, FB_EFUSE_CONSOLE_DEBUG_DISABLE) && plan->ini.revision < 3) {
        line(ctx, "console: the ROM falls back to BASIC when a boot fails");
    }
}
