// SPDX-License-Identifier: Apache-2.0
//
// Who can still do what with the board: each answer follows from fuses that it
// names (TRM "eFuse Controller"; ESP-IDF docs, "Flash Encryption", "Secure
// Boot", "UART download mode").

#include <stdarg.h>
#include <stdio.h>

#include "lib/fb/bytes.h"
#include "tools/fusebox/report/report.h"

struct ability {
    bool applies;
    enum report_answer answer;
    char because[200];
};

static void say(struct ability *a, enum report_answer answer,
                const char *format, ...) __attribute__((format(printf, 3, 4)));

static void say(struct ability *a, enum report_answer answer,
                const char *format, ...)
{
    va_list args;

    a->applies = true;
    a->answer = answer;
    va_start(args, format);
    (void)vsnprintf(a->because, sizeof a->because, format, args);
    va_end(args);
}

static bool key_is_there(const struct report *r, unsigned block)
{
    return !fb_board_state_knows_block(&r->after, block) ||
           !fb_efuse_block_blank(&r->after.fuses, block);
}

// Open unless a fuse closes it.
static void unless(const struct report *r, enum fb_efuse_id id,
                   struct ability *a)
{
    const enum report_answer burned = report_flag(r, id);
    const char *name = fb_efuse_map[id].name;

    if (burned == REPORT_UNKNOWN) {
        say(a, REPORT_UNKNOWN, "%s is not known", name);
    } else if (burned == REPORT_YES) {
        say(a, REPORT_NO, "%s is burned", name);
    } else {
        say(a, REPORT_YES, "%s is not burned", name);
    }
}

// --- over the serial line ---

static void download(const struct report *r, struct ability *a)
{
    unless(r, FB_EFUSE_UART_DOWNLOAD_DIS, a);
    if (a->answer == REPORT_NO && r->revision < 3) {
        say(a, REPORT_YES,
            "UART_DOWNLOAD_DIS is burned, but has no effect before chip "
            "revision 3");
    }
}

static void read_stored(const struct report *r, struct ability *a)
{
    download(r, a);
    if (a->answer == REPORT_YES) {
        say(a, REPORT_YES, "%s",
            report_encrypts(r) == REPORT_YES
                ? "what is encrypted comes out encrypted"
                : "flash encryption is off: it comes out in clear");
    }
}

// The loader's code can look through the cache, which decrypts.
static void read_clear(const struct report *r, struct ability *a)
{
    if (report_encrypts(r) == REPORT_NO) {
        return;
    }
    download(r, a);
    for (unsigned i = 0; a->answer == REPORT_YES && i < 2; i++) {
        unless(r,
               i == 0 ? FB_EFUSE_DISABLE_DL_DECRYPT : FB_EFUSE_DISABLE_DL_CACHE,
               a);
    }
    if (a->answer == REPORT_YES) {
        say(a, REPORT_YES,
            "neither DISABLE_DL_DECRYPT nor DISABLE_DL_CACHE "
            "is burned: code that is loaded over the line reads "
            "through the decryptor");
    }
}

static void write_stored(const struct report *r, struct ability *a)
{
    download(r, a);
    if (a->answer == REPORT_YES && report_encrypts(r) == REPORT_YES) {
        say(a, REPORT_YES,
            "files that were encrypted for this board; "
            "plaintext the chip would decrypt to noise");
    }
}

static void write_encrypting(const struct report *r, struct ability *a)
{
    if (!key_is_there(r, 1)) {
        return;
    }
    download(r, a);
    if (a->answer == REPORT_YES) {
        unless(r, FB_EFUSE_DISABLE_DL_ENCRYPT, a);
    }
}

// --- keys ---

static void read_key(const struct report *r, unsigned block,
                     enum fb_efuse_id id, struct ability *a)
{
    if (!key_is_there(r, block)) {
        return;
    }
    if (fb_efuse_is_hidden(&r->after.fuses, &fb_efuse_map[id])) {
        say(a, REPORT_NO, "RD_DIS hides %s", fb_efuse_map[id].name);
    } else {
        say(a, REPORT_YES, "RD_DIS does not hide %s", fb_efuse_map[id].name);
    }
}

static void read_flash_key(const struct report *r, struct ability *a)
{
    read_key(r, 1, FB_EFUSE_BLOCK1, a);
}

static void read_boot_key(const struct report *r, struct ability *a)
{
    if (report_flag(r, FB_EFUSE_ABS_DONE_1) != REPORT_YES ||
        report_flag(r, FB_EFUSE_ABS_DONE_0) == REPORT_YES) {
        read_key(r, 2, FB_EFUSE_BLOCK2, a);
    }
}

// --- others ---

static void jtag(const struct report *r, struct ability *a)
{
    unless(r, FB_EFUSE_JTAG_DISABLE, a);
}

static void console(const struct report *r, struct ability *a)
{
    unless(r, FB_EFUSE_CONSOLE_DEBUG_DISABLE, a);
}

static void own_bootloader(const struct report *r, struct ability *a)
{
    if (report_flag(r, FB_EFUSE_ABS_DONE_1) == REPORT_YES && r->revision >= 3) {
        say(a, REPORT_NO,
            "Secure Boot V2: the key whose digest BLOCK2 holds "
            "must have signed it");
    } else if (report_flag(r, FB_EFUSE_ABS_DONE_0) == REPORT_YES) {
        say(a, REPORT_NO,
            "Secure Boot V1: it needs a digest by the key in BLOCK2");
    } else if (report_flag(r, FB_EFUSE_ABS_DONE_0) == REPORT_UNKNOWN) {
        say(a, REPORT_UNKNOWN, "ABS_DONE_0 is not known");
    } else {
        say(a, REPORT_YES, "%s",
            report_encrypts(r) == REPORT_YES
                ? "Secure Boot is off; it has to be encrypted for this board"
                : "Secure Boot is off");
    }
}

static void plaintext(const struct report *r, struct ability *a)
{
    const unsigned left = fb_efuse_plaintext_flashes_left(&r->after.fuses);
    const bool frozen = fb_efuse_is_frozen(
        &r->after.fuses, &fb_efuse_map[FB_EFUSE_FLASH_CRYPT_CNT]);

    if (report_encrypts(r) == REPORT_UNKNOWN) {
        say(a, REPORT_UNKNOWN, "FLASH_CRYPT_CNT is not known");
    } else if (report_encrypts(r) == REPORT_NO) {
        say(a, REPORT_YES, "flash encryption is off");
    } else if (frozen) {
        say(a, REPORT_NO, "FLASH_CRYPT_CNT is frozen");
    } else if (left == 0) {
        say(a, REPORT_NO, "FLASH_CRYPT_CNT is used up");
    } else {
        say(a, REPORT_YES, "%u more times: FLASH_CRYPT_CNT is 0x%02x", left,
            report_value(r, FB_EFUSE_FLASH_CRYPT_CNT));
    }
}

static void update(const struct report *r, struct ability *a)
{
    const struct fb_partition *first = fb_partition_app_slot(&r->table, 0);
    const struct fb_partition *second = fb_partition_app_slot(&r->table, 1);

    if (!report_knows_table(r)) {
        say(a, REPORT_UNKNOWN, "the flash is not known");
    } else if (first == NULL) {
        say(a, REPORT_NO, "the partition table names no application");
    } else if (second == NULL) {
        say(a, REPORT_NO, "there is one slot only: %s", first->label);
    } else {
        say(a, REPORT_YES, "two slots: %s and %s; the application must do it",
            first->label, second->label);
    }
}

static const char OWNER[] = "Owner";

static const struct {
    const char *who;
    const char *what;
    const char *brief; // for the head of the page; NULL: not there
    void (*ask)(const struct report *r, struct ability *a);
} abilities[] = {
    {"Serial line", "Enter the download mode", "Serial download mode",
     download},
    {"Serial line", "Read the flash as it is stored", NULL, read_stored},
    {"Serial line", "Read encrypted flash in clear",
     "Reading the flash in clear", read_clear},
    {"Serial line", "Write to the flash", NULL, write_stored},
    {"Serial line", "Write, and let the chip encrypt", NULL, write_encrypting},
    {"Debugger", "Attach over JTAG, and see what the CPU sees", "JTAG", jtag},
    {"Any code", "Read the flash encryption key", NULL, read_flash_key},
    {"Any code", "Read the Secure Boot V1 key", NULL, read_boot_key},
    {"ROM", "Offer its BASIC console when nothing boots", NULL, console},
    {"Whoever writes the flash", "Have a bootloader of their own started",
     "A bootloader of one’s own", own_bootloader},
    {OWNER, "Flash plaintext again", "Flashing plaintext again", plaintext},
    {OWNER, "Update over the air", "Updates over the air", update},
};
#define ABILITIES (sizeof abilities / sizeof abilities[0])

// What others can do is a door, open or closed; what the owner can do is good.
static void answer(struct html *h, const char *who, enum report_answer a)
{
    const bool owner = who == OWNER;

    html_raw(h, "<span class=");
    html_raw(h, a == REPORT_UNKNOWN ? "unknown>? not known"
                : a == REPORT_NO    ? "closed>○ no"
                : owner             ? "yes>● yes"
                                    : "open>● yes");
    html_raw(h, "</span>");
}

void report_afterwards(struct html *h, const struct report *r)
{
    static const char *const head[] = {"Who", "Can", "Answer", "Because", NULL};

    html_raw(h, "<section id=after><h2>");
    html_raw(h, r->plan != NULL ? "What is still possible afterwards"
                                : "What is still possible");
    html_raw(h, "</h2>\n");
    html_table(h, "cards", "", head);
    for (size_t i = 0; i < ABILITIES; i++) {
        struct ability a = {.applies = false};

        abilities[i].ask(r, &a);
        if (!a.applies) {
            continue;
        }
        html_row(h, "");
        html_cell(h, "Who", "%s", abilities[i].who);
        html_cell(h, "Can", "%s", abilities[i].what);
        html_cell_begin(h, "Answer");
        answer(h, abilities[i].who, a.answer);
        html_raw(h, "</td>");
        html_cell(h, "Because", "%s", a.because);
        html_row_end(h);
    }
    html_table_end(h);
    html_raw(h, "</section>\n");
}

void report_afterwards_brief(struct html *h, const struct report *r)
{
    html_raw(h, "<ul class=abilities>");
    for (size_t i = 0; i < ABILITIES; i++) {
        struct ability a = {.applies = false};

        abilities[i].ask(r, &a);
        if (a.applies && abilities[i].brief != NULL) {
            html_raw(h, "<li><span>");
            html_text(h, abilities[i].brief);
            html_raw(h, "</span> ");
            answer(h, abilities[i].who, a.answer);
            html_raw(h, "</li>");
        }
    }
    html_raw(h, "</ul>");
}
