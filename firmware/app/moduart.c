// SPDX-License-Identifier: Apache-2.0
//
// machine.UART, included by extmod/machine_uart.c: UART1 and UART2. UART0 is
// the console. Arguments are those of MicroPython and, for the pins and the
// time between two characters, of Pycom.

#include "py/mperrno.h"
#include "py/mphal.h"

#include "firmware/app/modpin.h"
#include "firmware/drivers/uart_port.h"

#define MICROPY_PY_MACHINE_UART_CLASS_CONSTANTS                                \
    {MP_ROM_QSTR(MP_QSTR_EVEN), MP_ROM_INT(0)},                                \
        {MP_ROM_QSTR(MP_QSTR_ODD), MP_ROM_INT(1)},                             \
        {MP_ROM_QSTR(MP_QSTR_LOOPBACK), MP_ROM_INT(1)},                        \
        {MP_ROM_QSTR(MP_QSTR_wait_tx_done),                                    \
         MP_ROM_PTR(&uart_wait_tx_done_obj)},

struct _machine_uart_obj_t {
    mp_obj_base_t base;
    uint8_t port; // 1 or 2
    bool open;
    struct uart_port_config config;
    uint32_t timeout_ms;      // for the first byte
    uint32_t timeout_char_ms; // between two bytes
};

// Pycom's default pins: P3, P4 for UART1; UART2, the modem's, has P5, P6 here.
static machine_uart_obj_t uarts[] = {
    {.base = {&machine_uart_type}, .port = 1, .config = {.tx = 4, .rx = 15}},
    {.base = {&machine_uart_type}, .port = 2, .config = {.tx = 5, .rx = 27}},
};

static void mp_machine_uart_print(const mp_print_t *print, mp_obj_t self_in,
                                  mp_print_kind_t kind)
{
    (void)kind;
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const struct uart_port_config *c = &self->config;
    mp_printf(print, "UART(%u, baudrate=%u, bits=%u, parity=%s, stop=%u)",
              self->port, (unsigned)c->baud, c->bits,
              c->parity == UART_PARITY_NONE   ? "None"
              : c->parity == UART_PARITY_EVEN ? "UART.EVEN"
                                              : "UART.ODD",
              c->stop_bits);
}

static uint8_t pin_or(mp_obj_t pin, uint8_t fallback)
{
    return pin == mp_const_none ? fallback : (uint8_t)modpin_gpio(pin);
}

static void mp_machine_uart_init_helper(machine_uart_obj_t *self, size_t n_args,
                                        const mp_obj_t *pos_args,
                                        mp_map_t *kw_args)
{
    enum {
        ARG_baudrate,
        ARG_bits,
        ARG_parity,
        ARG_stop,
        ARG_pins,
        ARG_tx,
        ARG_rx,
        ARG_timeout,
        ARG_timeout_char,
        ARG_timeout_chars,
        ARG_mode,
    };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_baudrate, MP_ARG_INT, {.u_int = 9600}},
        {MP_QSTR_bits, MP_ARG_INT, {.u_int = 8}},
        {MP_QSTR_parity, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_stop, MP_ARG_INT, {.u_int = 1}},
        {MP_QSTR_pins, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_tx, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_rx, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_timeout, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0}},
        {MP_QSTR_timeout_char, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = -1}},
        {MP_QSTR_timeout_chars, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 2}},
        {MP_QSTR_mode, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed,
                     args);
    struct uart_port_config c = self->config;
    mp_int_t baud = args[ARG_baudrate].u_int, bits = args[ARG_bits].u_int;
    mp_int_t stop = args[ARG_stop].u_int;
    if (baud < 300 || baud > 5000000 || bits < 5 || bits > 8 || stop < 1 ||
        stop > 2) {
        mp_raise_ValueError(MP_ERROR_TEXT(
            "300 .. 5000000 baud, 5 .. 8 bits, 1 or 2 stop bits"));
    }
    c.baud = (uint32_t)baud;
    c.bits = (uint8_t)bits;
    c.stop_bits = (uint8_t)stop;
    c.parity = args[ARG_parity].u_obj == mp_const_none       ? UART_PARITY_NONE
               : mp_obj_get_int(args[ARG_parity].u_obj) == 0 ? UART_PARITY_EVEN
                                                             : UART_PARITY_ODD;
    c.loopback = (args[ARG_mode].u_int & 1) != 0;
    if (args[ARG_pins].u_obj != mp_const_none) {
        size_t n;
        mp_obj_t *pins;
        mp_obj_get_array(args[ARG_pins].u_obj, &n, &pins);
        if (n < 2) {
            mp_raise_ValueError(MP_ERROR_TEXT("pins=(TX, RX)"));
        }
        c.tx = pin_or(pins[0], c.tx);
        c.rx = pin_or(pins[1], c.rx);
    }
    c.tx = pin_or(args[ARG_tx].u_obj, c.tx);
    c.rx = pin_or(args[ARG_rx].u_obj, c.rx);
    self->config = c;
    self->timeout_ms = (uint32_t)args[ARG_timeout].u_int;
    self->timeout_char_ms =
        args[ARG_timeout_char].u_int >= 0
            ? (uint32_t)args[ARG_timeout_char].u_int
            : (uint32_t)args[ARG_timeout_chars].u_int * 12000 / c.baud + 1;
    self->open = true;
    uart_port_open(self->port, &self->config);
}

static mp_obj_t mp_machine_uart_make_new(const mp_obj_type_t *type,
                                         size_t n_args, size_t n_kw,
                                         const mp_obj_t *args)
{
    (void)type;
    mp_arg_check_num(n_args, n_kw, 1, MP_OBJ_FUN_ARGS_MAX, true);
    mp_int_t id = mp_obj_get_int(args[0]);
    if (id < 1 || id > 2) {
        mp_raise_ValueError(
            MP_ERROR_TEXT("UART(1) or UART(2); UART0 is the console"));
    }
    machine_uart_obj_t *self = &uarts[id - 1];
    if (n_args > 1 || n_kw > 0 || !self->open) {
        mp_map_t kw_args;
        mp_map_init_fixed_table(&kw_args, n_kw, args + n_args);
        mp_machine_uart_init_helper(self, n_args - 1, args + 1, &kw_args);
    }
    return MP_OBJ_FROM_PTR(self);
}

static void mp_machine_uart_deinit(machine_uart_obj_t *self)
{
    if (self->open) {
        uart_port_close(self->port);
        self->open = false;
    }
}

static mp_int_t mp_machine_uart_any(machine_uart_obj_t *self)
{
    return (mp_int_t)uart_port_available(self->port);
}

static bool mp_machine_uart_txdone(machine_uart_obj_t *self)
{
    return uart_port_idle(self->port);
}

static bool wait_until(bool (*ready)(unsigned port), unsigned port, uint32_t ms)
{
    mp_uint_t from = mp_hal_ticks_ms();
    while (!ready(port)) {
        mp_uint_t passed = mp_hal_ticks_ms() - from;
        if (passed >= ms) {
            return false;
        }
        mp_event_wait_ms(1);
    }
    return true;
}

static bool readable(unsigned port)
{
    return uart_port_available(port) != 0;
}

// Pycom: wait_tx_done(timeout_ms) -> bool
static mp_obj_t uart_wait_tx_done(mp_obj_t self_in, mp_obj_t ms)
{
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return mp_obj_new_bool(
        wait_until(uart_port_idle, self->port, (uint32_t)mp_obj_get_int(ms)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(uart_wait_tx_done_obj, uart_wait_tx_done);

static mp_uint_t mp_machine_uart_read(mp_obj_t self_in, void *buf,
                                      mp_uint_t size, int *errcode)
{
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_uint_t n = 0;
    while (n < size &&
           wait_until(readable, self->port,
                      n == 0 ? self->timeout_ms : self->timeout_char_ms)) {
        ((uint8_t *)buf)[n++] = (uint8_t)uart_port_getc(self->port);
    }
    if (n == 0 && size != 0) {
        *errcode = MP_EAGAIN;
        return MP_STREAM_ERROR;
    }
    return n;
}

static mp_uint_t mp_machine_uart_write(mp_obj_t self_in, const void *buf,
                                       mp_uint_t size, int *errcode)
{
    (void)errcode;
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    for (mp_uint_t i = 0; i < size; i++) {
        uart_port_putc(self->port, ((const uint8_t *)buf)[i]);
    }
    return size;
}

static mp_uint_t mp_machine_uart_ioctl(mp_obj_t self_in, mp_uint_t request,
                                       uintptr_t arg, int *errcode)
{
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    switch (request) {
    case MP_STREAM_POLL:
        return (arg & MP_STREAM_POLL_WR) |
               (readable(self->port) ? arg & MP_STREAM_POLL_RD : 0);
    case MP_STREAM_FLUSH:
        wait_until(uart_port_idle, self->port, UINT32_MAX);
        return 0;
    default:
        *errcode = MP_EINVAL;
        return MP_STREAM_ERROR;
    }
}
