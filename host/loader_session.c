// SPDX-License-Identifier: Apache-2.0

#include "host/loader_session.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/loader_command.h"
#include "host/reset.h"
#include "lib/fb/bytes.h"
#include "lib/fb/slip.h"

#define CHIP_XTAL_HZ 40000000u

// Registers (TRM, chapters "RTC", "eFuse Controller", "Timer Group").
#define RTC_CNTL_WDTCONFIG0   0x3FF4808Cu
#define RTC_CNTL_WDTCONFIG1   0x3FF48090u
#define RTC_CNTL_WDTFEED      0x3FF480A0u
#define RTC_CNTL_WDTWPROTECT  0x3FF480A4u
#define RTC_CNTL_WDT_KEY      0x50D83AA1u
#define RTC_CNTL_WDT_EN       (1u << 31)
#define RTC_CNTL_WDT_STG0_RTC (4u << 28) // stage 0 resets chip and RTC
#define RTC_CNTL_WDT_LENGTHS  (7u << 14 | 7u << 11)
#define TIMG0_RTCCALICFG1     0x3FF5F06Cu
#define EFUSE_BLK0_RDATA4     0x3FF5A010u

#define SYNC_ANSWERS 8
#define SYNC_TRIES   5
#define MIB          0x100000u

#define FRAME_MAX (FB_LOADER_REQUEST_MAX + 64)

struct host_loader_buffers {
    struct fb_slip_rx rx;
    uint8_t in[4096]; // from the port, not yet decoded
    size_t in_pos, in_len;
    uint8_t frame[FRAME_MAX];  // the frame decoded last
    uint8_t packet[FRAME_MAX]; // the request
    uint8_t encoded[2 * FRAME_MAX + 2];
    char log[1024]; // what the chip said since the last reset
    size_t log_len;
    unsigned garbled; // frames without sense since the request
};

int host_loader_fail(struct host_loader *l, int status, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is
    vsnprintf(l->why, sizeof l->why, format, ap);
    va_end(ap);
    return status;
}

static int lost(struct host_loader *l)
{
    return host_loader_fail(l, HOST_LOADER_E_PORT,
                            "the port vanished while it was in use");
}

int host_loader_init(struct host_loader *l, struct host_port *port)
{
    *l = (struct host_loader){
        .port = port,
        .connect_attempts = 7,
        .reset_delay_ms = 50,
        .baud = 115200,
        .limits = {.command = 3000,
                   .sync = 100,
                   .md5_per_mb = 8000,
                   .erase_per_mb = 30000,
                   .write_per_mb = 40000,
                   .chip_erase = 120000,
                   .mem_end = 200,
                   .longest = 240000,
                   .block_attempts = 3},
        .buffers = calloc(1, sizeof *l->buffers),
    };
    if (!l->buffers) {
        return host_loader_fail(l, HOST_LOADER_E_HOST, "no memory");
    }
    fb_slip_rx_init(&l->buffers->rx, l->buffers->frame, FRAME_MAX);
    return HOST_LOADER_OK;
}

void host_loader_free(struct host_loader *l)
{
    free(l->buffers);
    l->buffers = NULL;
}

unsigned host_loader_limit(const struct host_loader *l, unsigned per_mb,
                           size_t n)
{
    uint64_t ms = (uint64_t)per_mb * n / MIB;
    if (ms > l->limits.longest) {
        ms = l->limits.longest;
    }
    return ms < l->limits.command ? l->limits.command : (unsigned)ms;
}

static void trace(const struct host_loader *l, char direction, const uint8_t *p,
                  size_t n)
{
    if (!l->trace) {
        return;
    }
    const char *name = n >= 2 ? fb_loader_op_name(p[1]) : "";
    fprintf(stderr, "%c %4zu bytes %-16s", direction, n, name);
    for (size_t i = 0; i < n && i < 64; i++) {
        fprintf(stderr, "%s%02x", i % 4 == 0 ? " " : "", p[i]);
    }
    fprintf(stderr, "%s\n", n > 64 ? " ..." : "");
}

static void remember(struct host_loader_buffers *b, const uint8_t *p, size_t n)
{
    size_t room = sizeof b->log - 1 - b->log_len;
    size_t part = n < room ? n : room;
    memcpy(b->log + b->log_len, p, part);
    b->log_len += part;
}

// More input: its number of bytes, 0 on timeout, or an error.
static int fill(struct host_loader *l, unsigned timeout_ms)
{
    struct host_loader_buffers *b = l->buffers;
    int got = host_port_read(l->port, b->in, sizeof b->in, timeout_ms);
    if (got < 0) {
        return lost(l);
    }
    b->in_pos = 0;
    b->in_len = (size_t)got;
    remember(b, b->in, b->in_len);
    return got;
}

// 1: a frame stands in buffers->rx; 0: none until the deadline.
static int next_frame(struct host_loader *l, uint64_t deadline)
{
    struct host_loader_buffers *b = l->buffers;
    for (;;) {
        while (b->in_pos < b->in_len) {
            size_t used = 0;
            enum fb_slip_event event = fb_slip_rx_push(
                &b->rx, b->in + b->in_pos, b->in_len - b->in_pos, &used);
            b->in_pos += used;
            if (event == FB_SLIP_FRAME) {
                trace(l, '<', b->rx.buf, b->rx.len);
                return 1;
            }
            b->garbled += event != FB_SLIP_MORE;
        }
        uint64_t now = host_port_now_ms(l->port);
        if (now >= deadline) {
            return 0;
        }
        int got = fill(l, (unsigned)(deadline - now));
        if (got < 0) {
            return got;
        }
    }
}

// Forget what arrived and nobody asked for, until the line has been quiet for
// quiet_ms. The frame decoded last stays valid.
static int drop_input(struct host_loader *l, unsigned quiet_ms)
{
    int got;
    // a babbling line must not keep us here
    uint64_t end = host_port_now_ms(l->port) + 1000;
    do {
        got = fill(l, quiet_ms);
    } while (got > 0 && host_port_now_ms(l->port) < end);
    l->buffers->in_pos = l->buffers->in_len = 0;
    fb_slip_rx_init(&l->buffers->rx, l->buffers->frame, FRAME_MAX);
    return got < 0 ? got : HOST_LOADER_OK;
}

int host_loader_send_frame(struct host_loader *l, const uint8_t *p, size_t n)
{
    struct host_loader_buffers *b = l->buffers;
    trace(l, '>', p, n);
    size_t len = fb_slip_encode(b->encoded, sizeof b->encoded, p, n);
    assert(len != 0);
    return host_port_write(l->port, b->encoded, len) < 0 ? lost(l)
                                                         : HOST_LOADER_OK;
}

int host_loader_raw_frame(struct host_loader *l, unsigned timeout_ms,
                          const uint8_t **p, size_t *n)
{
    int got = next_frame(l, host_port_now_ms(l->port) + timeout_ms);
    if (got < 0) {
        return got;
    }
    if (got == 0) {
        return host_loader_fail(l, HOST_LOADER_E_TIMEOUT,
                                "the chip stopped sending data");
    }
    *p = l->buffers->rx.buf;
    *n = l->buffers->rx.len;
    return HOST_LOADER_OK;
}

static int refused(struct host_loader *l, uint8_t op, uint8_t error)
{
    l->error = error;
    return host_loader_fail(
        l, HOST_LOADER_E_REFUSED, "the chip refused %s: %s (0x%02x)",
        fb_loader_op_name(op), fb_loader_error_text(error), error);
}

// The two status bytes follow the result; an error comes without a result.
static int check_status(struct host_loader *l, uint8_t op,
                        const struct fb_loader_response *r, size_t result_len)
{
    if (r->len < 2) {
        return host_loader_fail(l, HOST_LOADER_E_ANSWER,
                                "the answer to %s has no status",
                                fb_loader_op_name(op));
    }
    size_t at = r->len >= result_len + 2 ? result_len : 0;
    uint8_t failed = r->data[at];
    if (failed == 0 && at == result_len) {
        return HOST_LOADER_OK;
    }
    if (failed == 0) {
        return host_loader_fail(l, HOST_LOADER_E_ANSWER,
                                "the answer to %s is too short (%zu bytes)",
                                fb_loader_op_name(op), r->len);
    }
    // ROM: 1, then the code. Stub: the code itself comes first.
    return refused(l, op, failed >= 0xC0 ? failed : r->data[at + 1]);
}

// The ROM does not know an operation: it repeats its previous answer, now with
// the error "invalid message", after a SYNC eight times.
static bool is_unknown_command(const struct fb_loader_response *r)
{
    return r->len >= 2 && r->data[0] == 1 &&
           r->data[1] == FB_LOADER_E_INVALID_MESSAGE;
}

static int wait_answer(struct host_loader *l, uint8_t op, size_t result_len,
                       unsigned timeout_ms, struct fb_loader_response *response)
{
    uint64_t deadline = host_port_now_ms(l->port) + timeout_ms;
    for (;;) {
        int got = next_frame(l, deadline);
        if (got < 0) {
            return got;
        }
        if (got == 0) {
            break;
        }
        const struct fb_slip_rx *rx = &l->buffers->rx;
        struct fb_loader_response r;
        if (fb_loader_response_parse(rx->buf, rx->len, &r) != FB_OK) {
            l->buffers->garbled++;
            continue;
        }
        if (r.op == op) {
            *response = r;
            return check_status(l, op, &r, result_len);
        }
        if (is_unknown_command(&r)) {
            int dropped = drop_input(l, l->limits.sync);
            return dropped < 0 ? dropped
                               : refused(l, op, FB_LOADER_E_INVALID_MESSAGE);
        }
    }
    if (l->buffers->garbled) {
        return host_loader_fail(
            l, HOST_LOADER_E_ANSWER,
            "only garbled answers to %s within %u ms (wrong baud rate?)",
            fb_loader_op_name(op), timeout_ms);
    }
    return host_loader_fail(l, HOST_LOADER_E_TIMEOUT,
                            "no answer to %s within %u ms",
                            fb_loader_op_name(op), timeout_ms);
}

// Send the packet of n bytes and wait.
static int transact(struct host_loader *l, size_t n, size_t result_len,
                    unsigned timeout_ms, struct fb_loader_response *response)
{
    struct host_loader_buffers *b = l->buffers;
    int status = drop_input(l, 0);
    if (status == HOST_LOADER_OK) {
        b->garbled = 0;
        status = host_loader_send_frame(l, b->packet, n);
    }
    return status < 0
               ? status
               : wait_answer(l, b->packet[1], result_len, timeout_ms, response);
}

static bool is_line_trouble(int status)
{
    return status == HOST_LOADER_E_TIMEOUT || status == HOST_LOADER_E_ANSWER;
}

int host_loader_command(struct host_loader *l, enum fb_loader_op op,
                        const uint32_t *words, size_t count, size_t result_len,
                        unsigned timeout_ms, unsigned attempts,
                        struct fb_loader_response *response)
{
    struct fb_loader_response unused;
    size_t n =
        fb_loader_request(l->buffers->packet, FRAME_MAX, op, words, count);
    assert(n != 0);
    for (unsigned attempt = 1;; attempt++) {
        int status = transact(l, n, result_len, timeout_ms,
                              response ? response : &unused);
        if (!is_line_trouble(status) || attempt >= attempts) {
            if (status == HOST_LOADER_OK && attempt > 1) {
                // An answer that was only late is still to come; it must not
                // be taken for the next one's.
                status = drop_input(l, l->limits.sync);
            }
            return status;
        }
    }
}

int host_loader_block(struct host_loader *l, enum fb_loader_op op,
                      uint32_t sequence, const uint8_t *payload, size_t n,
                      unsigned timeout_ms)
{
    struct fb_loader_response response;
    size_t len = fb_loader_request_data(l->buffers->packet, FRAME_MAX, op,
                                        sequence, payload, n);
    assert(len != 0);
    bool unanswered = false;
    for (unsigned attempt = 1;; attempt++) {
        int status = transact(l, len, 0, timeout_ms, &response);
        if (status == HOST_LOADER_OK && unanswered) {
            return drop_input(l, l->limits.sync);
        }
        // The block had arrived and only its answer was lost: the chip waits
        // for the next one. (The MD5 at the end would tell otherwise.)
        if (status == HOST_LOADER_E_REFUSED && unanswered &&
            l->error == FB_LOADER_E_INVALID_MESSAGE) {
            return drop_input(l, l->limits.sync);
        }
        bool again = is_line_trouble(status) ||
                     (status == HOST_LOADER_E_REFUSED &&
                      (l->error == FB_LOADER_E_CHECKSUM ||
                       l->error == FB_LOADER_E_STUB_CHECKSUM ||
                       l->error == FB_LOADER_E_STUB_DATA_LENGTH));
        if (!again || attempt >= l->limits.block_attempts) {
            return status;
        }
        unanswered |= is_line_trouble(status);
    }
}

// SYNC until it is answered, then take the rest of the eight answers.
static int synchronise(struct host_loader *l)
{
    struct fb_loader_response r;
    int status = HOST_LOADER_E_TIMEOUT;
    for (int try = 0; try < SYNC_TRIES && status != HOST_LOADER_OK; try++) {
        size_t n = fb_loader_request_sync(l->buffers->packet, FRAME_MAX);
        status = transact(l, n, 0, l->limits.sync, &r);
        if (status == HOST_LOADER_E_PORT) {
            return status;
        }
    }
    if (status != HOST_LOADER_OK) {
        return status;
    }
    l->stub = r.value == 0;
    for (int answer = 1; answer < SYNC_ANSWERS; answer++) {
        status = wait_answer(l, FB_LOADER_SYNC, 0, l->limits.sync, &r);
        if (status == HOST_LOADER_E_PORT) {
            return status;
        }
        if (status != HOST_LOADER_OK) {
            break;
        }
        l->stub &= r.value == 0;
    }
    return HOST_LOADER_OK;
}

static int reset_to_download(struct host_loader *l, unsigned attempt)
{
    l->buffers->log_len = 0;
    int status = l->download_sequence
                     ? host_reset_run(l->port, l->download_sequence)
                     : host_reset_download(l->port, attempt, l->reset_delay_ms);
    switch (status) {
    case HOST_PORT_OK:
    case HOST_PORT_E_NO_LINES:
        return HOST_LOADER_OK;
    case HOST_RESET_E_SYNTAX:
        return host_loader_fail(l, HOST_LOADER_E_HOST,
                                "custom_reset_sequence: cannot be parsed");
    default:
        return lost(l);
    }
}

// What the chip printed while we tried tells why it did not answer.
static int explain_silence(struct host_loader *l, int status)
{
    struct host_loader_buffers *b = l->buffers;
    for (size_t i = 0; i < b->log_len; i++) {
        b->log[i] = b->log[i] ? b->log[i] : ' ';
    }
    b->log[b->log_len] = 0;
    const char *boot = strstr(b->log, "boot:0x");
    if (boot && strstr(boot, "waiting for download")) {
        return host_loader_fail(l, status,
                                "the chip is in download mode but answers no "
                                "SYNC (is the line to its RXD broken?)");
    }
    if (boot) {
        return host_loader_fail(l, status,
                                "the chip started in boot mode %.*s, not in "
                                "download mode (hold GPIO0 low during reset)",
                                (int)strcspn(boot + 5, " ("), boot + 5);
    }
    return host_loader_fail(l, status, "no chip answers%s",
                            b->log_len ? " (only garbage arrives: wrong baud "
                                         "rate, or no ESP32)"
                                       : "");
}

static int check_chip(struct host_loader *l, bool learn_stub)
{
    const uint32_t words[] = {FB_LOADER_CHIP_MAGIC_REG};
    struct fb_loader_response r;
    int status = host_loader_command(l, FB_LOADER_READ_REG, words, 1, 0,
                                     l->limits.command, 3, &r);
    if (status < 0) {
        return status;
    }
    if (learn_stub) {
        l->stub = r.len == 2; // the ROM sends four status bytes
    }
    if (r.value != FB_LOADER_CHIP_MAGIC) {
        return host_loader_fail(l, HOST_LOADER_E_CHIP,
                                "not an ESP32 (its magic value is 0x%08x)",
                                (unsigned)r.value);
    }
    return HOST_LOADER_OK;
}

int host_loader_connect(struct host_loader *l, enum host_reset_before before)
{
    if (before == HOST_BEFORE_NO_SYNC) {
        return check_chip(l, true);
    }
    bool lines = before == HOST_BEFORE_DEFAULT && host_port_has_lines(l->port);
    int status = HOST_LOADER_E_TIMEOUT;
    host_port_flush_input(l->port);
    for (unsigned attempt = 0;
         l->connect_attempts == 0 || attempt < l->connect_attempts; attempt++) {
        status = lines ? reset_to_download(l, attempt) : HOST_LOADER_OK;
        if (status == HOST_LOADER_OK) {
            status = synchronise(l);
        }
        if (status == HOST_LOADER_OK) {
            return check_chip(l, false);
        }
        if (!is_line_trouble(status) && status != HOST_LOADER_E_REFUSED) {
            return status;
        }
    }
    return explain_silence(l, status);
}

int host_loader_read_reg(struct host_loader *l, uint32_t addr, uint32_t *value)
{
    struct fb_loader_response r;
    int status = host_loader_command(l, FB_LOADER_READ_REG, &addr, 1, 0,
                                     l->limits.command, 3, &r);
    if (status == HOST_LOADER_OK) {
        *value = r.value;
    }
    return status;
}

int host_loader_write_reg(struct host_loader *l, uint32_t addr, uint32_t value,
                          uint32_t mask, uint32_t delay_us)
{
    const uint32_t words[] = {addr, value, mask, delay_us};
    return host_loader_command(l, FB_LOADER_WRITE_REG, words, 4, 0,
                               l->limits.command + delay_us / 1000, 1, NULL);
}

// The ROM measures its crystal against the internal 8 MHz clock, whose rate is
// in the eFuses, and computes the divider from that. So it is told a rate that
// is wrong by the same factor (esptool docs, "Serial Protocol"; TRM "Timer
// Group", RTC calibration).
static int rate_for_rom(struct host_loader *l, uint32_t baud, uint32_t *rate)
{
    uint32_t cali, word4;
    int status = host_loader_read_reg(l, TIMG0_RTCCALICFG1, &cali);
    if (status == HOST_LOADER_OK) {
        status = host_loader_read_reg(l, EFUSE_BLK0_RDATA4, &word4);
    }
    if (status != HOST_LOADER_OK) {
        return status;
    }
    uint64_t measured =
        (uint64_t)(cali >> 7 & 0x1FFFFFF) * 15625 * (word4 & 0xFF) / 40;
    uint64_t real = measured > 33000000 ? CHIP_XTAL_HZ : 26000000;
    *rate = measured ? (uint32_t)(baud * measured / real) : baud;
    return HOST_LOADER_OK;
}

int host_loader_change_baud(struct host_loader *l, uint32_t baud)
{
    uint32_t words[2] = {baud, l->stub ? l->baud : 0};
    int status = l->stub ? HOST_LOADER_OK : rate_for_rom(l, baud, &words[0]);
    if (status == HOST_LOADER_OK) {
        status = host_loader_command(l, FB_LOADER_CHANGE_BAUDRATE, words, 2, 0,
                                     l->limits.command, 1, NULL);
    }
    if (status != HOST_LOADER_OK) {
        return status;
    }
    switch (host_port_set_baud(l->port, baud)) {
    case HOST_PORT_OK:
        break;
    case HOST_PORT_E_BAUD:
        return host_loader_fail(l, HOST_LOADER_E_HOST,
                                "%u baud is not possible on this line",
                                (unsigned)baud);
    default:
        return lost(l);
    }
    host_port_settle(l->port, 50); // garbage from the change
    host_port_flush_input(l->port);
    l->baud = baud;
    status = check_chip(l, false);
    if (is_line_trouble(status)) {
        return host_loader_fail(l, status, "no answer at %u baud",
                                (unsigned)baud);
    }
    return status;
}

int host_loader_mem_write(struct host_loader *l, uint32_t addr,
                          const uint8_t *p, size_t n)
{
    const uint32_t block = FB_LOADER_MEM_BLOCK;
    const uint32_t words[] = {(uint32_t)n, (uint32_t)((n + block - 1) / block),
                              block, addr};
    int status = host_loader_command(l, FB_LOADER_MEM_BEGIN, words, 4, 0,
                                     l->limits.command, 1, NULL);
    for (uint32_t seq = 0; status == HOST_LOADER_OK && n != 0; seq++) {
        size_t part = n < block ? n : block;
        status = host_loader_block(l, FB_LOADER_MEM_DATA, seq, p, part,
                                   l->limits.command);
        p += part;
        n -= part;
    }
    return status;
}

int host_loader_mem_run(struct host_loader *l, uint32_t entry)
{
    const uint32_t words[] = {entry == 0, entry};
    unsigned limit = l->stub ? l->limits.command : l->limits.mem_end;
    int status =
        host_loader_command(l, FB_LOADER_MEM_END, words, 2, 0, limit, 1, NULL);
    // The ROM jumps before its answer is out.
    return is_line_trouble(status) && !l->stub ? HOST_LOADER_OK : status;
}

static int leave(struct host_loader *l, uint32_t how)
{
    const uint32_t begin[] = {
        0, 0, l->stub ? FB_LOADER_STUB_BLOCK : FB_LOADER_ROM_BLOCK, 0};
    int status = host_loader_command(l, FB_LOADER_FLASH_BEGIN, begin, 4, 0,
                                     l->limits.command, 1, NULL);
    if (status != HOST_LOADER_OK) {
        return status;
    }
    status = host_loader_command(l, FB_LOADER_FLASH_END, &how, 1, 0,
                                 l->limits.mem_end, 1, NULL);
    return is_line_trouble(status) ? HOST_LOADER_OK : status;
}

int host_loader_run_user_code(struct host_loader *l)
{
    if (!l->stub) {
        return leave(l, 1);
    }
    int status = host_loader_command(l, FB_LOADER_RUN_USER_CODE, NULL, 0, 0,
                                     l->limits.mem_end, 1, NULL);
    return is_line_trouble(status) ? HOST_LOADER_OK : status; // no answer
}

// Without RTS the chip resets itself: the RTC watchdog bites, straps are
// sampled anew and the chip starts from flash.
static int watchdog_reset(struct host_loader *l)
{
    const struct {
        uint32_t addr, value;
    } steps[] = {
        {RTC_CNTL_WDTWPROTECT, RTC_CNTL_WDT_KEY},
        {RTC_CNTL_WDTFEED, 1u << 31},
        {RTC_CNTL_WDTCONFIG1, 2000}, // slow clock cycles: about 13 ms
    };
    int status = HOST_LOADER_OK;
    for (size_t i = 0; status == HOST_LOADER_OK && i < 3; i++) {
        status = host_loader_write_reg(l, steps[i].addr, steps[i].value,
                                       UINT32_MAX, 0);
    }
    if (status != HOST_LOADER_OK) {
        return status;
    }
    const uint32_t start[] = {RTC_CNTL_WDTCONFIG0,
                              RTC_CNTL_WDT_EN | RTC_CNTL_WDT_STG0_RTC |
                                  RTC_CNTL_WDT_LENGTHS,
                              UINT32_MAX, 0};
    status = host_loader_command(l, FB_LOADER_WRITE_REG, start, 4, 0,
                                 l->limits.mem_end, 1, NULL);
    // A stub would answer the next SYNC until the watchdog bites.
    host_port_sleep(l->port, 30);
    // it may be gone before it answers
    return is_line_trouble(status) ? HOST_LOADER_OK : status;
}

static int hard_reset(struct host_loader *l)
{
    if (!host_port_has_lines(l->port)) {
        return watchdog_reset(l);
    }
    int status = l->hard_reset_sequence
                     ? host_reset_run(l->port, l->hard_reset_sequence)
                     : host_reset_hard(l->port);
    if (status == HOST_RESET_E_SYNTAX) {
        return host_loader_fail(l, HOST_LOADER_E_HOST,
                                "custom_hard_reset_sequence: cannot be parsed");
    }
    return status < 0 ? lost(l) : HOST_LOADER_OK;
}

int host_loader_reset(struct host_loader *l, enum host_reset_after after)
{
    switch (after) {
    case HOST_AFTER_HARD:
        return hard_reset(l);
    case HOST_AFTER_SOFT:
        return host_loader_run_user_code(l);
    case HOST_AFTER_NONE:
        return l->stub ? leave(l, 0) : HOST_LOADER_OK;
    default:
        return HOST_LOADER_OK;
    }
}
