// SPDX-License-Identifier: Apache-2.0
//
// machine.Pin

#ifndef FIRMWARE_APP_MODPIN_H
#define FIRMWARE_APP_MODPIN_H

#include "py/obj.h"

extern const mp_obj_type_t modpin_type;

// The GPIO that a pin, its name or its GPIO number stands for; raises
// ValueError.
unsigned modpin_gpio(mp_obj_t pin);

// Schedule the handlers of the pins that have triggered.
void modpin_dispatch(void);

// Switch all handlers off: a soft reset takes them away.
void modpin_deinit(void);

#endif
