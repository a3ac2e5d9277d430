// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/boot_log.h"

#include <string.h>

// A number behind a prefix; returns what follows, NULL when there is none.
static const char *number(const char *text, const char *prefix, unsigned base,
                          uint32_t *value)
{
    static const char digits[] = "0123456789abcdef";
    const char *digit, *end = NULL;
    uint32_t n = 0;

    if (strncmp(text, prefix, strlen(prefix)) != 0) {
        return NULL;
    }
    text += strlen(prefix);
    for (const char *p = text;
         *p != '\0' && (digit = memchr(digits, *p, base)) != NULL; p++) {
        if (n > (UINT32_MAX - 15) / base) {
            return NULL;
        }
        n = n * base + (uint32_t)(digit - digits);
        end = p + 1;
    }
    *value = n;
    return end;
}

// "load:0x3fff0018,len:4"; where it looks for signatures of Secure Boot V2 it
// writes "load:0x3fff0018 len:0x4".
static void take_load(const char *line, struct fb_boot_log *log)
{
    uint32_t vaddr, len;
    const char *rest = number(line, "load:0x", 16, &vaddr);

    if (rest == NULL || log->loads == FB_IMAGE_SEGMENTS_MAX ||
        (number(rest, ",len:", 10, &len) == NULL &&
         number(rest, " len:0x", 16, &len) == NULL)) {
        return;
    }
    log->load[log->loads].vaddr = vaddr;
    log->load[log->loads].len = len;
    log->loads++;
}

void fb_boot_log_parse(const char *text, struct fb_boot_log *log)
{
    uint32_t value;

    memset(log, 0, sizeof *log);
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (number(line, "rst:0x", 16, &value) != NULL) {
            memset(log, 0, sizeof *log);
        } else if (!log->started) {
            take_load(line, log);
            log->started = number(line, "entry 0x", 16, &value) != NULL;
        }
        line = strchr(line, '\n');
        line += line != NULL;
    }
}

bool fb_boot_log_is(const struct fb_boot_log *log, const struct fb_image *image)
{
    bool same = log->loads == image->header.segments;

    for (unsigned i = 0; i < log->loads && same; i++) {
        same = log->load[i].vaddr == image->segment[i].vaddr &&
               log->load[i].len == image->segment[i].len;
    }
    return same;
}
