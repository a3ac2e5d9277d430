// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // setrlimit()

#include "tools/fusebox/server.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "tools/cli/cli.h"
#include "tools/fusebox/served.h"

static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
    stop_signal = number;
}

static void forget_polls(struct pollfd p[SERVED_POLLS])
{
    for (size_t i = 0; i < SERVED_POLLS; i++) {
        p[i] = (struct pollfd){.fd = -1};
    }
}

static void wait_and_serve(struct served *served, size_t n, struct pollfd *p,
                           uint64_t wait_ns)
{
    // poll() counts in ms; what is shorter is waited for here.
    if (wait_ns < 1000000u) {
        struct timespec pause = {.tv_nsec = (long)wait_ns};
        (void)nanosleep(&pause, NULL);
    }
    int timeout_ms = (int)(wait_ns / 1000000u);
    for (size_t i = 0; i < n; i++) {
        if (served[i].chip != NULL) {
            timeout_ms =
                served_gather(&served[i], p + i * SERVED_POLLS, timeout_ms);
        } else {
            forget_polls(p + i * SERVED_POLLS);
        }
    }
    if (poll(p, n * SERVED_POLLS, timeout_ms) > 0) {
        for (size_t i = 0; i < n; i++) {
            if (served[i].chip != NULL) {
                served_move(&served[i], p + i * SERVED_POLLS);
            }
        }
    }
}

static int loop(struct served *served, size_t n)
{
    struct pollfd *p = calloc(n, SERVED_POLLS * sizeof *p);
    size_t left = n;
    int status = 0;
    if (p == NULL) {
        return cli_error(NULL, "out of memory");
    }
    while (left > 0 && stop_signal == 0) {
        uint64_t wait_ns = 1000000000u;
        for (size_t i = 0; i < n; i++) {
            struct served *s = &served[i];
            if (s->chip == NULL) {
                continue;
            }
            if (s->stop) {
                int result = served_close(s);
                status = status == 0 ? result : status;
                left--;
                continue;
            }
            uint64_t ns = served_turn(s);
            wait_ns = ns < wait_ns ? ns : wait_ns;
        }
        if (left > 0) {
            wait_and_serve(served, n, p, wait_ns);
        }
    }
    free(p);
    return status;
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

static int open_all(struct served *served, struct board *boards,
                    const struct server_options *options, size_t n)
{
    int status = 0;
    for (size_t i = 0; i < n && status == 0; i++) {
        status = served_open(&served[i], &boards[i], &options[i]);
    }
    return status;
}

int server_run(struct board *boards, const struct server_options *options,
               size_t n, void (*ready)(void *ctx), void *ctx)
{
    struct served *served = calloc(n, sizeof *served);
    struct sigaction action = {.sa_handler = on_signal};
    if (served == NULL) {
        return cli_error(NULL, "out of memory");
    }
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    raise_file_limit();

    int status = open_all(served, boards, options, n);
    if (status == 0) {
        ready(ctx);
        status = loop(served, n);
    }
    for (size_t i = 0; i < n; i++) {
        if (served[i].board != NULL && served[i].board->lock >= 0) {
            int result = served_close(&served[i]);
            status = status == 0 ? result : status;
        }
    }
    free(served);
    return status;
}
