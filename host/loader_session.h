// SPDX-License-Identifier: Apache-2.0
//
// The host's end of the download protocol: commands, answers, time limits and
// retries over a port. Errors leave a one-line reason in `why`.

#ifndef HOST_LOADER_SESSION_H
#define HOST_LOADER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/port.h"
#include "lib/fb/loader.h"

enum host_loader_status {
    HOST_LOADER_OK = 0,
    HOST_LOADER_E_PORT = -1,    // the port failed (vanished)
    HOST_LOADER_E_TIMEOUT = -2, // no answer in time
    HOST_LOADER_E_ANSWER = -3,  // an answer that makes no sense
    HOST_LOADER_E_REFUSED = -4, // the chip answered with an error
    HOST_LOADER_E_VERIFY = -5,  // what was written is not what is there
    HOST_LOADER_E_CHIP = -6,    // not an ESP32
};

enum host_reset_before {
    HOST_BEFORE_DEFAULT, // into the download mode by DTR and RTS
    HOST_BEFORE_NONE,    // the chip is already there
    HOST_BEFORE_NO_SYNC, // and already synchronised
};

enum host_reset_after {
    HOST_AFTER_HARD, // EN pulse; without lines: the RTC watchdog by registers
    HOST_AFTER_SOFT,
    HOST_AFTER_NONE,
};

struct host_loader {
    struct host_port *port;
    bool stub;                 // a stub is running
    uint8_t error;             // of the chip's last refusal
    char why[256];             // one clause, without the port's name
    unsigned connect_attempts; // 0: for ever
    bool trace;                // --trace: every packet on stderr
    uint8_t *buffer;           // private
};

int host_loader_init(struct host_loader *l, struct host_port *port);
void host_loader_free(struct host_loader *l);

// Reset as asked, synchronise, and check that an ESP32 answers.
int host_loader_connect(struct host_loader *l, enum host_reset_before before);
int host_loader_reset(struct host_loader *l, enum host_reset_after after);

int host_loader_read_reg(struct host_loader *l, uint32_t addr, uint32_t *value);
int host_loader_write_reg(struct host_loader *l, uint32_t addr, uint32_t value,
                          uint32_t mask, uint32_t delay_us);
int host_loader_change_baud(struct host_loader *l, uint32_t baud);

int host_loader_mem_write(struct host_loader *l, uint32_t addr,
                          const uint8_t *p, size_t n);
int host_loader_mem_run(struct host_loader *l, uint32_t entry);

// Flash. attach first. All addresses are flash_off.
int host_loader_flash_attach(struct host_loader *l, uint32_t pins);
int host_loader_flash_params(struct host_loader *l, uint32_t size);
int host_loader_flash_id(struct host_loader *l, uint32_t *id);
// progress: called after each block with bytes done of n; may be NULL.
typedef void host_loader_progress(void *ctx, uint32_t flash_off, size_t done,
                                  size_t n);
int host_loader_flash_write(struct host_loader *l, uint32_t flash_off,
                            const uint8_t *p, size_t n, bool compress,
                            host_loader_progress *progress, void *ctx);
int host_loader_flash_read(struct host_loader *l, uint32_t flash_off,
                           uint8_t *p, size_t n, host_loader_progress *progress,
                           void *ctx);
int host_loader_flash_md5(struct host_loader *l, uint32_t flash_off, size_t n,
                          uint8_t md5[16]);
int host_loader_flash_erase(struct host_loader *l, uint32_t flash_off,
                            size_t n);

#endif
