// SPDX-License-Identifier: Apache-2.0

#include "tools/espefuse/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "tools/espefuse/fields.h"

// A fuse that did not take is burned again (Espressif AR2022-006).
#define BURN_ATTEMPTS 3
// The fuses are believed when so many readings are equal.
#define READINGS 3

static struct session session;

struct session *session_get(void)
{
    return &session;
}

const char *session_block_name(unsigned block)
{
    static const char *const names[FB_EFUSE_BLOCKS] = {"BLOCK0", "BLOCK1",
                                                       "BLOCK2", "BLOCK3"};
    return names[block];
}

enum fb_efuse_coding session_coding(const struct session *s)
{
    return fb_efuse_coding_of(&s->now);
}

size_t session_block_bytes(const struct session *s)
{
    return fb_efuse_coding_bytes(session_coding(s));
}

unsigned session_revision(const struct session *s)
{
    return fb_efuse_chip_revision(&s->now, s->device.syscon_date);
}

static int refresh(struct session *s)
{
    return s->device.ops->read(&s->device, &s->now, &s->dec_status);
}

// One more reading beside s->now: a bit counts as 1 if it always is.
static int read_again(struct session *s)
{
    struct fb_efuse_words again;
    uint32_t dec_status;
    int status = s->device.ops->read(&s->device, &again, &dec_status);
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS && status == 0; block++) {
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            uint32_t *now = &s->now.word[block][w];
            s->unsteady.word[block][w] |= *now ^ again.word[block][w];
            *now &= again.word[block][w];
        }
    }
    if (status == 0) {
        s->dec_unsteady |= s->dec_status != dec_status;
        s->dec_status |= dec_status;
    }
    fb_bytes_wipe(&again, sizeof again);
    return status;
}

// After refresh(): the other readings.
static int steady(struct session *s)
{
    memset(&s->unsteady, 0, sizeof s->unsteady);
    s->dec_unsteady = false;
    int status = 0;
    for (int i = 1; i < READINGS && status == 0; i++) {
        status = read_again(s);
    }
    return status;
}

// Before the first thing is queued: what follows is decided on what is certain.
static int make_certain(struct session *s)
{
    if (s->certain) {
        return 0;
    }
    s->certain = true;
    return steady(s);
}

int session_begin(const struct cli *cli)
{
    struct session *s = &session;
    memset(s, 0, sizeof *s);
    s->do_not_confirm = cli_flag(cli, "do-not-confirm");
    s->at_once = cli_flag(cli, "no-postpone");
    if (s->at_once && cli_flag(cli, "postpone")) {
        return cli_error("--postpone", "excludes --no-postpone");
    }
    const char *table = cli_string(cli, "extend-efuse-table");
    int status = table != NULL ? fields_load(table) : 0;
    if (status != 0) {
        return status;
    }
    if (cli_flag(cli, "virt")) {
        status =
            device_open_file(&s->device, cli_string(cli, "path-efuse-file"));
    } else if (cli_string(cli, "port") == NULL) {
        return cli_error(NULL, "no port given: --port PORT, or --virt");
    } else {
        status = device_open_port(&s->device, cli);
    }
    if (status != 0) {
        return status;
    }
    status = refresh(s);
    if (status != 0) {
        s->device.ops->close(&s->device);
    }
    return status;
}

int session_end(const struct cli *cli, int status)
{
    struct session *s = &session;
    (void)cli;
    if (status == 0) {
        status = session_burn(s);
    }
    s->device.ops->close(&s->device);
    fb_bytes_wipe(s, sizeof *s);
    return status;
}

// --- queueing ---

static uint32_t field_value(const struct fb_efuse_words *words,
                            const struct fb_efuse_field *field)
{
    uint8_t bytes[32] = {0};
    (void)fb_efuse_get_bytes(words, field, bytes);
    return load32_le(bytes);
}

static void say_same(const char *name)
{
    cli_print("    The same value for %s is already burned. Do not change the "
              "eFuse.\n",
              name);
}

int session_queue_field(struct session *s, const struct fb_efuse_field *field,
                        uint32_t value)
{
    uint8_t bytes[4];
    if (make_certain(s) != 0) {
        return CLI_FAILURE;
    }
    uint32_t old = field_value(&s->now, field);
    if (fb_efuse_is_hidden(&s->now, field)) {
        old = 0; // unknown: burning set bits again does no harm
    }
    s->asked = true;
    if ((value & ~old) == 0) {
        say_same(field->name);
        return 0;
    }
    if (fb_efuse_is_frozen(&s->now, field)) {
        return cli_error(field->name,
                         "is write-protected (WR_DIS bit %u); it cannot be "
                         "burned any more",
                         field->wr_dis);
    }
    store32_le(bytes, value & ~old);
    fb_efuse_or_bytes(&s->queue, field, bytes, sizeof bytes);
    s->block_queued[field->block] = true;
    return 0;
}

// WR_DIS and RD_DIS bits of the key blocks.
static const enum fb_efuse_id block_field[FB_EFUSE_BLOCKS] = {
    FB_EFUSE_WR_DIS, FB_EFUSE_BLOCK1, FB_EFUSE_BLOCK2, FB_EFUSE_BLOCK3};

static int refuse_coding(const struct session *s)
{
    return session_coding(s) != FB_CODING_REPEAT
               ? 0
               : cli_error(s->device.name, "The coding scheme (2, repeat) is "
                                           "not supported: nothing is burned "
                                           "into BLOCK1 to BLOCK3");
}

int session_queue_block(struct session *s, unsigned block, const uint8_t *data,
                        bool force, bool *same)
{
    const struct fb_efuse_field *field = &fb_efuse_map[block_field[block]];
    const char *name = session_block_name(block);
    uint32_t encoded[FB_EFUSE_BLOCK_WORDS];
    uint32_t decoded[FB_EFUSE_BLOCK_WORDS];
    *same = false;
    if (make_certain(s) != 0 || refuse_coding(s) != 0) {
        return CLI_FAILURE;
    }
    if (fb_efuse_encode(session_coding(s), data, session_block_bytes(s),
                        encoded) != FB_OK) {
        return cli_error(name, "this chip's coding scheme cannot hold it");
    }
    (void)fb_efuse_decode(session_coding(s), encoded, decoded);
    s->asked = true;
    if (fb_efuse_is_hidden(&s->now, field)) {
        return cli_error(NULL,
                         "%s is read-protected. The written value can not be "
                         "read, the eFuse/block looks as all 0; it holds a key "
                         "already, which cannot be changed",
                         name);
    }
    if (memcmp(decoded, s->now.word[block], sizeof decoded) == 0) {
        say_same(name);
        *same = true;
        return 0;
    }
    if (fb_efuse_is_frozen(&s->now, field)) {
        return cli_error(name, "is write-protected; it cannot be burned any "
                               "more");
    }
    if (!fb_efuse_block_blank(&s->now, block) && !force) {
        return cli_error(name, "is not empty; burning would mix two values "
                               "(--force-write-always does it)");
    }
    if (s->block_queued[block]) {
        return cli_error(name, "is named twice");
    }
    for (unsigned i = 0; i < FB_EFUSE_BLOCK_WORDS; i++) {
        s->queue.word[block][i] = encoded[i];
        s->expect.word[block][i] = decoded[i] | s->now.word[block][i];
    }
    s->block_queued[block] = true;
    s->block_secret[block] = true;
    fb_bytes_wipe(encoded, sizeof encoded);
    fb_bytes_wipe(decoded, sizeof decoded);
    return 0;
}

// Coding scheme 3/4: the check bytes of a group fit its bytes only if all of
// them are burned at once.
static int queue_coded_bits(struct session *s, unsigned block,
                            const uint32_t words[FB_EFUSE_BLOCK_WORDS])
{
    const char *name = session_block_name(block);
    uint8_t old[24];
    uint8_t bytes[24];
    uint32_t encoded[FB_EFUSE_BLOCK_WORDS];
    for (unsigned i = 0; i < 6; i++) {
        store32_le(old + 4 * i, s->now.word[block][i]);
        store32_le(bytes + 4 * i, words[i] | s->expect.word[block][i]);
    }
    for (unsigned group = 0; group < 4; group++) {
        uint8_t *now = old + 6 * group;
        uint8_t *want = bytes + 6 * group;
        bool blank = fb_bytes_all(now, 6, 0);
        for (unsigned i = 0; i < 6; i++) {
            if (!blank && (want[i] & ~now[i]) != 0) {
                return cli_error(name,
                                 "with coding scheme 3/4 the six bytes from %u "
                                 "on can be burned only together, and some are",
                                 6 * group);
            }
        }
        if (!blank) {
            memset(want, 0, 6); // it stays
        }
    }
    if (words[6] != 0 || words[7] != 0) {
        return cli_error(name, "has only 192 bits with coding scheme 3/4");
    }
    (void)fb_efuse_encode(FB_CODING_3_4, bytes, sizeof bytes, encoded);
    for (unsigned i = 0; i < FB_EFUSE_BLOCK_WORDS; i++) {
        s->queue.word[block][i] = encoded[i];
        s->expect.word[block][i] |= words[i] | s->now.word[block][i];
    }
    s->block_queued[block] = true;
    return 0;
}

int session_queue_bits(struct session *s, unsigned block,
                       const uint32_t words[FB_EFUSE_BLOCK_WORDS])
{
    const char *name = session_block_name(block);
    struct fb_efuse_words writeable;
    uint32_t more = 0;
    if (make_certain(s) != 0) {
        return CLI_FAILURE;
    }
    if (block != 0 && refuse_coding(s) != 0) {
        return CLI_FAILURE;
    }
    s->asked = true;
    fb_efuse_writeable(&s->now, &writeable);
    for (unsigned i = 0; i < FB_EFUSE_BLOCK_WORDS; i++) {
        uint32_t fresh = words[i] & ~s->now.word[block][i];
        if ((fresh & ~writeable.word[block][i]) != 0) {
            return cli_error(
                name, "word %u: bits 0x%08" PRIx32 " are write-protected", i,
                fresh & ~writeable.word[block][i]);
        }
        more |= fresh;
    }
    if (more == 0) {
        say_same(name);
        return 0;
    }
    if (block != 0 && session_coding(s) == FB_CODING_3_4) {
        return queue_coded_bits(s, block, words);
    }
    for (unsigned i = 0; i < FB_EFUSE_BLOCK_WORDS; i++) {
        s->queue.word[block][i] |= words[i] & ~s->now.word[block][i];
        s->expect.word[block][i] |= words[i] | s->now.word[block][i];
    }
    s->block_queued[block] = true;
    return 0;
}

int session_find_block(const char *name)
{
    if (strcmp(name, "BLOCK0") == 0 || strcmp(name, "BLK0") == 0) {
        return 0;
    }
    const struct fb_efuse_field *field = fb_efuse_find(name, strlen(name));
    for (int block = 1; block < (int)FB_EFUSE_BLOCKS; block++) {
        if (field == &fb_efuse_map[block_field[block]]) {
            return block;
        }
    }
    return -1;
}

// --- burning ---

// Fields of BLOCK0 that switch something on for ever or lock something: they
// come last, when everything else has been read back.
static const enum fb_efuse_id postponed[] = {
    FB_EFUSE_WR_DIS,          FB_EFUSE_RD_DIS,
    FB_EFUSE_FLASH_CRYPT_CNT, FB_EFUSE_UART_DOWNLOAD_DIS,
    FB_EFUSE_ABS_DONE_0,      FB_EFUSE_ABS_DONE_1,
};

static void postponed_mask(struct fb_efuse_words *mask)
{
    memset(mask, 0, sizeof *mask);
    for (size_t i = 0; i < sizeof postponed / sizeof postponed[0]; i++) {
        struct fb_efuse_words one;
        fb_efuse_field_mask(&fb_efuse_map[postponed[i]], &one);
        for (unsigned w = 0; w < FB_EFUSE_BLOCK0_WORDS; w++) {
            mask->word[0][w] |= one.word[0][w];
        }
    }
}

static bool burned_in_block0(const struct session *s,
                             const struct fb_efuse_words *data)
{
    for (unsigned w = 0; w < FB_EFUSE_BLOCK0_WORDS; w++) {
        if ((data->word[0][w] & ~s->now.word[0][w]) != 0) {
            return false;
        }
    }
    return true;
}

static bool burned_in_block(const struct session *s, unsigned block)
{
    return memcmp(s->expect.word[block], s->now.word[block],
                  sizeof s->expect.word[block]) == 0;
}

// Hidden fields of BLOCK0 read 0 whatever they hold.
static void drop_hidden(const struct session *s, struct fb_efuse_words *data)
{
    for (size_t i = 0; i < FB_EFUSE_FIELDS; i++) {
        struct fb_efuse_words mask;
        if (fb_efuse_map[i].block != 0 ||
            !fb_efuse_is_hidden(&s->now, &fb_efuse_map[i])) {
            continue;
        }
        fb_efuse_field_mask(&fb_efuse_map[i], &mask);
        for (unsigned w = 0; w < FB_EFUSE_BLOCK0_WORDS; w++) {
            data->word[0][w] &= ~mask.word[0][w];
        }
    }
}

// Bits that read as they like, but for those still to be burned: burning them
// is the cure. done: a block that was burned just now, or 0.
static uint32_t unsteady_bits(const struct session *s, unsigned block,
                              unsigned w, unsigned done)
{
    uint32_t cured = block == 0      ? s->queue.word[0][w]
                     : block == done ? 0
                                     : s->expect.word[block][w];
    return s->unsteady.word[block][w] & ~cured;
}

static bool is_steady(const struct session *s, unsigned done)
{
    uint32_t any = 0;
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            any |= unsteady_bits(s, block, w, done);
        }
    }
    return any == 0;
}

// Of keys the place is told, not the value.
static int refuse_unsteady(const struct session *s, unsigned done,
                           const char *so)
{
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            uint32_t bits = unsteady_bits(s, block, w, done);
            if (bits != 0) {
                return cli_error(session_block_name(block),
                                 "word %u, bits 0x%08" PRIx32
                                 " read differently each time; %s was burned",
                                 w, bits, so);
            }
        }
    }
    return 0;
}

static int refuse_guess(const struct session *s)
{
    bool coded = s->block_queued[1] || s->block_queued[2] || s->block_queued[3];
    if (s->dec_unsteady && !coded) {
        return cli_error(s->device.name, "the eFuse decoder answers "
                                         "differently each time; nothing was "
                                         "burned");
    }
    return refuse_unsteady(s, 0, "nothing");
}

// One program command, read back, again where a bit did not take.
static int burn_step(struct session *s, unsigned block,
                     const struct fb_efuse_words *data)
{
    for (int attempt = 0; attempt < BURN_ATTEMPTS; attempt++) {
        int status = s->device.ops->program(&s->device, data);
        if (status == 0) {
            status = refresh(s);
        }
        if (status == 0) {
            status = steady(s);
        }
        if (status != 0) {
            return status;
        }
        struct fb_efuse_words visible = *data;
        drop_hidden(s, &visible);
        bool good = block == 0 ? burned_in_block0(s, &visible)
                               : burned_in_block(s, block);
        if (good && s->dec_status == 0 && is_steady(s, block)) {
            bool alone = memcmp(data->word[block], s->now.word[block],
                                sizeof data->word[block]) == 0;
            cli_print("BURN %-7s - OK (%s)\n", session_block_name(block),
                      alone || block != 0 ? "write block == read block"
                                          : "all write block bits are set");
            return 0;
        }
    }
    if (refuse_unsteady(s, block, "nothing after it") != 0) {
        return CLI_FAILURE;
    }
    return cli_error(session_block_name(block),
                     "reads back differently after %d burns; nothing after it "
                     "was burned",
                     BURN_ATTEMPTS);
}

static bool any_in_block0(const struct fb_efuse_words *data)
{
    uint32_t any = 0;
    for (unsigned w = 0; w < FB_EFUSE_BLOCK0_WORDS; w++) {
        any |= data->word[0][w];
    }
    return any != 0;
}

static int burn_all(struct session *s)
{
    struct fb_efuse_words late;
    struct fb_efuse_words data;
    memset(&late, 0, sizeof late);
    if (!s->at_once) {
        postponed_mask(&late);
    }
    for (unsigned block = FB_EFUSE_BLOCKS - 1; block >= 1; block--) {
        if (!s->block_queued[block]) {
            continue;
        }
        memset(&data, 0, sizeof data);
        memcpy(data.word[block], s->queue.word[block], sizeof data.word[block]);
        int status = burn_step(s, block, &data);
        fb_bytes_wipe(&data, sizeof data);
        if (status != 0) {
            return status;
        }
    }
    for (int last = 0; last < 2; last++) {
        memset(&data, 0, sizeof data);
        for (unsigned w = 0; w < FB_EFUSE_BLOCK0_WORDS; w++) {
            data.word[0][w] = s->queue.word[0][w] &
                              (last ? late.word[0][w] : ~late.word[0][w]);
        }
        if (!any_in_block0(&data)) {
            continue;
        }
        if (last) {
            cli_print("Burn postponed eFuses from BLOCK0.\n");
        }
        int status = burn_step(s, 0, &data);
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

static bool is_empty(const struct session *s, unsigned block)
{
    return fb_efuse_block_blank(&s->now, block) &&
           (block == 0 ||
            !fb_efuse_is_hidden(&s->now, &fb_efuse_map[block_field[block]]));
}

static void show_blocks(const struct session *s)
{
    cli_print("\nCheck all blocks for burn...\n"
              "idx, BLOCK_NAME,          Conclusion\n");
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        if (s->block_queued[block]) {
            cli_print("[%02u] %-20s %s\n", block, session_block_name(block),
                      is_empty(s, block) ? "is empty, will burn the new value"
                                         : "is not empty");
        }
    }
}

// Blocks 1 to 3: what is no key word by word.
static void show_block(const struct session *s, unsigned block)
{
    if (s->block_secret[block]) {
        cli_print("    %s  %zu bytes\n", session_block_name(block),
                  session_block_bytes(s));
        return;
    }
    for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
        if (s->queue.word[block][w] != 0) {
            cli_print("    %s word %u%9s 0x%08" PRIx32 " -> 0x%08" PRIx32 "\n",
                      session_block_name(block), w, "", s->now.word[block][w],
                      s->now.word[block][w] | s->queue.word[block][w]);
        }
    }
}

// BLOCK0 by its fields; bits that no field has by their words.
static void show_block0(const struct session *s)
{
    struct fb_efuse_words rest = s->queue;
    for (size_t i = 0; i < fields_count(); i++) {
        const struct fb_efuse_field *f = fields_at(i);
        uint32_t bits =
            f->block == 0 && f->width <= 32 ? field_value(&s->queue, f) : 0;
        if (bits == 0) {
            continue;
        }
        cli_print("    %-22s 0x%" PRIx32 " -> 0x%" PRIx32 "\n", f->name,
                  field_value(&s->now, f), bits | field_value(&s->now, f));
        struct fb_efuse_words mask;
        fb_efuse_field_mask(f, &mask);
        for (unsigned w = 0; w < FB_EFUSE_BLOCK0_WORDS; w++) {
            rest.word[0][w] &= ~mask.word[0][w];
        }
    }
    for (unsigned w = 0; w < FB_EFUSE_BLOCK0_WORDS; w++) {
        if (rest.word[0][w] != 0) {
            cli_print("    BLOCK0 word %u%9s bits 0x%08" PRIx32 "\n", w, "",
                      rest.word[0][w]);
        }
    }
}

static void show_queue(const struct session *s)
{
    show_blocks(s);
    cli_print("\nTo be burned on %s:\n", s->device.name);
    for (unsigned block = FB_EFUSE_BLOCKS - 1; block >= 1; block--) {
        if (s->block_queued[block]) {
            show_block(s, block);
        }
    }
    show_block0(s);
    cli_print(". \n");
}

static bool something_is_queued(const struct session *s)
{
    bool any = false;
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        any = any || s->block_queued[block];
    }
    return any;
}

// Blocks are encoded as the chip reads them now.
static bool mixes_codings(const struct session *s)
{
    return fb_efuse_get(&s->queue, FB_EFUSE_CODING_SCHEME) != 0 &&
           (s->block_queued[1] || s->block_queued[2] || s->block_queued[3]);
}

int session_burn(struct session *s)
{
    if (!s->asked) {
        return 0;
    }
    s->asked = false;
    if (!something_is_queued(s)) {
        cli_print("Nothing to burn, see messages above.\nSuccessful.\n");
        return 0;
    }
    if (mixes_codings(s)) {
        return cli_error("CODING_SCHEME", "changes what BLOCK1 to BLOCK3 mean: "
                                          "burn it in a run of its own");
    }
    if (refuse_guess(s) != 0) {
        return CLI_FAILURE;
    }
    show_queue(s);
    if (!cli_confirm_burn(s->do_not_confirm)) {
        return cli_error(NULL, "aborted: nothing was burned");
    }
    int status = burn_all(s);
    fb_bytes_wipe(&s->queue, sizeof s->queue);
    fb_bytes_wipe(&s->expect, sizeof s->expect);
    memset(s->block_queued, 0, sizeof s->block_queued);
    memset(s->block_secret, 0, sizeof s->block_secret);
    if (status == 0) {
        // Each was, right after its burn.
        cli_print("Reading updated eFuses...\nChecking eFuses...\n"
                  "Successful.\n");
    }
    return status;
}
