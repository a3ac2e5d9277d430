// SPDX-License-Identifier: Apache-2.0

#define _XOPEN_SOURCE 700 // posix_openpt()

#include "host/port_kinds.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void expect_closed(const char *name, const char *reason)
{
    struct host_port *port = NULL;
    char why[256] = "";
    assert_int_equal(host_port_open(name, &port, why), HOST_PORT_E_OPEN);
    assert_null(port);
    if (reason) {
        assert_string_equal(why, reason);
    } else {
        assert_true(why[0] != 0);
    }
}

static void test_not_there(void **state)
{
    (void)state;
    expect_closed("/dev/there/is/none", "No such file or directory");
    expect_closed("/dev/null", NULL);
    expect_closed("/etc/passwd", NULL);
    expect_closed("board:/there/is/none", "No such file or directory");
    expect_closed("board:/tmp", "the board is not running");
    expect_closed("socket://nothing", "not HOST:PORT");
    expect_closed("socket://:1", "not HOST:PORT");
    expect_closed("socket://host:", "not HOST:PORT");
    expect_closed("rfc2217://127.0.0.1", "not HOST:PORT");
    expect_closed("", NULL);
}

// A port that nobody listens on: bound, then closed.
static int listen_on(struct sockaddr_in *address)
{
    socklen_t len = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof *address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
    return fd;
}

static void test_refused(void **state)
{
    (void)state;
    struct sockaddr_in address;
    char name[64];
    int fd = listen_on(&address);
    close(fd);
    snprintf(name, sizeof name, "socket://127.0.0.1:%u",
             ntohs(address.sin_port));
    expect_closed(name, "Connection refused");
    snprintf(name, sizeof name, "rfc2217://127.0.0.1:%u?ign_set_control",
             ntohs(address.sin_port));
    expect_closed(name, "Connection refused");
}

// Bytes both ways, all 256 values; then the other end goes away.
static void talk(struct host_port *port, int other)
{
    uint8_t out[256], in[256];
    size_t got = 0;
    for (int i = 0; i < 256; i++) {
        out[i] = (uint8_t)i;
    }
    assert_int_equal(host_port_write(port, out, sizeof out), 0);
    while (got < sizeof in) {
        ssize_t n = read(other, in + got, sizeof in - got);
        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_memory_equal(in, out, sizeof out);

    assert_int_equal(host_port_read(port, in, sizeof in, 1), 0);
    assert_int_equal(write(other, out, sizeof out), sizeof out);
    for (got = 0; got < sizeof in;) {
        int n = host_port_read(port, in + got, sizeof in - got, 1000);
        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_memory_equal(in, out, sizeof out);

    // what has arrived can be dropped
    assert_int_equal(write(other, out, 7), 7);
    assert_int_equal(host_port_read(port, in, 1, 1000), 1);
    host_port_flush_input(port);
    assert_int_equal(host_port_read(port, in, sizeof in, 1), 0);
    assert_int_equal(host_port_set_baud(port, 921600), 0);
}

static void test_socket(void **state)
{
    (void)state;
    struct sockaddr_in address;
    struct host_port *port;
    char name[64], why[256];
    uint8_t byte;
    int fd = listen_on(&address);
    snprintf(name, sizeof name, "socket://127.0.0.1:%u",
             ntohs(address.sin_port));
    assert_int_equal(host_port_open(name, &port, why), 0);
    assert_string_equal(host_port_name(port), name);
    assert_false(host_port_has_lines(port));
    assert_int_equal(host_port_set_lines(port, true, false),
                     HOST_PORT_E_NO_LINES);
    int other = accept(fd, NULL, NULL);
    talk(port, other);
    close(other);
    assert_int_equal(host_port_read(port, &byte, 1, 1000), HOST_PORT_E_LOST);
    // the first write after the end may still be taken, a later one is not
    int status = 0;
    for (int i = 0; i < 100 && status == 0; i++) {
        status = host_port_write(port, &byte, 1);
        struct timespec ms = {.tv_nsec = 1000000};
        nanosleep(&ms, NULL);
    }
    assert_int_equal(status, HOST_PORT_E_LOST);
    host_port_close(port);
    close(fd);
}

static int open_pty(char *name, size_t cap)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    snprintf(name, cap, "%s", ptsname(master));
    return master;
}

static void test_pty(void **state)
{
    (void)state;
    struct host_port *port;
    char name[64], why[256];
    uint8_t byte;
    int master = open_pty(name, sizeof name);
    assert_int_equal(host_port_open(name, &port, why), 0);
    assert_false(host_port_has_lines(port));
    expect_closed(name, "busy: another program has it open");
    talk(port, master);
    close(master);
    assert_int_equal(host_port_read(port, &byte, 1, 1000), HOST_PORT_E_LOST);
    assert_int_equal(host_port_write(port, &byte, 1), HOST_PORT_E_LOST);
    host_port_close(port);
}

static void test_pty_by_symlink(void **state)
{
    (void)state;
    struct host_port *port;
    char name[64], dir[] = "/tmp/port_test.XXXXXX", path[64], why[256];
    int master = open_pty(name, sizeof name);
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/uart", dir);
    assert_int_equal(symlink(name, path), 0);
    assert_int_equal(host_port_open(path, &port, why), 0);
    assert_string_equal(host_port_name(port), path);
    talk(port, master);
    host_port_close(port);
    close(master);
    // the board has gone, its link dangles
    expect_closed(path, "No such file or directory");
    unlink(path);
    rmdir(dir);
}

// RFC 2217. The other end is a thread that plays a script: the bytes it
// expects, in order, and the bytes it answers to each of them.
struct line {
    const char *expect, *answer; // hex
};

struct server {
    int fd;
    const struct line *script;
    const char *wrong; // the line that did not come
};

static size_t unhex(const char *text, uint8_t *out)
{
    size_t n = 0;
    unsigned byte;
    int used;
    while (text && sscanf(text, " %2x%n", &byte, &used) == 1) {
        out[n++] = (uint8_t)byte;
        text += used;
    }
    return n;
}

static void *serve(void *arg)
{
    struct server *s = arg;
    for (const struct line *l = s->script; l->expect; l++) {
        uint8_t want[600], got[600] = {0}, answer[600];
        size_t n = unhex(l->expect, want);
        size_t have = 0;
        while (have < n) {
            ssize_t r = read(s->fd, got + have, n - have);
            if (r <= 0) {
                s->wrong = l->expect;
                return NULL;
            }
            have += (size_t)r;
        }
        if (memcmp(got, want, n) != 0) {
            s->wrong = l->expect;
            close(s->fd);
            return NULL;
        }
        n = unhex(l->answer, answer);
        if (n && write(s->fd, answer, n) != (ssize_t)n) {
            s->wrong = l->answer;
        }
    }
    return NULL;
}

#define HELLO "ff fb 00  ff fd 00  ff fd 03  ff fb 03  ff fb 2c"
#define AGREE "ff fd 00  ff fb 00  ff fb 03  ff fd 03  ff fd 2c"
#define SETUP                                                                  \
    {HELLO, AGREE},                                                            \
        {"ff fa 2c 01 00 01 c2 00 ff f0", "ff fa 2c 65 00 01 c2 00 ff f0"},    \
        {"ff fa 2c 02 08 ff f0", "ff fa 2c 66 08 ff f0"},                      \
        {"ff fa 2c 03 01 ff f0", "ff fa 2c 67 01 ff f0"},                      \
        {"ff fa 2c 04 01 ff f0", "ff fa 2c 68 01 ff f0"},                      \
    {                                                                          \
        "ff fa 2c 05 01 ff f0", "ff fa 2c 69 01 ff f0"                         \
    }

static int open_on(struct server *s, const struct line *script,
                   struct host_port **port, pthread_t *thread, char why[256])
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    *s = (struct server){.fd = pair[1], .script = script};
    assert_int_equal(pthread_create(thread, NULL, serve, s), 0);
    return host_port_rfc2217_on(pair[0], "rfc2217://test", false, port, why);
}

static void test_rfc2217(void **state)
{
    (void)state;
    static const struct line script[] = {
        SETUP,
        // lines: DTR off and RTS on, each confirmed; data in between is kept
        {"ff fa 2c 05 09 ff f0", "41 ff fa 2c 69 09 ff f0"},
        {"ff fa 2c 05 0b ff f0", "42 ff ff ff fa 2c 6b 43 ff f0 "
                                 "ff fa 2c 69 0b ff f0 ff fa 2c 6b 43 ff f0"},
        // 255 is doubled, in data and in values
        {"01 ff ff 02", "ff ff"},
        {"ff fa 2c 01 00 00 ff ff 00 ff f0",
         "ff fa 2c 65 00 00 ff ff 00 ff f0 ff fa 2c 65 ff f0"},
        {"ff fa 2c 0c 01 ff f0", "44 45 ff fa 2c 70 01 ff f0"},
        {NULL, NULL},
    };
    struct server s;
    struct host_port *port;
    pthread_t thread;
    char why[256];
    uint8_t in[16];
    assert_int_equal(open_on(&s, script, &port, &thread, why), 0);
    assert_true(host_port_has_lines(port));
    assert_int_equal(host_port_set_lines(port, false, true), 0);
    assert_int_equal(host_port_write(port, (const uint8_t[]){1, 255, 2}, 3), 0);
    size_t got = 0;
    while (got < 4) {
        int n = host_port_read(port, in + got, sizeof in - got, 1000);
        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_memory_equal(in, "AB\xff\xff", 4);
    assert_int_equal(host_port_set_baud(port, 0xFF00), 0);
    host_port_flush_input(port);
    assert_int_equal(host_port_read(port, in, sizeof in, 1), 0);
    pthread_join(thread, NULL);
    assert_null(s.wrong);
    close(s.fd);
    assert_int_equal(host_port_read(port, in, 1, 1000), HOST_PORT_E_LOST);
    host_port_close(port);
}

static void test_rfc2217_refused(void **state)
{
    (void)state;
    static const struct line script[] = {
        {HELLO, "ff fe 2c"},
        {NULL, NULL},
    };
    struct server s;
    struct host_port *port = NULL;
    pthread_t thread;
    char why[256] = "";
    int status = open_on(&s, script, &port, &thread, why);
    assert_int_equal(status, HOST_PORT_E_OPEN);
    assert_string_equal(why, "the other end refuses RFC 2217");
    pthread_join(thread, NULL);
    close(s.fd);
}

static void test_rfc2217_closed(void **state)
{
    (void)state;
    static const struct line script[] = {
        {HELLO, AGREE},
        {"00", NULL}, // never sent: the thread ends and closes
        {NULL, NULL},
    };
    struct server s;
    struct host_port *port = NULL;
    pthread_t thread;
    char why[256] = "";
    assert_int_equal(open_on(&s, script, &port, &thread, why),
                     HOST_PORT_E_OPEN);
    assert_string_equal(why, "the other end closed the connection");
    pthread_join(thread, NULL);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_not_there),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_socket),
        cmocka_unit_test(test_pty),
        cmocka_unit_test(test_pty_by_symlink),
        cmocka_unit_test(test_rfc2217),
        cmocka_unit_test(test_rfc2217_refused),
        cmocka_unit_test(test_rfc2217_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
