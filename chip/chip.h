// SPDX-License-Identifier: Apache-2.0
//
// The virtual ESP32: cores, memories, peripherals, ROM, flash chip, eFuses,
// straps and power. Deterministic: time is cycles, the same inputs give the
// same run. Bytes leave through callbacks. No global state, no allocation: the
// owner gives the memory of `struct chip`, the flash and the block cache.
//
//     struct chip *chip = malloc(sizeof *chip);
//     chip_init(chip, &config);
//     chip_power_on(chip);
//     while (chip_run(chip, 1000000) == CHIP_RAN) ...

#ifndef CHIP_CHIP_H
#define CHIP_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/efuse.h"
#include "lib/fb/flash_supply.h"

struct chip;

// GPIO_STRAP bits (TRM "Chip Boot Control"; esp32 datasheet, strapping pins).
#define CHIP_STRAP_GPIO5 0x01u
#define CHIP_STRAP_MTDO  0x02u
#define CHIP_STRAP_GPIO4 0x04u
#define CHIP_STRAP_GPIO2 0x08u
#define CHIP_STRAP_GPIO0 0x10u
#define CHIP_STRAP_MTDI  0x20u
#define CHIP_STRAP_FLASH_BOOT                                                  \
    (CHIP_STRAP_GPIO0 | CHIP_STRAP_MTDO |                                      \
     CHIP_STRAP_GPIO5) // 0x13, as a module boots
#define CHIP_STRAP_DOWNLOAD (CHIP_STRAP_MTDO | CHIP_STRAP_GPIO5) // 0x03

struct chip_config {
    uint8_t *flash;      // flash_size bytes, the owner's, persists
    uint32_t flash_size; // power of two, 1 to 16 MiB
    uint32_t flash_id;   // RDID, 0: chosen from the size
    enum fb_flash_supply flash_supply; // unknown: 3.3 V
    bool flash_destroyed;              // by an earlier supply beyond its limits
    uint32_t flash_pads; // it is on, as fb_efuse_flash_pads() names them
    uint32_t revision;   // 0, 1 or 3: ROM texts and SYSCON_DATE follow it
    uint32_t strap;      // CHIP_STRAP_*
    uint64_t seed;       // of the random number generator
    const void *rom;     // a loaded mask ROM (chip/rom/mask_rom.h), or NULL
};

enum chip_uart_limits { CHIP_UARTS = 3 };

struct chip_callbacks {
    void *ctx;
    // A byte left UART `uart` (0 .. 2).
    void (*uart_tx)(void *ctx, unsigned uart, uint8_t byte);
    // A flash or eFuse operation is about to happen: CHIP_OP_*; return false
    // to cut the power before it (chip_run() answers CHIP_POWER_LOST).
    bool (*operation)(void *ctx, unsigned op, uint32_t address, uint32_t n);
    // Something nobody modelled was touched, once per address.
    void (*unmodelled)(void *ctx, uint32_t vaddr, bool store, uint32_t pc);
    // One line about what the chip does (resets, ROM decisions), no newline.
    void (*log)(void *ctx, const char *line);
    // The baud rate of a UART as programmed now.
    void (*uart_baud)(void *ctx, unsigned uart, uint32_t baud);
    // The operation is done: the memory may be changed now, at
    // [address, address + n) or anywhere in its page (faults do).
    void (*operated)(void *ctx, unsigned op, uint32_t address, uint32_t n);
    // n bytes at flash_off are about to be read, by SPI1 or by the cache: the
    // memory may be changed now.
    void (*flash_read)(void *ctx, uint32_t flash_off, uint32_t n);
    // The controller reads the fuses (its command, and each reset). What it
    // gets to see may be changed in *seen; the fuses stay as they are.
    void (*fuses_read)(void *ctx, struct fb_efuse_words *seen);
    // The straps are sampled: the levels to see instead.
    uint32_t (*straps)(void *ctx, uint32_t strap);
};

enum chip_op {
    CHIP_OP_FLASH_PROGRAM, // address: flash_off, n: bytes
    CHIP_OP_FLASH_ERASE,   // address: flash_off, n: bytes
    CHIP_OP_EFUSE_BURN,    // n: bits that change
};

enum chip_stop {
    CHIP_RAN,        // the budget is used up
    CHIP_IDLE,       // every core waits and no byte is pending
    CHIP_BREAK,      // breakpoint
    CHIP_POWER_LOST, // the operation callback cut the power
};

// flash memory and callbacks are kept by reference. Power is off.
void chip_init(struct chip *chip, const struct chip_config *config,
               const struct chip_callbacks *callbacks);
size_t chip_sizeof(void);

// Fuses, to load and save a board (the true ones, nothing hidden).
const struct fb_efuse_words *chip_efuses(const struct chip *chip);
void chip_set_efuses(struct chip *chip, const struct fb_efuse_words *fuses);

// Does the flash part answer, as it is supplied now? A 1.8 V part that was ever
// given 3.3 V is destroyed and stays so, whatever happens to the chip.
bool chip_flash_answers(const struct chip *chip);
bool chip_flash_destroyed(const struct chip *chip);
// A sentence about its supply while it does not answer, else "".
void chip_flash_trouble(const struct chip *chip, char *text, size_t n);

// Cold start: everything volatile is lost, RESET_STATE says POWERON_RESET.
// This is also what the EN pin does.
void chip_power_on(struct chip *chip);
// The power goes away: chip_run() answers CHIP_POWER_LOST until the next power
// on. May be called from within a callback.
void chip_cut_power(struct chip *chip);
// The supply dips below the detector's threshold and comes back: memories and
// registers stay. With RTC_CNTL_BROWN_OUT_ENA the interrupt is raised, and with
// _RST_ENA too the chip resets (cause 0xF); with neither nothing notices.
void chip_brown_out(struct chip *chip);
void chip_set_strap(struct chip *chip, uint32_t strap);
// Level of a GPIO input, as a button or a jumper gives it.
void chip_set_gpio(struct chip *chip, unsigned gpio, bool level);

// The owner has changed the flash behind the chip's back.
void chip_flash_changed(struct chip *chip, uint32_t flash_off, uint32_t n);

// Run for at most `cycles` CPU cycles. After CHIP_IDLE the caller may sleep
// until a byte arrives or chip_idle_ns() of chip time have passed, then run
// again: idle time is skipped in one step.
enum chip_stop chip_run(struct chip *chip, uint64_t cycles);
uint64_t chip_idle_ns(const struct chip *chip);

// Chip time since chip_init(), in nanoseconds, and instructions executed.
uint64_t chip_time_ns(const struct chip *chip);
uint64_t chip_instructions(const struct chip *chip);

// Hand bytes to a UART's receiver. Returns how many fit (the FIFO has 128).
size_t chip_uart_rx(struct chip *chip, unsigned uart, const uint8_t *p,
                    size_t n);

// Is the chip in the ROM's download mode right now, or running what was
// downloaded?
bool chip_in_download_mode(const struct chip *chip);

// What the ROM decided last, in a few words ("flash boot", "secure boot check
// fail"); never NULL.
const char *chip_why(const struct chip *chip);

// Call fn after each instruction, with the CPU (0: PRO, 1: APP) and where it
// was; NULL: no more. The run is the same, some thirty times slower.
typedef void chip_trace_fn(void *ctx, unsigned cpu, uint32_t pc);
void chip_trace(struct chip *chip, chip_trace_fn *fn, void *ctx);

// Copy n bytes of code as that CPU fetches them. Returns how many there are.
size_t chip_fetch(struct chip *chip, unsigned cpu, uint32_t vaddr, uint8_t *out,
                  size_t n);

// Program counter of the PRO CPU; 0 while the ROM model runs.
uint32_t chip_pc(const struct chip *chip);

// A copy that goes its own way. Its flash is `flash`, which the caller has
// filled with a copy of the original's.
void chip_copy(struct chip *to, const struct chip *from, uint8_t *flash,
               const struct chip_callbacks *callbacks);

// Snapshots: save() fills chip_snapshot_size() bytes of the caller's, restore()
// brings that very chip back to that moment. The flash is not in it: the owner
// keeps a copy and puts it back before the call. Callbacks
// stay as they are at the restore. The run that follows is
// the same, bit for bit, as the one that followed the save. About 1 MiB, and
// less than a millisecond each way; `make bench-chip` prints both.
size_t chip_snapshot_size(void);
void chip_save(const struct chip *chip, void *snapshot);
void chip_restore(struct chip *chip, const void *snapshot);

#endif
