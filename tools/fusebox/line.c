// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/line.h"

#include "lib/fb/loader.h"
#include "lib/fb/slip.h"

enum line_event line_set(struct line *line, bool dtr, bool rts)
{
    bool was_rts = line->rts;
    bool was_low = line->rts && !line->dtr;
    line->dtr = dtr;
    line->rts = rts;
    if (rts && !dtr && !was_low) {
        return LINE_HOLD;
    }
    if (was_rts && !rts) {
        return dtr ? LINE_DOWNLOAD : LINE_BOOT;
    }
    return LINE_NOTHING;
}

bool line_saw_sync(struct line *line, const uint8_t *p, size_t n)
{
    uint8_t packet[64];
    uint8_t frame[2 * sizeof packet + 2];
    size_t len = fb_loader_request_sync(packet, sizeof packet);
    size_t want = fb_slip_encode(frame, sizeof frame, packet, len);
    for (size_t i = 0; i < n; i++) {
        if (p[i] == frame[line->sync]) {
            line->sync++;
        } else {
            line->sync = p[i] == frame[0];
        }
        if (line->sync == want) {
            line->sync = 0;
            return true;
        }
    }
    return false;
}
