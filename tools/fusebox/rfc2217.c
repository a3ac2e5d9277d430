// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/rfc2217.h"

#include <string.h>

#include "lib/fb/bytes.h"

// RFC 854, RFC 856 to 858, RFC 2217.
enum {
    IAC = 255,
    DONT = 254,
    DO = 253,
    WONT = 252,
    WILL = 251,
    SB = 250,
    SE = 240,
    OPTION_BINARY = 0,
    OPTION_SGA = 3,
    OPTION_COM_PORT = 44,
    COM_SET_BAUDRATE = 1,
    COM_SET_STOPSIZE = 4,
    COM_SET_CONTROL = 5,
    COM_SET_LINESTATE_MASK = 10,
    COM_SET_MODEMSTATE_MASK = 11,
    COM_PURGE_DATA = 12,
    COM_SERVER = 100, // added to a command in the server's answer
    CONTROL_DTR_QUERY = 7,
    CONTROL_DTR_ON = 8,
    CONTROL_DTR_OFF = 9,
    CONTROL_RTS_QUERY = 10,
    CONTROL_RTS_ON = 11,
    CONTROL_RTS_OFF = 12,
};

enum state { DATA, COMMAND, OPTION, SUB, SUB_COMMAND };

void rfc2217_init(struct rfc2217 *r)
{
    *r = (struct rfc2217){.state = DATA, .baud = 115200};
}

size_t rfc2217_encode(uint8_t *out, const uint8_t *p, size_t n)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        out[len++] = p[i];
        if (p[i] == IAC) {
            out[len++] = IAC;
        }
    }
    return len;
}

static bool supported(uint8_t option)
{
    return option == OPTION_BINARY || option == OPTION_SGA ||
           option == OPTION_COM_PORT;
}

// Answer a request or an offer once; later repetitions are agreements.
static void negotiate(struct rfc2217 *r, uint8_t option,
                      const struct rfc2217_callbacks *cb)
{
    if (r->verb != DO && r->verb != WILL) {
        return;
    }
    bool offer = r->verb == WILL;
    uint8_t answer =
        supported(option) ? (offer ? DO : WILL) : (offer ? DONT : WONT);
    // One bit for each direction of the options up to 31, and COM-PORT.
    unsigned slot =
        (option == OPTION_COM_PORT ? 31u : option & 31u) * 2u + offer;
    uint8_t bit = (uint8_t)(1u << (slot & 7));
    if ((r->agreed[slot >> 3] & bit) != 0) {
        return;
    }
    r->agreed[slot >> 3] |= bit;
    cb->reply(cb->ctx, (uint8_t[]){IAC, answer, option}, 3);
}

static void reply_com(const struct rfc2217_callbacks *cb, uint8_t command,
                      const uint8_t *value, size_t n)
{
    uint8_t out[4 + 2 * 8 + 2] = {IAC, SB, OPTION_COM_PORT,
                                  (uint8_t)(command + COM_SERVER)};
    size_t len = 4 + rfc2217_encode(out + 4, value, n);
    out[len++] = IAC;
    out[len++] = SE;
    cb->reply(cb->ctx, out, len);
}

static uint8_t set_control(struct rfc2217 *r, uint8_t value,
                           const struct rfc2217_callbacks *cb)
{
    switch (value) {
    case CONTROL_DTR_ON:
    case CONTROL_DTR_OFF:
        r->dtr = value == CONTROL_DTR_ON;
        cb->lines(cb->ctx, r->dtr, r->rts);
        return value;
    case CONTROL_RTS_ON:
    case CONTROL_RTS_OFF:
        r->rts = value == CONTROL_RTS_ON;
        cb->lines(cb->ctx, r->dtr, r->rts);
        return value;
    case CONTROL_DTR_QUERY:
        return r->dtr ? CONTROL_DTR_ON : CONTROL_DTR_OFF;
    case CONTROL_RTS_QUERY:
        return r->rts ? CONTROL_RTS_ON : CONTROL_RTS_OFF;
    default:
        return value; // flow control, break: none here, accepted
    }
}

static void subnegotiation(struct rfc2217 *r,
                           const struct rfc2217_callbacks *cb)
{
    if (r->sub_len < 3 || r->sub[0] != OPTION_COM_PORT) {
        return;
    }
    uint8_t command = r->sub[1];
    uint8_t value = r->sub[2];
    if (command == COM_SET_BAUDRATE) {
        if (r->sub_len < 6) {
            return;
        }
        uint32_t baud = load32_be(r->sub + 2);
        if (baud != 0) {
            r->baud = baud;
        }
        uint8_t answer[4];
        store32_be(answer, r->baud);
        reply_com(cb, command, answer, sizeof answer);
    } else if (command == COM_SET_CONTROL) {
        value = set_control(r, value, cb);
        reply_com(cb, command, &value, 1);
    } else if (command <= COM_SET_STOPSIZE ||
               (command >= COM_SET_LINESTATE_MASK &&
                command <= COM_PURGE_DATA)) {
        reply_com(cb, command, &value, 1); // 8N1 and the masks as asked
    }
}

static void push_byte(struct rfc2217 *r, uint8_t c,
                      const struct rfc2217_callbacks *cb)
{
    switch ((enum state)r->state) {
    case DATA:
        if (c == IAC) {
            r->state = COMMAND;
        } else {
            cb->data(cb->ctx, &c, 1);
        }
        break;
    case COMMAND:
        r->state = DATA;
        if (c == IAC) {
            cb->data(cb->ctx, &c, 1);
        } else if (c >= WILL && c <= DONT) {
            r->verb = c;
            r->state = OPTION;
        } else if (c == SB) {
            r->sub_len = 0;
            r->state = SUB;
        }
        break;
    case OPTION:
        r->state = DATA;
        negotiate(r, c, cb);
        break;
    case SUB:
        if (c == IAC) {
            r->state = SUB_COMMAND;
        } else if (r->sub_len < sizeof r->sub) {
            r->sub[r->sub_len++] = c;
        }
        break;
    case SUB_COMMAND:
        r->state = SUB;
        if (c == SE) {
            r->state = DATA;
            subnegotiation(r, cb);
        } else if (c == IAC && r->sub_len < sizeof r->sub) {
            r->sub[r->sub_len++] = c;
        }
        break;
    }
}

void rfc2217_push(struct rfc2217 *r, const uint8_t *p, size_t n,
                  const struct rfc2217_callbacks *cb)
{
    while (n > 0) {
        // Runs of plain data go out in one piece.
        const uint8_t *iac = r->state == DATA ? memchr(p, IAC, n) : p;
        size_t run = iac == NULL ? n : (size_t)(iac - p);
        if (run > 0) {
            cb->data(cb->ctx, p, run);
        } else {
            push_byte(r, *p, cb);
            run = 1;
        }
        p += run;
        n -= run;
    }
}
