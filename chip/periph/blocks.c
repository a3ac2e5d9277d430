// SPDX-License-Identifier: Apache-2.0
//
// The address map of the peripherals (TRM "System and Memory", table
// "Peripheral Address Mapping"), and the blocks whose registers only remember:
// enough for code that sets them up and reads them back.
//
// Not here, so reported when touched: UHCI, RMT, PCNT, PWM,
// SDMMC, EMAC, CAN, Bluetooth and Wi-Fi.

#include "chip/periph/blocks.h"

#include <stddef.h>

#include "chip/periph/aes.h"
#include "chip/periph/dport.h"
#include "chip/periph/efuse.h"
#include "chip/periph/frc.h"
#include "chip/periph/gpio.h"
#include "chip/periph/rng.h"
#include "chip/periph/rsa.h"
#include "chip/periph/rtc.h"
#include "chip/periph/secure_boot.h"
#include "chip/periph/sha.h"
#include "chip/periph/spi.h"
#include "chip/periph/spi_encrypt.h"
#include "chip/periph/syscon.h"
#include "chip/periph/timg.h"
#include "chip/periph/uart.h"
#include "chip/soc.h"

// clang-format off

static const struct reg_row sens_rows[] = {
    {0x000, 256, "SENS", 0, NULL, NULL},
};
static const struct reg_row rtc_io_rows[] = {
    {0x000, 60, "RTC_IO", 0, NULL, NULL},
};
static const struct reg_row rtc_i2c_rows[] = {
    {0x000, 64, "RTC_I2C", 0, NULL, NULL},
};
static const struct reg_row fe_rows[] = {
    {0x000, 1024, "FE", 0, NULL, NULL},
};
// Analogue parts reached over an internal I2C bus; commands end at once.
static const struct reg_row ana_rows[] = {
    {0x000, 1024, "ANA_I2C", 0, NULL, NULL},
};
static const struct reg_row i2s_rows[] = {
    {0x000, 64, "I2S", 0, NULL, NULL},
};
static const struct reg_row i2c_rows[] = {
    {0x000, 64, "I2C", 0, NULL, NULL},
};
static const struct reg_row ledc_rows[] = {
    {0x000, 128, "LEDC", 0, NULL, NULL},
};
// The ROM starts a link of the SDIO slave and waits until it rests, when the
// straps allow a download over SDIO.
static uint32_t slc_link_read(struct chip *chip, uint32_t vaddr)
{
    return *soc_reg(chip, vaddr) | 1u << 31;
}

static const struct reg_row slc_rows[] = {
    {0x000, 15, "SLC", 0, NULL, NULL},
    {0x03C, 2,  "SLC_LINK", 0, slc_link_read, NULL},
    {0x044, 64, "SLC", 0, NULL, NULL},
};

static const struct reg_row slchost_rows[] = {
    {0x000, 1024, "SLCHOST", 0, NULL, NULL},
};

#define REMEMBERS(id, text, at, n, rows, in_rtc)                               \
    static const struct reg_block id = {text, at, n, REG_ROWS(rows), in_rtc}

REMEMBERS(fe2_block,     "FE2",     0x3FF45000u, 0x1000, fe_rows,      false);
REMEMBERS(fe_block,      "FE",      0x3FF46000u, 0x1000, fe_rows,      false);
REMEMBERS(rtc_io_block,  "RTC_IO",  0x3FF48400u, 0x0400, rtc_io_rows,  true);
REMEMBERS(sens_block,    "SENS",    0x3FF48800u, 0x0400, sens_rows,    true);
REMEMBERS(rtc_i2c_block, "RTC_I2C", 0x3FF48C00u, 0x0400, rtc_i2c_rows, true);
REMEMBERS(ana_block,     "ANA",     0x3FF4E000u, 0x1000, ana_rows,     true);
REMEMBERS(i2s0_block,    "I2S0",    0x3FF4F000u, 0x1000, i2s_rows,     false);
REMEMBERS(i2c0_block,    "I2C0",    0x3FF53000u, 0x1000, i2c_rows,     false);
REMEMBERS(slchost_block, "SLCHOST", 0x3FF55000u, 0x1000, slchost_rows, false);
REMEMBERS(slc_block,     "SLC",     0x3FF58000u, 0x1000, slc_rows,     false);
REMEMBERS(ledc_block,    "LEDC",    0x3FF59000u, 0x1000, ledc_rows,    false);
REMEMBERS(i2c1_block,    "I2C1",    0x3FF67000u, 0x1000, i2c_rows,     false);
REMEMBERS(i2s1_block,    "I2S1",    0x3FF6D000u, 0x1000, i2s_rows,     false);

const struct reg_block *const peripheral_blocks[] = {
    &dport_block,       // 0x3FF00000
    &aes_block,         // 0x3FF01000
    &rsa_block,         // 0x3FF02000
    &sha_block,         // 0x3FF03000
    &secure_boot_block, // 0x3FF04000
    &dport_mmu_block,   // 0x3FF10000
    &uart0_block,       // 0x3FF40000
    &spi1_block,        // 0x3FF42000
    &spi0_block,        // 0x3FF43000
    &gpio_block,        // 0x3FF44000
    &fe2_block,         // 0x3FF45000
    &fe_block,          // 0x3FF46000
    &frc_block,         // 0x3FF47000
    &rtc_block,         // 0x3FF48000
    &rtc_io_block,      // 0x3FF48400
    &sens_block,        // 0x3FF48800
    &rtc_i2c_block,     // 0x3FF48C00
    &io_mux_block,      // 0x3FF49000
    &ana_block,         // 0x3FF4E000
    &i2s0_block,        // 0x3FF4F000
    &uart1_block,       // 0x3FF50000
    &i2c0_block,        // 0x3FF53000
    &slchost_block,     // 0x3FF55000
    &slc_block,         // 0x3FF58000
    &ledc_block,        // 0x3FF59000
    &efuse_block,       // 0x3FF5A000
    &spi_encrypt_block, // 0x3FF5B000
    &timg0_block,       // 0x3FF5F000
    &timg1_block,       // 0x3FF60000
    &spi2_block,        // 0x3FF64000
    &spi3_block,        // 0x3FF65000
    &syscon_block,      // 0x3FF66000
    &i2c1_block,        // 0x3FF67000
    &i2s1_block,        // 0x3FF6D000
    &uart2_block,       // 0x3FF6E000
    &rng_block,         // 0x3FF75000
};
// clang-format on

const unsigned peripheral_block_count =
    sizeof peripheral_blocks / sizeof peripheral_blocks[0];
