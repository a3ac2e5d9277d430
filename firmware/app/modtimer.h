// SPDX-License-Identifier: Apache-2.0
//
// machine.Timer

#ifndef FIRMWARE_APP_MODTIMER_H
#define FIRMWARE_APP_MODTIMER_H

#include "py/obj.h"

extern const mp_obj_type_t modtimer_type;

#endif
