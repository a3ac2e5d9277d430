// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE     // cfmakeraw()
#define _XOPEN_SOURCE   700 // posix_openpt()

#include "tools/fusebox/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "chip/chip.h"
#include "chip/debug/gdb.h"
#include "chip/debug/record.h"
#include "host/file.h"
#include "tools/cli/cli.h"
#include "tools/fusebox/line.h"
#include "tools/fusebox/pace.h"
#include "tools/fusebox/recording.h"
#include "tools/fusebox/rfc2217.h"

// Cycles between two looks at the sockets: 10 ms of a 40 MHz chip.
#define SLICE_CYCLES 400000u
// The same where bytes take their time: a chip that runs ahead of its line by
// more would find it idle.
#define SLICE_CYCLES_PACED 20000u
// A reader that lags behind this far stops the chip until it has caught up.
#define BACKLOG_PAUSE 65536u
#define BACKLOG_MAX   (4u * BACKLOG_PAUSE)
#define CLIENTS_MAX   12
// The chip stands still while more than this is on its way out.
#define TX_FIFO 128u
// How often a pty that nobody has open is looked at again.
#define PTY_TICK_MS 20
// What a board has to be waited for.
#define POLLS (LISTENERS + CLIENTS_MAX)
// So many SYNC frames a loader may need to find its baud rate; after that it is
// no loader.
#define SYNCS_UNANSWERED 6

enum client_kind {
    CLIENT_RAW,
    CLIENT_RFC2217,
    CLIENT_PTY,
    CLIENT_CONTROL,
    CLIENT_GDB
};

struct client {
    int fd; // -1: free
    enum client_kind kind;
    struct line line;
    struct rfc2217 telnet;
    uint8_t out[BACKLOG_MAX];
    size_t out_len;
    char command[64]; // control clients
    size_t command_len;
};

enum listener {
    LISTEN_RAW,
    LISTEN_RFC2217,
    LISTEN_GDB,
    LISTEN_UNIX,
    LISTEN_CONTROL,
    LISTENERS
};

struct server {
    struct board *board;
    const struct server_options *options;
    struct chip *chip;
    struct record record;   // what goes to the chip goes through it
    FILE *inputs;           // what it tells, NULL: nothing is recorded
    struct client *clients; // CLIENTS_MAX, the first is the pty
    struct faults *faults;  // NULL: nothing goes wrong
    struct gdb *gdb;
    struct client *debugger; // who has the chip, NULL: nobody
    int listen[LISTENERS];
    uint16_t port[3]; // of LISTEN_RAW, LISTEN_RFC2217, LISTEN_GDB
    char pty[64];
    FILE *console;
    FILE *log;
    uint8_t rx[4096]; // from clients, not yet taken by the UART
    size_t rx_len;
    size_t rx_due; // of them, how many have come down the line
    // With --line-rate, what the UART sent and is still on the line.
    bool paced;
    struct pace rx_pace, tx_pace;
    uint8_t tx[BACKLOG_MAX];
    size_t tx_len;
    unsigned syncs;        // SYNC frames since the chip said anything
    bool held;             // EN is low
    bool dark;             // a fault has taken the power away
    int64_t idle_until_ms; // host time until which the chip has nothing to do
    uint32_t strap;
    bool has_run_file;
    bool stop;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
    stop_signal = number;
}

static void note(struct server *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void note(struct server *s, const char *format, ...)
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

static bool has_uart(const struct client *c)
{
    return c->kind != CLIENT_CONTROL && c->kind != CLIENT_GDB;
}

static void drop_client(struct client *c)
{
    if (c->fd >= 0) {
        (void)close(c->fd);
    }
    c->fd = -1;
    c->out_len = 0;
}

static void flush_client(struct client *c)
{
    while (c->fd >= 0 && c->out_len > 0) {
        ssize_t n = write(c->fd, c->out, c->out_len);
        if (n > 0) {
            c->out_len -= (size_t)n;
            memmove(c->out, c->out + n, c->out_len);
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else if (n < 0 && errno == EAGAIN) {
            return;
        } else {
            // Nobody reads any more. What such a client sent before it left is
            // still to be read; that read finds its end.
            c->out_len = 0;
        }
    }
}

static void queue(struct client *c, const uint8_t *p, size_t n)
{
    if (c->fd < 0) {
        return;
    }
    if (n > sizeof c->out - c->out_len) {
        flush_client(c);
    }
    if (n > sizeof c->out - c->out_len) {
        n = sizeof c->out - c->out_len; // cannot be kept for this reader
    }
    memcpy(c->out + c->out_len, p, n);
    c->out_len += n;
}

static void send_byte(struct server *s, uint8_t byte)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *c = &s->clients[i];
        if (c->kind == CLIENT_RFC2217) {
            uint8_t coded[2];
            queue(c, coded, rfc2217_encode(coded, &byte, 1));
        } else if (has_uart(c)) {
            queue(c, &byte, 1);
        }
    }
}

static void on_uart_tx(void *ctx, unsigned uart, uint8_t byte)
{
    struct server *s = ctx;
    if (uart != 0) {
        return;
    }
    s->syncs = 0;
    record_said(&s->record, byte);
    (void)fputc(byte, s->console);
    if (!s->paced) {
        send_byte(s, byte);
    } else if (s->tx_len < sizeof s->tx) {
        s->tx[s->tx_len++] = byte;
    }
}

static void on_uart_baud(void *ctx, unsigned uart, uint32_t baud)
{
    struct server *s = ctx;
    if (uart == 0 && s->paced) {
        s->rx_pace.baud = s->tx_pace.baud = baud;
    }
}

static bool some_client_lags(const struct server *s)
{
    if (s->tx_len > TX_FIFO) {
        return true;
    }
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        if (s->clients[i].fd >= 0 && s->clients[i].out_len > BACKLOG_PAUSE) {
            return true;
        }
    }
    return false;
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
    struct server *s = ctx;
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
static void drop_line(struct server *s)
{
    s->rx_len = s->rx_due = 0;
}

static void power_on(struct server *s, bool download)
{
    uint32_t strap = download ? CHIP_STRAP_DOWNLOAD : s->strap;
    note(s, "power on, boot straps 0x%02" PRIx32, strap);
    s->held = false;
    s->syncs = 0;
    drop_line(s);
    s->idle_until_ms = 0;
    record_power_on(&s->record, strap); // the button is released again
    s->dark = false;
}

// A reset by command starts a new console log.
static int restart(struct server *s, bool download)
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
static void move_line(struct server *s)
{
    uint64_t now = now_ns();
    size_t n = pace_take(&s->tx_pace, now, s->tx_len);
    for (size_t i = 0; i < n; i++) {
        send_byte(s, s->tx[i]);
    }
    s->tx_len -= n;
    memmove(s->tx, s->tx + n, s->tx_len);
    s->rx_due += pace_take(&s->rx_pace, now, s->rx_len - s->rx_due);
}

// Until bytes that are on the line have come off it, ns, at most max_ns: a few
// at a time.
static uint64_t line_wait(const struct server *s, uint64_t max_ns)
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
static bool feed_uart(struct server *s)
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
    struct server *s = ctx;
    if (s->debugger != NULL) {
        queue(s->debugger, p, n);
    }
}

static void debugger_came(struct server *s, struct client *c)
{
    s->debugger = c;
    gdb_init(s->gdb, s->chip, send_to_debugger, s);
    note(s, "gdb: a debugger has the chip");
}

static void debugger_left(struct server *s)
{
    s->debugger = NULL;
    gdb_close(s->gdb);
    s->idle_until_ms = 0;
    note(s, "gdb: the debugger has left");
}

// --- bytes from the clients ---

struct from_client {
    struct server *server;
    struct client *client;
};

static void data_from_client(void *ctx, const uint8_t *p, size_t n)
{
    struct from_client *from = ctx;
    struct server *s = from->server;
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
    queue(from->client, p, n);
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

static const char *run_command(struct server *s, const char *command)
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

static void push_command(struct server *s, struct client *c, const uint8_t *p,
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
        queue(c, (const uint8_t *)answer, strlen(answer));
    }
}

static void read_client(struct server *s, struct client *c)
{
    // Telnet never makes data longer, so what fits here fits the UART's queue.
    uint8_t buffer[1024];
    size_t room = has_uart(c) ? sizeof s->rx - s->rx_len : sizeof buffer;
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
            drop_client(c);
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

// --- endpoints ---

static int set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static void accept_client(struct server *s, enum listener which)
{
    int fd = accept(s->listen[which], NULL, NULL);
    if (fd < 0) {
        return;
    }
    struct client *c = NULL;
    for (size_t i = 1; i < CLIENTS_MAX && c == NULL; i++) {
        c = s->clients[i].fd < 0 ? &s->clients[i] : NULL;
    }
    if (c == NULL || set_nonblocking(fd) != 0 ||
        (which == LISTEN_GDB && s->debugger != NULL)) {
        (void)close(fd);
        return;
    }
    int one = 1;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    static const enum client_kind kinds[LISTENERS] = {
        [LISTEN_RAW] = CLIENT_RAW,         [LISTEN_RFC2217] = CLIENT_RFC2217,
        [LISTEN_GDB] = CLIENT_GDB,         [LISTEN_UNIX] = CLIENT_RFC2217,
        [LISTEN_CONTROL] = CLIENT_CONTROL,
    };
    c->fd = fd;
    c->kind = kinds[which];
    c->line = (struct line){0};
    c->out_len = 0;
    c->command_len = 0;
    rfc2217_init(&c->telnet);
    if (c->kind == CLIENT_GDB) {
        debugger_came(s, c);
    }
}

static int listen_tcp(struct server *s, enum listener which, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&address, size) != 0 ||
        listen(fd, 4) != 0 || set_nonblocking(fd) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        int error = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return cli_error(NULL, "TCP port %u: %s", port, strerror(error));
    }
    s->listen[which] = fd;
    s->port[which] = ntohs(address.sin_port);
    return 0;
}

static int listen_unix(struct server *s, enum listener which, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[BOARD_PATH_MAX];
    board_path(s->board->dir, name, path);
    if (strlen(path) >= sizeof address.sun_path) {
        return cli_error(path, "path is too long for a socket");
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    (void)unlink(path); // a stale one: the folder's lock is ours
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 4) != 0 || set_nonblocking(fd) != 0) {
        int error = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return cli_error(path, "%s", strerror(error));
    }
    s->listen[which] = fd;
    return 0;
}

// The slave is opened once to set it raw, and closed: from then on a hang-up
// on the master says that nobody has it open.
static int open_pty(struct server *s)
{
    char link[BOARD_PATH_MAX];
    board_path(s->board->dir, "uart", link);
    struct termios raw;
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    const char *name = NULL;
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
        (name = ptsname(master)) == NULL) {
        return cli_error(link, "no pty: %s", strerror(errno));
    }
    (void)snprintf(s->pty, sizeof s->pty, "%s", name);
    int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0 || tcgetattr(slave, &raw) != 0) {
        return cli_error(name, "%s", strerror(errno));
    }
    cfmakeraw(&raw);
    (void)cfsetspeed(&raw, B115200);
    (void)tcsetattr(slave, TCSANOW, &raw);
    (void)close(slave);
    (void)unlink(link);
    if (symlink(name, link) != 0 || set_nonblocking(master) != 0) {
        return cli_error(link, "%s", strerror(errno));
    }
    s->clients[0].fd = master;
    s->clients[0].kind = CLIENT_PTY;
    return 0;
}

static int write_run_file(struct server *s)
{
    char path[BOARD_PATH_MAX];
    char text[300];
    int n = snprintf(
        text, sizeof text, "pid = %ld\npty = %s\nsocket = %u\nrfc2217 = %u\n",
        (long)getpid(), s->pty, s->port[LISTEN_RAW], s->port[LISTEN_RFC2217]);
    if (s->listen[LISTEN_GDB] >= 0) {
        n += snprintf(text + n, sizeof text - (size_t)n, "gdb = %u\n",
                      s->port[LISTEN_GDB]);
    }
    int error = host_file_write(board_path(s->board->dir, "board.run", path),
                                text, (size_t)n, HOST_FILE_PUBLIC);
    s->has_run_file = error == 0;
    return error == 0 ? 0 : cli_error(path, "%s", strerror(error));
}

static int open_endpoints(struct server *s,
                          const struct server_options *options)
{
    int status = open_pty(s);
    if (status == 0) {
        status = listen_tcp(s, LISTEN_RAW, options->socket_port);
    }
    if (status == 0) {
        status = listen_tcp(s, LISTEN_RFC2217, options->rfc2217_port);
    }
    if (status == 0 && options->gdb) {
        status = listen_tcp(s, LISTEN_GDB, options->gdb_port);
    }
    if (status == 0) {
        status = listen_unix(s, LISTEN_UNIX, "uart.sock");
    }
    if (status == 0) {
        status = listen_unix(s, LISTEN_CONTROL, "control");
    }
    return status != 0 ? status : write_run_file(s);
}

static void close_endpoints(struct server *s)
{
    static const char *const names[] = {"uart", "uart.sock", "control"};
    char path[BOARD_PATH_MAX];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(board_path(s->board->dir, names[i], path));
    }
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        flush_client(&s->clients[i]);
        drop_client(&s->clients[i]);
    }
    for (size_t i = 0; i < LISTENERS; i++) {
        if (s->listen[i] >= 0) {
            (void)close(s->listen[i]);
        }
    }
}

// --- the loop ---

static bool pty_is_open(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) >= 0 && (p.revents & POLLHUP) == 0;
}

// What to wait for. Returns how long at most, in ms.
static int gather(struct server *s, struct pollfd p[POLLS], int timeout_ms)
{
    for (size_t i = 0; i < LISTENERS; i++) {
        p[i] = (struct pollfd){.fd = s->listen[i], .events = POLLIN};
    }
    bool room = s->rx_len < sizeof s->rx;
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *c = &s->clients[i];
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
        if (has_uart(c) && !room && c->out_len == 0) {
            fd = -1; // it has to wait, also with its end
        }
        p[LISTENERS + i] = (struct pollfd){
            .fd = fd,
            .events = (short)((room || !has_uart(c) ? POLLIN : 0) |
                              (c->out_len > 0 ? POLLOUT : 0))};
    }
    return timeout_ms;
}

// Move bytes.
static void serve_sockets(struct server *s, const struct pollfd p[POLLS])
{
    move_line(s); // up to now; what is read next comes behind it
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        short events = p[LISTENERS + i].revents;
        if ((events & POLLOUT) != 0) {
            flush_client(&s->clients[i]);
        }
        if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 &&
            s->clients[i].fd >= 0) {
            read_client(s, &s->clients[i]);
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
static int run_chip(struct server *s)
{
    if (s->held || s->dark || some_client_lags(s)) {
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
    uint64_t cycles = s->paced ? SLICE_CYCLES_PACED : SLICE_CYCLES;
    enum chip_stop stop = s->debugger != NULL ? gdb_run(s->gdb, cycles)
                                              : record_run(&s->record, cycles);
    (void)board_save_fuses(s->board, chip_efuses(s->chip));
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

// One turn of a board. Returns how long it can be waited for, in ns.
static uint64_t turn(struct server *s)
{
    if (s->debugger != NULL && (s->debugger->fd < 0 || !gdb_attached(s->gdb))) {
        debugger_left(s);
    }
    move_line(s);
    uint64_t wait_ns = (uint64_t)run_chip(s) * 1000000u;
    move_line(s);
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        flush_client(&s->clients[i]);
    }
    (void)fflush(s->console);
    return s->paced ? line_wait(s, wait_ns) : wait_ns;
}

static void forget_polls(struct pollfd p[POLLS])
{
    for (size_t i = 0; i < POLLS; i++) {
        p[i] = (struct pollfd){.fd = -1};
    }
}

static void wait_and_serve(struct server *servers, size_t n, struct pollfd *p,
                           uint64_t wait_ns)
{
    // poll() counts in ms; what is shorter is waited for here.
    if (wait_ns < 1000000u) {
        struct timespec pause = {.tv_nsec = (long)wait_ns};
        (void)nanosleep(&pause, NULL);
    }
    int timeout_ms = (int)(wait_ns / 1000000u);
    for (size_t i = 0; i < n; i++) {
        if (servers[i].chip != NULL) {
            timeout_ms = gather(&servers[i], p + i * POLLS, timeout_ms);
        } else {
            forget_polls(p + i * POLLS);
        }
    }
    if (poll(p, n * POLLS, timeout_ms) > 0) {
        for (size_t i = 0; i < n; i++) {
            if (servers[i].chip != NULL) {
                serve_sockets(&servers[i], p + i * POLLS);
            }
        }
    }
}

// The run file goes last: without it the folder is free.
static int tear_down(struct server *s)
{
    int status = 0;
    if (s->chip != NULL && s->console != NULL) {
        status = board_save_fuses(s->board, chip_efuses(s->chip));
    }
    if (s->inputs != NULL) {
        record_end(&s->record);
        if (fclose(s->inputs) != 0 && status == 0) {
            status = cli_error(s->board->dir, "recording: %s", strerror(errno));
        }
        s->inputs = NULL;
    }
    if (s->clients != NULL) {
        close_endpoints(s);
    }
    if (s->console != NULL) {
        (void)fclose(s->console);
    }
    if (s->log != NULL) {
        (void)fclose(s->log);
    }
    free(s->clients);
    free(s->gdb);
    free(s->chip);
    s->clients = NULL;
    s->console = s->log = NULL;
    s->gdb = NULL;
    s->chip = NULL;
    char path[BOARD_PATH_MAX];
    board_path(s->board->dir, "board.run", path);
    board_close(s->board);
    if (s->has_run_file) {
        (void)unlink(path);
    }
    return status;
}

static int loop(struct server *servers, size_t n)
{
    struct pollfd *p = calloc(n, POLLS * sizeof *p);
    size_t left = n;
    int status = 0;
    if (p == NULL) {
        return cli_error(NULL, "out of memory");
    }
    while (left > 0 && stop_signal == 0) {
        uint64_t wait_ns = 1000000000u;
        for (size_t i = 0; i < n; i++) {
            struct server *s = &servers[i];
            if (s->chip == NULL) {
                continue;
            }
            if (s->stop) {
                int result = tear_down(s);
                status = status == 0 ? result : status;
                left--;
                continue;
            }
            uint64_t ns = turn(s);
            wait_ns = ns < wait_ns ? ns : wait_ns;
        }
        if (left > 0) {
            wait_and_serve(servers, n, p, wait_ns);
        }
    }
    free(p);
    return status;
}

static void on_input(void *ctx, const char *line)
{
    struct server *s = ctx;
    (void)fprintf(s->inputs, "%s\n", line);
}

static int start_recording(struct server *s,
                           const struct server_options *options, uint64_t seed)
{
    int status = 0;
    if (options->record != NULL) {
        status = recording_create(s->board, options, seed, &s->inputs);
    }
    record_init(&s->record, s->chip, s->faults, s->strap,
                s->inputs != NULL ? on_input : NULL, s);
    return status;
}

static int set_up(struct server *s, const struct server_options *options)
{
    char path[BOARD_PATH_MAX];
    s->log = fopen(board_path(s->board->dir, "board.log", path), "we");
    s->chip = malloc(chip_sizeof());
    s->clients = calloc(CLIENTS_MAX, sizeof *s->clients);
    s->gdb = calloc(1, sizeof *s->gdb);
    for (size_t i = 0; i < CLIENTS_MAX && s->clients != NULL; i++) {
        s->clients[i].fd = -1;
    }
    for (size_t i = 0; i < LISTENERS; i++) {
        s->listen[i] = -1;
    }
    if (s->log == NULL || s->chip == NULL || s->clients == NULL ||
        s->gdb == NULL) {
        return cli_error(path, "%s", strerror(errno));
    }
    uint64_t seed = 0;
    (void)!getrandom(&seed, sizeof seed, 0);
    struct chip_config config = {.flash = s->board->flash,
                                 .flash_size = s->board->ini.flash_size,
                                 .revision = s->board->ini.revision,
                                 .strap = options->strap,
                                 .seed = seed,
                                 .rom = options->rom};
    struct chip_callbacks callbacks = {.ctx = s,
                                       .uart_tx = on_uart_tx,
                                       .operation = on_operation,
                                       .operated = on_operated,
                                       .unmodelled = on_unmodelled,
                                       .log = on_log,
                                       .uart_baud = on_uart_baud};
    if (s->faults != NULL) {
        callbacks = faults_wrap(s->faults, &callbacks);
    }
    chip_init(s->chip, &config, &callbacks);
    chip_set_efuses(s->chip, &s->board->fuses);
    int status = start_recording(s, options, seed);
    if (status != 0) {
        return status;
    }
    if (s->faults != NULL && !faults_attach(s->faults, s->chip)) {
        return cli_error("--fault",
                         "outside the board's flash of %" PRIu32 " bytes",
                         s->board->ini.flash_size);
    }
    return open_endpoints(s, options);
}

// Seven descriptors a board: let there be as many as the system allows.
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int start_all(struct server *servers, struct board *boards,
                     const struct server_options *options, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct server *s = &servers[i];
        *s = (struct server){.board = &boards[i],
                             .options = &options[i],
                             .strap = options[i].strap,
                             .faults = options[i].faults,
                             .paced = options[i].line_rate};
        int status = set_up(s, &options[i]);
        if (status == 0) {
            status = restart(s, false);
        }
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

int server_run(struct board *boards, const struct server_options *options,
               size_t n, void (*ready)(void *ctx), void *ctx)
{
    struct server *servers = calloc(n, sizeof *servers);
    struct sigaction action = {.sa_handler = on_signal};
    if (servers == NULL) {
        return cli_error(NULL, "out of memory");
    }
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    raise_file_limit();

    int status = start_all(servers, boards, options, n);
    if (status == 0) {
        ready(ctx);
        status = loop(servers, n);
    }
    for (size_t i = 0; i < n; i++) {
        if (servers[i].board != NULL && servers[i].board->lock >= 0) {
            int result = tear_down(&servers[i]);
            status = status == 0 ? result : status;
        }
    }
    free(servers);
    return status;
}
