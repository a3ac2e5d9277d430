// SPDX-License-Identifier: Apache-2.0
//
// One request and its answer: what host/loader_session.c offers to
// host/loader_flash.c.

#ifndef HOST_LOADER_COMMAND_H
#define HOST_LOADER_COMMAND_H

#include "host/loader_session.h"

// Send a request of 32-bit words and wait for its answer, of which result_len
// bytes precede the status. *response points into the session's buffers until
// the next command; may be NULL. attempts: how often a request that can be
// repeated without harm is sent, 1 for others.
int host_loader_command(struct host_loader *l, enum fb_loader_op op,
                        const uint32_t *words, size_t count, size_t result_len,
                        unsigned timeout_ms, unsigned attempts,
                        struct fb_loader_response *response);

// Send block `sequence` with n bytes, repeated when it or its answer is lost.
int host_loader_block(struct host_loader *l, enum fb_loader_op op,
                      uint32_t sequence, const uint8_t *payload, size_t n,
                      unsigned timeout_ms);

// A frame that is no answer (a stub's flash data), into *p; it stays valid
// until the next call.
int host_loader_raw_frame(struct host_loader *l, unsigned timeout_ms,
                          const uint8_t **p, size_t *n);
int host_loader_send_frame(struct host_loader *l, const uint8_t *p, size_t n);

// per_mb for each MiB of n, at least the limit of a command.
unsigned host_loader_limit(const struct host_loader *l, unsigned per_mb,
                           size_t n);

// Set l->why and return status.
int host_loader_fail(struct host_loader *l, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
