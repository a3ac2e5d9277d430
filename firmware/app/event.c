// SPDX-License-Identifier: Apache-2.0

#include "firmware/app/event.h"

#include "firmware/app/irq.h"

volatile uint32_t event_pending;

void event_raise(enum event event)
{
    uint32_t state = irq_lock();
    event_pending |= event;
    irq_unlock(state);
}

uint32_t event_take(void)
{
    uint32_t state = irq_lock();
    uint32_t events = event_pending;
    event_pending = 0;
    irq_unlock(state);
    return events;
}
