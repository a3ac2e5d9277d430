// SPDX-License-Identifier: Apache-2.0
//
// A serial line at the other end of a telnet connection, with baud rate and
// modem lines (RFC 854, RFC 856, RFC 2217). `board:DIR` is the same protocol on
// the virtual board's UNIX socket.

#include "host/port_kinds.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/fb/bytes.h"

enum telnet {
    SE = 240,
    SB = 250,
    WILL = 251,
    WONT = 252,
    DO = 253,
    DONT = 254,
    IAC = 255,

    BINARY = 0,
    SUPPRESS_GO_AHEAD = 3,
    COM_PORT_OPTION = 44,
};

// RFC 2217, client to server; the server answers with 100 more.
enum com_port {
    SET_BAUDRATE = 1,
    SET_DATASIZE = 2,
    SET_PARITY = 3,
    SET_STOPSIZE = 4,
    SET_CONTROL = 5,
    PURGE_DATA = 12,
    ANSWER = 100,

    CONTROL_NO_FLOW = 1,
    CONTROL_DTR_ON = 8,
    CONTROL_DTR_OFF = 9,
    CONTROL_RTS_ON = 11,
    CONTROL_RTS_OFF = 12,
    PURGE_RECEIVED = 1,
};

#define ANSWER_MS 1000 // servers that confirm do so well within it

enum state { DATA, COMMAND, OPTION, SUB, SUB_COMMAND };

struct rfc2217 {
    int fd;
    enum state state;
    uint8_t verb;   // WILL .. DONT of OPTION
    uint8_t sub[8]; // what matters of a suboption
    size_t sub_len;
    bool com_port;    // the server agreed to COM-PORT-OPTION
    bool refused;     // it did not
    uint8_t answered; // last confirmed command, 0: none since it was cleared
    bool never_answers;
    uint8_t *queue; // data that arrived while we waited for an answer
    size_t head, len, cap;
};

static int send_all(struct rfc2217 *r, const uint8_t *p, size_t n)
{
    return host_port_fd_write(r->fd, p, n);
}

static int send_verb(struct rfc2217 *r, uint8_t verb, uint8_t option)
{
    return send_all(r, (const uint8_t[]){IAC, verb, option}, 3);
}

// We agree to what we asked for ourselves; everything else is declined.
static int answer_option(struct rfc2217 *r, uint8_t verb, uint8_t option)
{
    if (option == COM_PORT_OPTION) {
        r->com_port |= verb == DO;
        r->refused |= verb == DONT;
        return verb == WILL ? send_verb(r, DONT, option) : HOST_PORT_OK;
    }
    if (option == BINARY || option == SUPPRESS_GO_AHEAD) {
        return HOST_PORT_OK; // asked for in negotiate()
    }
    switch (verb) {
    case WILL:
        return send_verb(r, DONT, option);
    case DO:
        return send_verb(r, WONT, option);
    default:
        return HOST_PORT_OK;
    }
}

static void end_suboption(struct rfc2217 *r)
{
    if (r->sub_len >= 2 && r->sub[0] == COM_PORT_OPTION &&
        r->sub[1] >= ANSWER) {
        uint8_t command = (uint8_t)(r->sub[1] - ANSWER);
        if (command != 6 && command != 7) { // line and modem state notices
            r->answered = command;
        }
    }
}

// One byte from the server. Data goes to out (at most one byte) and answers 1.
static int push(struct rfc2217 *r, uint8_t byte, uint8_t *out)
{
    switch (r->state) {
    case DATA:
        if (byte == IAC) {
            r->state = COMMAND;
            return 0;
        }
        *out = byte;
        return 1;
    case COMMAND:
        r->state = DATA;
        if (byte == IAC) {
            *out = byte;
            return 1;
        }
        if (byte == SB) {
            r->sub_len = 0;
            r->state = SUB;
        } else if (byte >= WILL) {
            r->verb = byte;
            r->state = OPTION;
        }
        return 0;
    case OPTION:
        r->state = DATA;
        return answer_option(r, r->verb, byte);
    case SUB_COMMAND:
        r->state = SUB;
        if (byte == SE) {
            r->state = DATA;
            end_suboption(r);
            return 0;
        }
        break; // IAC IAC: the byte 255
    case SUB:
        if (byte == IAC) {
            r->state = SUB_COMMAND;
            return 0;
        }
        break;
    }
    if (r->sub_len < sizeof r->sub) {
        r->sub[r->sub_len++] = byte;
    }
    return 0;
}

static bool enqueue(struct rfc2217 *r, const uint8_t *p, size_t n)
{
    if (n == 0) {
        return true;
    }
    if (r->len == 0) {
        r->head = 0;
    }
    if (n > r->cap - r->head - r->len) {
        size_t cap = r->head + r->len + n + 4096;
        uint8_t *grown = realloc(r->queue, cap);
        if (!grown) {
            return false;
        }
        r->queue = grown;
        r->cap = cap;
    }
    memcpy(r->queue + r->head + r->len, p, n);
    r->len += n;
    return true;
}

// Read what the server sends next into the queue. The number of bytes that
// came (options included), 0 on timeout, or an error.
static int pump(struct rfc2217 *r, unsigned timeout_ms)
{
    uint8_t raw[2048];
    uint8_t data[sizeof raw];
    int got = host_port_fd_read(r->fd, raw, sizeof raw, timeout_ms);
    if (got <= 0) {
        return got;
    }
    size_t n = 0;
    for (int i = 0; i < got; i++) {
        int pushed = push(r, raw[i], data + n);
        if (pushed < 0) {
            return pushed;
        }
        n += (size_t)pushed;
    }
    return enqueue(r, data, n) ? got : HOST_PORT_E_LOST;
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// Wait until *flag is set or the time is over; 1, 0 or an error.
static int wait_for(struct rfc2217 *r, const bool *flag, unsigned limit_ms)
{
    uint64_t deadline = now_ms() + limit_ms;
    while (!*flag) {
        uint64_t now = now_ms();
        if (now >= deadline) {
            return 0;
        }
        int got = pump(r, (unsigned)(deadline - now));
        if (got < 0) {
            return got;
        }
    }
    return 1;
}

static int send_command(struct rfc2217 *r, uint8_t command,
                        const uint8_t *value, size_t n)
{
    uint8_t packet[4 + 8 + 2] = {IAC, SB, COM_PORT_OPTION, command};
    size_t len = 4;
    for (size_t i = 0; i < n; i++) {
        packet[len++] = value[i];
        if (value[i] == IAC) {
            packet[len++] = IAC;
        }
    }
    packet[len++] = IAC;
    packet[len++] = SE;
    return send_all(r, packet, len);
}

// Send a command and wait until the server says that it is done: the order of
// line changes and data matters. A server that never confirms is only waited
// for once.
static int request(struct rfc2217 *r, uint8_t command, const uint8_t *value,
                   size_t n)
{
    r->answered = 0;
    int sent = send_command(r, command, value, n);
    if (sent < 0 || r->never_answers) {
        return sent;
    }
    uint64_t deadline = now_ms() + ANSWER_MS;
    while (r->answered != command) {
        uint64_t now = now_ms();
        if (now >= deadline) {
            r->never_answers = true;
            break;
        }
        int got = pump(r, (unsigned)(deadline - now));
        if (got < 0) {
            return got;
        }
    }
    return HOST_PORT_OK;
}

static int control(struct rfc2217 *r, uint8_t value)
{
    return request(r, SET_CONTROL, &value, 1);
}

static int rfc2217_set_baud(void *ctx, uint32_t baud)
{
    uint8_t value[4];
    store32_be(value, baud);
    return request(ctx, SET_BAUDRATE, value, sizeof value);
}

static int rfc2217_set_lines(void *ctx, bool dtr, bool rts)
{
    int set = control(ctx, dtr ? CONTROL_DTR_ON : CONTROL_DTR_OFF);
    return set < 0 ? set : control(ctx, rts ? CONTROL_RTS_ON : CONTROL_RTS_OFF);
}

static int rfc2217_read(void *ctx, uint8_t *p, size_t n, unsigned timeout_ms)
{
    struct rfc2217 *r = ctx;
    uint64_t deadline = now_ms() + timeout_ms;
    while (r->len == 0) {
        uint64_t now = now_ms();
        int got = pump(r, now < deadline ? (unsigned)(deadline - now) : 0);
        if (got < 0) {
            return got;
        }
        if (got == 0 && now >= deadline) {
            return 0;
        }
    }
    size_t part = r->len < n ? r->len : n;
    memcpy(p, r->queue + r->head, part);
    r->head += part;
    r->len -= part;
    return (int)part;
}

static int rfc2217_write(void *ctx, const uint8_t *p, size_t n)
{
    uint8_t escaped[2048];
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        escaped[len++] = p[i];
        if (p[i] == IAC) {
            escaped[len++] = IAC;
        }
        if (len > sizeof escaped - 2 || i + 1 == n) {
            int sent = send_all(ctx, escaped, len);
            if (sent < 0) {
                return sent;
            }
            len = 0;
        }
    }
    return HOST_PORT_OK;
}

static void rfc2217_flush_input(void *ctx)
{
    struct rfc2217 *r = ctx;
    const uint8_t received = PURGE_RECEIVED;
    if (request(r, PURGE_DATA, &received, 1) == HOST_PORT_OK) {
        while (pump(r, 0) > 0) {
        }
    }
    r->len = 0;
}

static void rfc2217_close(void *ctx)
{
    struct rfc2217 *r = ctx;
    close(r->fd);
    free(r->queue);
    free(r);
}

static const struct host_port_kind rfc2217 = {
    .read = rfc2217_read,
    .write = rfc2217_write,
    .flush_input = rfc2217_flush_input,
    .set_baud = rfc2217_set_baud,
    .set_lines = rfc2217_set_lines,
    .close = rfc2217_close,
};

static const struct host_port_kind board = {
    .read = rfc2217_read,
    .write = rfc2217_write,
    .flush_input = rfc2217_flush_input,
    .set_baud = rfc2217_set_baud,
    .set_lines = rfc2217_set_lines,
    .close = rfc2217_close,
    .instant = true,
};

#define NEGOTIATE_MS 3000

static int negotiate(struct rfc2217 *r, char why[256])
{
    static const uint8_t hello[] = {
        IAC, WILL, BINARY,
        IAC, DO,   BINARY,
        IAC, DO,   SUPPRESS_GO_AHEAD,
        IAC, WILL, SUPPRESS_GO_AHEAD,
        IAC, WILL, COM_PORT_OPTION,
    };
    int sent = send_all(r, hello, sizeof hello);
    int agreed = sent < 0 ? sent : wait_for(r, &r->com_port, NEGOTIATE_MS);
    if (agreed < 0) {
        host_port_why(why, "the other end closed the connection");
        return agreed;
    }
    if (agreed == 0) {
        host_port_why(why, r->refused
                               ? "the other end refuses RFC 2217"
                               : "the other end does not speak RFC 2217");
        return HOST_PORT_E_OPEN;
    }
    static const uint8_t rows[][2] = {
        {SET_DATASIZE, 8},
        {SET_PARITY, 1}, // none
        {SET_STOPSIZE, 1},
        {SET_CONTROL, CONTROL_NO_FLOW},
    };
    int set = rfc2217_set_baud(r, 115200);
    for (size_t i = 0; set == 0 && i < sizeof rows / sizeof rows[0]; i++) {
        set = request(r, rows[i][0], &rows[i][1], 1);
    }
    if (set < 0) {
        host_port_why(why, "the other end closed the connection");
    }
    return set;
}

int host_port_rfc2217_on(int fd, const char *name, bool instant,
                         struct host_port **port, char why[256])
{
    signal(SIGPIPE, SIG_IGN);
    struct rfc2217 *r = calloc(1, sizeof *r);
    if (!r) {
        host_port_why(why, strerror(ENOMEM));
        close(fd);
        return HOST_PORT_E_OPEN;
    }
    r->fd = fd;
    if (negotiate(r, why) == HOST_PORT_OK) {
        *port = host_port_new(name, instant ? &board : &rfc2217, r);
        if (*port) {
            return HOST_PORT_OK;
        }
        host_port_why(why, strerror(ENOMEM));
    }
    rfc2217_close(r);
    return HOST_PORT_E_OPEN;
}

int host_port_open_rfc2217(const char *name, struct host_port **port,
                           char why[256])
{
    int fd = host_port_connect(name + strlen("rfc2217://"), why);
    return fd < 0 ? HOST_PORT_E_OPEN
                  : host_port_rfc2217_on(fd, name, false, port, why);
}

int host_port_open_board(const char *name, struct host_port **port,
                         char why[256])
{
    const char *dir = name + strlen("board:");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int len = snprintf(address.sun_path, sizeof address.sun_path,
                       "%s/uart.sock", dir);
    if (len < 0 || (size_t)len >= sizeof address.sun_path) {
        host_port_why(why, "the folder's path is too long for a socket");
        return HOST_PORT_E_OPEN;
    }
    if (access(dir, F_OK) != 0) {
        host_port_why(why, strerror(errno));
        return HOST_PORT_E_OPEN;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        bool off = errno == ENOENT || errno == ECONNREFUSED;
        host_port_why(why, off ? "the board is not running" : strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return HOST_PORT_E_OPEN;
    }
    return host_port_rfc2217_on(fd, name, true, port, why);
}
