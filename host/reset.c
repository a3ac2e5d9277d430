// SPDX-License-Identifier: Apache-2.0

#include "host/reset.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Steps of a parsed sequence.
struct step {
    char code; // 'D', 'R', 'U', 'W'
    bool dtr, rts;
    unsigned ms;
};

// "0.05" seconds in milliseconds; no locale, no sign.
static bool parse_seconds(const char **text, unsigned *ms)
{
    const char *p = *text;
    uint32_t value = 0;
    unsigned digits = 0;
    for (; isdigit((unsigned char)*p) && value < 100000; p++, digits++) {
        value = value * 10 + (uint32_t)(*p - '0');
    }
    value *= 1000;
    if (*p == '.') {
        p++;
        for (uint32_t unit = 100; isdigit((unsigned char)*p); unit /= 10) {
            value += unit * (uint32_t)(*p++ - '0');
            digits++;
        }
    }
    *text = p;
    *ms = value;
    return digits != 0;
}

static bool parse_level(const char **text, bool *level)
{
    if (**text != '0' && **text != '1') {
        return false;
    }
    *level = *(*text)++ == '1';
    return true;
}

static bool parse_step(const char **text, struct step *step)
{
    const char *p = *text;
    step->code = *p;
    if (!*p) {
        return false;
    }
    p++;
    bool good;
    switch (step->code) {
    case 'D':
        good = parse_level(&p, &step->dtr);
        break;
    case 'R':
        good = parse_level(&p, &step->rts);
        break;
    case 'U':
        good = parse_level(&p, &step->dtr) && *p++ == ',' &&
               parse_level(&p, &step->rts);
        break;
    case 'W':
        good = parse_seconds(&p, &step->ms);
        break;
    default:
        good = false;
    }
    if (!good || (*p && *p != '|')) {
        return false;
    }
    *text = *p ? p + 1 : p;
    return *p == 0 || **text != 0; // no '|' at the end
}

static int apply(struct host_port *port, const struct step *step, bool *dtr,
                 bool *rts)
{
    switch (step->code) {
    case 'W':
        host_port_settle(port, step->ms);
        return HOST_PORT_OK;
    case 'D':
        *dtr = step->dtr;
        break;
    case 'R':
        *rts = step->rts;
        break;
    default:
        *dtr = step->dtr;
        *rts = step->rts;
    }
    return host_port_set_lines(port, *dtr, *rts);
}

int host_reset_run(struct host_port *port, const char *sequence)
{
    struct step step;
    const char *p = sequence;
    do {
        if (!parse_step(&p, &step)) {
            return HOST_RESET_E_SYNTAX;
        }
    } while (*p);

    // an open port asserts both lines
    bool dtr = true;
    bool rts = true;
    for (p = sequence; *p;) {
        parse_step(&p, &step);
        int set = apply(port, &step, &dtr, &rts);
        if (set < 0) {
            return set;
        }
    }
    return HOST_PORT_OK;
}

int host_reset_download(struct host_port *port, unsigned attempt,
                        unsigned delay_ms)
{
    char sequence[80];
    unsigned ms = delay_ms + (attempt % 2 != 0 ? 500 : 0);
    (void)snprintf(sequence, sizeof sequence,
                   attempt % 4 < 2 ? "U0,0|U1,1|U0,1|W0.1|U1,0|W%u.%03u|U0,0|D0"
                                   : "D0|R1|W0.1|D1|R0|W%u.%03u|D0",
                   ms / 1000, ms % 1000);
    return host_reset_run(port, sequence);
}

int host_reset_hard(struct host_port *port)
{
    return host_reset_run(port, "U0,0|R1|W0.1|R0");
}
