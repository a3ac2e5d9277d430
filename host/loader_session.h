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
#include "host/stub.h"
#include "lib/fb/loader.h"

enum host_loader_status {
    HOST_LOADER_OK = 0,
    HOST_LOADER_E_PORT = -1,    // the port failed (vanished)
    HOST_LOADER_E_TIMEOUT = -2, // no answer in time
    HOST_LOADER_E_ANSWER = -3,  // an answer that makes no sense
    HOST_LOADER_E_REFUSED = -4, // the chip answered with an error
    HOST_LOADER_E_VERIFY = -5,  // what was written is not what is there
    HOST_LOADER_E_CHIP = -6,    // not an ESP32
    HOST_LOADER_E_HOST = -7,    // this machine: no memory, wrong use
};

enum host_reset_before {
    HOST_BEFORE_DEFAULT, // into the download mode by DTR and RTS
    HOST_BEFORE_NONE,    // the chip is already there
    HOST_BEFORE_NO_SYNC, // and already synchronised
};

enum host_reset_after {
    HOST_AFTER_HARD, // EN pulse; without lines: the RTC watchdog by registers
    HOST_AFTER_SOFT, // run the application, as far as the ROM can
    HOST_AFTER_NONE, // stay in the ROM's loader; a stub goes back to it
    HOST_AFTER_NONE_STUB, // stay, and leave a stub running
};

// Time limits in ms. A per_mb limit is that for each MiB, at least `command`.
// The defaults are those of the reference tool (esptool docs, "Configuration
// File").
struct host_loader_limits {
    unsigned command;
    unsigned sync;
    unsigned md5_per_mb;
    unsigned erase_per_mb;
    unsigned write_per_mb;
    unsigned chip_erase;
    unsigned mem_end;        // the ROM may not answer: then this is waited
    unsigned longest;        // no limit above is stretched beyond this
    unsigned block_attempts; // tries for each block
};

struct host_loader_buffers; // private

struct host_loader {
    struct host_port *port;
    bool stub;                 // a stub is running
    uint8_t error;             // of the chip's last refusal
    char why[256];             // one clause, without the port's name
    unsigned connect_attempts; // 0: for ever
    bool trace;                // --trace: every packet on stderr
    struct host_loader_limits limits;
    unsigned reset_delay_ms; // GPIO0 stays low for so long after a reset
    // In the form of host_reset_run(), the caller's; NULL: the usual ones.
    const char *download_sequence;
    const char *hard_reset_sequence;
    bool encrypt;  // flash is written through the chip's encryptor (stub only)
    uint32_t baud; // of the line now
    size_t sent;   // payload bytes that the last flash write put on the line
    struct host_loader_buffers *buffers;
};

// HOST_LOADER_E_HOST: no memory. The port stays the caller's and must outlive
// the session.
int host_loader_init(struct host_loader *l, struct host_port *port);
void host_loader_free(struct host_loader *l);

// Reset as asked, synchronise, and check that an ESP32 answers. On a line
// without DTR and RTS nothing is reset: SYNC is sent until something answers.
int host_loader_connect(struct host_loader *l, enum host_reset_before before);
int host_loader_reset(struct host_loader *l, enum host_reset_after after);

int host_loader_read_reg(struct host_loader *l, uint32_t addr, uint32_t *value);
int host_loader_write_reg(struct host_loader *l, uint32_t addr, uint32_t value,
                          uint32_t mask, uint32_t delay_us);
int host_loader_change_baud(struct host_loader *l, uint32_t baud);

int host_loader_mem_write(struct host_loader *l, uint32_t addr,
                          const uint8_t *p, size_t n);
// entry 0: end the download without running anything.
int host_loader_mem_run(struct host_loader *l, uint32_t entry);
// Upload a flasher stub and wait until it takes over. Attach the flash before:
// the ROM connects its pins, our stub does not. One that runs already stays.
int host_loader_run_stub(struct host_loader *l, const struct host_stub *stub);
// Leave the loader and run the application in flash.
int host_loader_run_user_code(struct host_loader *l);

// Flash. attach first. All addresses are flash_off.
// pins: 0 default, 1 HSPI, else HD<<24 | CS<<18 | D<<12 | Q<<6 | CLK.
int host_loader_flash_attach(struct host_loader *l, uint32_t pins);
int host_loader_flash_params(struct host_loader *l, uint32_t size);
// JEDEC id: manufacturer in bits 7:0, size byte in bits 23:16.
int host_loader_flash_id(struct host_loader *l, uint32_t *id);
// Bytes of flash that a JEDEC id stands for, 0: not known.
uint32_t host_loader_flash_bytes(uint32_t id);

// One command to the flash chip through SPI1's user registers (TRM "SPI").
struct host_spi_command {
    uint8_t opcode;
    uint32_t addr;
    uint8_t addr_bits;  // 0: none
    uint8_t dummy_bits; // 0: none
    const uint8_t *out; // out_len bytes follow, at most 64
    size_t out_len;
    uint8_t in_bits; // to read, at most 32
};
// *in: the bits read, first byte lowest; may be NULL.
int host_loader_spi(struct host_loader *l, const struct host_spi_command *c,
                    uint32_t *in);

// progress: called after each block with bytes done of n; may be NULL.
typedef void host_loader_progress(void *ctx, uint32_t flash_off, size_t done,
                                  size_t n);
// flash_off on a sector. compress: deflate on the line, where that is shorter.
// The tail of the last sector is erased. Not verified: see _verify(). With
// l->encrypt n is a multiple of 32.
int host_loader_flash_write(struct host_loader *l, uint32_t flash_off,
                            const uint8_t *p, size_t n, bool compress,
                            host_loader_progress *progress, void *ctx);
int host_loader_flash_read(struct host_loader *l, uint32_t flash_off,
                           uint8_t *p, size_t n, host_loader_progress *progress,
                           void *ctx);
int host_loader_flash_md5(struct host_loader *l, uint32_t flash_off, size_t n,
                          uint8_t md5[16]);
// blank[i]: is sector i from flash_off on erased? Our stub only; others refuse.
int host_loader_blank_sectors(struct host_loader *l, uint32_t flash_off,
                              size_t sectors, bool *blank);
// HOST_LOADER_E_VERIFY unless the flash holds these n bytes (by MD5).
int host_loader_flash_verify(struct host_loader *l, uint32_t flash_off,
                             const uint8_t *p, size_t n);
// Whole sectors.
int host_loader_flash_erase(struct host_loader *l, uint32_t flash_off,
                            size_t n);

#endif
