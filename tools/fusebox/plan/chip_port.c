// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/chip_port.h"

#include <stdlib.h>
#include <string.h>

#include "host/port_kinds.h"

// Cycles between two looks at what the chip has said.
#define SLICE_CYCLES 20000u
// A chip that takes no byte for this long has lost it, as on a real line.
#define DEAF_NS 20000000u

static void on_uart_tx(void *ctx, unsigned uart, uint8_t byte)
{
    struct chip_port *p = ctx;
    if (uart != 0) {
        return;
    }
    if (p->count == CHIP_PORT_RX) { // nobody reads: the oldest is lost
        p->head = (p->head + 1) % CHIP_PORT_RX;
        p->count--;
    }
    p->rx[(p->head + p->count++) % CHIP_PORT_RX] = byte;
}

static bool on_operation(void *ctx, unsigned op, uint32_t address, uint32_t n)
{
    struct chip_port *p = ctx;
    (void)address;
    (void)n;
    p->operations++;
    p->ops_of_kind[op]++;
    return true;
}

static void set_callbacks(struct chip_port *p)
{
    const struct chip_callbacks mine = {
        .ctx = p, .uart_tx = on_uart_tx, .operation = on_operation};
    p->callbacks = faults_wrap(&p->faults, &mine);
}

static struct chip_port *allocate(uint32_t flash_size)
{
    struct chip_port *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return NULL;
    }
    p->flash_size = flash_size;
    p->flash = malloc(flash_size);
    p->chip = malloc(chip_sizeof());
    if (p->flash == NULL || p->chip == NULL) {
        chip_port_free(p);
        return NULL;
    }
    return p;
}

struct chip_port *chip_port_new(const struct chip_port_config *config)
{
    struct chip_config chip = config->chip;
    struct chip_port *p = allocate(chip.flash_size);
    if (p == NULL) {
        return NULL;
    }
    memcpy(p->flash, config->flash, chip.flash_size);
    p->strap = chip.strap;
    faults_init(&p->faults, chip.seed);
    set_callbacks(p);
    chip.flash = p->flash;
    chip_init(p->chip, &chip, &p->callbacks);
    chip_set_efuses(p->chip, config->fuses);
    (void)faults_attach(&p->faults, p->chip);
    chip_power_on(p->chip);
    return p;
}

void chip_port_assign(struct chip_port *p, const struct chip_port *from)
{
    struct chip *chip = p->chip;
    uint8_t *flash = p->flash;
    *p = *from;
    p->chip = chip;
    p->flash = flash;
    memcpy(p->flash, from->flash, from->flash_size);
    set_callbacks(p);
    chip_copy(p->chip, from->chip, p->flash, &p->callbacks);
    (void)faults_attach(&p->faults, p->chip);
}

struct chip_port *chip_port_copy(const struct chip_port *from)
{
    struct chip_port *p = allocate(from->flash_size);
    if (p != NULL) {
        chip_port_assign(p, from);
    }
    return p;
}

void chip_port_free(struct chip_port *p)
{
    if (p != NULL) {
        free(p->chip);
        free(p->flash);
        free(p);
    }
}

// --- time ---

static uint64_t now_ns(const struct chip_port *p)
{
    return chip_time_ns(p->chip) + p->skew_ns;
}

// Let at most `left` ns pass, a slice of it while the chip works.
static void run(struct chip_port *p, uint64_t left)
{
    if (p->held || p->dark) {
        p->skew_ns += left;
        return;
    }
    enum chip_stop stop = chip_run(p->chip, SLICE_CYCLES);
    if (stop == CHIP_POWER_LOST) {
        p->dark = true;
    } else if (stop == CHIP_IDLE && chip_idle_ns(p->chip) > left) {
        p->skew_ns += left; // nothing happens before
    }
}

static uint64_t port_now_ms(void *ctx)
{
    return now_ns(ctx) / 1000000u;
}

static void port_sleep(void *ctx, unsigned ms)
{
    struct chip_port *p = ctx;
    uint64_t end = now_ns(p) + (uint64_t)ms * 1000000u;
    while (now_ns(p) < end) {
        run(p, end - now_ns(p));
    }
}

// --- bytes ---

static int port_read(void *ctx, uint8_t *out, size_t n, unsigned timeout_ms)
{
    struct chip_port *p = ctx;
    uint64_t end = now_ns(p) + (uint64_t)timeout_ms * 1000000u;
    while (p->count == 0 && !p->dark && now_ns(p) < end) {
        run(p, end - now_ns(p));
    }
    if (p->dark) {
        return HOST_PORT_E_LOST;
    }
    size_t got = 0;
    while (got < n && p->count > 0) {
        out[got++] = p->rx[p->head];
        p->head = (p->head + 1) % CHIP_PORT_RX;
        p->count--;
    }
    return (int)got;
}

// A chip that waits for something else does not empty its FIFO.
static void send(struct chip_port *p, const uint8_t *bytes, size_t n)
{
    uint64_t deaf = now_ns(p) + DEAF_NS;
    bool idle = false;
    while (n > 0 && !p->held && !p->dark && now_ns(p) < deaf) {
        size_t taken = chip_uart_rx(p->chip, 0, bytes, n);
        bytes += taken;
        n -= taken;
        if (taken > 0) {
            deaf = now_ns(p) + DEAF_NS;
            idle = false;
        } else if (idle) {
            return;
        } else {
            enum chip_stop stop = chip_run(p->chip, SLICE_CYCLES);
            p->dark = stop == CHIP_POWER_LOST;
            idle = stop == CHIP_IDLE && chip_idle_ns(p->chip) > DEAF_NS;
        }
    }
}

static int port_write(void *ctx, const uint8_t *bytes, size_t n)
{
    struct chip_port *p = ctx;
    if (p->dark) {
        return HOST_PORT_E_LOST;
    }
    if (p->request != NULL) {
        p->request(p->ctx, bytes, n);
    }
    send(p, bytes, n);
    return p->dark ? HOST_PORT_E_LOST : HOST_PORT_OK;
}

static void port_flush_input(void *ctx)
{
    struct chip_port *p = ctx;
    p->count = 0;
}

// --- lines ---

static void start(struct chip_port *p, bool download)
{
    p->held = false;
    p->count = 0;
    chip_set_strap(p->chip, download ? p->strap & ~CHIP_STRAP_GPIO0 : p->strap);
    chip_power_on(p->chip);
    chip_set_strap(p->chip, p->strap); // GPIO0 is released again
    faults_power_on(&p->faults);
}

static int port_set_lines(void *ctx, bool dtr, bool rts)
{
    struct chip_port *p = ctx;
    enum line_event event = line_set(&p->line, dtr, rts);
    if (p->dark) {
        return HOST_PORT_E_LOST;
    }
    if (event == LINE_HOLD) {
        p->held = true;
    } else if (event != LINE_NOTHING) {
        start(p, event == LINE_DOWNLOAD);
    }
    return HOST_PORT_OK;
}

void chip_port_power(struct chip_port *p)
{
    p->dark = false;
    p->line = (struct line){0};
    start(p, false);
}

void chip_port_cut(struct chip_port *p, enum fault_when when, unsigned nth)
{
    faults_cut(&p->faults, when, FAULT_OPS_ANY, nth);
}

static void port_close(void *ctx)
{
    struct chip_port *p = ctx;
    p->count = 0;
}

struct host_port *chip_port_open(struct chip_port *p)
{
    static const struct host_port_kind kind = {
        .read = port_read,
        .write = port_write,
        .flush_input = port_flush_input,
        .set_lines = port_set_lines,
        .close = port_close,
        .instant = true,
        .now_ms = port_now_ms,
        .sleep = port_sleep,
    };
    return host_port_new("virtual chip", &kind, p);
}
