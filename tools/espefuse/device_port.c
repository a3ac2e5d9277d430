// SPDX-License-Identifier: Apache-2.0
//
// The eFuse controller of a chip in download mode, by READ_REG and WRITE_REG.
// Register names and sequences: TRM chapter "eFuse Controller".

#include <stdlib.h>
#include <string.h>

#include "host/loader_session.h"
#include "host/port.h"
#include "tools/espefuse/device.h"

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
#define CONNECT_BAUD     115200u
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

struct device_private {
    struct host_port *port;
    struct host_loader loader;
    const struct timing *timing;
    enum host_reset_after after;
};

static int lost(struct device *d)
{
    return cli_error(d->name, "%s", d->priv->loader.why);
}

static int read_reg(struct device *d, uint32_t addr, uint32_t *value)
{
    return host_loader_read_reg(&d->priv->loader, addr, value) == 0 ? 0
                                                                    : lost(d);
}

static int write_reg(struct device *d, uint32_t addr, uint32_t value)
{
    return host_loader_write_reg(&d->priv->loader, addr, value, UINT32_MAX,
                                 0) == 0
               ? 0
               : lost(d);
}

static int wait_for_controller(struct device *d)
{
    for (int i = 0; i < CMD_POLLS; i++) {
        uint32_t cmd = 0;
        int status = read_reg(d, EFUSE_CMD, &cmd);
        if (status != 0 || cmd == 0) {
            return status;
        }
    }
    return cli_error(d->name, "the eFuse controller does not finish a command");
}

static int command(struct device *d, uint32_t conf, uint32_t cmd)
{
    int status = write_reg(d, EFUSE_CONF, conf);
    if (status == 0) {
        status = write_reg(d, EFUSE_CMD, cmd);
    }
    return status != 0 ? status : wait_for_controller(d);
}

static int port_read(struct device *d, struct fb_efuse_words *shadow,
                     uint32_t *dec_status)
{
    int status = command(d, CONF_READ, CMD_READ);
    *shadow = (struct fb_efuse_words){0};
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        for (uint32_t i = 0; i < fb_efuse_block_words(block) && status == 0;
             i++) {
            status = read_reg(d, EFUSE_BASE + read_base[block] + 4 * i,
                              &shadow->word[block][i]);
        }
    }
    if (status == 0) {
        status = read_reg(d, EFUSE_DEC_STATUS, dec_status);
        *dec_status &= DEC_STATUS_MASK;
    }
    return status;
}

static int write_data(struct device *d, const struct fb_efuse_words *data)
{
    int status = 0;
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        for (uint32_t i = 0; i < fb_efuse_block_words(block) && status == 0;
             i++) {
            status = write_reg(d, EFUSE_BASE + write_base[block] + 4 * i,
                               data->word[block][i]);
        }
    }
    return status;
}

static int set_timing(struct device *d)
{
    const struct timing *t = d->priv->timing;
    uint32_t dac = 0;
    uint32_t clk = 0;
    int status = read_reg(d, EFUSE_DAC_CONF, &dac);
    if (status == 0) {
        status = write_reg(d, EFUSE_DAC_CONF, (dac & ~0xFFu) | t->dac_clk_div);
    }
    if (status == 0) {
        status = read_reg(d, EFUSE_CLK, &clk);
    }
    if (status == 0) {
        status = write_reg(d, EFUSE_CLK,
                           (clk & ~0xFFFFu) | t->clk_sel1 << 8 | t->clk_sel0);
    }
    return status;
}

static int port_program(struct device *d, const struct fb_efuse_words *data)
{
    static const struct fb_efuse_words nothing;
    int status = set_timing(d);
    if (status == 0) {
        status = write_data(d, data);
    }
    if (status == 0) {
        status = command(d, CONF_WRITE, CMD_PROGRAM);
    }
    if (status == 0) {
        status = command(d, CONF_READ, CMD_READ);
    }
    // The data must not go into a later command, nor stay readable.
    int cleared = write_data(d, &nothing);
    return status != 0 ? status : cleared;
}

static void port_close(struct device *d)
{
    (void)host_loader_reset(&d->priv->loader, d->priv->after);
    host_loader_free(&d->priv->loader);
    host_port_close(d->priv->port);
    free(d->priv);
    d->priv = NULL;
}

// UART_CLKDIV was set for the rate of the connection from the crystal's clock.
static int find_timing(struct device *d)
{
    uint32_t clkdiv = 0;
    int status = read_reg(d, UART_CLKDIV, &clkdiv);
    uint64_t hz = (uint64_t)CONNECT_BAUD * (clkdiv & UART_CLKDIV_MASK);
    d->priv->timing = &timings[hz > 33000000u];
    return status;
}

static enum host_reset_before before_of(const char *name)
{
    if (name[0] == 'n') {
        return name[sizeof "no-reset" - 1] == '\0' ? HOST_BEFORE_NONE
                                                   : HOST_BEFORE_NO_SYNC;
    }
    return HOST_BEFORE_DEFAULT;
}

// A watchdog reset is what a hard reset is on a line without RTS.
static enum host_reset_after after_of(const char *name)
{
    if (strcmp(name, "hard-reset") == 0 ||
        strcmp(name, "watchdog-reset") == 0) {
        return HOST_AFTER_HARD;
    }
    return strcmp(name, "soft-reset") == 0 ? HOST_AFTER_SOFT : HOST_AFTER_NONE;
}

int device_open_port(struct device *d, const struct cli *cli)
{
    static const struct device_ops ops = {port_read, port_program, port_close};
    char why[256];
    *d = (struct device){.ops = &ops,
                         .name = cli_string(cli, "port"),
                         .priv = calloc(1, sizeof *d->priv)};
    if (d->priv == NULL) {
        return cli_error(NULL, "out of memory");
    }
    if (host_port_open(d->name, &d->priv->port, why) != 0) {
        free(d->priv);
        return cli_error(d->name, "%s", why);
    }
    if (host_loader_init(&d->priv->loader, d->priv->port) != 0) {
        host_port_close(d->priv->port);
        free(d->priv);
        return cli_error(NULL, "out of memory");
    }
    d->priv->after = HOST_AFTER_NONE; // unless all goes well
    d->priv->loader.trace = cli_flag(cli, "debug");
    int status = host_loader_connect(&d->priv->loader,
                                     before_of(cli_string(cli, "before"))) == 0
                     ? 0
                     : lost(d);
    if (status == 0) {
        status = find_timing(d);
    }
    if (status == 0) {
        status = read_reg(d, SYSCON_DATE, &d->syscon_date);
    }
    if (status != 0) {
        port_close(d);
        return status;
    }
    d->priv->after = after_of(cli_string(cli, "after"));
    return 0;
}
