// SPDX-License-Identifier: Apache-2.0
//
// Why the chip started, and starting it again.

#ifndef FIRMWARE_DRIVERS_RESET_H
#define FIRMWARE_DRIVERS_RESET_H

// Codes of RTC_CNTL_RESET_STATE (TRM "Reset and Clock"; esp-idf rom/rtc.h
// names them all).
enum reset_cause {
    RESET_POWERON = 1, // power came, or EN was released
    RESET_SW = 3,      // reset_system()
    RESET_DEEPSLEEP = 5,
    RESET_TG0WDT = 7,
    RESET_TG1WDT = 8,
    RESET_RTCWDT = 9,
    RESET_TGWDT_CPU = 11,
    RESET_SW_CPU = 12,
    RESET_RTCWDT_CPU = 13,
    RESET_BROWN_OUT = 15,
    RESET_RTCWDT_RTC = 16,
};

// Of the PRO CPU, enum reset_cause or another code of the manual.
unsigned reset_cause(void);

// Digital system reset: everything but the RTC domain starts again. What is in
// the UART's FIFO is lost: uart_flush() first.
_Noreturn void reset_system(void);

#endif
