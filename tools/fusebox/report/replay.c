// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/report/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chip/chip.h"

// Stages are looked for so often.
#define SLICE_CYCLES 2000u
// More than a boot needs, and still a fraction of a second on the host.
#define INSTRUCTIONS_MAX 200000000u
#define RESETS_MAX       3u
// esp32 TRM "System and Memory": ROM 0 ends here; the cache shows flash to the
// instruction bus from IROM on.
#define ROM_FROM  0x40000000u
#define ROM_TO    0x40070000u
#define IROM_FROM 0x400C2000u
#define IROM_TO   0x40C00000u

struct recorder {
    struct replay *r;
    struct chip *chip;
    bool in_line;  // the last line is the console's and has no end yet
    char tail[64]; // of the console, for the goal
    size_t tail_n;
    const char *goal;
    bool reached;
    unsigned boot; // that the last span belongs to
};

static uint64_t now(const struct recorder *c)
{
    return chip_time_ns(c->chip);
}

// --- stages ---

static void close_span(struct recorder *c)
{
    if (c->r->spans > 0) {
        c->r->span[c->r->spans - 1].to_ns = now(c);
    }
}

static void enter(struct recorder *c, enum replay_stage stage)
{
    struct replay *r = c->r;

    close_span(c);
    r->stage = stage;
    if (r->spans == REPLAY_SPANS) {
        r->cut = true;
        return;
    }
    r->span[r->spans++] = (struct replay_span){
        .stage = stage, .boot = r->resets, .from_ns = now(c), .to_ns = now(c)};
}

static bool within(uint32_t pc, uint32_t from, uint32_t to)
{
    return pc >= from && pc < to;
}

// Stages follow each other; only a reset goes back.
static void watch_stage(struct recorder *c)
{
    uint32_t pc = chip_pc(c->chip);

    if (c->boot != c->r->resets) {
        c->boot = c->r->resets;
        enter(c, REPLAY_ROM);
    }
    if (c->r->stage == REPLAY_ROM && pc != 0 && !within(pc, ROM_FROM, ROM_TO)) {
        enter(c, REPLAY_BOOTLOADER);
    }
    if (c->r->stage == REPLAY_BOOTLOADER && within(pc, IROM_FROM, IROM_TO)) {
        enter(c, REPLAY_APPLICATION);
    }
}

// --- lines ---

static bool begin_line(struct recorder *c, bool note)
{
    struct replay *r = c->r;

    watch_stage(c);
    if (r->lines == REPLAY_LINES) {
        r->cut = true;
        return false;
    }
    r->line[r->lines++] = (struct replay_line){
        .ns = now(c), .note = note, .start = (uint32_t)r->n, .stage = r->stage};
    return true;
}

static void add_text(struct recorder *c, const char *p, size_t n)
{
    struct replay *r = c->r;

    if (n > REPLAY_TEXT - r->n) {
        r->cut = true;
        return;
    }
    memcpy(r->text + r->n, p, n);
    r->n += n;
    r->line[r->lines - 1].len += (uint32_t)n;
}

static void look_for_goal(struct recorder *c, char byte)
{
    size_t n = strlen(c->goal);

    if (c->tail_n == sizeof c->tail) {
        memmove(c->tail, c->tail + 1, --c->tail_n);
    }
    c->tail[c->tail_n++] = byte;
    if (n > 0 && n <= c->tail_n &&
        memcmp(c->tail + c->tail_n - n, c->goal, n) == 0) {
        c->reached = true;
    }
}

static void on_uart_tx(void *ctx, unsigned uart, uint8_t byte)
{
    struct recorder *c = ctx;
    const char text = (char)byte;

    if (uart != 0) {
        return;
    }
    look_for_goal(c, text);
    if (byte == '\r') {
        return;
    }
    if (byte == '\n') {
        // A line without text is one too: it has its time.
        if (c->in_line || begin_line(c, false)) {
            c->in_line = false;
        }
        return;
    }
    if (c->in_line || (c->in_line = begin_line(c, false))) {
        add_text(c, &text, 1);
    }
}

static void on_log(void *ctx, const char *line)
{
    struct recorder *c = ctx;

    c->in_line = false;
    if (strncmp(line, "reset ", 6) == 0) {
        c->r->resets++;
    } else if (strncmp(line, "rom: ", 5) == 0) {
        (void)snprintf(c->r->why, sizeof c->r->why, "%s", line + 5);
    }
    if (begin_line(c, true)) {
        add_text(c, line, strlen(line));
    }
}

static void on_unmodelled(void *ctx, uint32_t vaddr, bool store, uint32_t pc)
{
    struct recorder *c = ctx;
    char text[80];

    c->r->unmodelled++;
    c->in_line = false;
    if (begin_line(c, true)) {
        int n = snprintf(text, sizeof text,
                         "not modelled: %s 0x%08" PRIx32 " at pc 0x%08" PRIx32,
                         store ? "store to" : "load from", vaddr, pc);
        add_text(c, text, (size_t)n);
    }
}

static void on_operated(void *ctx, unsigned op, uint32_t address, uint32_t n)
{
    struct recorder *c = ctx;

    (void)address;
    if (op == CHIP_OP_EFUSE_BURN) {
        c->r->burned_bits += n;
    } else if (op == CHIP_OP_FLASH_PROGRAM) {
        c->r->programs++;
    } else {
        c->r->erases++;
    }
}

static enum replay_end run(struct recorder *c, uint32_t ms)
{
    enter(c, REPLAY_ROM);
    for (;;) {
        enum chip_stop stop = chip_run(c->chip, SLICE_CYCLES);

        watch_stage(c);
        if (c->reached) {
            return REPLAY_GOAL;
        }
        if (c->r->resets >= RESETS_MAX) {
            return REPLAY_RESETS;
        }
        if (stop == CHIP_IDLE && chip_idle_ns(c->chip) == UINT64_MAX) {
            return REPLAY_WAITS;
        }
        if (stop == CHIP_POWER_LOST || now(c) > ms * UINT64_C(1000000) ||
            chip_instructions(c->chip) > INSTRUCTIONS_MAX) {
            return REPLAY_TIME;
        }
    }
}

bool replay_run(struct replay *r, const struct replay_wish *wish,
                const struct board_ini *ini, uint8_t *flash,
                struct fb_efuse_words *fuses)
{
    struct chip *chip = malloc(chip_sizeof());
    struct recorder c = {.r = r, .chip = chip, .goal = wish->goal};
    const struct chip_callbacks callbacks = {.ctx = &c,
                                             .uart_tx = on_uart_tx,
                                             .log = on_log,
                                             .unmodelled = on_unmodelled,
                                             .operated = on_operated};
    struct chip_config config = board_chip(ini);

    if (chip == NULL) {
        return false;
    }
    memset(r, 0, sizeof *r);
    config.flash = flash;
    config.seed = 1;
    config.rom = wish->rom;
    chip_init(chip, &config, &callbacks);
    chip_set_efuses(chip, fuses);
    chip_power_on(chip);
    r->end = run(&c, wish->ms);
    close_span(&c);
    r->ns = chip_time_ns(chip);
    r->instructions = chip_instructions(chip);
    chip_flash_trouble(chip, r->trouble, sizeof r->trouble);
    *fuses = *chip_efuses(chip);
    r->flash_destroyed = chip_flash_destroyed(chip);
    free(chip);
    return true;
}

char *replay_console(const struct replay *r)
{
    char *text = malloc(r->n + r->lines + 1);
    size_t n = 0;

    for (size_t i = 0; text != NULL && i < r->lines; i++) {
        const struct replay_line *line = &r->line[i];

        if (!line->note) {
            memcpy(text + n, r->text + line->start, line->len);
            n += line->len;
            text[n++] = '\n';
        }
    }
    if (text != NULL) {
        text[n] = '\0';
    }
    return text;
}
