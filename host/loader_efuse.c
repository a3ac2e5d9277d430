// SPDX-License-Identifier: Apache-2.0

#include "host/loader_efuse.h"

#include "host/loader_command.h"

#define EFUSE_BASE       0x3FF5A000u
#define EFUSE_CLK        (EFUSE_BASE + 0x0F8)
#define EFUSE_CONF       (EFUSE_BASE + 0x0FC)
#define EFUSE_CMD        (EFUSE_BASE + 0x104)
#define EFUSE_DAC_CONF   (EFUSE_BASE + 0x118)
#define EFUSE_DEC_STATUS (EFUSE_BASE + 0x11C)
#define CONF_WRITE       0x5A5Au
#define CONF_READ        0x5AA5u
#define CMD_READ         1u
#define CMD_PROGRAM      2u
#define DEC_STATUS_MASK  0xFFFu
#define SYSCON_DATE      0x3FF6607Cu
#define UART_CLKDIV      0x3FF40014u
#define UART_CLKDIV_MASK 0xFFFFFu
// A command takes microseconds; each poll is a round trip over the line.
#define CMD_POLLS 250

static const uint16_t read_base[FB_EFUSE_BLOCKS] = {0x000, 0x038, 0x058, 0x078};
static const uint16_t write_base[FB_EFUSE_BLOCKS] = {0x01C, 0x098, 0x0B8,
                                                     0x0D8};

// Programming pulses by APB clock; in download mode that is the crystal.
static const struct timing {
    uint32_t mhz;
    uint32_t dac_clk_div;
    uint32_t clk_sel0;
    uint32_t clk_sel1;
} timings[] = {
    {26, 52, 250, 255},
    {40, 80, 160, 255},
};

static int write_reg(struct host_loader *l, uint32_t addr, uint32_t value)
{
    return host_loader_write_reg(l, addr, value, UINT32_MAX, 0);
}

static int wait_for_controller(struct host_loader *l)
{
    for (int i = 0; i < CMD_POLLS; i++) {
        uint32_t cmd = 0;
        int status = host_loader_read_reg(l, EFUSE_CMD, &cmd);
        if (status != HOST_LOADER_OK || cmd == 0) {
            return status;
        }
    }
    return host_loader_fail(l, HOST_LOADER_E_ANSWER,
                            "the eFuse controller does not finish a command");
}

static int command(struct host_loader *l, uint32_t conf, uint32_t cmd)
{
    int status = write_reg(l, EFUSE_CONF, conf);
    if (status == HOST_LOADER_OK) {
        status = write_reg(l, EFUSE_CMD, cmd);
    }
    return status != HOST_LOADER_OK ? status : wait_for_controller(l);
}

int host_loader_efuse_read(struct host_loader *l, struct fb_efuse_words *shadow,
                           uint32_t *dec_status)
{
    int status = command(l, CONF_READ, CMD_READ);
    *shadow = (struct fb_efuse_words){0};
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        for (uint32_t i = 0;
             i < fb_efuse_block_words(block) && status == HOST_LOADER_OK; i++) {
            status =
                host_loader_read_reg(l, EFUSE_BASE + read_base[block] + 4 * i,
                                     &shadow->word[block][i]);
        }
    }
    if (status == HOST_LOADER_OK) {
        status = host_loader_read_reg(l, EFUSE_DEC_STATUS, dec_status);
        *dec_status &= DEC_STATUS_MASK;
    }
    return status;
}

static int write_data(struct host_loader *l, const struct fb_efuse_words *data)
{
    int status = HOST_LOADER_OK;
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        for (uint32_t i = 0;
             i < fb_efuse_block_words(block) && status == HOST_LOADER_OK; i++) {
            status = write_reg(l, EFUSE_BASE + write_base[block] + 4 * i,
                               data->word[block][i]);
        }
    }
    return status;
}

// UART_CLKDIV was set for the rate of the connection from the crystal's clock.
static int find_timing(struct host_loader *l, const struct timing **timing)
{
    uint32_t clkdiv = 0;
    int status = host_loader_read_reg(l, UART_CLKDIV, &clkdiv);
    uint64_t hz = (uint64_t)l->baud * (clkdiv & UART_CLKDIV_MASK);
    *timing = &timings[hz > 33000000u];
    return status;
}

static int set_timing(struct host_loader *l)
{
    const struct timing *t;
    uint32_t dac = 0;
    uint32_t clk = 0;
    int status = find_timing(l, &t);
    if (status == HOST_LOADER_OK) {
        status = host_loader_read_reg(l, EFUSE_DAC_CONF, &dac);
    }
    if (status == HOST_LOADER_OK) {
        status = write_reg(l, EFUSE_DAC_CONF, (dac & ~0xFFu) | t->dac_clk_div);
    }
    if (status == HOST_LOADER_OK) {
        status = host_loader_read_reg(l, EFUSE_CLK, &clk);
    }
    if (status == HOST_LOADER_OK) {
        status = write_reg(l, EFUSE_CLK,
                           (clk & ~0xFFFFu) | t->clk_sel1 << 8 | t->clk_sel0);
    }
    return status;
}

int host_loader_efuse_program(struct host_loader *l,
                              const struct fb_efuse_words *data)
{
    static const struct fb_efuse_words nothing;
    int status = set_timing(l);
    if (status == HOST_LOADER_OK) {
        status = write_data(l, data);
    }
    if (status == HOST_LOADER_OK) {
        status = command(l, CONF_WRITE, CMD_PROGRAM);
    }
    if (status == HOST_LOADER_OK) {
        status = command(l, CONF_READ, CMD_READ);
    }
    // The data must not go into a later command, nor stay readable.
    int cleared = write_data(l, &nothing);
    return status != HOST_LOADER_OK ? status : cleared;
}

int host_loader_syscon_date(struct host_loader *l, uint32_t *date)
{
    return host_loader_read_reg(l, SYSCON_DATE, date);
}
