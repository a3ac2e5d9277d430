// SPDX-License-Identifier: Apache-2.0
//
// machine.RTC

#ifndef FIRMWARE_APP_MODRTC_H
#define FIRMWARE_APP_MODRTC_H

#include "py/obj.h"

extern const mp_obj_type_t modrtc_type;

#endif
