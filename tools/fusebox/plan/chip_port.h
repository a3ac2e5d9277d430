// SPDX-License-Identifier: Apache-2.0
//
// A virtual chip as a port: host/port.h without a wire. The other end is a chip
// in this process, and the clock is the chip's, so nothing sleeps and every run
// repeats. DTR and RTS drive EN and GPIO0. What a rehearsal needs besides: the
// power can go away at any operation, and the whole can be copied at any
// request.

#ifndef TOOLS_FUSEBOX_PLAN_CHIP_PORT_H
#define TOOLS_FUSEBOX_PLAN_CHIP_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "chip/chip.h"
#include "chip/debug/faults.h"
#include "host/port.h"
#include "tools/fusebox/line.h"

#define CHIP_PORT_RX 65536u

struct chip_port {
    struct chip *chip;
    uint8_t *flash;
    uint32_t flash_size;
    uint32_t strap; // as the board boots
    struct faults faults;
    struct chip_callbacks callbacks;
    struct line line;
    bool held;        // EN is low
    bool dark;        // the power is gone: chip_port_power() brings it back
    uint64_t skew_ns; // of the port's clock before the chip's
    uint8_t rx[CHIP_PORT_RX]; // from the chip
    size_t head, count;
    unsigned operations;     // flash and eFuse operations so far
    unsigned ops_of_kind[3]; // by enum chip_op
    // Called before bytes go to the chip; may be NULL. It may copy the port.
    void (*request)(void *ctx, const uint8_t *bytes, size_t n);
    void *ctx;
};

struct chip_port_config {
    const uint8_t *flash; // copied
    const struct fb_efuse_words *fuses;
    // Size and revision, how it is wired, seed and ROM; its flash is the copy.
    struct chip_config chip;
};

// A powered board, booting from its flash. NULL: no memory.
struct chip_port *chip_port_new(const struct chip_port_config *config);
// Goes its own way from here on. NULL: no memory.
struct chip_port *chip_port_copy(const struct chip_port *from);
// The same into one that is there, whose flash has the same size.
void chip_port_assign(struct chip_port *to, const struct chip_port *from);
void chip_port_free(struct chip_port *p);

// The line to it. NULL: no memory. To be closed; the board stays.
struct host_port *chip_port_open(struct chip_port *p);

// Switch the power off and on again: a cold boot.
void chip_port_power(struct chip_port *p);
// Cut the power around the nth (1 ..) operation from now on.
void chip_port_cut(struct chip_port *p, enum fault_when when, unsigned nth);

#endif
