// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/checks.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/checks_facts.h"
#include "lib/fb/flash.h"

#define SECTOR FB_FLASH_SECTOR

// clang-format off
const struct fb_check fb_checks[FB_CHECKS] = {
    {"P1", "the key files hold what they must",
     "a public key, a text or a file of the wrong length burned as a key can "
     "never be taken back",
     "make keys with espsecure generate_flash_encryption_key and "
     "digest_private_key", "22, 24, 39", fb_check_key_files},
    {"P2", "the bytes stand in the fuses in the order the chip reads",
     "a key in the wrong order is another key: the chip decrypts to noise or "
     "refuses every digest",
     "burn BLOCK1 and a V1 BLOCK2 by their names flash_encryption and "
     "secure_boot_v1, a V2 digest by secure_boot_v2", "5", fb_check_byte_order},
    {"P3", "keys end hidden, a V2 digest stays readable",
     "a readable key is no secret; a hidden V2 digest reads as zeros for the "
     "ROM too, and nothing boots",
     "protect keys with burn_key's default; never read-protect BLOCK2 with "
     "Secure Boot V2", "2, 4", fb_check_read_protection},
    {"P4", "the scheme exists on this chip revision",
     "ABS_DONE_1 does nothing before revision 3: the board looks locked and "
     "is not",
     "use Secure Boot V1 on revisions 0 to 2, V2 on revision 3", "24",
     fb_check_scheme},
    {"P5", "keys fit the coding scheme, and nobody else lives in the block",
     "under 3/4 coding a 32-byte key does not fit, and a group burned twice "
     "is corrupt",
     "make a key of 24 bytes for coding scheme 3/4; leave a used BLOCK3 "
     "alone", "20, 21, 38", fb_check_coding},
    {"P6", "RD_DIS gets its bits before it is frozen",
     "once WR_DIS bit 0 is burned (Secure Boot V2 does it), the flash key can "
     "never be hidden",
     "burn and read-protect the flash encryption key first", "6",
     fb_check_rd_dis_order},
    {"P7", "no protection bit freezes what is still to be burned",
     "one WR_DIS bit freezes several fields; a frozen bit stays 0 and no "
     "error is raised",
     "burn all fields that share a WR_DIS bit before that bit", "29",
     fb_check_shared_bits},
    {"P8", "flash encryption is switched on with a key and over ciphertext",
     "with an odd FLASH_CRYPT_CNT the chip decrypts everything it reads: "
     "plaintext and a missing key become noise",
     "burn and prove the key, write ciphertext, then raise FLASH_CRYPT_CNT",
     "7", fb_check_counter_key},
    {"P9", "FLASH_CRYPT_CONFIG is 0xF",
     "with less the address does not enter the key as everybody assumes: "
     "ciphertext does not fit",
     "burn FLASH_CRYPT_CONFIG 0xF before FLASH_CRYPT_CNT and before WR_DIS "
     "bit 10", "8", fb_check_crypt_config},
    {"P10", "the counter goes where it is meant to, and has bits left",
     "FLASH_CRYPT_CNT has seven bits; each way back to plaintext costs two, "
     "and the last one is final",
     "burn the lowest zero bit only; 0x7F or WR_DIS bit 2 in a release plan "
     "only", "16, 17", fb_check_counter_budget},
    {"P11", "all that must be encrypted is, and nothing else",
     "one plaintext table, slot or otadata is noise to a chip that decrypts, "
     "and ciphertext is to one that does not",
     "encrypt every part for its address: espsecure encrypt_flash_data",
     "13, 31, 34", fb_check_regions},
    {"P12", "what is encrypted was encrypted for where it goes",
     "the address is part of the key: at another address the same bytes are "
     "noise",
     "encrypt the file again with --address of the place it is written to",
     "9", fb_check_addresses},
    {"P13", "an update goes to the next slot, raw when it is ciphertext",
     "ciphertext through an encrypting write is encrypted twice; the running "
     "slot must not be overwritten",
     "take the file for the slot that the device names, and write it raw",
     "32", fb_check_ota},
    {"P14", "no plaintext is written to a chip that decrypts",
     "the next reset is the last one: the bootloader or table is noise",
     "write ciphertext (…_enc), in development mode too", "14, 15, 40",
     fb_check_plaintext},
    {"P15", "signatures verify with the key that the board will ask for",
     "with secure boot on, what is not signed by that key does not start, "
     "and there is no way back",
     "sign the table and every app with the key whose public half the "
     "bootloader carries", "1, 37", fb_check_signatures},
    {"P16", "the V1 digest at 0x0 belongs to this key and this bootloader",
     "the ROM compares it at each boot: one wrong byte and nothing starts",
     "write bootloader-reflash-digest.bin, made with the key in BLOCK2, to "
     "0x0", "10, 27, 28", fb_check_digest},
    {"P17", "the bootloader's header is as it was when it was signed",
     "a flashing tool that rewrites flash mode, frequency or size breaks the "
     "digest, or the ciphertext",
     "write with --flash_mode keep --flash_freq keep --flash_size keep, or "
     "sign the final header", "11, 12", fb_check_header},
    {"P18", "everything has room",
     "what overlaps overwrites; a bootloader that reaches 0x8000 loses its "
     "tail to the table",
     "make it smaller or move the table and the partitions", "25",
     fb_check_layout},
    {"P19", "there is a way to update before it is the only one",
     "with the download mode gone, a board without a second slot, or whose "
     "application does not confirm an update, can never be repaired",
     "use a table with two app slots and otadata, and an application that "
     "confirms itself: fusebox rehearse --then confirm", "19, 33",
     fb_check_update_path},
    {"P20", "locks come last, and a final plan leaves none open",
     "a lock burned before a boot was seen locks a dead board; one left open "
     "lets anybody in",
     "burn DISABLE_DL_*, JTAG_DISABLE and UART_DOWNLOAD_DIS after a boot",
     "19, 30, 40", fb_check_locks},
    {"P21", "the flash keeps its supply, its pins and the cache",
     "flash at a voltage that is not its own does not answer, or is "
     "destroyed; XPD_SDIO_* overrides the strap GPIO12 for ever",
     "name the module's flash voltage, and burn nothing if the strap is "
     "right", "26", fb_check_voltage},
    {"P22", "somebody else than the chip has the keys",
     "without its key a locked board takes no new bootloader and no "
     "encrypted update",
     "store each key twice and name the copy: --key-copy FILE", "14, 23, 27",
     fb_check_custody},
    {"P23", "it is this board, in this state",
     "fuses burned for another board or over old ones are a mixture of both",
     "take a new snapshot of the board and plan again", "17, 22, 23, 35",
     fb_check_identity},
    {"P24", "each burn is read back and proven before it is hidden",
     "a bit that did not take, or a blank digest block, shows only when it is "
     "too late",
     "burn with fusebox burn: it reads back, proves the key, then protects",
     "3, 4, 18, 29", fb_check_quality},
    {"P25", "no slot is older than SECURE_VERSION",
     "an image below the version in the fuses does not start, and the "
     "counter only rises",
     "build with a secure_version that is not below the fuses'", "33",
     fb_check_rollback},
};
// clang-format on

const char *fb_check_verdict_name(enum fb_check_verdict verdict)
{
    static const char *const names[] = {
        [FB_CHECK_PASS] = "PASS",
        [FB_CHECK_FAIL] = "FAIL",
        [FB_CHECK_UNKNOWN] = "UNKNOWN",
        [FB_CHECK_NONE] = "-",
    };

    return names[verdict];
}

int fb_check_find(const char *id)
{
    for (unsigned i = 0; i < FB_CHECKS; i++) {
        if (strcmp(id, fb_checks[i].id) == 0 ||
            strcmp(id, fb_checks[i].id + 1) == 0) {
            return (int)i;
        }
    }
    return -1;
}

// --- what the checks say and ask ---

void fb_check_add(struct fb_check_result *out, const char *format, ...)
{
    size_t n = strlen(out->saw);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(out->saw + n, sizeof out->saw - n, format, args);
    va_end(args);
}

void fb_check_say(struct fb_check_result *out, enum fb_check_verdict verdict,
                  size_t step, const char *format, ...)
{
    va_list args;

    out->verdict = verdict;
    out->step = step;
    va_start(args, format);
    (void)vsnprintf(out->saw, sizeof out->saw, format, args);
    va_end(args);
}

size_t fb_check_step(const struct fb_check_facts *f, enum fb_step_kind kind,
                     size_t from)
{
    const struct fb_plan *plan = f->in->plan;

    while (from < plan->steps && plan->step[from].kind != kind) {
        from++;
    }
    return from < plan->steps ? from : plan->steps;
}

size_t fb_check_burn(const struct fb_check_facts *f, enum fb_efuse_id id,
                     uint32_t bits, size_t from)
{
    const struct fb_efuse_field *field = &fb_efuse_map[id];
    const struct fb_plan *plan = f->in->plan;

    for (; from < plan->steps; from++) {
        const struct fb_step *step = &plan->step[from];

        if (step->kind == FB_STEP_BURN && step->block == field->block &&
            (step->word[field->word] >> field->bit & bits &
             ((1ull << field->width) - 1)) != 0) {
            return from;
        }
    }
    return plan->steps;
}

bool fb_check_burns_block(const struct fb_check_facts *f, unsigned block)
{
    for (size_t i = 0; i < f->in->plan->steps; i++) {
        if (f->in->plan->step[i].kind == FB_STEP_BURN &&
            f->in->plan->step[i].block == block) {
            return true;
        }
    }
    return false;
}

size_t fb_check_proof(const struct fb_check_facts *f, unsigned block,
                      size_t from)
{
    const struct fb_plan *plan = f->in->plan;

    for (; from < plan->steps; from++) {
        if (plan->step[from].kind == FB_STEP_PROVE_KEY &&
            plan->step[from].block == block) {
            return from;
        }
    }
    return plan->steps;
}

bool fb_check_counter_known(const struct fb_check_facts *f,
                            struct fb_check_result *out)
{
    bool known = fb_check_knows(f, FB_EFUSE_FLASH_CRYPT_CNT);

    if (!known) {
        fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                     "FLASH_CRYPT_CNT is not known");
    }
    return known;
}

// --- the board before and after ---

// The scratch keeps its own flash.
static void copy_state(const struct fb_check_input *in)
{
    uint8_t *flash = in->before->flash == NULL ? NULL : in->scratch->flash;

    *in->scratch = *in->before;
    in->scratch->flash = flash;
    if (flash != NULL) {
        memcpy(flash, in->before->flash, in->before->flash_size);
    }
}

// All steps, also behind one that cannot be done.
static void apply(struct fb_check_facts *f)
{
    const struct fb_check_input *in = f->in;
    enum fb_status status;

    f->refused = in->plan->steps;
    for (size_t i = 0; i < in->plan->steps; i++) {
        i = fb_plan_run(in->scratch, in->plan, i, in->flash_key.bytes,
                        in->flash_key.len, &status);
        if ((status == FB_E_RANGE || status == FB_E_ALIGN) &&
            f->refused == in->plan->steps) {
            f->refused = i;
            f->refusal = status;
        }
    }
}

struct fb_board_keys fb_check_keys(const struct fb_check_input *in,
                                   const struct fb_efuse_words *fuses)
{
    return (struct fb_board_keys){
        .flash_key = in->flash_key.bytes,
        .flash_key_len = in->flash_key.len,
        .boot_key = in->secure_boot_key.bytes,
        .boot_key_len = in->secure_boot_key.len,
        .signing_pub = in->signing_pub.len == 64 ? in->signing_pub.bytes : NULL,
        .v2 = in->secure_v2 || fb_efuse_get(fuses, FB_EFUSE_ABS_DONE_1) != 0,
    };
}

static void gather(struct fb_check_facts *f, const struct fb_check_input *in)
{
    f->in = in;
    copy_state(in);
    apply(f);
    f->keys = fb_check_keys(in, &in->scratch->fuses);
    fb_board_view(&f->before, in->before, &f->keys, in->plain);
    fb_board_view(&f->after, in->scratch, &f->keys, in->plain);
}

void fb_checks_run(const struct fb_check_input *in,
                   struct fb_check_result out[FB_CHECKS])
{
    struct fb_check_facts f;

    gather(&f, in);
    for (unsigned i = 0; i < FB_CHECKS; i++) {
        fb_check_say(&out[i], FB_CHECK_NONE, in->plan->steps, "%s", "");
        fb_checks[i].run(&f, &out[i]);
    }
}
