// SPDX-License-Identifier: Apache-2.0
//
// Names and numbers are those of Pycom's machine.Pin, and MicroPython's on(),
// off(), irq() beside them.

#include "firmware/app/modpin.h"

#include <assert.h>
#include <string.h>

#include "extmod/virtpin.h"
#include "py/runtime.h"

#include "firmware/app/irq.h"
#include "firmware/drivers/gpio.h"

// Pycom's numbers: GPIO_MODE_* of ESP-IDF.
enum { MODE_IN = 1, MODE_OUT = 2, MODE_OPEN_DRAIN = 7 };
enum { PULL_UP = 0, PULL_DOWN = 1 };

struct pin_obj {
    mp_obj_base_t base;
    uint8_t module;    // n of Pn
    uint8_t exp_board; // n of Gn
    uint8_t gpio;
};

static const struct pin_obj pins[] = {
#define PIN(module, exp_board, gpio) {{&modpin_type}, module, exp_board, gpio},
#include "firmware/boards/pins.def"
#undef PIN
};
#define PINS MP_ARRAY_SIZE(pins)

// What the hardware does not tell, by index into pins[].
static struct {
    uint8_t mode; // 0: not set up
    int8_t pull;  // -1: none
    uint8_t trigger;
} states[PINS];

// Handlers and what they are called with, by index into pins[].
MP_REGISTER_ROOT_POINTER(mp_obj_t modpin_handler[24]);
MP_REGISTER_ROOT_POINTER(mp_obj_t modpin_arg[24]);
static_assert(MP_ARRAY_SIZE(pins) == 24, "root pointers");

static const struct pin_obj *by_name(const char *name)
{
    unsigned n = 0;
    size_t len = strlen(name);
    bool good = (name[0] == 'P' || name[0] == 'G') && len >= 2 && len <= 3;
    for (size_t i = 1; i < len && good; i++) {
        good = name[i] >= '0' && name[i] <= '9';
        n = 10 * n + (unsigned)(name[i] - '0');
    }
    for (size_t i = 0; i < PINS && good; i++) {
        if ((name[0] == 'P' ? pins[i].module : pins[i].exp_board) == n) {
            return &pins[i];
        }
    }
    return NULL;
}

static const struct pin_obj *find(mp_obj_t id)
{
    const struct pin_obj *pin = NULL;
    if (mp_obj_is_type(id, &modpin_type)) {
        return MP_OBJ_TO_PTR(id);
    }
    if (mp_obj_is_str(id)) {
        pin = by_name(mp_obj_str_get_str(id));
    } else {
        mp_int_t gpio = mp_obj_get_int(id);
        for (size_t i = 0; i < PINS; i++) {
            if (pins[i].gpio == gpio) {
                pin = &pins[i];
            }
        }
    }
    if (pin == NULL) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such pin on this board"));
    }
    return pin;
}

unsigned modpin_gpio(mp_obj_t pin)
{
    return find(pin)->gpio;
}

static void pin_print(const mp_print_t *print, mp_obj_t self_in,
                      mp_print_kind_t kind)
{
    (void)kind;
    const struct pin_obj *self = MP_OBJ_TO_PTR(self_in);
    int mode = states[self - pins].mode;
    int pull = states[self - pins].pull;
    mp_printf(print, "Pin('P%u'", self->module);
    if (mode != 0) {
        mp_printf(print, ", mode=Pin.%s, pull=%s",
                  mode == MODE_IN    ? "IN"
                  : mode == MODE_OUT ? "OUT"
                                     : "OPEN_DRAIN",
                  pull == PULL_UP     ? "Pin.PULL_UP"
                  : pull == PULL_DOWN ? "Pin.PULL_DOWN"
                                      : "None");
    }
    mp_printf(print, ")");
}

static enum gpio_pull hardware_pull(int pull)
{
    return pull == PULL_UP     ? GPIO_PULL_UP
           : pull == PULL_DOWN ? GPIO_PULL_DOWN
                               : GPIO_PULL_NONE;
}

static void apply(const struct pin_obj *self)
{
    enum gpio_pull pull = hardware_pull(states[self - pins].pull);
    int mode = states[self - pins].mode;
    if (mode == MODE_IN) {
        gpio_input(self->gpio, pull);
    } else {
        gpio_output(self->gpio, mode == MODE_OPEN_DRAIN, pull);
    }
}

static void set_mode(const struct pin_obj *self, mp_int_t mode)
{
    if (mode != MODE_IN && mode != MODE_OUT && mode != MODE_OPEN_DRAIN) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such mode"));
    }
    if (mode != MODE_IN && self->gpio >= GPIO_FIRST_INPUT_ONLY) {
        mp_raise_ValueError(MP_ERROR_TEXT("this pin is an input only"));
    }
    states[self - pins].mode = (uint8_t)mode;
}

static void set_pull(const struct pin_obj *self, mp_obj_t pull)
{
    mp_int_t value = pull == mp_const_none ? -1 : mp_obj_get_int(pull);
    if (value < -1 || value > PULL_DOWN) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such pull"));
    }
    states[self - pins].pull = (int8_t)value;
}

static void pin_init_helper(const struct pin_obj *self, size_t n_args,
                            const mp_obj_t *pos_args, mp_map_t *kw_args)
{
    enum { ARG_mode, ARG_pull, ARG_value, ARG_alt };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_mode, MP_ARG_INT, {.u_int = MODE_IN}},
        {MP_QSTR_pull, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_value,
         MP_ARG_KW_ONLY | MP_ARG_OBJ,
         {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_alt, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed,
                     args);
    set_mode(self, args[ARG_mode].u_int);
    set_pull(self, args[ARG_pull].u_obj);
    if (args[ARG_value].u_obj != mp_const_none) {
        gpio_write(self->gpio, mp_obj_is_true(args[ARG_value].u_obj));
    }
    apply(self);
}

static mp_obj_t pin_make_new(const mp_obj_type_t *type, size_t n_args,
                             size_t n_kw, const mp_obj_t *args)
{
    (void)type;
    mp_arg_check_num(n_args, n_kw, 1, MP_OBJ_FUN_ARGS_MAX, true);
    const struct pin_obj *self = find(args[0]);
    if (n_args > 1 || n_kw > 0) {
        mp_map_t kw_args;
        mp_map_init_fixed_table(&kw_args, n_kw, args + n_args);
        pin_init_helper(self, n_args - 1, args + 1, &kw_args);
    } else if (states[self - pins].mode == 0) {
        states[self - pins].mode = MODE_IN;
        states[self - pins].pull = -1;
        apply(self);
    }
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t pin_init(size_t n_args, const mp_obj_t *args, mp_map_t *kw_args)
{
    pin_init_helper(MP_OBJ_TO_PTR(args[0]), n_args - 1, args + 1, kw_args);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(pin_init_obj, 1, pin_init);

static mp_obj_t pin_call(mp_obj_t self_in, size_t n_args, size_t n_kw,
                         const mp_obj_t *args)
{
    mp_arg_check_num(n_args, n_kw, 0, 1, false);
    const struct pin_obj *self = MP_OBJ_TO_PTR(self_in);
    if (n_args == 0) {
        return MP_OBJ_NEW_SMALL_INT(gpio_level(self->gpio));
    }
    gpio_write(self->gpio, mp_obj_is_true(args[0]));
    return mp_const_none;
}

static mp_obj_t pin_value(size_t n_args, const mp_obj_t *args)
{
    return pin_call(args[0], n_args - 1, 0, args + 1);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(pin_value_obj, 1, 2, pin_value);

static mp_obj_t pin_on(mp_obj_t self_in)
{
    gpio_write(modpin_gpio(self_in), true);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(pin_on_obj, pin_on);

static mp_obj_t pin_off(mp_obj_t self_in)
{
    gpio_write(modpin_gpio(self_in), false);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(pin_off_obj, pin_off);

static mp_obj_t pin_toggle(mp_obj_t self_in)
{
    unsigned gpio = modpin_gpio(self_in);
    gpio_write(gpio, !gpio_level(gpio));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(pin_toggle_obj, pin_toggle);

static mp_obj_t pin_id(mp_obj_t self_in)
{
    const struct pin_obj *self = MP_OBJ_TO_PTR(self_in);
    char name[8];
    mp_print_t print;
    vstr_t vstr;
    vstr_init_print(&vstr, sizeof name, &print);
    mp_printf(&print, "P%u", self->module);
    return mp_obj_new_str_from_vstr(&vstr);
}
static MP_DEFINE_CONST_FUN_OBJ_1(pin_id_obj, pin_id);

static mp_obj_t pin_mode(size_t n_args, const mp_obj_t *args)
{
    const struct pin_obj *self = MP_OBJ_TO_PTR(args[0]);
    if (n_args == 1) {
        return MP_OBJ_NEW_SMALL_INT(states[self - pins].mode);
    }
    set_mode(self, mp_obj_get_int(args[1]));
    apply(self);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(pin_mode_obj, 1, 2, pin_mode);

static mp_obj_t pin_pull(size_t n_args, const mp_obj_t *args)
{
    const struct pin_obj *self = MP_OBJ_TO_PTR(args[0]);
    int pull = states[self - pins].pull;
    if (n_args == 1) {
        return pull < 0 ? mp_const_none : MP_OBJ_NEW_SMALL_INT(pull);
    }
    set_pull(self, args[1]);
    apply(self);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(pin_pull_obj, 1, 2, pin_pull);

// --- handlers ---

static void listen(const struct pin_obj *self, mp_int_t trigger,
                   mp_obj_t handler, mp_obj_t arg)
{
    size_t i = (size_t)(self - pins);
    if (trigger < GPIO_NEVER || trigger > GPIO_HIGH) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such trigger"));
    }
    if (handler == mp_const_none) {
        trigger = GPIO_NEVER;
    }
    gpio_interrupt(self->gpio, GPIO_NEVER);
    MP_STATE_PORT(modpin_handler)[i] = handler;
    MP_STATE_PORT(modpin_arg)[i] = arg;
    states[i].trigger = (uint8_t)trigger;
    gpio_interrupt(self->gpio, (enum gpio_trigger)trigger);
}

// irq(handler, trigger), of MicroPython: the handler is given the pin.
static mp_obj_t pin_irq(size_t n_args, const mp_obj_t *pos_args,
                        mp_map_t *kw_args)
{
    enum { ARG_handler, ARG_trigger, ARG_hard };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_handler, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_trigger, MP_ARG_INT, {.u_int = GPIO_ANY_EDGE}},
        {MP_QSTR_hard, MP_ARG_BOOL, {.u_bool = false}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, pos_args + 1, kw_args, MP_ARRAY_SIZE(allowed),
                     allowed, args);
    if (args[ARG_hard].u_bool) {
        mp_raise_ValueError(MP_ERROR_TEXT("no hard interrupts here"));
    }
    listen(MP_OBJ_TO_PTR(pos_args[0]), args[ARG_trigger].u_int,
           args[ARG_handler].u_obj, pos_args[0]);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(pin_irq_obj, 1, pin_irq);

// callback(trigger, handler, arg), of Pycom: the handler is given arg, or the
// pin.
static mp_obj_t pin_callback(size_t n_args, const mp_obj_t *pos_args,
                             mp_map_t *kw_args)
{
    enum { ARG_trigger, ARG_handler, ARG_arg };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_trigger, MP_ARG_INT, {.u_int = GPIO_NEVER}},
        {MP_QSTR_handler, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_arg, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, pos_args + 1, kw_args, MP_ARRAY_SIZE(allowed),
                     allowed, args);
    listen(MP_OBJ_TO_PTR(pos_args[0]), args[ARG_trigger].u_int,
           args[ARG_handler].u_obj,
           args[ARG_arg].u_obj == mp_const_none ? pos_args[0]
                                                : args[ARG_arg].u_obj);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(pin_callback_obj, 1, pin_callback);

void modpin_dispatch(void)
{
    uint32_t lock = irq_lock();
    uint64_t pending = gpio_take_pending();
    irq_unlock(lock);
    for (size_t i = 0; i < PINS; i++) {
        if ((pending >> pins[i].gpio & 1) == 0 ||
            states[i].trigger == GPIO_NEVER) {
            continue;
        }
        mp_sched_schedule(MP_STATE_PORT(modpin_handler)[i],
                          MP_STATE_PORT(modpin_arg)[i]);
        if (states[i].trigger >= GPIO_LOW) {
            gpio_interrupt(pins[i].gpio, (enum gpio_trigger)states[i].trigger);
        }
    }
}

void modpin_deinit(void)
{
    for (size_t i = 0; i < PINS; i++) {
        if (states[i].trigger != GPIO_NEVER) {
            gpio_interrupt(pins[i].gpio, GPIO_NEVER);
            states[i].trigger = GPIO_NEVER;
        }
    }
}

// What machine.Signal and others go through.
static mp_uint_t pin_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg,
                           int *errcode)
{
    (void)errcode;
    unsigned gpio = modpin_gpio(self_in);
    switch (request) {
    case MP_PIN_READ:
        return gpio_level(gpio);
    case MP_PIN_WRITE:
        gpio_write(gpio, arg != 0);
        return 0;
    default:
        return (mp_uint_t)-1;
    }
}

static const mp_pin_p_t pin_protocol = {.ioctl = pin_ioctl};

static const mp_rom_map_elem_t pin_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_init), MP_ROM_PTR(&pin_init_obj)},
    {MP_ROM_QSTR(MP_QSTR_value), MP_ROM_PTR(&pin_value_obj)},
    {MP_ROM_QSTR(MP_QSTR_on), MP_ROM_PTR(&pin_on_obj)},
    {MP_ROM_QSTR(MP_QSTR_off), MP_ROM_PTR(&pin_off_obj)},
    {MP_ROM_QSTR(MP_QSTR_toggle), MP_ROM_PTR(&pin_toggle_obj)},
    {MP_ROM_QSTR(MP_QSTR_id), MP_ROM_PTR(&pin_id_obj)},
    {MP_ROM_QSTR(MP_QSTR_mode), MP_ROM_PTR(&pin_mode_obj)},
    {MP_ROM_QSTR(MP_QSTR_pull), MP_ROM_PTR(&pin_pull_obj)},
    {MP_ROM_QSTR(MP_QSTR_irq), MP_ROM_PTR(&pin_irq_obj)},
    {MP_ROM_QSTR(MP_QSTR_callback), MP_ROM_PTR(&pin_callback_obj)},
    {MP_ROM_QSTR(MP_QSTR_IN), MP_ROM_INT(MODE_IN)},
    {MP_ROM_QSTR(MP_QSTR_OUT), MP_ROM_INT(MODE_OUT)},
    {MP_ROM_QSTR(MP_QSTR_OPEN_DRAIN), MP_ROM_INT(MODE_OPEN_DRAIN)},
    {MP_ROM_QSTR(MP_QSTR_PULL_UP), MP_ROM_INT(PULL_UP)},
    {MP_ROM_QSTR(MP_QSTR_PULL_DOWN), MP_ROM_INT(PULL_DOWN)},
    {MP_ROM_QSTR(MP_QSTR_IRQ_RISING), MP_ROM_INT(GPIO_RISING)},
    {MP_ROM_QSTR(MP_QSTR_IRQ_FALLING), MP_ROM_INT(GPIO_FALLING)},
    {MP_ROM_QSTR(MP_QSTR_IRQ_LOW_LEVEL), MP_ROM_INT(GPIO_LOW)},
    {MP_ROM_QSTR(MP_QSTR_IRQ_HIGH_LEVEL), MP_ROM_INT(GPIO_HIGH)},
};
static MP_DEFINE_CONST_DICT(pin_locals, pin_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(modpin_type, MP_QSTR_Pin, MP_TYPE_FLAG_NONE, make_new,
                         pin_make_new, print, pin_print, call, pin_call,
                         protocol, &pin_protocol, locals_dict, &pin_locals);
