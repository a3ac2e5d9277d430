// SPDX-License-Identifier: Apache-2.0
//
// What depends on time: timer groups, FRC, RTC, watchdogs, and the UART.

#define _DEFAULT_SOURCE // for testing.h

#include "chip/periph/frc.h"
#include "chip/periph/rtc.h"
#include "chip/periph/timg.h"
#include "chip/periph/uart.h"

#include "chip/testing.h"

#define TIMG0 0x3FF5F000u
#define TIMG1 0x3FF60000u
#define RTC   0x3FF48000u
#define FRC   0x3FF47000u
#define UART0 0x3FF40000u

// In download mode nothing else runs: time is ours.
static struct rig *waiting(void)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_DOWNLOAD);

    rig_on(rig);
    return rig;
}

// Let that much time pass: the ROM is kept busy.
static void pass_us(struct rig *rig, uint64_t us)
{
    uint64_t end = chip_time_ns(rig->chip) + us * 1000;

    rom_busy_us(rig->chip, us);
    while (chip_time_ns(rig->chip) < end &&
           chip_run(rig->chip, 40) == CHIP_RAN) {
    }
}

static uint64_t timer(struct rig *rig, uint32_t base, unsigned t)
{
    rig_put(rig, base + 0x24 * t + 0x0C, 1);
    return rig_get(rig, base + 0x24 * t + 4) |
           (uint64_t)rig_get(rig, base + 0x24 * t + 8) << 32;
}

static void counts(void **state)
{
    struct rig *rig = waiting();

    (void)state;
    rig_put(rig, TIMG0, 1u << 31 | 1u << 30 | 40u << 13); // 1 MHz, up
    pass_us(rig, 1000);
    assert_int_equal(timer(rig, TIMG0, 0), 1000);
    // PLL: the peripheral clock doubles, what was counted stays.
    rig_put(rig, RTC + 0x70, 1u << 27);
    assert_int_equal(soc_apb_hz(rig->chip), 80000000);
    pass_us(rig, 1000);
    assert_int_equal(timer(rig, TIMG0, 0), 3000);
    rig_put(rig, TIMG0, 1u << 30 | 40u << 13); // stopped
    pass_us(rig, 1000);
    assert_int_equal(timer(rig, TIMG0, 0), 3000);
    // Down, from a loaded value, across the words.
    rig_put(rig, TIMG1 + 0x24 + 0x18, 5);
    rig_put(rig, TIMG1 + 0x24 + 0x1C, 1);
    rig_put(rig, TIMG1 + 0x24 + 0x20, 1);
    rig_put(rig, TIMG1 + 0x24, 1u << 31 | 80u << 13);
    pass_us(rig, 10);
    assert_int_equal(timer(rig, TIMG1, 1), 0xFFFFFFFBu);
    rig_free(rig);
}

static void alarms(void **state)
{
    struct rig *rig = waiting();

    (void)state;
    rig_put(rig, 0x3FF00104 + 4 * 15, 9); // TG0_T1 on INT 9
    rig_put(rig, TIMG0 + 0x98, 2);
    rig_put(rig, TIMG0 + 0x24 + 0x10, 500);
    rig_put(rig, TIMG0 + 0x24,
            1u << 31 | 1u << 30 | 1u << 29 | 40u << 13 | 1u << 11 | 1u << 10);
    assert_int_equal(chip_idle_ns(rig->chip), 500000);
    pass_us(rig, 499);
    assert_int_equal(rig->chip->cpu[0].lines, 0);
    pass_us(rig, 2);
    assert_int_equal(rig->chip->cpu[0].lines, 1u << 9);
    assert_int_equal(rig_get(rig, TIMG0 + 0xA0), 2);
    assert_int_equal(rig_get(rig, TIMG0 + 0x24) & 1u << 10, 0);
    assert_true(timer(rig, TIMG0, 1) < 3); // reloaded
    rig_put(rig, TIMG0 + 0xA4, 2);
    assert_int_equal(rig->chip->cpu[0].lines, 0);
    // Idle time is skipped in one step.
    rig_put(rig, TIMG0 + 0x24 + 0x10, 3000000);
    rig_put(rig, TIMG0 + 0x24, rig_get(rig, TIMG0 + 0x24) | 1u << 10);
    assert_int_equal(chip_run(rig->chip, 1), CHIP_IDLE);
    uint64_t before = chip_time_ns(rig->chip);
    assert_int_equal(chip_run(rig->chip, 1), CHIP_IDLE);
    assert_in_range(chip_time_ns(rig->chip) - before, 2999990000u, 3000000000u);
    assert_int_equal(rig->chip->cpu[0].lines, 1u << 9);
    rig_free(rig);
}

// LACT, by which ESP-IDF's esp_timer and esp-hal tell the time.
static void lact_counts(void **state)
{
    struct rig *rig = waiting();

    (void)state;
    rig_put(rig, 0x3FF00104 + 4 * 17, 9); // TG0_LACT on INT 9
    rig_put(rig, TIMG0 + 0x98, 1u << 3);
    rig_put(rig, TIMG0 + 0x84, 500);
    rig_put(rig, TIMG0 + 0x70,
            1u << 31 | 1u << 30 | 40u << 13 | 1u << 11 | 1u << 10);
    pass_us(rig, 499);
    rig_put(rig, TIMG0 + 0x80, 0);
    assert_in_range(rig_get(rig, TIMG0 + 0x78), 498, 499);
    assert_int_equal(rig->chip->cpu[0].lines, 0);
    pass_us(rig, 2);
    assert_int_equal(rig->chip->cpu[0].lines, 1u << 9);
    assert_int_equal(rig_get(rig, TIMG0 + 0xA0), 1u << 3);
    rig_put(rig, TIMG0 + 0xA4, 1u << 3);
    assert_int_equal(rig->chip->cpu[0].lines, 0);
    rig_put(rig, TIMG0 + 0x8C, 7);
    rig_put(rig, TIMG0 + 0x94, 0);
    rig_put(rig, TIMG0 + 0x80, 0);
    assert_int_equal(rig_get(rig, TIMG0 + 0x78), 7);
    rig_free(rig);
}

static void frc_counts(void **state)
{
    struct rig *rig = waiting();

    (void)state;
    rig_put(rig, 0x3FF00104 + 4 * 57, 3);
    rig_put(rig, FRC + 0x28, 1u << 7 | 1u << 2); // FRC2, by 16: 2.5 MHz
    pass_us(rig, 100);
    assert_int_equal(rig_get(rig, FRC + 0x24), 250);
    rig_put(rig, FRC + 0x30, 500);
    assert_int_equal(chip_idle_ns(rig->chip), 100000);
    pass_us(rig, 101);
    assert_int_equal(rig->chip->cpu[0].lines, 8);
    rig_put(rig, FRC + 0x2C, 1);
    assert_int_equal(rig->chip->cpu[0].lines, 0);
    rig_put(rig, FRC + 0x00, 1000); // FRC1 counts down
    rig_put(rig, FRC + 0x08, 1u << 7);
    pass_us(rig, 10);
    assert_int_equal(rig_get(rig, FRC + 0x04), 600);
    rig_free(rig);
}

static void rtc_keeps_time(void **state)
{
    struct rig *rig = waiting();

    (void)state;
    rig_put(rig, RTC + 0x0C, 1u << 31);
    assert_int_equal(rig_get(rig, RTC + 0x0C), 1u << 30);
    uint32_t before = rig_get(rig, RTC + 0x10);
    pass_us(rig, 10000);
    assert_int_equal(rig_get(rig, RTC + 0x10), before); // until asked
    rig_put(rig, RTC + 0x0C, 1u << 31);
    assert_in_range(rig_get(rig, RTC + 0x10) - before, 1499, 1501); // 150 kHz
    // 1024 slow cycles take 273066 crystal cycles.
    rig_put(rig, TIMG0 + 0x68, 1u << 31 | 1024u << 16);
    assert_int_equal(rig_get(rig, TIMG0 + 0x68) >> 15 & 1, 1);
    assert_int_equal(rig_get(rig, TIMG0 + 0x6C) >> 7, 273066);
    rig_free(rig);
}

static unsigned cause(struct rig *rig)
{
    return rig_get(rig, RTC + 0x34) & 0x3F;
}

static void watchdogs_reset(void **state)
{
    struct rig *rig = waiting();

    (void)state;
    // TG1: stage 0 nothing more than an interrupt, stage 1 the system.
    rig_put(rig, TIMG1 + 0x4C, 40000u << 16); // 1 ms
    rig_put(rig, TIMG1 + 0x50, 10);
    rig_put(rig, TIMG1 + 0x54, 20);
    rig_put(rig, TIMG1 + 0x48, 1u << 31 | 1u << 29 | 3u << 27 | 1u << 21);
    pass_us(rig, 9900);
    assert_int_equal(rig_get(rig, TIMG1 + 0x9C), 0);
    rig_put(rig, TIMG1 + 0x60, 1); // fed
    pass_us(rig, 9900);
    assert_int_equal(rig_get(rig, TIMG1 + 0x9C), 0);
    pass_us(rig, 200);
    assert_int_equal(rig_get(rig, TIMG1 + 0x9C), 4);
    pass_us(rig, 19000);
    assert_int_equal(cause(rig), 1);
    pass_us(rig, 2000);
    rig_rom(rig);
    assert_int_equal(cause(rig), 8);
    assert_int_equal(rig_get(rig, TIMG1 + 0x48), 0x48000);
    // Locked, it cannot be changed.
    rig_put(rig, TIMG1 + 0x64, 0);
    rig_put(rig, TIMG1 + 0x48, 1u << 31);
    rig_put(rig, TIMG1 + 0x50, 1);
    assert_int_equal(rig_get(rig, TIMG1 + 0x48), 0x48000);
    assert_int_equal(rig_get(rig, TIMG1 + 0x50), 26000000);
    // RTC: system reset keeps the RTC's registers.
    rig_put(rig, RTC + 0x4C, 0x77);
    rig_put(rig, RTC + 0x90, 150);
    rig_put(rig, RTC + 0x8C, 1u << 31 | 3u << 28);
    pass_us(rig, 1500);
    rig_rom(rig);
    assert_int_equal(cause(rig), 9);
    assert_int_equal(rig_get(rig, RTC + 0x4C), 0x77);
    rig_free(rig);
}

static void sleeps_and_wakes(void **state)
{
    struct rig *rig = waiting();

    (void)state;
    rig_put(rig, 0x50000010, 0xABCD);
    rig_put(rig, 0x3FFB0000, 0xABCD);
    rig_put(rig, RTC + 0x0C, 1u << 31);
    rig_put(rig, RTC + 0x04, rig_get(rig, RTC + 0x10) + 150000); // one second
    rig_put(rig, RTC + 0x38, 8u << 11);
    rig_put(rig, RTC + 0x84, 1u << 31);
    rig_put(rig, RTC + 0x18, 1u << 31);
    assert_int_equal(chip_run(rig->chip, 1000), CHIP_IDLE);
    assert_in_range(chip_idle_ns(rig->chip), 999990000u, 1000010000u);
    chip_run(rig->chip, 1);
    rig_rom(rig);
    assert_int_equal(cause(rig), 5);
    assert_int_equal(rig_get(rig, RTC + 0x38) & 0x7FF, 8);
    assert_int_equal(rig_get(rig, 0x50000010), 0xABCD);
    assert_int_not_equal(rig_get(rig, 0x3FFB0000), 0xABCD);
    rig_free(rig);
}

static void receives(void **state)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_FLASH_BOOT);
    uint8_t bytes[200];

    (void)state;
    chip_power_on(rig->chip);
    for (unsigned i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    rig_put(rig, 0x3FF00104 + 4 * 34, 5);
    rig_put(rig, UART0 + 0x0C, 1);   // RXFIFO_FULL
    rig_put(rig, UART0 + 0x24, 100); // threshold
    assert_int_equal(chip_uart_rx(rig->chip, 0, bytes, 99), 99);
    assert_int_equal(rig->chip->cpu[0].lines, 0);
    assert_int_equal(chip_uart_rx(rig->chip, 0, bytes + 99, 101), 29); // full
    assert_int_equal(rig->chip->cpu[0].lines, 1u << 5);
    assert_int_equal(rig_get(rig, UART0 + 0x1C) & 0xFF, 128);
    assert_int_equal(rig_get(rig, UART0 + 0x08), 1);
    for (unsigned i = 0; i < 128; i++) {
        assert_int_equal(rig_get(rig, UART0), i);
    }
    assert_int_equal(rig_get(rig, UART0 + 0x1C) & 0xFF, 0);
    assert_int_equal(rig->chip->cpu[0].lines, 0);
    // Sending, by the AHB, and the baud rate: 694/16 of 80 MHz.
    rig->console_n = 0;
    rig_put(rig, 0x60000000, 'o');
    rig_put(rig, UART0, 'k');
    assert_string_equal(rig->console, "ok");
    assert_int_equal(rig_get(rig, UART0 + 0x1C) >> 16 & 0xFF, 0);
    rig_put(rig, RTC + 0x70, 1u << 27);
    rig_put(rig, UART0 + 0x14, 694 | 7u << 20);
    assert_in_range(rig->baud, 115200, 115220);
    // CONF0 RXFIFO_RST.
    chip_uart_rx(rig->chip, 0, bytes, 5);
    rig_put(rig, UART0 + 0x20, 0x0800001C | 1u << 17);
    assert_int_equal(rig_get(rig, UART0 + 0x1C) & 0xFF, 0);
    // LOOPBACK: what is sent comes back too.
    rig_put(rig, UART0 + 0x20, 0x0800001C | 1u << 14);
    rig_put(rig, UART0, 'l');
    assert_int_equal(rig_get(rig, UART0 + 0x1C) & 0xFF, 1);
    assert_int_equal(rig_get(rig, UART0), 'l');
    rig_free(rig);
}

// What the autobaud unit shows of a SYNC frame at the ROM's rate.
static void measures_a_line(void **state)
{
    struct rig *rig = waiting();
    uint8_t fives[32];

    (void)state;
    memset(fives, 0x55, sizeof fives);
    rig_put(rig, UART0 + 0x18, 0x1001);
    assert_int_equal(rig_get(rig, UART0 + 0x30), 0);
    chip_uart_rx(rig->chip, 0, fives, sizeof fives);
    assert_int_equal(rig_get(rig, UART0 + 0x30), 320); // ten a byte
    assert_int_equal(rig_get(rig, UART0 + 0x28), 347 - 9);
    assert_int_equal(rig_get(rig, UART0 + 0x2C), 347 - 9);
    rig_put(rig, UART0 + 0x18, 0x1000);
    assert_int_equal(rig_get(rig, UART0 + 0x30), 0);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),           cmocka_unit_test(alarms),
        cmocka_unit_test(lact_counts),      cmocka_unit_test(frc_counts),
        cmocka_unit_test(rtc_keeps_time),   cmocka_unit_test(watchdogs_reset),
        cmocka_unit_test(sleeps_and_wakes), cmocka_unit_test(receives),
        cmocka_unit_test(measures_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
