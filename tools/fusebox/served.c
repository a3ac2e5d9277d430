// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // getrandom()

#include "tools/fusebox/served.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "tools/cli/cli.h"
#include "tools/fusebox/recording.h"

// Cycles between two looks at the sockets: 10 ms of a 40 MHz chip.
#define SLICE_CYCLES 400000u
// The same where bytes take their time: a chip that runs ahead of its line by
// more would find it idle.
#define SLICE_CYCLES_PACED 20000u
// The chip stands still while more than this is on its way out.
#define TX_FIFO 128u
// How often a pty that nobody has open is looked at again.
#define PTY_TICK_MS 20
// So many SYNC frames a loader may need to find its baud rate; after that it is
// no loader.
#define SYNCS_UNANSWERED 6

static void note(struct served *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void note(struct served *s, const char *format, ...)
{
    va_list args;
    uint64_t ns = chip_time_ns(s->chip);
    (void)fprintf(s->log, "%6" PRIu64 ".%06" PRIu64 " ", ns / 1000000000u,
                  ns / 1000u % 1000000u);
    va_start(args, format);
    (void)vfprintf(s->log, format, args);
    va_end(args);
    (void)fputc('\n', s->log);
    (void)fflush(s->log);
}

// --- bytes towards the clients ---

static void on_uart_tx(void *ctx, unsigned uart, uint8_t byte)
{
    struct served *s = ctx;
    if (uart != 0) {
        return;
    }
    s->syncs = 0;
    record_said(&s->record, byte);
    (void)fputc(byte, s->console);
    if (!s->options->line_rate) {
        endpoints_send_uart(&s->endpoints, byte);
    } else if (s->tx_len < sizeof s->tx) {
        s->tx[s->tx_len++] = byte;
    }
}

static void on_uart_baud(void *ctx, unsigned uart, uint32_t baud)
{
    struct served *s = ctx;
    if (uart == 0 && s->options->line_rate) {
        s->rx_pace.baud = s->tx_pace.baud = baud;
    }
}

// --- the chip ---

static bool on_operation(void *ctx, unsigned op, uint32_t address, uint32_t n)
{
    (void)ctx;
    (void)op;
    (void)address;
    (void)n;
    return true;
}

static void on_operated(void *ctx, unsigned op, uint32_t address, uint32_t n)
{
    struct served *s = ctx;
    if (s->options->operated != NULL) {
        s->options->operated(s->options->operated_ctx, s->chip, op, address, n,
                             chip_in_download_mode(s->chip));
    }
}

static void on_unmodelled(void *ctx, uint32_t vaddr, bool store, uint32_t pc)
{
    note(ctx, "not modelled: %s 0x%08" PRIx32 " at pc 0x%08" PRIx32,
         store ? "store to" : "load from", vaddr, pc);
}

static void on_log(void *ctx, const char *line)
{
    note(ctx, "%s", line);
}

// What is on its way to the chip is lost.
static void drop_line(struct served *s)
{
    s->rx_len = s->rx_due = 0;
}

static void power_on(struct served *s, bool download)
{
    uint32_t strap =
        download ? s->record.strap & ~CHIP_STRAP_GPIO0 : s->record.strap;
    note(s, "power on, boot straps 0x%02" PRIx32, strap);
    s->held = false;
    s->syncs = 0;
    drop_line(s);
    s->idle_until_ms = 0;
    record_power_on(&s->record, strap); // the button is released again
    s->dark = false;
}

// A reset by command starts a new console log.
static int restart(struct served *s, bool download)
{
    char path[BOARD_PATH_MAX];
    board_path(s->board->dir, "console.log", path);
    FILE *console = fopen(path, "we");
    if (console == NULL) {
        return cli_error(path, "%s", strerror(errno));
    }
    if (s->console != NULL) {
        (void)fclose(s->console);
    }
    s->console = console;
    power_on(s, download);
    return 0;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int64_t now_ms(void)
{
    return (int64_t)(now_ns() / 1000000u);
}

// Let the bytes on the line move on.
static void move_line(struct served *s)
{
    uint64_t now = now_ns();
    size_t n = pace_take(&s->tx_pace, now, s->tx_len);
    for (size_t i = 0; i < n; i++) {
        endpoints_send_uart(&s->endpoints, s->tx[i]);
    }
    s->tx_len -= n;
    memmove(s->tx, s->tx + n, s->tx_len);
    s->rx_due += pace_take(&s->rx_pace, now, s->rx_len - s->rx_due);
}

// Until bytes that are on the line have come off it, ns, at most max_ns: a few
// at a time.
static uint64_t line_wait(const struct served *s, uint64_t max_ns)
{
    uint64_t now = now_ns();
    size_t rx = s->rx_len - s->rx_due;
    uint64_t tx_ns =
        pace_wait(&s->tx_pace, now, s->tx_len < 16 ? s->tx_len : 16);
    uint64_t rx_ns = pace_wait(&s->rx_pace, now, rx < 64 ? rx : 64);
    if (s->tx_len > 0 && tx_ns < max_ns) {
        max_ns = tx_ns;
    }
    return rx > 0 && rx_ns < max_ns ? rx_ns : max_ns;
}

// Hand over what the FIFO takes. True when it took something.
static bool feed_uart(struct served *s)
{
    size_t n = 0;
    if (s->rx_due > 0) {
        n = record_rx(&s->record, 0, s->rx, s->rx_due);
    }
    s->rx_len -= n;
    s->rx_due -= n;
    memmove(s->rx, s->rx + n, s->rx_len);
    return n > 0;
}

// --- the debugger ---

static void send_to_debugger(void *ctx, const void *p, size_t n)
{
    struct served *s = ctx;
    if (s->debugger != NULL) {
        client_queue(s->debugger, p, n);
    }
}

static void debugger_came(struct served *s, struct client *c)
{
    s->debugger = c;
    gdb_init(s->gdb, s->chip, send_to_debugger, s);
    note(s, "gdb: a debugger has the chip");
}

static void debugger_left(struct served *s)
{
    s->debugger = NULL;
    gdb_close(s->gdb);
    s->idle_until_ms = 0;
    note(s, "gdb: the debugger has left");
}

// --- bytes from the clients ---

struct from_client {
    struct served *server;
    struct client *client;
};

static void data_from_client(void *ctx, const uint8_t *p, size_t n)
{
    struct from_client *from = ctx;
    struct served *s = from->server;
    if (line_saw_sync(&from->client->line, p, n) &&
        from->client->kind != CLIENT_RFC2217 && !s->held &&
        (!chip_in_download_mode(s->chip) || ++s->syncs > SYNCS_UNANSWERED)) {
        // The frame itself is lost, as it is on a real board; it is repeated.
        power_on(s, true);
        return;
    }
    if (s->held || s->dark || n > sizeof s->rx - s->rx_len) {
        return;
    }
    memcpy(s->rx + s->rx_len, p, n);
    s->rx_len += n;
}

static void reply_to_client(void *ctx, const uint8_t *p, size_t n)
{
    struct from_client *from = ctx;
    client_queue(from->client, p, n);
}

static void lines_from_client(void *ctx, bool dtr, bool rts)
{
    struct from_client *from = ctx;
    switch (line_set(&from->client->line, dtr, rts)) {
    case LINE_HOLD:
        from->server->held = true;
        break;
    case LINE_BOOT:
        power_on(from->server, false);
        break;
    case LINE_DOWNLOAD:
        power_on(from->server, true);
        break;
    case LINE_NOTHING:
        break;
    }
}

static const char *run_command(struct served *s, const char *command)
{
    if (strcmp(command, "reset") == 0) {
        return restart(s, false) == 0 ? "ok\n" : "error\n";
    }
    if (strcmp(command, "download") == 0) {
        return restart(s, true) == 0 ? "ok\n" : "error\n";
    }
    if (strcmp(command, "stop") == 0) {
        s->stop = true;
        return "ok\n";
    }
    if (strcmp(command, "ping") == 0) {
        return "ok\n";
    }
    return "error unknown command\n";
}

static void push_command(struct served *s, struct client *c, const uint8_t *p,
                         size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != '\n') {
            if (c->command_len < sizeof c->command - 1) {
                c->command[c->command_len++] = (char)p[i];
            }
            continue;
        }
        c->command[c->command_len] = '\0';
        c->command_len = 0;
        const char *answer = run_command(s, c->command);
        client_queue(c, (const uint8_t *)answer, strlen(answer));
    }
}

static void read_client(struct served *s, struct client *c)
{
    // Telnet never makes data longer, so what fits here fits the UART's queue.
    uint8_t buffer[1024];
    size_t room = client_has_uart(c) ? sizeof s->rx - s->rx_len : sizeof buffer;
    size_t want = room < sizeof buffer ? room : sizeof buffer;
    if (want == 0) {
        return; // the UART is full
    }
    ssize_t n = read(c->fd, buffer, want);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        if (c->kind != CLIENT_PTY) {
            client_drop(c);
        }
        return;
    }
    struct from_client from = {s, c};
    switch (c->kind) {
    case CLIENT_RFC2217: {
        struct rfc2217_callbacks callbacks = {
            &from, data_from_client, reply_to_client, lines_from_client};
        rfc2217_push(&c->telnet, buffer, (size_t)n, &callbacks);
        break;
    }
    case CLIENT_CONTROL:
        push_command(s, c, buffer, (size_t)n);
        break;
    case CLIENT_GDB:
        gdb_push(s->gdb, buffer, (size_t)n);
        s->idle_until_ms = 0;
        break;
    case CLIENT_RAW:
    case CLIENT_PTY:
        data_from_client(&from, buffer, (size_t)n);
        break;
    }
}

static void accept_client(struct served *s, enum listener which)
{
    struct client *c = endpoints_accept(&s->endpoints, which);
    if (c != NULL && c->kind == CLIENT_GDB) {
        if (s->debugger != NULL) {
            client_drop(c);
        } else {
            debugger_came(s, c);
        }
    }
}

// --- a turn ---

static bool pty_is_open(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) >= 0 && (p.revents & POLLHUP) == 0;
}

int served_gather(struct served *s, struct pollfd p[SERVED_POLLS],
                  int timeout_ms)
{
    for (size_t i = 0; i < LISTENERS; i++) {
        p[i] = (struct pollfd){.fd = s->endpoints.listen[i], .events = POLLIN};
    }
    bool room = s->rx_len < sizeof s->rx;
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *c = &s->endpoints.client[i];
        int fd = c->fd;
        if (c->kind == CLIENT_PTY && fd >= 0 && !pty_is_open(fd)) {
            // poll() would not wait: it is looked at again soon. What a writer
            // left behind that has closed it already is read now.
            if (room) {
                read_client(s, c);
            }
            fd = -1;
            c->out_len = 0;
            timeout_ms = timeout_ms < PTY_TICK_MS ? timeout_ms : PTY_TICK_MS;
        }
        if (client_has_uart(c) && !room && c->out_len == 0) {
            fd = -1; // it has to wait, also with its end
        }
        p[LISTENERS + i] = (struct pollfd){
            .fd = fd,
            .events = (short)((room || !client_has_uart(c) ? POLLIN : 0) |
                              (c->out_len > 0 ? POLLOUT : 0))};
    }
    return timeout_ms;
}

void served_move(struct served *s, const struct pollfd p[SERVED_POLLS])
{
    move_line(s); // up to now; what is read next comes behind it
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        short events = p[LISTENERS + i].revents;
        if ((events & POLLOUT) != 0) {
            client_flush(&s->endpoints.client[i]);
        }
        if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 &&
            s->endpoints.client[i].fd >= 0) {
            read_client(s, &s->endpoints.client[i]);
        }
    }
    for (size_t i = 0; i < LISTENERS; i++) {
        if ((p[i].revents & POLLIN) != 0) {
            accept_client(s, (enum listener)i);
        }
    }
}

// Run the chip for a slice if it has anything to do. Returns how long the
// sockets may be waited for, in ms. An idle chip keeps pace with the host's
// clock; a busy one runs as fast as it can.
static int run_chip(struct served *s)
{
    if (s->held || s->dark || s->tx_len > TX_FIFO ||
        endpoints_lag(&s->endpoints)) {
        return 1000;
    }
    if (s->debugger != NULL && !gdb_running(s->gdb)) {
        return 1000;
    }
    int64_t now = now_ms();
    if (!feed_uart(s) && now < s->idle_until_ms) {
        return (int)(s->idle_until_ms - now);
    }
    s->idle_until_ms = 0;
    (void)record_deliver(&s->record, false);
    uint64_t cycles = s->options->line_rate ? SLICE_CYCLES_PACED : SLICE_CYCLES;
    enum chip_stop stop = s->debugger != NULL ? gdb_run(s->gdb, cycles)
                                              : record_run(&s->record, cycles);
    (void)board_save(s->board, s->chip);
    if (stop == CHIP_POWER_LOST) {
        note(s, "the board is without power until its next reset");
        s->dark = true;
        drop_line(s);
        return 0;
    }
    if (stop != CHIP_IDLE || record_deliver(&s->record, true)) {
        return 0;
    }
    uint64_t ms = chip_idle_ns(s->chip) / 1000000u;
    s->idle_until_ms = now + (ms > 1000 ? 1000 : (int64_t)ms) + 1;
    return s->rx_due > 0 ? 0 : (int)(s->idle_until_ms - now);
}

uint64_t served_turn(struct served *s)
{
    if (s->debugger != NULL && (s->debugger->fd < 0 || !gdb_attached(s->gdb))) {
        debugger_left(s);
    }
    move_line(s);
    uint64_t wait_ns = (uint64_t)run_chip(s) * 1000000u;
    move_line(s);
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        client_flush(&s->endpoints.client[i]);
    }
    (void)fflush(s->console);
    return s->options->line_rate ? line_wait(s, wait_ns) : wait_ns;
}

// --- from power on to the end ---

static void on_input(void *ctx, const char *line)
{
    struct served *s = ctx;
    (void)fprintf(s->inputs, "%s\n", line);
}

static int start_recording(struct served *s, uint64_t seed, uint32_t strap)
{
    int status = 0;
    if (s->options->record != NULL) {
        status = recording_create(s->board, s->options, seed, &s->inputs);
    }
    record_init(&s->record, s->chip, s->options->faults, strap,
                s->inputs != NULL ? on_input : NULL, s);
    return status;
}

static int make_chip(struct served *s)
{
    const struct server_options *o = s->options;
    uint64_t seed = 0;
    (void)!getrandom(&seed, sizeof seed, 0);
    struct chip_config config = board_chip(&s->board->ini);
    config.flash = s->board->flash;
    config.seed = seed;
    config.rom = o->rom;
    struct chip_callbacks callbacks = {.ctx = s,
                                       .uart_tx = on_uart_tx,
                                       .operation = on_operation,
                                       .operated = on_operated,
                                       .unmodelled = on_unmodelled,
                                       .log = on_log,
                                       .uart_baud = on_uart_baud};
    if (o->faults != NULL) {
        callbacks = faults_wrap(o->faults, &callbacks);
    }
    chip_init(s->chip, &config, &callbacks);
    chip_set_efuses(s->chip, &s->board->fuses);
    int status = start_recording(s, seed, config.strap);
    if (status == 0 && o->faults != NULL &&
        !faults_attach(o->faults, s->chip)) {
        status = cli_error("--fault",
                           "outside the board's flash of %" PRIu32 " bytes",
                           s->board->ini.flash_size);
    }
    return status;
}

int served_open(struct served *s, struct board *board,
                const struct server_options *options)
{
    char path[BOARD_PATH_MAX];
    *s = (struct served){.board = board, .options = options};
    endpoints_init(&s->endpoints, board->dir);
    s->log = fopen(board_path(board->dir, "board.log", path), "we");
    s->chip = malloc(chip_sizeof());
    s->gdb = calloc(1, sizeof *s->gdb);
    if (s->log == NULL || s->chip == NULL || s->gdb == NULL) {
        return cli_error(path, "%s", strerror(errno));
    }
    int status = make_chip(s);
    if (status == 0) {
        status = endpoints_open(&s->endpoints, options);
    }
    return status != 0 ? status : restart(s, false);
}

// The run file goes last: without it the folder is free.
int served_close(struct served *s)
{
    int status = 0;
    if (s->chip != NULL && s->console != NULL) {
        status = board_save(s->board, s->chip);
    }
    if (s->inputs != NULL) {
        record_end(&s->record);
        if (fclose(s->inputs) != 0 && status == 0) {
            status = cli_error(s->board->dir, "recording: %s", strerror(errno));
        }
        s->inputs = NULL;
    }
    endpoints_close(&s->endpoints);
    if (s->console != NULL) {
        (void)fclose(s->console);
    }
    if (s->log != NULL) {
        (void)fclose(s->log);
    }
    free(s->gdb);
    free(s->chip);
    s->console = s->log = NULL;
    s->gdb = NULL;
    s->chip = NULL;
    char path[BOARD_PATH_MAX];
    board_path(s->board->dir, "board.run", path);
    board_close(s->board);
    if (s->endpoints.has_run_file) {
        (void)unlink(path);
    }
    return status;
}
