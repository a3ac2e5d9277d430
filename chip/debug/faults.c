// SPDX-License-Identifier: Apache-2.0

#include "chip/debug/faults.h"

#include <assert.h>
#include <string.h>

#include "chip/soc.h"

// How long the chip runs at a time while bytes are on their way.
#define SLICE_CYCLES 10000u

void faults_init(struct faults *f, uint64_t seed)
{
    memset(f, 0, sizeof *f);
    f->rng = seed;
}

static uint32_t random32(struct faults *f)
{
    return soc_random(&f->rng);
}

static uint32_t below(struct faults *f, uint32_t n)
{
    return (uint32_t)((uint64_t)random32(f) * n >> 32);
}

// --- what is to go wrong ---

void faults_cut(struct faults *f, enum fault_when when, unsigned ops,
                unsigned nth)
{
    assert(nth > 0);
    f->cut_armed = true;
    f->cut_when = when;
    f->cut_ops = ops;
    f->cut_nth = nth;
    f->counted = 0;
    f->dips = false;
}

void faults_brown_out(struct faults *f, unsigned ops, unsigned nth)
{
    // Of an erase there is nothing to put back what it took.
    assert((ops & 1u << CHIP_OP_FLASH_ERASE) == 0);
    faults_cut(f, FAULT_DURING, ops, nth);
    f->dips = true;
}

void faults_strap(struct faults *f, uint32_t mask, unsigned nth)
{
    assert(nth > 0);
    f->strap_flips = mask;
    f->strap_nth = nth;
}

static bool add_stuck(struct faults *f, struct fault_bit stuck)
{
    if (f->stuck_count == FAULTS_STUCK_MAX) {
        return false;
    }
    f->stuck[f->stuck_count++] = stuck;
    return true;
}

static bool add_weak(struct faults *f, struct fault_bit weak)
{
    if (f->weak_count == FAULTS_WEAK_MAX) {
        return false;
    }
    f->weak[f->weak_count++] = weak;
    return true;
}

bool faults_weak_flash(struct faults *f, uint32_t flash_off, unsigned bit)
{
    assert(bit < 8);
    return add_weak(f,
                    (struct fault_bit){.at = flash_off, .bit = (uint8_t)bit});
}

bool faults_weak_efuse(struct faults *f, unsigned block, unsigned bit)
{
    assert(block < FB_EFUSE_BLOCKS && bit < 32 * fb_efuse_block_words(block));
    return add_weak(f, (struct fault_bit){.efuse = true,
                                          .at = block * 8 + bit / 32,
                                          .bit = (uint8_t)(bit % 32)});
}

bool faults_stuck_flash(struct faults *f, uint32_t flash_off, unsigned bit,
                        bool value)
{
    assert(bit < 8);
    return add_stuck(f, (struct fault_bit){.at = flash_off,
                                           .bit = (uint8_t)bit,
                                           .value = value});
}

bool faults_stuck_efuse(struct faults *f, unsigned block, unsigned bit,
                        bool value)
{
    assert(block < FB_EFUSE_BLOCKS && bit < 32 * fb_efuse_block_words(block));
    return add_stuck(f, (struct fault_bit){.efuse = true,
                                           .at = block * 8 + bit / 32,
                                           .bit = (uint8_t)(bit % 32),
                                           .value = value});
}

bool faults_flip(struct faults *f, uint32_t flash_off, unsigned bit)
{
    assert(bit < 8);
    if (f->flip_count == FAULTS_FLIPS_MAX) {
        return false;
    }
    f->flip[f->flip_count].flash_off = flash_off;
    f->flip[f->flip_count].bit = (uint8_t)bit;
    f->flip_count++;
    return true;
}

// --- bits ---

static void force(uint8_t *byte, unsigned bit, bool value)
{
    *byte = (uint8_t)(value ? *byte | 1u << bit : *byte & ~(1u << bit));
}

static void force_flash(struct faults *f, uint32_t from, uint32_t n)
{
    for (unsigned i = 0; i < f->stuck_count; i++) {
        const struct fault_bit *s = &f->stuck[i];

        if (!s->efuse && s->at - from < n) {
            force(f->chip->config.flash + s->at, s->bit, s->value);
        }
    }
}

static void force_fuses(struct faults *f)
{
    struct fb_efuse_words fuses = *chip_efuses(f->chip);

    for (unsigned i = 0; i < f->stuck_count; i++) {
        const struct fault_bit *s = &f->stuck[i];
        uint32_t *word = &fuses.word[s->at / 8 % FB_EFUSE_BLOCKS][s->at % 8];

        if (s->efuse) {
            *word = s->value ? *word | 1u << s->bit : *word & ~(1u << s->bit);
        }
    }
    chip_set_efuses(f->chip, &fuses);
}

// Torn bits of what is erased now, and torn fuses that are burned now, are as
// good as any.
static bool is_whole(const struct faults *f, const struct fault_bit *weak,
                     uint32_t from, uint32_t n)
{
    if (!weak->torn || n == 0) {
        return false;
    }
    if (!weak->efuse) {
        return weak->at - from < n;
    }
    return (chip_efuses(f->chip)->word[weak->at / 8][weak->at % 8] >>
                weak->bit &
            1u) != 0;
}

static void heal(struct faults *f, bool efuse, uint32_t from, uint32_t n)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < f->weak_count; i++) {
        const struct fault_bit *w = &f->weak[i];

        if (w->efuse != efuse || !is_whole(f, w, from, n)) {
            f->weak[kept++] = *w;
        }
    }
    f->weak_count = kept;
}

// A bit that was left half way. Of many in a page only some are kept in mind.
static void torn_bit(struct faults *f, bool efuse, uint32_t at, unsigned bit)
{
    if (f->weak_torn) {
        (void)add_weak(f, (struct fault_bit){.efuse = efuse,
                                             .at = at,
                                             .bit = (uint8_t)bit,
                                             .torn = true});
    }
}

static void torn_byte(struct faults *f, uint32_t flash_off, unsigned bits)
{
    for (unsigned bit = 0; bit < 8; bit++) {
        if ((bits >> bit & 1u) != 0) {
            torn_bit(f, false, flash_off, bit);
        }
    }
}

// --- operations ---

static bool is_counted(const struct faults *f, unsigned op)
{
    return f->cut_armed && (f->cut_ops >> op & 1u) != 0;
}

// A part from the start, or bits all over: of what turns into ones.
static void tear_erase(struct faults *f, uint32_t at, uint32_t n)
{
    uint8_t *flash = f->chip->config.flash + at;

    if ((random32(f) & 1u) != 0) {
        memset(flash, 0xFF, 1 + below(f, n - 1));
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        flash[i] = (uint8_t)(flash[i] | random32(f));
        torn_byte(f, at + i, 0xFFu & ~flash[i]);
    }
}

static uint8_t *page_of(struct faults *f, uint32_t at)
{
    return f->chip->config.flash + (at & ~(FAULTS_PAGE - 1));
}

// f->page is what was there before. Bytes from the one that `at` names on,
// round the page, are the ones programmed.
static void tear_program(struct faults *f, uint32_t at, uint32_t n)
{
    uint8_t *now = page_of(f, at);
    bool bits = (random32(f) & 1u) != 0;
    uint32_t done = below(f, n < FAULTS_PAGE ? n : FAULTS_PAGE);

    for (uint32_t i = 0; i < n && i < FAULTS_PAGE; i++) {
        uint32_t k = (at + i) % FAULTS_PAGE;
        uint8_t kept = (uint8_t)(f->page[k] & ~now[k]);

        if (bits || i == done) {
            kept = (uint8_t)(kept & random32(f));
        } else if (i < done) {
            kept = 0;
        }
        now[k] = (uint8_t)(now[k] | kept);
        torn_byte(f, (at & ~(FAULTS_PAGE - 1)) + k, kept);
    }
}

static unsigned position(uint32_t bit)
{
    unsigned n = 0;

    for (; bit > 1; bit >>= 1) {
        n++;
    }
    return n;
}

// The n bits that the burn would have set: choose among them.
static void tear_burn(struct faults *f, uint32_t n)
{
    struct fb_efuse_words fuses = *chip_efuses(f->chip);
    uint32_t sure = below(f, n); // burned in any case
    uint32_t fails = n < 2 ? n : (sure + 1 + below(f, n - 1)) % n;
    uint32_t i = 0;

    for (unsigned w = 0; w < FB_EFUSE_BLOCKS * FB_EFUSE_BLOCK_WORDS; w++) {
        uint32_t *word = &fuses.word[w / 8][w % 8];
        uint32_t fresh = *word & ~f->fuses.word[w / 8][w % 8];

        for (; fresh != 0; fresh &= fresh - 1, i++) {
            bool lost = i == fails || (i != sure && (random32(f) & 1u) != 0);
            uint32_t bit = fresh & (~fresh + 1);

            if (lost) {
                *word &= ~bit;
                torn_bit(f, true, w, position(bit));
            }
        }
    }
    chip_set_efuses(f->chip, &fuses);
}

static bool on_operation(void *ctx, unsigned op, uint32_t address, uint32_t n)
{
    struct faults *f = ctx;

    f->in_cut = is_counted(f, op) && ++f->counted == f->cut_nth;
    if (f->inner.operation != NULL &&
        !f->inner.operation(f->inner.ctx, op, address, n)) {
        return false;
    }
    if (f->in_cut && f->cut_when == FAULT_BEFORE) {
        f->cut_armed = false;
        return false;
    }
    if (op == CHIP_OP_FLASH_ERASE) {
        heal(f, false, address, n);
    }
    if (f->in_cut && f->cut_when == FAULT_DURING && op == CHIP_OP_FLASH_ERASE) {
        f->cut_armed = false;
        tear_erase(f, address, n);
        force_flash(f, address, n);
        return false;
    }
    if (op == CHIP_OP_FLASH_PROGRAM) {
        memcpy(f->page, page_of(f, address), sizeof f->page);
    } else if (op == CHIP_OP_EFUSE_BURN) {
        f->fuses = *chip_efuses(f->chip);
    }
    return true;
}

static void on_operated(void *ctx, unsigned op, uint32_t address, uint32_t n)
{
    struct faults *f = ctx;
    bool torn = f->in_cut && f->cut_when == FAULT_DURING;

    if (op == CHIP_OP_EFUSE_BURN) {
        if (torn) {
            tear_burn(f, n);
        }
        force_fuses(f);
        heal(f, true, 0, n);
    } else {
        if (torn) {
            tear_program(f, address, n);
        }
        force_flash(f,
                    op == CHIP_OP_FLASH_PROGRAM ? address & ~(FAULTS_PAGE - 1)
                                                : address,
                    op == CHIP_OP_FLASH_PROGRAM ? FAULTS_PAGE : n);
    }
    if (f->in_cut) {
        f->in_cut = false;
        f->cut_armed = false;
        if (f->dips) {
            chip_brown_out(f->chip);
        } else {
            chip_cut_power(f->chip);
        }
    }
    if (f->inner.operated != NULL) {
        f->inner.operated(f->inner.ctx, op, address, n);
    }
}

// --- readings ---

static void on_flash_read(void *ctx, uint32_t flash_off, uint32_t n)
{
    struct faults *f = ctx;

    for (unsigned i = 0; i < f->weak_count; i++) {
        const struct fault_bit *w = &f->weak[i];

        if (!w->efuse && w->at - flash_off < n) {
            force(f->chip->config.flash + w->at, w->bit,
                  (random32(f) & 1u) != 0);
        }
    }
    force_flash(f, flash_off, n);
    if (f->inner.flash_read != NULL) {
        f->inner.flash_read(f->inner.ctx, flash_off, n);
    }
}

static void on_fuses_read(void *ctx, struct fb_efuse_words *seen)
{
    struct faults *f = ctx;

    for (unsigned i = 0; i < f->weak_count; i++) {
        const struct fault_bit *w = &f->weak[i];
        uint32_t *word = &seen->word[w->at / 8 % FB_EFUSE_BLOCKS][w->at % 8];

        if (w->efuse && (random32(f) & 1u) != 0) {
            *word ^= 1u << w->bit;
        }
    }
    if (f->inner.fuses_read != NULL) {
        f->inner.fuses_read(f->inner.ctx, seen);
    }
}

static uint32_t on_straps(void *ctx, uint32_t strap)
{
    struct faults *f = ctx;

    if (f->strap_nth > 0 && --f->strap_nth == 0) {
        strap ^= f->strap_flips;
    }
    return f->inner.straps != NULL ? f->inner.straps(f->inner.ctx, strap)
                                   : strap;
}

// --- lines ---

static bool one_in(struct faults *f, uint32_t n)
{
    return n > 0 && below(f, n) == 0;
}

static void enqueue(struct fault_line *line, unsigned uart, uint8_t byte,
                    uint64_t due)
{
    size_t at = (line->first + line->count) % FAULTS_QUEUE_SIZE;

    if (line->count == FAULTS_QUEUE_SIZE) {
        return; // lost as well
    }
    line->queue[at].due = due;
    line->queue[at].uart = (uint8_t)uart;
    line->queue[at].byte = byte;
    line->count++;
}

static void send(struct faults *f, enum fault_direction way, unsigned uart,
                 uint8_t byte)
{
    struct fault_line *line = &f->line[way];
    uint64_t now = chip_time_ns(f->chip);

    if (one_in(f, line->lose)) {
        return;
    }
    if (line->release < now) {
        line->release = now;
    }
    if (one_in(f, line->delay)) {
        line->release += (uint64_t)line->delay_ms * 1000000u;
    }
    enqueue(line, uart, byte, line->release);
    if (one_in(f, line->repeat)) {
        enqueue(line, uart, byte, line->release);
    }
}

// Bytes until `time` to where they go. False when the receiver took none.
static bool deliver(struct faults *f, enum fault_direction way, uint64_t time)
{
    struct fault_line *line = &f->line[way];
    bool any = false;

    while (line->count > 0 && line->queue[line->first].due <= time) {
        unsigned uart = line->queue[line->first].uart;
        uint8_t byte = line->queue[line->first].byte;

        if (way == FAULT_RX && chip_uart_rx(f->chip, uart, &byte, 1) == 0) {
            break; // the FIFO is full
        }
        if (way == FAULT_TX && f->inner.uart_tx != NULL) {
            f->inner.uart_tx(f->inner.ctx, uart, byte);
        }
        line->first = (line->first + 1) % FAULTS_QUEUE_SIZE;
        line->count--;
        any = true;
    }
    return any;
}

bool faults_deliver(struct faults *f, bool idle)
{
    uint64_t time = chip_time_ns(f->chip);
    bool any;

    if (idle) {
        uint64_t more = chip_idle_ns(f->chip);

        time = more > UINT64_MAX - time ? UINT64_MAX : time + more;
    }
    any = deliver(f, FAULT_TX, time);
    return deliver(f, FAULT_RX, time) || any;
}

size_t faults_rx(struct faults *f, unsigned uart, const uint8_t *p, size_t n)
{
    struct fault_line *line = &f->line[FAULT_RX];
    size_t i = 0;

    // Room for a repetition, too.
    for (; i < n && line->count + 2 <= FAULTS_QUEUE_SIZE; i++) {
        send(f, FAULT_RX, uart, p[i]);
    }
    (void)faults_deliver(f, false);
    return i;
}

enum chip_stop faults_run(struct faults *f, uint64_t cycles)
{
    for (;;) {
        bool pending = f->line[FAULT_RX].count + f->line[FAULT_TX].count > 0;
        uint64_t n = pending && cycles > SLICE_CYCLES ? SLICE_CYCLES : cycles;
        enum chip_stop stop;

        (void)faults_deliver(f, false);
        stop = chip_run(f->chip, n);
        if (stop == CHIP_IDLE && faults_deliver(f, true)) {
            stop = CHIP_RAN;
        }
        cycles -= n;
        if (stop != CHIP_RAN || cycles == 0) {
            return stop;
        }
    }
}

// --- around the chip ---

static void on_uart_tx(void *ctx, unsigned uart, uint8_t byte)
{
    struct faults *f = ctx;

    send(f, FAULT_TX, uart, byte);
    (void)deliver(f, FAULT_TX, chip_time_ns(f->chip));
}

static void on_unmodelled(void *ctx, uint32_t vaddr, bool store, uint32_t pc)
{
    struct faults *f = ctx;

    if (f->inner.unmodelled != NULL) {
        f->inner.unmodelled(f->inner.ctx, vaddr, store, pc);
    }
}

static void on_log(void *ctx, const char *line)
{
    struct faults *f = ctx;

    if (f->inner.log != NULL) {
        f->inner.log(f->inner.ctx, line);
    }
}

static void on_uart_baud(void *ctx, unsigned uart, uint32_t baud)
{
    struct faults *f = ctx;

    if (f->inner.uart_baud != NULL) {
        f->inner.uart_baud(f->inner.ctx, uart, baud);
    }
}

struct chip_callbacks faults_wrap(struct faults *f,
                                  const struct chip_callbacks *inner)
{
    f->inner = *inner;
    return (struct chip_callbacks){.ctx = f,
                                   .uart_tx = on_uart_tx,
                                   .operation = on_operation,
                                   .unmodelled = on_unmodelled,
                                   .log = on_log,
                                   .uart_baud = on_uart_baud,
                                   .operated = on_operated,
                                   .flash_read = on_flash_read,
                                   .fuses_read = on_fuses_read,
                                   .straps = on_straps};
}

static bool bits_inside(const struct fault_bit *bits, unsigned n, uint32_t size)
{
    for (unsigned i = 0; i < n; i++) {
        if (!bits[i].efuse && bits[i].at >= size) {
            return false;
        }
    }
    return true;
}

static bool all_inside(const struct faults *f, uint32_t size)
{
    if (!bits_inside(f->stuck, f->stuck_count, size) ||
        !bits_inside(f->weak, f->weak_count, size)) {
        return false;
    }
    for (unsigned i = 0; i < f->flip_count; i++) {
        if (f->flip[i].flash_off >= size) {
            return false;
        }
    }
    return true;
}

bool faults_attach(struct faults *f, struct chip *chip)
{
    uint32_t size = chip->config.flash_size;
    uint8_t *flash = chip->config.flash;

    if (!all_inside(f, size)) {
        return false;
    }
    f->chip = chip;
    for (unsigned i = 0; i < f->flip_count; i++) {
        flash[f->flip[i].flash_off] ^= (uint8_t)(1u << f->flip[i].bit);
    }
    for (uint32_t i = 0; i < f->random_flips; i++) {
        flash[below(f, size)] ^= (uint8_t)(1u << below(f, 8));
    }
    force_flash(f, 0, size);
    force_fuses(f);
    chip_flash_changed(chip, 0, size);
    return true;
}

void faults_power_on(struct faults *f)
{
    for (unsigned way = 0; way < 2; way++) {
        f->line[way].count = 0;
        f->line[way].release = 0;
    }
}

// --- words ---

// The text up to `end`; false when that does not come.
static bool word(const char **p, char end, const char *want)
{
    size_t n = strlen(want);

    if (strncmp(*p, want, n) != 0 || (*p)[n] != end) {
        return false;
    }
    *p += n + (end != '\0');
    return true;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

// A number, decimal or 0x.
static bool number(const char **p, char end, uint32_t *value)
{
    int base = strncmp(*p, "0x", 2) == 0 ? 16 : 10;
    const char *from = *p + (base == 16 ? 2 : 0);
    uint64_t sum = 0;

    *p = from;
    for (; digit_of(**p) < base; (*p)++) {
        sum = sum * (unsigned)base + (unsigned)digit_of(**p);
        if (sum > UINT32_MAX) {
            return false;
        }
    }
    if (*p == from || **p != end) {
        return false;
    }
    *p += end != '\0';
    *value = (uint32_t)sum;
    return true;
}

// KIND:N, the kind being one of those in `allowed`.
static bool parse_operations(const char **p, unsigned allowed, unsigned *ops,
                             uint32_t *nth)
{
    static const struct {
        const char *name;
        unsigned ops;
    } kinds[] = {
        {"program", 1u << CHIP_OP_FLASH_PROGRAM},
        {"erase", 1u << CHIP_OP_FLASH_ERASE},
        {"flash", 1u << CHIP_OP_FLASH_PROGRAM | 1u << CHIP_OP_FLASH_ERASE},
        {"burn", 1u << CHIP_OP_EFUSE_BURN},
        {"any", FAULT_OPS_ANY},
    };

    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        if (word(p, ':', kinds[k].name)) {
            *ops = kinds[k].ops;
            return (*ops & ~allowed) == 0 && number(p, '\0', nth) && *nth > 0;
        }
    }
    return false;
}

static bool parse_cut(struct faults *f, const char *p)
{
    static const char *const whens[] = {"before", "during", "after"};
    unsigned ops;
    uint32_t nth;

    for (unsigned w = 0; w < 3; w++) {
        if (word(&p, ':', whens[w])) {
            if (!parse_operations(&p, FAULT_OPS_ANY, &ops, &nth)) {
                return false;
            }
            faults_cut(f, (enum fault_when)w, ops, nth);
            return true;
        }
    }
    return false;
}

static bool parse_brown_out(struct faults *f, const char *p)
{
    unsigned ops;
    uint32_t nth;

    if (!parse_operations(
            &p, 1u << CHIP_OP_FLASH_PROGRAM | 1u << CHIP_OP_EFUSE_BURN, &ops,
            &nth)) {
        return false;
    }
    faults_brown_out(f, ops, nth);
    return true;
}

static bool parse_strap(struct faults *f, const char *p)
{
    uint32_t mask, nth;

    if (!number(&p, ':', &mask) || mask == 0 || mask > 0x3F ||
        !number(&p, '\0', &nth) || nth == 0) {
        return false;
    }
    faults_strap(f, mask, nth);
    return true;
}

// flash:OFFSET.BIT or efuse:BLOCK.BIT
static bool parse_bit(const char **p, char end, bool *efuse, uint32_t *at,
                      uint32_t *bit)
{
    *efuse = word(p, ':', "efuse");
    if ((!*efuse && !word(p, ':', "flash")) || !number(p, '.', at) ||
        !number(p, end, bit)) {
        return false;
    }
    return *efuse
               ? *at < FB_EFUSE_BLOCKS && *bit < 32 * fb_efuse_block_words(*at)
               : *bit < 8;
}

static bool parse_stuck(struct faults *f, const char *p)
{
    bool efuse;
    uint32_t at, bit, value;

    if (!parse_bit(&p, ':', &efuse, &at, &bit) || !number(&p, '\0', &value) ||
        value > 1) {
        return false;
    }
    return efuse ? faults_stuck_efuse(f, at, bit, value != 0)
                 : faults_stuck_flash(f, at, bit, value != 0);
}

static bool parse_weak(struct faults *f, const char *p)
{
    bool efuse;
    uint32_t at, bit;

    if (word(&p, '\0', "torn")) {
        f->weak_torn = true;
        return true;
    }
    if (!parse_bit(&p, '\0', &efuse, &at, &bit)) {
        return false;
    }
    return efuse ? faults_weak_efuse(f, at, bit)
                 : faults_weak_flash(f, at, bit);
}

static bool parse_flip(struct faults *f, const char *p)
{
    uint32_t at, bit;

    return number(&p, '.', &at) && number(&p, '\0', &bit) && bit < 8 &&
           faults_flip(f, at, bit);
}

static bool parse_line(struct fault_line *line, const char *p)
{
    if (word(&p, ':', "lose")) {
        return number(&p, '\0', &line->lose) && line->lose > 0;
    }
    if (word(&p, ':', "repeat")) {
        return number(&p, '\0', &line->repeat) && line->repeat > 0;
    }
    return word(&p, ':', "delay") && number(&p, ':', &line->delay) &&
           line->delay > 0 && number(&p, '\0', &line->delay_ms);
}

static bool parse_rx(struct faults *f, const char *p)
{
    return parse_line(&f->line[FAULT_RX], p);
}

static bool parse_tx(struct faults *f, const char *p)
{
    return parse_line(&f->line[FAULT_TX], p);
}

static bool parse_flips(struct faults *f, const char *p)
{
    return number(&p, '\0', &f->random_flips);
}

static bool parse_seed(struct faults *f, const char *p)
{
    uint32_t seed;
    bool good = number(&p, '\0', &seed);

    f->rng = good ? seed : f->rng;
    return good;
}

bool faults_parse(struct faults *f, const char *spec, const char **why)
{
    static const struct {
        const char *name;
        bool (*parse)(struct faults *f, const char *p);
        const char *form;
    } kinds[] = {
        {"cut", parse_cut,
         "cut=before|during|after:program|erase|flash|burn|any:N, N from 1 on"},
        {"brownout", parse_brown_out, "brownout=program|burn:N, N from 1 on"},
        {"weak", parse_weak,
         "weak=flash:OFFSET.BIT, weak=efuse:BLOCK.BIT or weak=torn, at most "
         "64"},
        {"strap", parse_strap,
         "strap=MASK:N, bits of GPIO_STRAP (0x01 .. 0x3f) that the N-th "
         "sampling sees inverted"},
        {"stuck", parse_stuck,
         "stuck=flash:OFFSET.BIT:0|1 or stuck=efuse:BLOCK.BIT:0|1, at most "
         "32"},
        {"flip", parse_flip, "flip=OFFSET.BIT, at most 32"},
        {"flips", parse_flips, "flips=N"},
        {"rx", parse_rx,
         "rx=lose:N, rx=repeat:N or rx=delay:N:MS, one byte in N"},
        {"tx", parse_tx,
         "tx=lose:N, tx=repeat:N or tx=delay:N:MS, one byte in N"},
        {"seed", parse_seed, "seed=N"},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (word(&spec, '=', kinds[i].name)) {
            *why = kinds[i].form;
            return kinds[i].parse(f, spec);
        }
    }
    *why = "not one of cut= brownout= weak= strap= stuck= flip= flips= rx= tx= "
           "seed=";
    return false;
}
