// SPDX-License-Identifier: Apache-2.0
//
// The built-in model of the mask ROM: what it does between a reset and the
// first instruction of somebody else's code. Banner, straps, flash boot with
// Secure Boot V1 or V2, and the UART download mode (download.h). Texts are
// those that the ROMs of revision 0/1 (2016) and 3 (2019) print (ESP-IDF docs,
// "Flash Encryption", "Secure Boot"; published console logs).
//
// A state machine: chip_run() steps it while no code runs. What it waits for
// costs chip time and no host time.
//
// Not modelled: ROM functions for other code, the BASIC interpreter beyond its
// prompt, boot from HSPI and SDIO, deep-sleep wake stubs.

#ifndef CHIP_ROM_ROM_H
#define CHIP_ROM_ROM_H

#include <stdbool.h>
#include <stdint.h>

#include "chip/rom/download.h"
#include "chip/rom/loader.h"

struct chip;

enum rom_state {
    ROM_START,      // after reset: banner, what to do
    ROM_FLASH_BOOT, // read the second-stage bootloader and start it
    ROM_REPEAT,     // revision 3: prints `invalid header` for ever
    ROM_HANG,       // waits for a watchdog
    ROM_RESTART,    // resets the chip in a moment
    ROM_BASIC,      // the interpreter's prompt
    ROM_DOWNLOAD,
};

struct rom_model {
    bool active; // false: the CPU runs code
    enum rom_state state;
    uint64_t busy_until; // ticks; what the last step took
    uint64_t wake;       // ticks; ROM_REPEAT and ROM_RESTART go on then
    uint32_t header;     // first word of the bad image
    bool wrong_chip;     // or the chip it is for
    bool legacy;         // boot as after a download: another reader
    const char *why;     // the last decision, in words
    struct rom_download download;
    struct rom_loader loader;
};

// A reset of the PRO CPU.
void rom_reset(struct chip *chip);

// One step. False: it waits for a byte or for time to pass.
bool rom_step(struct chip *chip);

// Also while code runs that was downloaded.
bool rom_in_download(const struct chip *chip);

// Do these straps choose a download mode?
bool rom_straps_download(uint32_t strap);

const char *rom_reset_name(unsigned cause);
const char *rom_boot_name(uint32_t strap);

// Text on UART0; `\n` becomes CR LF. Silenced by the strap and STORE4.
void rom_print(struct chip *chip, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// It does nothing more until a watchdog bites; `why` is a literal.
void rom_hang(struct chip *chip, const char *why);

// Charge chip time for what was done.
void rom_busy_us(struct chip *chip, uint64_t us);

// Leave the download mode and boot from flash, as FLASH_END 1 does.
void rom_boot_flash(struct chip *chip);

// After chip_copy(): what points into the chip.
void rom_copied(struct chip *to, const struct chip *from);

#endif
