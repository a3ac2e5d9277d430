// SPDX-License-Identifier: Apache-2.0

#include <stdio.h>

#include "lib/fb/bytes.h"
#include "tools/fusebox/report/report.h"

bool report_knows(const struct report *r, enum fb_efuse_id id)
{
    return fb_board_state_knows(&r->after, &fb_efuse_map[id]);
}

uint32_t report_value(const struct report *r, enum fb_efuse_id id)
{
    return fb_efuse_get(&r->after.fuses, id);
}

enum report_answer report_flag(const struct report *r, enum fb_efuse_id id)
{
    if (report_value(r, id) != 0) {
        return REPORT_YES;
    }
    return report_knows(r, id) ? REPORT_NO : REPORT_UNKNOWN;
}

bool report_is_secret(const struct report *r, unsigned block)
{
    return block == 1 || block == 2 ||
           (block == 3 && (report_flag(r, FB_EFUSE_KEY_STATUS) != REPORT_NO ||
                           fb_efuse_is_hidden(&r->after.fuses,
                                              &fb_efuse_map[FB_EFUSE_BLOCK3])));
}

enum report_answer report_encrypts(const struct report *r)
{
    if (!report_knows(r, FB_EFUSE_FLASH_CRYPT_CNT)) {
        return REPORT_UNKNOWN;
    }
    return fb_efuse_flash_encryption_on(&r->after.fuses) ? REPORT_YES
                                                         : REPORT_NO;
}

bool report_knows_table(const struct report *r)
{
    for (size_t i = 0; i < r->regions; i++) {
        if (r->region[i].now.role == FB_FLASH_ROLE_TABLE) {
            return r->region[i].now.content.state != FB_FLASH_UNREAD;
        }
    }
    return false;
}

const char *report_print(const uint8_t fingerprint[32], char text[20])
{
    (void)snprintf(text, 20, "%02x%02x %02x%02x %02x%02x %02x%02x",
                   fingerprint[0], fingerprint[1], fingerprint[2],
                   fingerprint[3], fingerprint[4], fingerprint[5],
                   fingerprint[6], fingerprint[7]);
    return text;
}

bool report_is_dead(const struct report *r)
{
    const struct replay *p = r->replay;

    return p->end != REPLAY_NOT_RUN && p->end != REPLAY_GOAL &&
           (p->stage != REPLAY_APPLICATION || p->resets > 0);
}

unsigned report_count(const struct report *r, enum fb_check_verdict verdict)
{
    unsigned n = 0;

    for (unsigned i = 0; i < FB_CHECKS; i++) {
        n += r->s.result[i].verdict == verdict;
    }
    return n;
}
