// SPDX-License-Identifier: Apache-2.0
//
// Inside the virtual ESP32: the state of everything and what the parts call of
// each other. Users of the chip include chip.h only.
//
// Time is counted in ticks of 1/480 microsecond: the crystal's 40 MHz and the
// PLL's 80, 160 and 240 MHz are all whole divisors of it.

#ifndef CHIP_SOC_H
#define CHIP_SOC_H

#include "chip/chip.h"
#include "chip/cpu/block.h"
#include "chip/cpu/cpu.h"
#include "chip/mem/bus.h"
#include "chip/mem/cache.h"
#include "chip/periph/registers.h"
#include "chip/rom/rom.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/secure_boot_v1.h"

#define SOC_TICKS_PER_US 480u
#define SOC_XTAL_HZ      40000000u
#define SOC_NEVER        UINT64_MAX
#define SOC_CPUS         2u
#define SOC_PRO          0u
#define SOC_APP          1u

// Memories (TRM "System and Memory").
#define SOC_DRAM       0x3FFAE000u // SRAM2, then SRAM1 from 0x3FFE0000
#define SOC_DRAM_END   0x40000000u
#define SOC_SRAM1      0x3FFE0000u
#define SOC_SRAM1_SIZE 0x20000u
#define SOC_SRAM1_CODE 0x400A0000u // the same, words in falling order
#define SOC_IRAM       0x40070000u // SRAM0
#define SOC_IRAM_END   0x400A0000u
#define SOC_RTC_FAST_D 0x3FF80000u
#define SOC_RTC_FAST_I 0x400C0000u
#define SOC_RTC_SLOW   0x50000000u
#define SOC_RTC_SIZE   0x2000u
#define SOC_ROM        0x40000000u
#define SOC_ROM_SIZE   0x70000u
#define SOC_ROM_DATA   0x3FF90000u // ROM + 0x60000 again
#define SOC_ROM_DATA_N 0x10000u

// Points in time that something is to happen at.
enum soc_event {
    SOC_EV_RTC_WDT,
    SOC_EV_TG0_WDT,
    SOC_EV_TG1_WDT,
    SOC_EV_TG0_T0,
    SOC_EV_TG0_T1,
    SOC_EV_TG0_LACT,
    SOC_EV_TG1_T0,
    SOC_EV_TG1_T1,
    SOC_EV_TG1_LACT,
    SOC_EV_FRC1,
    SOC_EV_FRC2,
    SOC_EV_SLEEP,
    SOC_EV_LINES, // interrupt lines that a store has raised
    SOC_EV_ROM,
    SOC_EVENTS,
};

// Interrupt sources, by their number in the matrix (esp-idf soc/periph_defs.h).
enum soc_source {
    SOC_SRC_TG0_T0 = 14,
    SOC_SRC_TG0_T1 = 15,
    SOC_SRC_TG0_WDT = 16,
    SOC_SRC_TG0_LACT = 17,
    SOC_SRC_TG1_T0 = 18,
    SOC_SRC_TG1_T1 = 19,
    SOC_SRC_TG1_WDT = 20,
    SOC_SRC_TG1_LACT = 21,
    SOC_SRC_GPIO = 22,
    SOC_SRC_FROM_CPU0 = 24,
    SOC_SRC_SPI0 = 28,
    SOC_SRC_UART0 = 34,
    SOC_SRC_EFUSE = 44,
    SOC_SRC_RTC = 46,
    SOC_SRC_RSA = 51,
    SOC_SRC_FRC1 = 56,
    SOC_SRC_FRC2 = 57,
    SOC_SOURCES = 69,
};

// Reset causes (RTC_CNTL_RESET_STATE; esp-idf rom/rtc.h).
enum soc_reset {
    SOC_RESET_NONE = 0,
    SOC_RESET_POWERON = 1,
    SOC_RESET_SW = 3,
    SOC_RESET_DEEPSLEEP = 5,
    SOC_RESET_TG0WDT_SYS = 7,
    SOC_RESET_TG1WDT_SYS = 8,
    SOC_RESET_RTCWDT_SYS = 9,
    SOC_RESET_TGWDT_CPU = 11,
    SOC_RESET_SW_CPU = 12,
    SOC_RESET_RTCWDT_CPU = 13,
    SOC_RESET_BROWN_OUT = 15,
    SOC_RESET_RTCWDT_RTC = 16,
};

#define UART_FIFO_SIZE 128u

struct soc_uart {
    uint8_t rx[UART_FIFO_SIZE];
    unsigned rx_first, rx_count;
    uint32_t baud;
    uint32_t edges; // seen by the baud rate detector
};

struct soc_flash {
    uint8_t status[3]; // registers 1 to 3, BUSY and WEL live in `wel`
    bool wel;
    bool reset_enabled;
    bool powered_down;
};

// VDD_SDIO, and what it did to the flash part.
struct soc_supply {
    uint32_t mv;
    bool flash_answers;
    bool flash_destroyed;
};

struct soc_timer {
    uint64_t base;  // count at base_ticks
    uint64_t ticks; // time of base
};

struct soc_wdt {
    unsigned stage;
    uint64_t started; // ticks at which the stage began
};

struct soc_frc {
    struct soc_timer t[2];
};

struct soc_spi_encrypt {
    uint8_t row[FB_FLASH_ENCRYPTION_ROW]; // the result
};

struct soc_secure_boot {
    struct fb_secure_boot_v1 digest;
    bool running;
    uint64_t rng;
};

struct soc_sha {
    uint8_t state[64]; // of the block function, as that algorithm encodes it
    uint64_t count;
};

struct soc_gpio {
    uint64_t driven; // bit a pin: chip_set_gpio() was called for it
    uint64_t level;
    uint64_t last; // levels the edge detectors saw last
};

struct chip {
    struct chip_config config;
    struct chip_callbacks cb;

    struct cpu cpu[SOC_CPUS];

    bool powered;
    bool power_lost;
    enum soc_reset reset_request; // taken at the end of the slice
    uint32_t reset_cpus;          // bit a CPU, for CPU resets
    bool download_boot;           // what the straps said at reset
    bool asleep;                  // deep or light sleep
    bool deep;
    bool halted[SOC_CPUS]; // double exception: only a reset helps
    bool app_started;      // the APP CPU runs code

    // Time. slice_now is the time at which the running core had executed
    // slice_done instructions of the current cpu_run().
    uint64_t slice_now;
    uint64_t slice_done;
    uint32_t cycle_ticks; // ticks a CPU cycle
    uint32_t apb_ticks;   // of the peripheral bus
    int running;          // CPU inside cpu_run(), -1: none
    uint64_t slice_end;   // ticks
    uint64_t instructions;
    uint64_t app_lag;     // cycles that the APP CPU is behind
    bool rests[SOC_CPUS]; // waited for an interrupt when it ran last
    bool idle_told;
    uint64_t due[SOC_EVENTS];

    uint32_t source[(SOC_SOURCES + 31) / 32];

    struct fb_efuse_words fuses;
    struct fb_efuse_words latched; // fuses as the last read command saw them
    uint64_t rng;
    uint32_t strap_pins;

    struct soc_uart uart[CHIP_UARTS];
    struct soc_flash flash;
    struct soc_supply supply;
    struct soc_timer timer[2][3];
    struct soc_wdt wdt[3]; // RTC, TG0, TG1
    struct soc_timer rtc_time;
    struct soc_frc frc;
    struct soc_spi_encrypt spi_encrypt;
    struct soc_secure_boot secure_boot;
    struct soc_sha sha;
    struct soc_gpio gpio;
    struct rom_model rom;

    uint32_t reg[(REG_END - REG_BASE) / 4];
    uint32_t reported[(REG_END - REG_BASE) / 128]; // bit a register
    uint32_t others[16];                           // reported elsewhere
    unsigned other_count;

    uint8_t dram[SOC_DRAM_END - SOC_DRAM];
    uint8_t iram[SOC_IRAM_END - SOC_IRAM];
    // SRAM1 as its instruction bus sees it, made on demand a page at a time.
    uint8_t sram1_code[SOC_SRAM1_SIZE];
    uint32_t sram1_live; // bit a page of sram1_code in use
    uint8_t rtc_fast[SOC_RTC_SIZE];
    uint8_t rtc_slow[SOC_RTC_SIZE];

    // From here on: what can be made again from the rest. Not in snapshots.
    struct bus bus[SOC_CPUS];
    struct cpu_cache code[SOC_CPUS];
    struct cache cache;
    chip_trace_fn *trace; // the owner's, NULL: none
    void *trace_ctx;
};

// Registers by address; vaddr inside REG_BASE .. REG_END.
static inline uint32_t *soc_reg(struct chip *chip, uint32_t vaddr)
{
    return &chip->reg[(vaddr - REG_BASE) / 4];
}

static inline uint32_t soc_reg_get(const struct chip *chip, uint32_t vaddr)
{
    return chip->reg[(vaddr - REG_BASE) / 4];
}

// Time now, also in the middle of a slice.
uint64_t soc_now(const struct chip *chip);
// The peripheral bus (APB).
uint32_t soc_apb_ticks(const struct chip *chip);
uint32_t soc_apb_hz(const struct chip *chip);
// The clock registers changed.
void soc_clock_changed(struct chip *chip);

// Call soc_event_due() handlers at that time; SOC_NEVER: not at all.
void soc_event_set(struct chip *chip, enum soc_event event, uint64_t due);

// Level of an interrupt source.
void soc_source_set(struct chip *chip, unsigned source, bool level);
// The matrix or the sources changed.
void soc_lines_update(struct chip *chip);

// Ask for a reset; it happens after the instruction in progress. cpus: which,
// for causes that reset only CPUs.
void soc_reset_request(struct chip *chip, enum soc_reset cause, uint32_t cpus);
// The APP CPU's clock, reset and stall bits changed.
void soc_app_cpu_changed(struct chip *chip);
void soc_sleep(struct chip *chip);

// End the slice after the instruction in progress.
void soc_break_slice(struct chip *chip);

// Ask the owner whether an operation may happen. False: the power is gone.
bool soc_operation(struct chip *chip, enum chip_op op, uint32_t address,
                   uint32_t n);

// It is done.
void soc_operated(struct chip *chip, enum chip_op op, uint32_t address,
                  uint32_t n);

void soc_log(struct chip *chip, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// Report an access once.
void soc_unmodelled(struct chip *chip, uint32_t vaddr, bool store);

// The next 32 random bits.
uint32_t soc_random(uint64_t *state);

// Is flash read through the cache decrypted now, may SPI1 encrypt, is there a
// cache? (TRM "External Memory Encryption and Decryption")
bool soc_flash_decrypts(const struct chip *chip);
bool soc_flash_encrypts(const struct chip *chip);

// Start the PRO CPU's code, as the ROM leaves the CPU, instead of the ROM.
void soc_start_code(struct chip *chip, uint32_t entry);

#endif
