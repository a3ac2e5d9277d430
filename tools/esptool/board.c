// SPDX-License-Identifier: Apache-2.0
//
// The chip behind --port: connect, say what it is, reset it at the end.

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/esptool/chip.h"
#include "tools/esptool/config.h"
#include "tools/esptool/esptool.h"

// TRM, chapters "eFuse Controller", "UART", "RTC" and "Reset and Clock".
#define EFUSE_BLK0_RDATA0  0x3FF5A000u
#define SYSCON_DATE        0x3FF6607Cu
#define UART0_CLKDIV       0x3FF40014u
#define RTC_CNTL_SDIO_CONF 0x3FF48074u

int esptool_fail(struct esptool *e, int status)
{
    // Nobody is there to be reset by registers.
    e->left =
        status == HOST_LOADER_E_PORT ||
        (status == HOST_LOADER_E_TIMEOUT && !host_port_has_lines(e->port));
    return cli_error(e->port_name, "%s", e->loader.why);
}

int esptool_uint_arg(const struct cli *cli, unsigned arg, uint32_t *value)
{
    uint64_t number;
    const char *text = cli_arg(cli, arg);
    if (!cli_parse_uint(text, &number) || number > UINT32_MAX) {
        return cli_error(text, "not a 32-bit number");
    }
    *value = (uint32_t)number;
    return CLI_OK;
}

bool esptool_flash_encryption_on(const struct esptool *e)
{
    return fb_efuse_flash_encryption_on(&e->fuses);
}

bool esptool_secure_boot_v1_on(const struct esptool *e)
{
    return fb_efuse_get(&e->fuses, FB_EFUSE_ABS_DONE_0) != 0;
}

bool esptool_secure_boot_on(const struct esptool *e)
{
    return esptool_secure_boot_v1_on(e) ||
           (fb_efuse_get(&e->fuses, FB_EFUSE_ABS_DONE_1) &&
            fb_efuse_chip_revision(&e->fuses, e->syscon_date) >= 3);
}

static enum host_reset_before before_of(const struct cli *cli)
{
    const char *before = cli_string(cli, "before");
    if (strcmp(before, "no-reset") == 0) {
        return HOST_BEFORE_NONE;
    }
    return strncmp(before, "no-", 3) == 0 ? HOST_BEFORE_NO_SYNC
                                          : HOST_BEFORE_DEFAULT;
}

static int attempts_of(const struct cli *cli, unsigned *attempts)
{
    const char *text = cli_string(cli, "connect-attempts");
    char *end;
    long n = strtol(text, &end, 10);
    if (end == text || *end || n > INT_MAX || n < INT_MIN) {
        return cli_error(text, "--connect-attempts is not a number");
    }
    if (!cli_given(cli, "connect-attempts") &&
        !getenv("ESPTOOL_CONNECT_ATTEMPTS")) {
        n = esptool_config_connect_attempts((int)n);
    }
    *attempts = n > 0 ? (unsigned)n : 0;
    return CLI_OK;
}

// One port: open, synchronise. A negative host_loader_status or host_port_error
// with the reason in why.
static int try_port(struct esptool *e, const char *name, char why[256])
{
    uint32_t baud = (uint32_t)cli_uint(e->cli, "baud");
    enum host_reset_before before = before_of(e->cli);
    char reason[256];
    int status = host_port_open(name, &e->port, reason);
    if (status != HOST_PORT_OK) {
        snprintf(why, 256,
                 "Could not open %.80s, the port is busy or doesn't exist "
                 "(%.100s)",
                 name, reason);
        return status;
    }
    status = host_loader_init(&e->loader, e->port);
    esptool_config_apply(&e->loader);
    e->loader.trace = cli_flag(e->cli, "trace");
    if (status == HOST_LOADER_OK &&
        attempts_of(e->cli, &e->loader.connect_attempts) != CLI_OK) {
        status = HOST_LOADER_E_HOST;
        e->loader.why[0] = 0; // told
    }
    // Never synchronise faster than the default; the rate rises later. A chip
    // that is in its loader already speaks the rate it was left at.
    if (status == HOST_LOADER_OK &&
        (baud < 115200 || before == HOST_BEFORE_NO_SYNC)) {
        e->loader.baud = baud;
        if (host_port_set_baud(e->port, baud) != HOST_PORT_OK) {
            status = HOST_LOADER_E_PORT;
            snprintf(e->loader.why, sizeof e->loader.why,
                     "%u baud is not possible on this line", (unsigned)baud);
        }
    }
    if (status == HOST_LOADER_OK) {
        cli_print("Connecting...\n");
        fflush(stdout);
        status = host_loader_connect(&e->loader, before);
    }
    if (status != HOST_LOADER_OK) {
        snprintf(why, 256, "%s", e->loader.why);
        host_loader_free(&e->loader);
        host_port_close(e->port);
        e->port = NULL;
    }
    return status;
}

static int connect_named(struct esptool *e, const char *name)
{
    char why[256];
    int left = esptool_config_open_attempts(1);
    const char *env = getenv("ESPTOOL_OPEN_PORT_ATTEMPTS");
    if (env && *env) {
        char *end;
        long n = strtol(env, &end, 10);
        if (*end || n < 0 || n > INT_MAX) {
            return cli_error(env, "ESPTOOL_OPEN_PORT_ATTEMPTS is not a number");
        }
        left = (int)n;
    }
    e->port_name = name;
    cli_print("Serial port %s:\n", name);
    for (;;) {
        int status = try_port(e, name, why);
        if (status == HOST_LOADER_OK) {
            return CLI_OK;
        }
        if (left == 1 || why[0] == 0) {
            return why[0] ? cli_error(name, "%s", why) : CLI_FAILURE;
        }
        left -= left > 1;
        esptool_wait(100);
    }
}

// No --port: the first port where a chip answers, the last found first.
static int connect_any(struct esptool *e)
{
    struct host_port_list list;
    struct host_port_filter filter = {0};
    int status = esptool_port_filter(e->cli, &filter);
    if (status != CLI_OK) {
        return status;
    }
    host_port_list(&filter, &list);
    cli_print("Found %u serial ports...\n", list.count);
    for (unsigned i = list.count; i-- > 0;) {
        char why[256];
        cli_print("Serial port %s:\n", list.name[i]);
        if (try_port(e, list.name[i], why) == HOST_LOADER_OK) {
            e->port_name = host_port_name(e->port);
            host_port_list_free(&list);
            return CLI_OK;
        }
        cli_print("%s failed to connect: %s\n", list.name[i], why);
    }
    unsigned count = list.count;
    host_port_list_free(&list);
    return count ? cli_error(NULL,
                             "no ESP32 answers on any of the %u serial "
                             "ports; name one with --port",
                             count)
                 : cli_error(NULL, "no serial port found; name one with "
                                   "--port");
}

static int read_fuses(struct esptool *e)
{
    int status = HOST_LOADER_OK;
    for (uint32_t i = 0; i < FB_EFUSE_BLOCK0_WORDS && status == 0; i++) {
        status = host_loader_read_reg(&e->loader, EFUSE_BLK0_RDATA0 + 4 * i,
                                      &e->fuses.word[0][i]);
    }
    return status
               ? status
               : host_loader_read_reg(&e->loader, SYSCON_DATE, &e->syscon_date);
}

int esptool_print_mac(struct esptool *e)
{
    uint8_t mac[6];
    bool good = fb_efuse_mac(&e->fuses, mac);
    cli_print("%-20s%02x:%02x:%02x:%02x:%02x:%02x\n", "MAC:", mac[0], mac[1],
              mac[2], mac[3], mac[4], mac[5]);
    if (!good) {
        cli_warning(e->port_name, "the MAC address does not match its CRC");
    }
    return CLI_OK;
}

// The divider that the ROM found for a known baud rate tells the crystal. Where
// the line has no rate, nothing is known; boards with another one are rare.
static int print_crystal(struct esptool *e)
{
    uint32_t divider;
    int status = host_loader_read_reg(&e->loader, UART0_CLKDIV, &divider);
    if (status != HOST_LOADER_OK) {
        return status;
    }
    double mhz = (double)e->loader.baud * (divider & 0xFFFFF) / 1e6;
    int crystal = mhz > 33 || !host_port_has_rate(e->port) ? 40 : 26;
    cli_print("%-20s%dMHz\n", "Crystal frequency:", crystal);
    if (host_port_has_rate(e->port) &&
        (mhz - crystal > 1 || crystal - mhz > 1)) {
        cli_warning(e->port_name,
                    "the crystal seems to run at %.2f MHz, neither 40 nor 26",
                    mhz);
    }
    return HOST_LOADER_OK;
}

static int introduce(struct esptool *e)
{
    char text[256];
    int status = read_fuses(e);
    if (status != HOST_LOADER_OK) {
        return status;
    }
    cli_print("Connected to ESP32 on %s:\n", e->port_name);
    esptool_chip_description(&e->fuses, e->syscon_date, text, sizeof text);
    cli_print("%-20s%s\n", "Chip type:", text);
    esptool_chip_features(&e->fuses, text, sizeof text);
    cli_print("%-20s%s\n", "Features:", text);
    status = print_crystal(e);
    if (status == HOST_LOADER_OK) {
        esptool_print_mac(e);
        cli_print("\n");
    }
    return status;
}

// Fields of RTC_CNTL_SDIO_CONF: override, power-down control, LDO on, and the
// three references that raise 1.8 V to 1.9 V (TRM "Low-Power Management").
static int override_vddsdio(struct esptool *e, const char *voltage)
{
    uint32_t value = 1u << 22 | 1u << 21;
    value |= strcmp(voltage, "OFF") != 0 ? 1u << 31 : 0;
    value |= strcmp(voltage, "1.9V") == 0 ? 0x3Fu << 25 : 0;
    int status = host_loader_write_reg(&e->loader, RTC_CNTL_SDIO_CONF, value,
                                       UINT32_MAX, 0);
    if (status == HOST_LOADER_OK) {
        cli_print("VDDSDIO regulator set to %s.\n", voltage);
    }
    return status;
}

static int raise_baud(struct esptool *e)
{
    uint64_t baud = cli_uint(e->cli, "baud");
    if (baud <= e->loader.baud) {
        return HOST_LOADER_OK;
    }
    cli_print("Changing baud rate to %u...\n", (unsigned)baud);
    int status = host_loader_change_baud(&e->loader, (uint32_t)baud);
    if (status == HOST_LOADER_OK) {
        cli_print("Changed.\n");
    }
    return status;
}

int esptool_open(struct esptool *e, const struct cli *cli)
{
    *e = (struct esptool){.cli = cli};
    uint64_t baud = cli_uint(cli, "baud");
    if (baud == 0 || baud > 10000000) {
        return cli_error("--baud", "%llu is no baud rate",
                         (unsigned long long)baud);
    }
    const char *name = cli_string(cli, "port");
    int status = name ? connect_named(e, name) : connect_any(e);
    if (status != CLI_OK) {
        return status;
    }
    e->open = true;
    status = introduce(e);
    const char *voltage = cli_string(cli, "override-vddsdio");
    if (status == HOST_LOADER_OK && voltage) {
        status = override_vddsdio(e, voltage);
    }
    if (status == HOST_LOADER_OK) {
        status = raise_baud(e);
    }
    return status == HOST_LOADER_OK ? CLI_OK : esptool_fail(e, status);
}

// "CLK,Q,D,HD,CS" as the ROM takes it.
static int parse_pins(const char *text, uint32_t *pins)
{
    static const unsigned shift[5] = {0, 6, 12, 24, 18};
    const char *p = text;
    *pins = 0;
    for (unsigned i = 0; i < 5; i++) {
        char *end;
        unsigned long pin = strtoul(p, &end, 10);
        bool last = i == 4;
        if (end == p || *end != (last ? 0 : ',')) {
            return cli_error(text, "--spi-connection is SPI, HSPI or five pin "
                                   "numbers CLK,Q,D,HD,CS");
        }
        if (pin > 33 || pin == 30 || pin == 31) {
            return cli_error(text, "pins are 0 to 29, 32 and 33");
        }
        *pins |= (uint32_t)pin << shift[i];
        p = end + 1;
    }
    return CLI_OK;
}

// In-package flash hangs on other pins; the ROM does not look them up itself.
static uint32_t pins_from_fuses(const struct fb_efuse_words *fuses)
{
    return fb_efuse_get(fuses, FB_EFUSE_SPI_PAD_CONFIG_HD) << 24 |
           fb_efuse_get(fuses, FB_EFUSE_SPI_PAD_CONFIG_CS0) << 18 |
           fb_efuse_get(fuses, FB_EFUSE_SPI_PAD_CONFIG_D) << 12 |
           fb_efuse_get(fuses, FB_EFUSE_SPI_PAD_CONFIG_Q) << 6 |
           fb_efuse_get(fuses, FB_EFUSE_SPI_PAD_CONFIG_CLK);
}

// The last one is what half a connection reads as (the reference tools).
static bool answers(const struct esptool *e)
{
    return e->flash_id != 0 && e->flash_id != 0xFFFFFF &&
           e->flash_id != 0xFFFF3F;
}

int esptool_attach_flash(struct esptool *e, const char *connection)
{
    uint32_t pins = pins_from_fuses(&e->fuses);
    if (connection && strcmp(connection, "SPI") == 0) {
        pins = 0;
    } else if (connection && strcmp(connection, "HSPI") == 0) {
        pins = 1;
    } else if (connection) {
        int told = parse_pins(connection, &pins);
        if (told != CLI_OK) {
            return told;
        }
    }
    int status = host_loader_flash_attach(&e->loader, pins);
    if (status == HOST_LOADER_OK) {
        status = host_loader_flash_id(&e->loader, &e->flash_id);
    }
    if (status != HOST_LOADER_OK) {
        return esptool_fail(e, status);
    }
    e->flash_bytes = host_loader_flash_bytes(e->flash_id);
    if (!answers(e)) {
        cli_warning(e->port_name, "the flash chip does not answer");
    } else if (e->flash_bytes == 0) {
        cli_warning(e->port_name, "the size of flash 0x%06x is not known",
                    (unsigned)e->flash_id);
    }
    return CLI_OK;
}

bool esptool_wants_stub(const struct esptool *e)
{
    return e->loader.stub || (host_stub && !cli_flag(e->cli, "no-stub"));
}

static int start_stub(struct esptool *e)
{
    if (e->loader.stub) {
        cli_print("Stub flasher is already running.\n");
        return HOST_LOADER_OK;
    }
    if (!esptool_wants_stub(e)) {
        if (!cli_flag(e->cli, "no-stub")) {
            cli_print("No stub flasher is built in: talking to the ROM.\n");
        }
        return HOST_LOADER_OK;
    }
    cli_print("Uploading stub flasher...\n");
    int status = host_loader_run_stub(&e->loader, host_stub);
    if (status == HOST_LOADER_OK) {
        cli_print("Stub flasher running.\n");
    }
    return status;
}

int esptool_configure_flash(struct esptool *e, const char *flash_size)
{
    uint32_t bytes = esptool_size_bytes(flash_size); // 0: keep, detect
    if (!answers(e)) {
        return cli_error(e->port_name,
                         "nothing can be read or written: flash_id shows the "
                         "flash's supply");
    }
    if (bytes == 0) {
        bytes = e->flash_bytes;
    }
    if (bytes == 0) {
        cli_warning(e->port_name, "flash size not detected: taking 4MB");
        bytes = 4u << 20;
    }
    int status = start_stub(e);
    if (status == HOST_LOADER_OK) {
        status = host_loader_flash_params(&e->loader, bytes);
    }
    return status == HOST_LOADER_OK ? CLI_OK : esptool_fail(e, status);
}

int esptool_flash_range(struct esptool *e, unsigned arg, uint32_t *flash_off,
                        uint32_t *size)
{
    uint64_t n;
    const char *text = cli_arg(e->cli, arg + 1);
    int status = esptool_uint_arg(e->cli, arg, flash_off);
    if (status != CLI_OK) {
        return status;
    }
    if (!cli_parse_size(text, &n)) {
        return cli_error(text, "not a size: a number, with k or M, or ALL");
    }
    uint32_t end = e->flash_bytes ? e->flash_bytes : ESPTOOL_FILE_MAX;
    end = end > ESPTOOL_FILE_MAX ? ESPTOOL_FILE_MAX : end;
    if (n == UINT64_MAX) {
        if (e->flash_bytes == 0) {
            return cli_error(text, "the size of the flash is not known");
        }
        n = *flash_off < end ? end - *flash_off : 0;
    }
    if (n == 0 || *flash_off >= end || n > end - *flash_off) {
        return cli_error(e->port_name,
                         "0x%llx bytes at 0x%x are not inside the flash, which "
                         "has 0x%x bytes",
                         (unsigned long long)n, (unsigned)*flash_off,
                         (unsigned)end);
    }
    *size = (uint32_t)n;
    return CLI_OK;
}

static enum host_reset_after after_of(const struct cli *cli)
{
    const char *after = cli_string(cli, "after");
    if (strcmp(after, "no-reset") == 0) {
        return HOST_AFTER_NONE;
    }
    if (strcmp(after, "no-reset-stub") == 0) {
        return HOST_AFTER_NONE_STUB;
    }
    return strcmp(after, "soft-reset") == 0 ? HOST_AFTER_SOFT : HOST_AFTER_HARD;
}

static void announce(const struct esptool *e, enum host_reset_after after)
{
    switch (after) {
    case HOST_AFTER_HARD:
        cli_print(host_port_has_lines(e->port)
                      ? "Hard resetting via RTS pin...\n"
                      : "Hard resetting by the RTC watchdog (this line has no "
                        "RTS)...\n");
        break;
    case HOST_AFTER_SOFT:
        cli_print("Soft resetting...\n");
        break;
    case HOST_AFTER_NONE:
        cli_print("Staying in bootloader.\n");
        break;
    case HOST_AFTER_NONE_STUB:
        cli_print("Staying in flasher stub.\n");
        break;
    }
}

int esptool_close(struct esptool *e, int status)
{
    if (!e->open) {
        return status;
    }
    if (!e->left) {
        enum host_reset_after after = after_of(e->cli);
        cli_print("\n");
        announce(e, after);
        int reset = host_loader_reset(&e->loader, after);
        if (reset != HOST_LOADER_OK && status == CLI_OK) {
            status = esptool_fail(e, reset);
        }
    }
    host_loader_free(&e->loader);
    host_port_close(e->port);
    e->open = false;
    return status;
}

int esptool_on_flash(const struct cli *cli, int (*work)(struct esptool *e))
{
    struct esptool e;
    int status = esptool_open(&e, cli);
    if (status == CLI_OK) {
        status = esptool_attach_flash(&e, cli_string(cli, "spi-connection"));
    }
    if (status == CLI_OK) {
        status = work(&e);
    }
    return esptool_close(&e, status);
}
