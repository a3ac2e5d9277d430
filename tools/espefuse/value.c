// SPDX-License-Identifier: Apache-2.0

#include "tools/espefuse/value.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crc.h"
#include "lib/fb/flash_supply.h"
#include "tools/espefuse/fields.h"

static void say(struct value *v, enum value_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct value *v, enum value_kind kind, const char *format, ...)
{
    va_list args;
    v->kind = kind;
    va_start(args, format);
    (void)vsnprintf(v->text, sizeof v->text, format, args);
    va_end(args);
}

void value_raw(uint32_t bits, unsigned width, char *out, size_t cap)
{
    if (width % 4 == 0) {
        (void)snprintf(out, cap, "0x%0*" PRIx32, (int)width / 4, bits);
        return;
    }
    size_t n = (size_t)snprintf(out, cap, "0b");
    for (unsigned i = width; i-- > 0 && n + 1 < cap;) {
        out[n++] = (bits >> i & 1) != 0 ? '1' : '0';
    }
    out[n] = '\0';
}

static void hex_bytes(char *out, size_t cap, const uint8_t *p, size_t n,
                      bool hidden)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && len + 4 < cap; i++) {
        len += (size_t)(hidden ? snprintf(out + len, cap - len, "%s??",
                                          i == 0 ? "" : " ")
                               : snprintf(out + len, cap - len, "%s%02x",
                                          i == 0 ? "" : " ", p[i]));
    }
}

// As one number's digits, the first byte first.
static void hex_of(struct value *v, const uint8_t *p, size_t n)
{
    (void)snprintf(v->hex, sizeof v->hex, "0x");
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(v->hex + 2 + 2 * i, sizeof v->hex - 2 - 2 * i, "%02x",
                       p[i]);
    }
}

// A key block, or a MAC with its CRC.
static void bytes_value(const struct session *s,
                        const struct fb_efuse_field *field, struct value *v)
{
    uint8_t bytes[32] = {0};
    size_t n = fb_efuse_get_bytes(&s->now, field, bytes);
    bool hidden = fb_efuse_is_hidden(&s->now, field);
    if (field->width > 48 || fields_is_user(field)) {
        n = field->width == 256 ? session_block_bytes(s) : n;
        hex_bytes(v->text, sizeof v->text, bytes, n, hidden);
        hex_of(v, bytes, n);
        v->kind = VALUE_STRING;
        return;
    }
    bool factory = field == &fb_efuse_map[FB_EFUSE_MAC];
    uint8_t mac[6];
    for (size_t i = 0; i < sizeof mac; i++) {
        // The factory MAC is stored last byte first, the custom one in order.
        mac[i] = factory ? bytes[sizeof mac - 1 - i] : bytes[i];
    }
    uint8_t crc = (uint8_t)fb_efuse_get(
        &s->now, factory ? FB_EFUSE_MAC_CRC : FB_EFUSE_CUSTOM_MAC_CRC);
    uint8_t right = fb_crc8(mac, sizeof mac);
    char verdict[40] = "OK";
    if (right != crc) {
        (void)snprintf(verdict, sizeof verdict, "invalid - calculated 0x%02x",
                       right);
    }
    say(v, VALUE_STRING, "%02x:%02x:%02x:%02x:%02x:%02x (CRC 0x%02x %s)",
        mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], crc, verdict);
    hex_of(v, bytes, n);
}

static const char *coding_text(uint32_t scheme)
{
    static const char *const texts[] = {
        "NONE (BLK1-3 len=256 bits)", "3/4 (BLK1-3 len=192 bits)",
        "REPEAT (BLK1-3 len=128 bits) not supported",
        "NONE (BLK1-3 len=256 bits)"};
    return texts[scheme & 3];
}

void value_of(const struct session *s, const struct fb_efuse_field *field,
              struct value *v)
{
    enum fb_efuse_id id = FB_EFUSE_FIELDS; // of the user's: no row
    if (!fields_is_user(field)) {
        id = (enum fb_efuse_id)(field - fb_efuse_map);
    }
    memset(v, 0, sizeof *v);
    if (field->width > 32) {
        bytes_value(s, field, v);
        return;
    }
    uint8_t bytes[4] = {0};
    (void)fb_efuse_get_bytes(&s->now, field, bytes);
    uint32_t bits = load32_le(bytes);
    value_raw(bits, field->width, v->raw, sizeof v->raw);
    (void)snprintf(v->hex, sizeof v->hex, "0x%0*" PRIx32,
                   (field->width + 3) / 4, bits);
    switch (id) {
    case FB_EFUSE_CODING_SCHEME:
        say(v, VALUE_STRING, "%s", coding_text(bits));
        break;
    case FB_EFUSE_MAC_VERSION:
        if (bits == 1) {
            say(v, VALUE_STRING, "Custom MAC in BLOCK3");
        } else {
            say(v, VALUE_NUMBER, "%" PRIu32, bits);
        }
        break;
    case FB_EFUSE_XPD_SDIO_TIEH:
        say(v, VALUE_STRING, "%s", bits != 0 ? "3.3V" : "1.8V");
        break;
    case FB_EFUSE_ADC_VREF: // sign and magnitude, 7 mV a step around 1100 mV
        say(v, VALUE_NUMBER, "%d",
            1100 + ((bits & 0x10) != 0 ? -7 : 7) * (int)(bits & 0xF));
        break;
    default:
        if (field->type == FB_EFUSE_BOOL) {
            say(v, VALUE_BOOL, "%s", bits != 0 ? "True" : "False");
        } else {
            say(v, VALUE_NUMBER, "%" PRIu32, bits);
        }
    }
    if (fb_efuse_is_hidden(&s->now, field)) {
        v->kind = VALUE_STRING;
        for (char *p = v->text; *p != '\0'; p++) {
            *p = *p == '0' ? '?' : *p;
        }
    }
}

static unsigned package(const struct session *s)
{
    return fb_efuse_get(&s->now, FB_EFUSE_CHIP_PACKAGE) |
           fb_efuse_get(&s->now, FB_EFUSE_CHIP_PACKAGE_4BIT) << 3;
}

const struct value_computed value_computed[] = {
    {"WAFER_VERSION_MAJOR", "identity",
     "chip revision of CHIP_VER_REV1, REV2 and SYSCON_DATE", 3,
     session_revision},
    {"PKG_VERSION", "identity", "package id of CHIP_PACKAGE and _4BIT", 4,
     package},
    {NULL, NULL, NULL, 0, NULL},
};

const char *value_access(const struct session *s,
                         const struct fb_efuse_field *field)
{
    bool hidden = fb_efuse_is_hidden(&s->now, field);
    bool frozen = fb_efuse_is_frozen(&s->now, field);
    return hidden ? (frozen ? "-/-" : "-/W") : (frozen ? "R/-" : "R/W");
}

const char *value_flash_voltage(const struct session *s)
{
    struct fb_vdd_sdio vdd = fb_vdd_sdio(&s->now, false, 0);
    if (vdd.by == FB_VDD_SDIO_STRAP) {
        return "determined by GPIO12 on reset (High for 1.8V, Low/NC for 3.3V)";
    }
    return vdd.mv == 0      ? "internal regulator disabled by efuse"
           : vdd.mv == 1800 ? "set to 1.8V by efuse"
                            : "set to 3.3V by efuse";
}
