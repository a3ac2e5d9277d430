// SPDX-License-Identifier: Apache-2.0

#ifndef FIRMWARE_APP_MPHALPORT_H
#define FIRMWARE_APP_MPHALPORT_H

#include "firmware/app/irq.h"

// The character that raises KeyboardInterrupt; -1 for none.
void mp_hal_set_interrupt_char(int c);

#define MICROPY_BEGIN_ATOMIC_SECTION()    irq_lock()
#define MICROPY_END_ATOMIC_SECTION(state) irq_unlock(state)

#endif
