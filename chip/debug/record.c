// SPDX-License-Identifier: Apache-2.0

#include "chip/debug/record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/fb/crc.h"

#define RX_MAX ((RECORD_LINE - 64u) / 2u) // bytes in a line

void record_init(struct record *r, struct chip *chip, struct faults *faults,
                 uint32_t strap, void (*emit)(void *ctx, const char *line),
                 void *ctx)
{
    *r = (struct record){.chip = chip,
                         .faults = faults,
                         .strap = strap,
                         .emit = emit,
                         .ctx = ctx};
}

// --- record ---

static void tell(struct record *r, uint64_t ns, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void tell(struct record *r, uint64_t ns, const char *format, ...)
{
    char line[RECORD_LINE];
    int n = snprintf(line, sizeof line, "%" PRIu64 " ", ns);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line + n, sizeof line - (size_t)n, format, args);
    va_end(args);
    r->emit(r->ctx, line);
}

// The runs so far, before something else is told.
static void tell_runs(struct record *r)
{
    if (r->times > 0) {
        tell(r, r->since, "run %" PRIu64 " %" PRIu64, r->cycles, r->times);
        r->times = 0;
    }
}

void record_power_on(struct record *r, uint32_t strap)
{
    if (r->emit != NULL) {
        tell_runs(r);
        tell(r, chip_time_ns(r->chip), "power 0x%02" PRIx32, strap);
    }
    chip_set_strap(r->chip, strap);
    chip_power_on(r->chip);
    chip_set_strap(r->chip, r->strap);
    if (r->faults != NULL) {
        faults_power_on(r->faults);
    }
}

static void tell_bytes(struct record *r, uint64_t ns, unsigned uart,
                       const uint8_t *p, size_t n)
{
    char hex[2 * RX_MAX + 1];

    for (size_t at = 0; at < n; at += RX_MAX) {
        size_t part = n - at < RX_MAX ? n - at : RX_MAX;

        for (size_t i = 0; i < part; i++) {
            (void)snprintf(hex + 2 * i, 3, "%02x", p[at + i]);
        }
        tell(r, ns, "rx %u %s", uart, hex);
    }
}

static size_t receive(struct record *r, unsigned uart, const uint8_t *p,
                      size_t n)
{
    return r->faults != NULL ? faults_rx(r->faults, uart, p, n)
                             : chip_uart_rx(r->chip, uart, p, n);
}

size_t record_rx(struct record *r, unsigned uart, const uint8_t *p, size_t n)
{
    uint64_t ns = chip_time_ns(r->chip);
    size_t taken;

    if (r->emit != NULL) {
        tell_runs(r);
    }
    taken = receive(r, uart, p, n);
    if (r->emit != NULL && taken > 0) {
        tell_bytes(r, ns, uart, p, taken);
    }
    return taken;
}

bool record_deliver(struct record *r, bool idle)
{
    uint64_t ns = chip_time_ns(r->chip);
    bool any;

    if (r->faults == NULL) {
        return false;
    }
    if (r->emit != NULL) {
        tell_runs(r);
    }
    any = faults_deliver(r->faults, idle);
    if (r->emit != NULL && any) {
        tell(r, ns, "deliver %d", idle);
    }
    return any;
}

enum chip_stop record_run(struct record *r, uint64_t cycles)
{
    if (r->emit != NULL) {
        if (cycles != r->cycles) {
            tell_runs(r);
        }
        if (r->times++ == 0) {
            r->since = chip_time_ns(r->chip);
        }
        r->cycles = cycles;
    }
    return chip_run(r->chip, cycles);
}

void record_said(struct record *r, uint8_t byte)
{
    r->crc = fb_crc32(r->crc, &byte, 1);
}

void record_end(struct record *r)
{
    if (r->emit != NULL) {
        tell_runs(r);
        tell(r, chip_time_ns(r->chip), "end %" PRIu64 " 0x%08" PRIx32,
             chip_instructions(r->chip), r->crc);
    }
}

// --- replay ---

static int nibble(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

static bool replay_bytes(struct record *r, unsigned uart, const char *hex,
                         const char **why)
{
    uint8_t bytes[RX_MAX];
    size_t n = strlen(hex) / 2;

    if (n > sizeof bytes || strlen(hex) % 2 != 0 || uart >= CHIP_UARTS) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    *why = "the board takes fewer bytes than it did";
    return receive(r, uart, bytes, n) == n;
}

static bool replay_end(const struct record *r, uint64_t instructions,
                       uint32_t crc, const char **why)
{
    if (instructions != chip_instructions(r->chip)) {
        *why = "another number of instructions than in the recording";
        return false;
    }
    *why = "the board has said something else than in the recording";
    return crc == r->crc;
}

bool record_replay(struct record *r, const char *line, const char **why)
{
    char hex[RECORD_LINE];
    uint64_t ns, cycles, times;
    uint32_t value;
    unsigned uart;
    int idle, n = 0;

    *why = "not a line of a recording";
    if (strlen(line) >= RECORD_LINE ||
        sscanf(line, "%" SCNu64 " %n", &ns, &n) < 1 || n == 0) {
        return false;
    }
    line += n;
    if (ns != chip_time_ns(r->chip)) {
        *why = "another time than in the recording";
        return false;
    }
    if (sscanf(line, "power 0x%" SCNx32, &value) == 1) {
        record_power_on(r, value);
        return true;
    }
    if (sscanf(line, "rx %u %511s", &uart, hex) == 2) {
        return replay_bytes(r, uart, hex, why);
    }
    if (sscanf(line, "deliver %d", &idle) == 1) {
        return record_deliver(r, idle != 0);
    }
    if (sscanf(line, "run %" SCNu64 " %" SCNu64, &cycles, &times) == 2) {
        for (; times > 0; times--) {
            (void)chip_run(r->chip, cycles);
        }
        return true;
    }
    if (sscanf(line, "end %" SCNu64 " 0x%" SCNx32, &cycles, &value) == 2) {
        return replay_end(r, cycles, value, why);
    }
    return false;
}
