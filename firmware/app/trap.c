// SPDX-License-Identifier: Apache-2.0

#include "firmware/app/trap.h"

#include <assert.h>
#include <stddef.h>

#include "firmware/drivers/reset.h"
#include "firmware/drivers/uart.h"

static_assert(sizeof(struct trap_frame) == TRAP_FRAME, "frame");
static_assert(offsetof(struct trap_frame, a2_15) == TRAP_A2, "frame");
static_assert(offsetof(struct trap_frame, sar) == TRAP_SAR, "frame");
static_assert(offsetof(struct trap_frame, pc) == TRAP_PC, "frame");
static_assert(offsetof(struct trap_frame, cause) == TRAP_CAUSE, "frame");
static_assert(offsetof(struct trap_frame, vaddr) == TRAP_VADDR, "frame");

static void put(const char *text)
{
    for (; *text != '\0'; text++) {
        uart_putc((uint8_t)*text);
    }
}

static void put_hex(uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4) {
        uint32_t digit = value >> shift & 15;
        uart_putc((uint8_t)(digit < 10 ? '0' + digit : 'a' + digit - 10));
    }
}

_Noreturn void trap_report(const struct trap_frame *frame)
{
    put("\r\nexception: cause ");
    put_hex(frame->cause);
    put(" pc ");
    put_hex(frame->pc);
    put(" vaddr ");
    put_hex(frame->vaddr);
    put(" a0 ");
    put_hex(frame->a0);
    put("\r\n");
    uart_flush();
    reset_system();
}
